"""Registrations and tasks that came apart: ghosts, runners that never come online, and runners that GitHub forgot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.api.model import RunnerState
from core.domain.messages import JitConfig
from core.world.faults import Fault
from core.world.github import JobPhase, RemovedBy
from core.world.runners import Fate, Habits
from core.world.world import World, WorldSettings
from tests.integration.faults.outsiders import at_github, jobs, outsider, runners, until
from tests.stages import Stage, Stages

pytestmark = pytest.mark.virtual_time

#: A sixth of the defaults; the list is read as often as the sweep is made.
SWEEPING = {"OFFLINE_RUNNER_MIN_AGE": "10m", "OFFLINE_RUNNER_REAPER_INTERVAL": "5m"}
MIN_AGE, INTERVAL = 600.0, 300.0
GHOST = "small-0000abcd"
UNREADY_TIMEOUT, QUIET_WINDOW = 180.0, 120.0
POLL_HOLD = 50.0  # the queue must have been listened to until the window was over


async def ghost(world: World, name: str = GHOST, *, scale_set: str = "small") -> JitConfig:
    """Leave a registration that no process will ever use."""
    async with outsider(world) as somebody:
        return await somebody.generate_jit_config(at_github(world, scale_set).id, name)


@asynccontextmanager
async def haunted(stages: Stages) -> AsyncIterator[World]:
    """A world in which a ghost may stay for as long as the offline sweep allows."""
    async with stages.world(settle=MIN_AGE + 3 * INTERVAL) as world:
        yield world


def stops(world: World) -> list[str]:
    return [str(call.request["reason"]) for call in world.ecs.log if call.operation == "StopTask"]


# --- behaviour.md row 26: the offline sweep ------------------------------------------------------------------------


async def test_a_ghost_is_deregistered_when_it_has_been_offline_for_its_age(stages: Stages) -> None:
    # behaviour.md row 26
    async with haunted(stages) as world, stages.controller(world, settings=SWEEPING) as stage:
        await asyncio.sleep(5)
        record = await ghost(world)
        await asyncio.sleep(MIN_AGE)
        assert record.runner_id in world.github.runners
        await asyncio.sleep(2 * INTERVAL)
        assert world.github.registrations_removed == {RemovedBy.SERVICE: 1}
        (told,) = stage.events("deregistered")
        assert told == f"{GHOST} deregistered: offline for long and no task behind it"


async def test_the_age_of_a_ghost_survives_a_restart_and_the_sweep_comes_at_the_start(stages: Stages) -> None:
    # behaviour.md row 26
    async with haunted(stages) as world:
        async with stages.controller(world, settings=SWEEPING):
            await asyncio.sleep(5)
            record = await ghost(world)
            await asyncio.sleep(400)
        await asyncio.sleep(400)
        async with stages.controller(world, settings=SWEEPING, seed=2):
            await asyncio.sleep(120)
            assert record.runner_id not in world.github.runners


async def test_without_its_journal_a_controller_gives_a_ghost_its_whole_age(stages: Stages) -> None:
    # behaviour.md row 26
    async with haunted(stages) as world:
        async with stages.controller(world, settings=SWEEPING, name="first"):
            await asyncio.sleep(5)
            record = await ghost(world)
            await asyncio.sleep(400)
        async with stages.controller(world, settings=SWEEPING, name="another host", seed=2):
            await asyncio.sleep(500)
            assert record.runner_id in world.github.runners
            await asyncio.sleep(2 * INTERVAL)
            assert record.runner_id not in world.github.runners


async def test_a_ghost_that_vanishes_while_it_is_removed_is_done(stages: Stages) -> None:
    # behaviour.md row 26: "not found" is done
    async with haunted(stages) as world, stages.controller(world, settings=SWEEPING) as stage:
        await asyncio.sleep(5)
        record = await ghost(world)
        world.faults.add("remove_runner", Fault("latency", seconds=5))
        await until(lambda: world.github.calls["remove_runner"], MIN_AGE + 2 * INTERVAL)
        async with outsider(world) as somebody:
            await somebody.remove_runner(record.runner_id)
        await asyncio.sleep(INTERVAL)
        assert stage.events("deregistered") == [f"{GHOST} was gone already: offline for long and no task behind it"]
        assert world.github.calls["remove_runner"] == 2  # ours and the other's


@pytest.mark.parametrize(
    ("name", "scale_set"),
    [
        pytest.param(GHOST, "other", id="our name in another scale set"),
        pytest.param("build-box-1", "small", id="a foreign name in our scale set"),
        pytest.param("other-0000abcd", "other", id="another's name and scale set"),
    ],
)
async def test_a_ghost_that_is_not_ours_is_left_alone(stages: Stages, name: str, scale_set: str) -> None:
    # behaviour.md row 26
    async with haunted(stages) as world, stages.controller(world, settings=SWEEPING):
        await asyncio.sleep(5)
        async with outsider(world) as somebody:
            await somebody.create_scale_set("other", ["other"], 1)
        record = await ghost(world, name, scale_set=scale_set)
        stages.theatre(world).checker.foreign.runner(world.github.runners[record.runner_id])
        await asyncio.sleep(MIN_AGE + 2 * INTERVAL)


async def test_a_working_runner_that_the_list_calls_offline_for_long_stays_registered(stages: Stages) -> None:
    # behaviour.md rows 26 and 28: a live task is behind it
    async with haunted(stages) as world, stages.controller(world, settings=SWEEPING) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=1_800)
        await until(lambda: job.phase is JobPhase.RUNNING, 120)
        world.github.quirks.busy_lag = 1e9
        world.github.quirks.shown_offline.add(job.runner_id)
        await asyncio.sleep(1_800)
        assert job.result == "succeeded"
        assert stage.events("deregister-skipped") == []


async def test_a_list_that_fails_deletes_nothing(stages: Stages) -> None:
    # behaviour.md row 26
    async with haunted(stages) as world, stages.controller(world, settings=SWEEPING) as stage:
        await asyncio.sleep(5)
        record = await ghost(world)
        await asyncio.sleep(400)
        world.faults.add("list_runners", Fault("status", status=502), times=None)
        await asyncio.sleep(600)
        assert record.runner_id in world.github.runners
        assert len(stage.events("list-failed")) == 1
        world.faults.clear()
        await asyncio.sleep(INTERVAL + 60)
        assert record.runner_id not in world.github.runners  # its age went on


# --- behaviour.md row 27: RUNNING in ECS, and not online at GitHub -------------------------------------------------


async def test_a_runner_that_never_comes_online_is_removed_stopped_and_replaced(stages: Stages) -> None:
    # behaviour.md row 27
    async with stages.world() as world, stages.controller(world):
        await asyncio.sleep(5)
        world.runners.next_fate(Fate.NEVER_CONNECTS)
        (job,) = jobs(world, 1, seconds=60)
        await until(world.ecs.running, 120)
        running = await until(lambda: world.github.registrations_removed, UNREADY_TIMEOUT + 120)
        assert UNREADY_TIMEOUT <= running <= UNREADY_TIMEOUT + 80  # looked at every minute
        assert stops(world) == []
        quiet = await until(lambda: stops(world), QUIET_WINDOW + 60)
        assert QUIET_WINDOW - 1 <= quiet <= QUIET_WINDOW + POLL_HOLD + 20
        assert "and not online at GitHub (threshold: 3m0s)" in stops(world)[0]
        await asyncio.sleep(120)
        assert job.result == "succeeded"


async def test_nobody_is_unready_while_github_cannot_be_asked(stages: Stages) -> None:
    # behaviour.md row 27
    async with stages.world() as world, stages.controller(world):
        await asyncio.sleep(5)
        world.runners.next_fate(Fate.NEVER_CONNECTS)
        world.faults.add("list_runners", Fault("status", status=502), times=None)
        jobs(world, 1, seconds=60)
        await asyncio.sleep(900)
        assert len(world.ecs.tasks) == 1
        assert stops(world) == []
        world.faults.clear()
        await until(lambda: stops(world), 120 + QUIET_WINDOW)


async def test_a_runner_that_github_shows_online_late_is_not_unready(stages: Stages) -> None:
    # behaviour.md row 27
    slow = WorldSettings(habits=Habits(connecting=(160.0, 170.0)))
    async with stages.world(slow) as world, stages.controller(world):
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=600)
        await asyncio.sleep(900)
        assert job.result == "succeeded"
        assert world.ecs.calls["RunTask"] == 1


# --- behaviour.md row 27: gone at GitHub ---------------------------------------------------------------------------

WARM = runners("small", min_runners=1)
#: The process does not see that its registration is gone.
BLIND = WorldSettings(habits=Habits(noticing=(9_000.0, 9_000.0)))


async def idle_runner(stage: Stage) -> int:
    """Wait for the one idle runner; returns its id at GitHub."""
    await until(lambda: stage.in_state(RunnerState.IDLE), 180)
    (runner_id,) = stage.world.github.runners
    return runner_id


async def test_an_idle_runner_that_github_forgot_serves_nobody_and_is_replaced(stages: Stages) -> None:
    # behaviour.md row 27
    async with stages.world(BLIND, toml=WARM) as world, stages.controller(world, toml=WARM) as stage:
        runner_id = await idle_runner(stage)
        async with outsider(world) as somebody:
            await somebody.remove_runner(runner_id)
        await until(lambda: stage.in_state(RunnerState.DRAINING), 180)  # two lists a minute apart
        await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        assert runner_id not in world.github.runners


async def test_an_idle_runner_that_github_forgot_is_stopped_after_the_quiet_window(stages: Stages) -> None:
    # behaviour.md row 27
    async with stages.world(BLIND, toml=WARM) as world, stages.controller(world, toml=WARM) as stage:
        runner_id = await idle_runner(stage)
        async with outsider(world) as somebody:
            await somebody.remove_runner(runner_id)
        await until(lambda: stage.in_state(RunnerState.DRAINING), 180)
        waited = await until(lambda: stops(world), QUIET_WINDOW + 60)
        assert waited >= QUIET_WINDOW - 1
        assert "GitHub no longer knows it" in stops(world)[0]


async def test_one_list_without_an_idle_runner_proves_nothing(stages: Stages) -> None:
    # behaviour.md row 27
    async with stages.world(toml=WARM) as world, stages.controller(world, toml=WARM) as stage:
        await idle_runner(stage)
        nothing = Fault("status", status=200, body={"total_count": 0, "runners": []})
        world.faults.add("list_runners", nothing)
        await asyncio.sleep(600)
        assert len(stage.in_state(RunnerState.IDLE)) == 1
        assert world.ecs.calls["RunTask"] == 1


async def test_an_idle_runner_that_lists_leave_out_is_removed_for_good_before_it_is_stopped(stages: Stages) -> None:
    # behaviour.md row 27: were it still registered, a job could take it at any moment
    async with stages.world(BLIND, toml=WARM) as world, stages.controller(world, toml=WARM) as stage:
        runner_id = await idle_runner(stage)
        nothing = Fault("status", status=200, body={"total_count": 0, "runners": []})
        world.faults.add("list_runners", nothing, times=3)
        await until(lambda: stage.in_state(RunnerState.DRAINING), 300)
        assert runner_id not in world.github.runners
        await until(lambda: stops(world), QUIET_WINDOW + 60)


async def test_a_runner_that_lists_leave_out_while_it_works_is_left_alone(stages: Stages) -> None:
    # behaviour.md rows 27 and 28
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=1_800)
        await until(lambda: stage.in_state(RunnerState.BUSY), 180)
        nothing = Fault("status", status=200, body={"total_count": 0, "runners": []})
        world.faults.add("list_runners", nothing, times=None)
        await asyncio.sleep(1_900)
        assert job.result == "succeeded"
        assert stops(world) == []
