"""Who lives how long: a controller outlives every screen and terminal, and a screen outlives its controller."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.api.client import ControlClient
from core.api.model import Delta, Snapshot
from core.world.world import World
from tests.daemons import TOML, Daemons, until
from tests.e2e.terminals import Terminal, terminal

pytestmark = pytest.mark.e2e

CTRL_R = "\x12"


@dataclass(frozen=True)
class Host:
    """A host on which ``arcdeck`` is typed."""

    environ: dict[str, str]

    @property
    def socket(self) -> Path:
        return Path(self.environ["ARCDECK_SOCKET"])

    @property
    def pid(self) -> int:
        """The process of the controller that runs here, or ran last; 0 when there was none."""
        with suppress(FileNotFoundError):
            return int(Path(f"{self.socket}.lock").read_text())
        return 0

    @property
    def lives(self) -> bool:
        """Whether that process runs; one that waits for its parent to look has ended."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    @property
    def stands_alone(self) -> bool:
        """Whether it is in a session of its own, in ``/``, and nobody's service."""
        process = Path(f"/proc/{self.pid}")
        nobodys = b"NOTIFY_SOCKET" not in (process / "environ").read_bytes()
        return nobodys and os.getsid(self.pid) == self.pid and (process / "cwd").readlink() == Path("/")

    async def instance(self) -> str:
        """This start of the controller, as it tells it."""
        return (await ControlClient(self.socket).snapshot()).controller.instance

    async def runner(self) -> str:
        """The name of its one runner, once there is one."""
        async with asyncio.timeout(20), aclosing(ControlClient(self.socket).stream()) as updates:
            async for update in updates:
                if isinstance(update, Snapshot | Delta) and update.runners:
                    return update.runners[0].name
        raise AssertionError("the stream ended")

    async def arcdeck(self, *arguments: str) -> tuple[int, str]:
        """Run a command as a script does; its exit code and all that it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tui.cli", *arguments),
            env=self.environ,
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
        return await process.wait(), told.decode()


@pytest.fixture
async def host(world: World, tmp_path: Path) -> AsyncIterator[Host]:
    """A host with the settings of a controller, which always has a runner; what runs at the end is killed."""
    warm = TOML + "min_runners = 1\n"
    host = Host(Daemons(world, tmp_path, toml=warm).environ({"NOTIFY_SOCKET": "@nobody", "HOME": str(tmp_path)}))
    yield host
    if host.lives:
        os.kill(host.pid, signal.SIGKILL)


async def started(host: Host, at: Terminal) -> str:
    """Wait until the screen of a started controller is there; the name of its runner, which it shows."""
    await at.shows("EVENTS")
    runner = await host.runner()
    await at.shows(runner)
    return runner


async def test_a_terminal_that_goes_away_leaves_the_controller_alone(host: Host) -> None:
    async with terminal(host.environ, "--start") as first:
        runner = await started(host, first)
        before = host.pid, await host.instance()
        first.hang_up()
        assert await first.ended() != 0
    async with terminal(host.environ, "attach") as second:
        await second.shows(runner)
    assert (host.pid, await host.instance()) == before
    assert host.stands_alone


async def test_a_second_start_attaches_beside_the_first_screen_and_outlives_it(host: Host) -> None:
    async with terminal(host.environ, "--start") as first:
        runner = await started(host, first)
        before = host.pid, await host.instance()
        async with terminal(host.environ, "--start") as second:
            await second.shows(runner)
            assert (await host.arcdeck("pause", "small"))[0] == 0
            await first.shows("PAUSED")
            await second.shows("PAUSED")
            first.process.send_signal(signal.SIGKILL)
            await first.ended()
            assert (await host.arcdeck("resume", "small"))[0] == 0
            await second.shows("resume small")
            second.type("q")
            await second.shows("goes on")  # it did not start the controller, so it asks nothing
            assert await second.ended() == 0
        assert (host.pid, await host.instance()) == before


async def test_a_start_replaces_what_a_killed_controller_left(world: World, host: Host) -> None:
    async with terminal(host.environ, "--start") as first:
        runner = await started(host, first)
        before, left = await host.instance(), host.pid
        os.kill(left, signal.SIGKILL)
        await first.shows("NOT CONNECTED")
    async with terminal(host.environ, "--start") as second:
        await second.shows(runner)
    assert host.pid != left
    assert await host.instance() != before
    assert world.ecs.calls["RunTask"] == 1


async def test_leaving_asks_and_can_stop_the_controller(world: World, host: Host) -> None:
    async with terminal(host.environ, "--start") as screen:
        await started(host, screen)
        screen.type("q")
        await screen.shows("What becomes of it?")
        screen.type("s")
        await screen.shows("the controller has stopped")
        assert await screen.ended() == 0
    assert not host.lives
    assert (world.github.calls["delete_session"], world.github.calls["delete_scale_set"]) == (1, 0)
    assert world.ecs.calls["RunTask"] == 1
    assert world.ecs.calls["StopTask"] == 0


async def test_a_controller_that_refuses_is_told_in_its_own_words_and_code(host: Host) -> None:
    host.environ["GITHUB_APP_INSTALLATION_ID"] = "1"
    async with terminal(host.environ, "--start") as screen:
        assert await screen.ended() == 2
        assert "check the App's client id, its installation id" in screen.seen
        assert "Traceback" not in screen.seen
    assert not host.lives


async def test_where_none_runs_the_plan_is_shown_and_leaving_changes_nothing(world: World, host: Host) -> None:
    async with terminal(host.environ) as screen:
        await screen.shows("to leave:")
        assert "create  scale set small" in screen.seen
        screen.type("leave\n")
        assert await screen.ended() == 0
    assert not world.github.calls["create_scale_set"]
    assert host.pid == 0
    code, told = await host.arcdeck("--start")
    assert (code, "no controller runs here" in told, "'arcdeck --no-ui' runs one" in told) == (2, True, True)


async def test_observing_can_be_chosen_and_ends_with_its_screen(world: World, host: Host) -> None:
    async with terminal(host.environ) as screen:
        await screen.shows("to leave:")
        screen.type("observe\n")
        await screen.shows("OBSERVING")
        screen.type("q")
        assert await screen.ended() == 0
    assert not world.github.calls["create_scale_set"]
    assert host.pid == 0


async def test_a_screen_says_that_its_controller_is_gone_and_that_another_one_answers(
    host: Host, world: World, tmp_path: Path
) -> None:
    async with Daemons(world, tmp_path) as daemons:
        one = await daemons.start()
        await until(lambda: world.github.calls["get_message"] > 0, "the daemon polls")
        async with terminal(host.environ, "attach") as screen:
            await screen.shows("LIVE")
            await one.signalled(signal.SIGTERM)
            await screen.shows("NOT CONNECTED")
            polls = world.github.calls["get_message"]
            await daemons.start()
            await until(lambda: world.github.calls["get_message"] > polls, "the next one polls")
            screen.type(CTRL_R)  # which only saves the rest of a wait
            await screen.shows("it has been started anew")
