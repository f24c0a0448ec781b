"""Who is stopped, when, and in what order: surplus, idle and overlong runners against a GitHub that tells late or lies.

Removed on GitHub first, stopped in ECS last, and nobody who works (invariant I3, asserted when each world is left).
"""

import asyncio

import pytest

from core.api.model import RunnerState
from core.domain.errors import ConfigurationError
from core.world.faults import Fault
from core.world.github import Job, JobPhase, Quirks, RemovedBy
from core.world.runners import Habits
from core.world.world import World, WorldSettings
from tests.integration.faults.outsiders import jobs, runners, until
from tests.stages import Stage, Stages

pytestmark = pytest.mark.virtual_time

DRAIN_GRACE, QUIET_WINDOW = 300.0, 120.0
#: From the decision to the removal: the drainer looks every 15 s.
LOOKED = 20.0
POLL_HOLD = 50.0  # the queue must have been listened to until the window was over
#: A runner sees within seconds that it was removed, but for one that hangs.
STUBBORN = Habits(noticing=(9_000.0, 9_000.0))


def stops(world: World) -> list[str]:
    """The reasons of every StopTask."""
    return [str(call.request["reason"]) for call in world.ecs.log if call.operation == "StopTask"]


async def idle_runners(stage: Stage, count: int) -> list[Job]:
    """Start runners for jobs that are cancelled before anybody takes them; returns when all runners are idle."""
    cancelled = jobs(stage.world, count)
    await until(lambda: stage.world.ecs.calls["RunTask"] == count, 30)
    for job in cancelled:
        stage.world.github.cancel_job(job.id)
    await until(lambda: len(stage.in_state(RunnerState.IDLE)) == count, 120)
    return cancelled


def the_first(stage: Stage) -> RunnerState:
    """The state of the runner that was started first."""
    return stage.snapshot().runners[0].state


# --- behaviour.md row 19: surplus ----------------------------------------------------------------------------------


async def test_runners_whose_jobs_were_cancelled_leave_after_the_drain_grace(stages: Stages) -> None:
    # behaviour.md row 19
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        await idle_runners(stage, 3)
        await asyncio.sleep(DRAIN_GRACE - 70)  # GitHub showed them online up to 60 s before we looked
        assert len(world.ecs.running()) == 3
        await asyncio.sleep(70 + LOOKED + 30)
        assert world.ecs.running() == []
        assert world.github.registrations_removed == {RemovedBy.SERVICE: 3}


async def test_a_drained_runner_that_leaves_by_itself_is_never_stopped(stages: Stages) -> None:
    # behaviour.md row 19
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        await idle_runners(stage, 3)
        await asyncio.sleep(DRAIN_GRACE + QUIET_WINDOW + 120)
        assert world.ecs.running() == []
        assert stops(world) == []


async def test_a_drained_runner_that_does_not_leave_is_stopped_after_the_quiet_window(stages: Stages) -> None:
    # behaviour.md row 19
    async with stages.world(WorldSettings(habits=STUBBORN)) as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        await idle_runners(stage, 1)
        await until(lambda: not world.github.runners, DRAIN_GRACE + 60)
        assert the_first(stage) is RunnerState.DRAINING
        waited = await until(lambda: stops(world), QUIET_WINDOW + 60)
        assert QUIET_WINDOW <= waited <= QUIET_WINDOW + POLL_HOLD + LOOKED
        assert "surplus, idle for 5m" in stops(world)[0]


@pytest.mark.parametrize("floor", ["min_runners", "min_idle"])
async def test_surplus_is_never_drained_below_the_floor(stages: Stages, floor: str) -> None:
    # behaviour.md row 19
    toml = runners("small", **{floor: 2})
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 2, 180)
        for job in jobs(world, 6):
            world.github.cancel_job(job.id)
        lowest = min([await _idle_after(stage, 60) for _ in range(30)])
        assert lowest == 2
        assert len(world.ecs.running()) == 2


async def _idle_after(stage: Stage, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return len(stage.in_state(RunnerState.IDLE))


async def test_nobody_is_drained_while_an_assigned_job_waits_for_a_runner(stages: Stages) -> None:
    # behaviour.md row 19
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        await idle_runners(stage, 3)
        (record,) = world.github.scale_sets.values()
        world.github.controls.override_statistics(record.id, totalAssignedJobs=1, totalRunningJobs=0)
        world.github.controls.post(record.id, [])
        await asyncio.sleep(1_800)
        assert len(stage.in_state(RunnerState.IDLE)) == 3


async def test_nobody_is_drained_on_what_github_said_more_than_a_minute_ago(stages: Stages) -> None:
    # behaviour.md row 19
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        await idle_runners(stage, 3)
        await asyncio.sleep(DRAIN_GRACE - 120)
        world.faults.add("get_message", Fault("throttle", seconds=55), times=4)
        await asyncio.sleep(200)  # each poll is refused and made again 55 s later
        assert len(stage.in_state(RunnerState.IDLE)) == 3
        await asyncio.sleep(200)
        assert world.ecs.running() == []


# --- behaviour.md row 28: GitHub tells late, or lies ---------------------------------------------------------------


async def job_during_removal(stage: Stage, *, deaf: bool = False) -> Job:
    """Let a job take the only runner, which is surplus, while GitHub is about to remove it.

    ``deaf``: from then on no poll is answered.
    """
    world = stage.world
    await asyncio.sleep(5)
    await idle_runners(stage, 1)
    world.faults.add("remove_runner", Fault("latency", seconds=4))
    await until(lambda: world.github.calls["remove_runner"], DRAIN_GRACE + 60, step=0.5)
    if deaf:
        world.faults.add("get_message", Fault("status", status=503), times=None)
    (job,) = jobs(world, 1, seconds=900)
    await until(lambda: job.phase is JobPhase.RUNNING, 3, step=0.5)
    await asyncio.sleep(4)
    return job


async def test_a_runner_that_takes_a_job_while_it_is_drained_is_busy_again(stages: Stages) -> None:
    # behaviour.md row 28
    async with stages.world() as world, stages.controller(world) as stage:
        job = await job_during_removal(stage)
        assert the_first(stage) is RunnerState.BUSY  # GitHub refused: job still running
        await asyncio.sleep(960)
        assert job.result == "succeeded"
        assert stops(world) == []


async def test_a_job_on_a_runner_removed_in_mid_job_makes_it_busy_in_the_quiet_window(stages: Stages) -> None:
    # behaviour.md row 28
    lax = WorldSettings(quirks=Quirks(removes_busy_runners=True))
    async with stages.world(lax) as world, stages.controller(world) as stage:
        job = await job_during_removal(stage)
        assert job.runner_id not in world.github.runners  # the removal succeeded all the same
        await until(lambda: the_first(stage) is RunnerState.BUSY, QUIET_WINDOW)
        await asyncio.sleep(2 * QUIET_WINDOW)
        assert stops(world) == []
        assert the_first(stage) is RunnerState.BUSY


async def test_the_quiet_window_lasts_until_the_queue_has_been_heard_beyond_it(stages: Stages) -> None:
    # behaviour.md row 28: a JobStarted may wait in a queue that is out of reach
    lax = WorldSettings(quirks=Quirks(removes_busy_runners=True))
    async with stages.world(lax) as world, stages.controller(world) as stage:
        job = await job_during_removal(stage, deaf=True)
        assert job.runner_id not in world.github.runners
        await asyncio.sleep(2 * QUIET_WINDOW)
        assert stops(world) == []
        world.faults.clear()
        await until(lambda: the_first(stage) is RunnerState.BUSY, 2 * QUIET_WINDOW)
        assert stops(world) == []


async def test_a_job_found_by_its_refused_removal_has_its_whole_max_runtime(stages: Stages) -> None:
    # behaviour.md rows 20 and 28: JobStarted is heard up to 50 s late, and the sweep comes before it
    toml = runners("small", min_runners=1, idle_timeout="10m", max_runtime="10m")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        world.faults.add("remove_runner", Fault("latency", seconds=4))
        await until(lambda: world.github.calls["remove_runner"], 700, step=0.5)
        (job,) = jobs(world, 1, seconds=500)
        await asyncio.sleep(540)
        assert job.result == "succeeded"
        assert stops(world) == []


async def test_a_busy_runner_that_rest_calls_offline_and_idle_is_left_alone(stages: Stages) -> None:
    # behaviour.md row 28
    async with stages.world(WorldSettings(quirks=Quirks(busy_lag=1e9))) as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        (job, cancelled) = jobs(world, 2, seconds=3_600)
        await until(lambda: world.ecs.calls["RunTask"] == 2, 30)
        world.github.cancel_job(cancelled.id)  # its runner is surplus, and goes
        await until(lambda: stage.in_state(RunnerState.BUSY), 180)
        await asyncio.sleep(900)
        assert len(stage.in_state(RunnerState.BUSY)) == 1  # whatever a dozen lists say
        world.github.quirks.shown_offline.add(job.runner_id)
        await asyncio.sleep(2_700)
        assert job.result == "succeeded"
        assert world.github.calls["remove_runner"] <= 2  # the surplus one, and this one after its job
        assert stops(world) == []


async def test_a_busy_runner_of_an_earlier_controller_that_rest_calls_idle_is_left_alone(stages: Stages) -> None:
    # behaviour.md row 28
    async with stages.world(WorldSettings(quirks=Quirks(busy_lag=1e9))) as world:
        async with stages.controller(world, name="first"):
            await asyncio.sleep(5)
            pair = jobs(world, 2, seconds=3_600)
            await until(lambda: all(job.phase is JobPhase.RUNNING for job in pair), 120)
            await asyncio.sleep(60)  # the first one has heard it, and nobody is told again
        async with stages.controller(world, name="another host") as stage:
            await until(lambda: len(stage.in_state(RunnerState.ASSUMED_BUSY)) == 2, 60)
            await asyncio.sleep(3_600)
        assert [job.result for job in pair] == ["succeeded", "succeeded"]
        assert stops(world) == []


async def test_a_runner_that_rest_calls_busy_for_ever_is_drained_all_the_same(stages: Stages) -> None:
    # behaviour.md row 28: an idle runner is known by its messages, and asked about before it is removed
    async with stages.world(WorldSettings(quirks=Quirks(busy_lag=1e9))) as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        await idle_runners(stage, 1)
        await asyncio.sleep(DRAIN_GRACE + 120)
        assert world.ecs.running() == []


# --- behaviour.md rows 20 and 21: max runtime ----------------------------------------------------------------------


async def test_max_runtime_counts_from_the_start_of_the_job(stages: Stages) -> None:
    # behaviour.md row 20
    toml = runners("small", min_runners=1, max_runtime="10m")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        await asyncio.sleep(570)
        (job,) = jobs(world, 1, seconds=500)
        await asyncio.sleep(540)
        assert job.result == "succeeded"
        assert stops(world) == []


async def test_an_idle_runner_is_not_stopped_for_the_max_runtime_of_jobs(stages: Stages) -> None:
    # behaviour.md row 20
    toml = runners("small", min_runners=1, max_runtime="10m")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        await asyncio.sleep(3_600)
        assert world.ecs.calls["RunTask"] == 1
        assert stops(world) == []


async def test_an_idle_runner_is_drained_after_its_own_limit_and_replaced(stages: Stages) -> None:
    # behaviour.md row 20
    toml = runners("small", min_runners=1, idle_timeout="30m")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        (first,) = world.github.runners
        await asyncio.sleep(1_700)
        assert list(world.github.runners) == [first]
        await asyncio.sleep(300)
        assert first not in world.github.runners
        assert len(stage.in_state(RunnerState.IDLE)) == 1
        assert stops(world) == []


async def test_a_job_over_its_max_runtime_is_stopped_with_the_reason(stages: Stages) -> None:
    # behaviour.md row 20
    toml = runners("small", max_runtime="10m")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=3_600)
        await until(lambda: job.phase is JobPhase.RUNNING, 120)
        ran = await until(lambda: stops(world), 800)
        (reason,) = stops(world)
        assert 600 <= ran <= 690  # JobStarted is heard up to 50 s late, and a sweep comes every 30 s
        assert reason.startswith("ecs-arc: exceeded max runtime 10m0s (running: 10m")
        assert stage.events("stop") == [f"{job.runner_name} stopped: {reason}"]


async def test_a_max_runtime_of_zero_is_no_limit(stages: Stages) -> None:
    # behaviour.md row 21
    toml = runners("small", max_runtime="0s")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=3_600)
        await until(lambda: stage.in_state(RunnerState.BUSY), 180)
        (runner,) = stage.in_state(RunnerState.BUSY)
        assert "nothing limits its time" in runner.why
        await asyncio.sleep(3_700)
        assert job.result == "succeeded"
        assert stops(world) == []


async def test_a_negative_max_runtime_is_refused_before_anything_is_done(stages: Stages) -> None:
    # behaviour.md row 21
    toml = runners("small", max_runtime="-1h")
    async with stages.world() as world:
        with pytest.raises(ConfigurationError, match="max_runtime"):
            async with stages.controller(world, toml=toml):
                pass
        assert not world.github.calls
        assert not world.ecs.calls
