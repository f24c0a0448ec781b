"""The daemon's life as a process: it serves, stops, dies, comes back, and refuses."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest

from core.world.faults import Fault
from core.world.world import World
from tests.daemons import Daemon, until
from tests.e2e.conftest import Starter

pytestmark = pytest.mark.e2e

#: Linux lets everybody open it, and gives an I/O error to whoever reads: a disk that fails.
UNREADABLE = "/proc/self/mem"


async def serving(world: World, daemon: Daemon) -> None:
    await until(lambda: world.github.calls["get_message"] > 0, "the daemon polls")
    assert daemon.process.returncode is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_in_order_and_leaves_scale_sets_and_tasks(
    world: World, daemon: Starter, number: signal.Signals
) -> None:
    one = await daemon()
    await serving(world, one)
    world.github.enqueue_job("small", name="unit", repository="acme/api", workflow="ci", duration=600)
    await until(lambda: len(world.ecs.running()) == 1, "the job's task runs")

    assert await one.signalled(number) == 0

    assert world.github.calls["delete_session"] == 1
    assert world.github.calls["delete_scale_set"] == 0
    assert len(world.ecs.running()) == 1
    assert not one.errors
    assert not one.socket.exists()


@pytest.fixture
async def silence() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """The address of a service that never answers, and whether somebody has asked it."""
    asked = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1") as server:
        yield "http://{}:{}".format(*server.sockets[0].getsockname()), asked


async def stopped_unbegun(world: World, daemon: Daemon) -> None:
    """Tell it to stop before it has begun: it must end at once, as it does later."""
    told = time.monotonic()
    assert await daemon.signalled(signal.SIGTERM) == 0
    assert time.monotonic() - told < 2
    assert not daemon.errors
    assert '"event": "stopped"' in daemon.lines[-1]
    assert not daemon.socket.exists()
    assert not world.github.calls


async def test_a_signal_ends_the_wait_for_a_configuration_that_cannot_be_read(world: World, daemon: Starter) -> None:
    one = await daemon({"TOML_CONFIG_FILE": UNREADABLE})
    await until(lambda: any("trying again" in line for line in one.lines), "it waits")
    await stopped_unbegun(world, one)


async def test_a_signal_ends_the_wait_for_a_configuration_that_never_comes(
    world: World, daemon: Starter, silence: tuple[str, asyncio.Event]
) -> None:
    address, asked = silence
    one = await daemon(
        {"TOML_CONFIG_FILE": None, "SSM_PARAMETER_NAME": "/arcdeck/runners", "AWS_ENDPOINT_URL": address}
    )
    await asked.wait()
    await stopped_unbegun(world, one)


async def test_a_killed_daemon_finds_its_runner_again_and_starts_no_second_one(world: World, daemon: Starter) -> None:
    one = await daemon()
    await serving(world, one)
    job = world.github.enqueue_job("small", name="unit", repository="acme/api", workflow="ci", duration=5)
    await until(lambda: len(world.ecs.running()) == 1, "the job's task runs")
    await one.signalled(signal.SIGKILL)

    other = await daemon()
    await until(lambda: any("recalled" in line or "adopted" in line for line in other.lines), "it knows its runner")
    await until(lambda: job.result == "succeeded", "the job ends")
    assert world.ecs.calls["RunTask"] == 1
    assert not other.errors


async def test_a_second_daemon_is_refused_and_the_first_goes_on(world: World, daemon: Starter) -> None:
    one = await daemon()
    await serving(world, one)

    other = await daemon()
    assert await other.ended() == 2
    assert len(other.errors) == 1
    assert str(one.process.pid) in other.errors[0]
    assert one.process.returncode is None


async def test_a_second_signal_ends_it_at_once(world: World, daemon: Starter) -> None:
    one = await daemon()
    await serving(world, one)
    world.faults.add("delete_session", _slow(), times=None)
    one.process.send_signal(signal.SIGTERM)
    await until(lambda: any("stopping" in line for line in one.lines), "it stops in order")
    assert await one.signalled(signal.SIGTERM) == 130


def _slow() -> Fault:
    return Fault("latency", seconds=30)
