"""Counting: who takes a slot, who is counted on, and what GitHub is told we could run.

The maximum is never exceeded and demand never served twice (invariant I1, asserted when each world is left).
"""

import asyncio
from collections.abc import Iterable

import pytest

from core.api.model import RunnerState, ScaleSetState
from core.world.checker import StartRules
from core.world.ecs import Pace
from core.world.github import Entry, EntryKind, Job
from core.world.runners import Habits
from core.world.world import WorldSettings
from tests.integration.conftest import Stage, Stages
from tests.integration.faults.outsiders import at_github, jobs, runners, until
from tests.integration.faults.planted import FAILED, plant, tell

pytestmark = pytest.mark.virtual_time

#: A container that takes its time after its job is over: a minute, which is most of what a slot waits for.
SLOW_TO_LEAVE = Habits(leaving=(60.0, 60.0))


async def busy_runners(stage: Stage, count: int, seconds: float) -> list[Job]:
    """That many jobs, once all their runners are known to be busy."""
    await until(lambda: stage.engine.health().ready, 30)
    running = jobs(stage.world, count, seconds=seconds)
    await until(lambda: len(stage.in_state(RunnerState.BUSY)) == count, 240)
    return running


def results(running: Iterable[Job]) -> set[str | None]:
    """How the jobs ended; None for one that has not."""
    return {job.result for job in running}


# --- behaviour.md row 7: a restart ---------------------------------------------------------------------------------


async def test_after_a_restart_six_busy_runners_are_known_to_be_busy_and_none_is_started_anew(stages: Stages) -> None:
    # behaviour.md row 7
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            running = await busy_runners(stage, 6, 600.0)
            names = {view.name: view.job for view in stage.in_state(RunnerState.BUSY)}
        async with stages.controller(world, seed=2) as stage:
            await until(lambda: stage.engine.health().ready, 10)
            told = {view.name: view.job for view in stage.in_state(RunnerState.BUSY)}
            assert {name: job and job.id for name, job in told.items()} == {n: j and j.id for n, j in names.items()}
            await until(lambda: None not in results(running), 700)
        assert results(running) == {"succeeded"}
        assert world.ecs.calls["RunTask"] == 6


async def test_on_another_host_six_busy_runners_are_assumed_busy_and_none_is_started_anew(stages: Stages) -> None:
    # behaviour.md row 7
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            running = await busy_runners(stage, 6, 900.0)
        async with stages.controller(world, name="another host", seed=2) as stage:
            await until(lambda: stage.engine.health().ready, 10)
            await asyncio.sleep(600)
            assert len(stage.in_state(RunnerState.ASSUMED_BUSY)) == 6
            await until(lambda: None not in results(running), 400)
            await asyncio.sleep(60)
            assert stage.in_state(RunnerState.ASSUMED_BUSY) == []
        assert results(running) == {"succeeded"}
        assert world.ecs.calls["RunTask"] == 6


async def test_an_idle_runner_on_another_host_is_known_to_be_idle_after_three_looks_over_five_minutes(
    stages: Stages,
) -> None:
    # behaviour.md row 7
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world:
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        async with stages.controller(world, toml=toml, name="another host", seed=2) as stage:
            await until(lambda: stage.engine.health().ready, 10)
            waited = await until(lambda: stage.in_state(RunnerState.IDLE), 600)
            assert 300 <= waited <= 370
            assert world.ecs.calls["RunTask"] == 1


async def test_a_job_message_ends_the_doubt_about_an_adopted_runner(stages: Stages) -> None:
    # behaviour.md row 7
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world:
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        async with stages.controller(world, toml=toml, name="another host", seed=2) as stage:
            await until(lambda: stage.engine.health().ready, 10)
            assert len(stage.in_state(RunnerState.ASSUMED_BUSY)) == 1
            (job,) = jobs(world, 1, seconds=60.0)
            await until(lambda: stage.in_state(RunnerState.BUSY), 60)
            (shown,) = stage.in_state(RunnerState.BUSY)
            assert shown.job is not None
            assert shown.job.id == job.id


async def test_starts_under_way_at_a_restart_are_adopted_with_their_own_states(stages: Stages) -> None:
    # behaviour.md row 7
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await asyncio.sleep(5)
            running = jobs(world, 4, seconds=60.0)
            await until(lambda: len(world.ecs.tasks) == 4, 10)
        async with stages.controller(world, name="another host", seed=2) as stage:
            await until(lambda: stage.engine.health().ready, 10)
            assert len(stage.in_state(RunnerState.PENDING)) == 4
            await until(lambda: None not in results(running), 300)
        assert world.ecs.calls["RunTask"] == 4


async def test_tasks_above_the_maximum_are_adopted_and_nothing_starts_until_they_are_below_it(stages: Stages) -> None:
    # behaviour.md row 7, invariant I1
    toml = runners("small", max_runners=3)
    async with stages.world(toml=toml) as world:
        planted = plant(world, "small", 5)
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: stage.engine.health().ready, 10)
            running = jobs(world, 3, seconds=30.0)
            await asyncio.sleep(60)
            assert world.ecs.calls["RunTask"] == 0
            for task in planted[:3]:
                world.ecs.exit(task.arn, 0)
            await asyncio.sleep(60)
            assert world.ecs.calls["RunTask"] == 1
            for task in planted[3:]:
                world.ecs.exit(task.arn, 0)
            await until(lambda: None not in results(running), 600)


# --- behaviour.md row 12: what is advertised -----------------------------------------------------------------------


async def test_the_advertised_capacity_falls_while_there_is_no_room_and_comes_back_with_the_first_success(
    stages: Stages,
) -> None:
    # behaviour.md row 12
    async with stages.world() as world, stages.controller(world) as stage:
        running = await busy_runners(stage, 2, 900.0)
        assert at_github(world).capacity == 10
        world.ecs.capacity.close("RESOURCE:CPU")
        more = jobs(world, 3, seconds=30.0)
        await until(lambda: stage.scale_set().state is ScaleSetState.BACKOFF, 30)
        await asyncio.sleep(3)
        assert at_github(world).capacity == 2
        world.ecs.capacity.open()
        await until(lambda: None not in results(more), 300)
        assert at_github(world).capacity == 10
        assert None in results(running)


async def test_github_assigns_no_more_jobs_while_there_is_no_room(stages: Stages) -> None:
    # behaviour.md row 12
    async with stages.world() as world, stages.controller(world) as stage:
        await busy_runners(stage, 2, 900.0)
        world.ecs.capacity.close("RESOURCE:CPU")
        jobs(world, 1, seconds=30.0)
        await until(lambda: stage.scale_set().state is ScaleSetState.BACKOFF, 30)
        await asyncio.sleep(3)
        before = at_github(world).load
        jobs(world, 5, seconds=30.0)
        await asyncio.sleep(120)
        assert at_github(world).load <= before + 1  # one more when a probe is due


async def test_one_more_is_advertised_when_a_probe_is_due(stages: Stages) -> None:
    # behaviour.md row 12
    async with stages.world() as world, stages.controller(world) as stage:
        await busy_runners(stage, 2, 900.0)
        world.ecs.capacity.close("RESOURCE:CPU")
        (job,) = jobs(world, 1, seconds=30.0)
        await until(lambda: stage.scale_set().state is ScaleSetState.BACKOFF, 30)
        world.github.cancel_job(job.id)  # nobody is left to probe for
        await asyncio.sleep(300)
        assert at_github(world).capacity == 3


# --- behaviour.md row 15: a slot is free when the task has stopped -------------------------------------------------


async def test_a_full_scale_set_waits_until_a_finished_task_has_stopped(stages: Stages) -> None:
    # behaviour.md row 15: the checker sees every start that would exceed the maximum
    toml = runners("small", max_runners=2)
    settings = WorldSettings(habits=SLOW_TO_LEAVE)
    async with stages.world(settings, toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await asyncio.sleep(5)
        running = jobs(world, 2, seconds=60.0)
        await until(lambda: None not in results(running), 240)
        waiting = jobs(world, 2, seconds=60.0)
        await asyncio.sleep(5)
        assert world.ecs.calls["RunTask"] == 2
        assert stage.scale_set().ending == 2
        assert "every slot is taken until a task has stopped" in stage.scale_set().why
        await until(lambda: None not in results(waiting), 300)
        assert results(waiting) == {"succeeded"}


async def test_below_the_maximum_a_new_job_need_not_wait_for_a_finished_task(stages: Stages) -> None:
    # behaviour.md row 15
    settings = WorldSettings(habits=SLOW_TO_LEAVE)
    async with stages.world(settings) as world, stages.controller(world):
        await asyncio.sleep(5)
        running = jobs(world, 2, seconds=60.0)
        await until(lambda: None not in results(running), 240)
        jobs(world, 2, seconds=60.0)
        await asyncio.sleep(5)
        assert world.ecs.calls["RunTask"] == 4


@pytest.mark.parametrize("ending", ["finishing", "stopping"])
async def test_a_slot_whose_task_never_stops_is_given_away_after_slot_release_after_and_it_is_said(
    stages: Stages, ending: str
) -> None:
    # behaviour.md row 15
    toml = runners("small", max_runners=1, unready_timeout="3m")
    never = WorldSettings(pace=Pace(stopping=1e9, reporting=1e9), habits=Habits(leaving=(1e9, 1e9)))
    async with (
        stages.world(never, toml=toml, rules=StartRules(slot_release=180.0)) as world,
        stages.controller(world, toml=toml, settings={"SLOT_RELEASE_AFTER": "4m"}) as stage,
    ):
        (job,) = await busy_runners(stage, 1, 60.0)
        await until(lambda: job.result, 90)
        if ending == "stopping":
            (task,) = world.ecs.running()
            world.ecs.lifecycle.stop(task, code="UserInitiated", reason="by hand")
        jobs(world, 1)
        waited = await until(lambda: world.ecs.calls["RunTask"] == 2, 600)
        assert 230 <= waited <= 280
        assert any("4m" in text for text in stage.events("slot-released"))


# --- behaviour.md row 16: a job on a runner that we do not know ----------------------------------------------------

STRANGE_JOB = {
    "messageType": EntryKind.STARTED.value,
    "jobId": "5f0c4e0c-0000-4000-8000-000000000001",
    "runnerRequestId": 77,
    "runnerId": 9_000,
    "runnerName": "small-0badcafe",
    "ownerName": "acme",
    "repositoryName": "api",
    "jobDisplayName": "unit",
}


async def a_job_starts_on_an_unknown_runner(stage: Stage) -> None:
    """Let GitHub say so, and wait until it is shown."""
    await until(lambda: stage.engine.health().ready, 10)
    record = at_github(stage.world)
    stage.world.github.controls.override_statistics(record.id, totalAssignedJobs=1, totalRunningJobs=1)
    stage.world.github.controls.post(record.id, [Entry(EntryKind.STARTED, STRANGE_JOB)])
    await until(lambda: stage.in_state(RunnerState.BUSY), 10)


async def test_a_job_on_an_unknown_runner_makes_it_busy_and_nothing_is_started_for_it(stages: Stages) -> None:
    # behaviour.md row 16
    async with stages.world() as world, stages.controller(world) as stage:
        await a_job_starts_on_an_unknown_runner(stage)
        (shown,) = stage.in_state(RunnerState.BUSY)
        assert shown.name == "small-0badcafe"
        assert stage.scale_set().busy == 1
        await asyncio.sleep(20)
        assert world.ecs.calls["RunTask"] == 0


async def test_an_unknown_runner_lapses_after_two_complete_looks_without_a_task(stages: Stages) -> None:
    # behaviour.md row 16
    async with stages.world() as world, stages.controller(world) as stage:
        await a_job_starts_on_an_unknown_runner(stage)
        tell(world, "small", totalAssignedJobs=0, totalRunningJobs=0)
        waited = await until(lambda: not stage.in_state(RunnerState.BUSY), 180)
        assert 60 <= waited <= 125
        assert "no task of it was found" in stage.events("task-ended")[0]


async def test_an_unknown_runner_does_not_lapse_while_no_look_is_complete(stages: Stages) -> None:
    # behaviour.md row 16
    async with stages.world() as world, stages.controller(world) as stage:
        await a_job_starts_on_an_unknown_runner(stage)
        world.faults.add("ListTasks", FAILED, times=None)
        await asyncio.sleep(300)
        assert stage.scale_set().busy == 1


async def test_an_unknown_runner_whose_task_shows_itself_later_is_that_task(stages: Stages) -> None:
    # behaviour.md row 16
    async with stages.world() as world, stages.controller(world) as stage:
        await a_job_starts_on_an_unknown_runner(stage)
        (task,) = plant(world, "small", 1, first=0x0BADCAFE)
        await asyncio.sleep(200)
        (shown,) = stage.in_state(RunnerState.BUSY)
        assert shown.task_arn == task.arn
        assert shown.job is not None
        assert world.ecs.calls["RunTask"] == 0
