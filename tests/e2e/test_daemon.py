"""The daemon's life as a process: it serves, stops, dies, comes back, and refuses."""

import signal

import pytest

from core.world.faults import Fault
from core.world.world import World
from tests.e2e.conftest import Daemon, Starter, until

pytestmark = pytest.mark.e2e


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
