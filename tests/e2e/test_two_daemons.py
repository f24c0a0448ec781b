"""Two daemons for the same scale set, as on two hosts: one works, the other stands by and takes over."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.api.client import ControlClient
from core.api.model import ScaleSetState, ScaleSetView
from core.world.checker import Bounds, InvariantChecker
from core.world.ecs import Pace
from core.world.github import Job, Timings
from core.world.runners import Habits
from core.world.world import World, WorldSettings
from tests.daemons import Daemon, Daemons, until

pytestmark = pytest.mark.e2e

#: After this many seconds without a poll, a session is nobody's; and how often whoever stands by asks for it.
SESSION_IDLE = 2.0
CONFLICT_WAIT = (0.4, 0.6)
ASK_OFTEN = f"import core.domain.backoff as b; b.CONFLICT_WAIT = {CONFLICT_WAIT}"
#: The idle time, one wait, and what a look at ECS takes on a machine that has other work.
TAKES_OVER_WITHIN = SESSION_IDLE + CONFLICT_WAIT[1] + 5.0


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A quick world in which an abandoned session lapses soon, and a runner serves within two seconds."""
    settings = WorldSettings(
        seed=1,
        pace=Pace().faster(40),
        timings=Timings(poll_hold=1.0, session_idle=SESSION_IDLE, job_pickup=0.1),
        habits=Habits(connecting=(0.1, 0.3), leaving=(0.1, 0.3)),
        throttling=False,
    )
    async with World(settings) as world:
        yield world


@pytest.fixture
async def daemons(world: World, tmp_path: Path) -> AsyncIterator[Daemons]:
    async with Daemons(world, tmp_path, before=ASK_OFTEN) as daemons:
        yield daemons


def on_another_host(folder: Path) -> dict[str, str | None]:
    """What is different there: where its files are."""
    return {"ARCDECK_STATE_DIR": str(folder / "other"), "ARCDECK_SOCKET": str(folder / "other.sock")}


async def shown(daemon: Daemon, state: ScaleSetState, within: float) -> ScaleSetView:
    """The scale set as the daemon's own screen would show it, once it is in that state."""
    await until(daemon.socket.exists, "the control socket is there")
    async with asyncio.timeout(within):
        while True:
            for view in (await ControlClient(daemon.socket).snapshot()).scale_sets:
                if view.state is state:
                    return view
            await asyncio.sleep(0.05)


async def served(world: World, who: str, *, duration: float = 0.2) -> Job:
    job = world.github.enqueue_job("small", duration=duration)
    await until(lambda: job.result is not None, f"{who} serves")
    return job


async def test_a_second_daemon_stands_by_visibly_and_takes_over_without_doubling(
    world: World, daemons: Daemons, tmp_path: Path
) -> None:
    checker = InvariantChecker(world, {"small": Bounds(10)})
    first = await daemons.start()
    await shown(first, ScaleSetState.OK, within=10)
    second = await daemons.start(on_another_host(tmp_path))
    standing_by = await shown(second, ScaleSetState.SESSION, within=10)
    assert standing_by.session.state == "conflict"
    assert standing_by.session.since is not None
    lasting = world.github.enqueue_job("small", duration=5.0)
    await served(world, "the first daemon")
    later = await shown(second, ScaleSetState.SESSION, within=1)
    assert later.session.since == pytest.approx(standing_by.session.since, abs=0.01)
    assert later.session.tries > standing_by.session.tries

    await first.signalled(signal.SIGKILL)
    await shown(second, ScaleSetState.OK, within=TAKES_OVER_WITHIN)
    await served(world, "the second daemon")
    await until(lambda: lasting.result is not None, "the job that both have seen ends")

    assert {job.result for job in world.github.jobs.values()} == {"succeeded"}
    assert len(world.ecs.tasks) == 3
    assert not second.errors
    checker.assert_holds()
