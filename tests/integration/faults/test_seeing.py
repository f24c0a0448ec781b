"""Seeing ECS: an answer that is late, cut short, odd or missing makes no runner disappear and no second one start.

What is not known is not concluded from (DESIGN.md section 3, "Absence is never proof").
"""

import asyncio

import pytest

from core.api.events import EventQuery
from core.api.model import RunnerState
from core.world.checker import StartRules
from core.world.ecs import EcsTask, Stuck, TaskState, Visibility
from core.world.faults import Fault
from core.world.github import Job
from core.world.world import World, WorldSettings
from tests.integration.conftest import Stage, Stages
from tests.integration.faults.outsiders import jobs, runners, until
from tests.integration.faults.planted import FAILED, WELL, at, in_turn, kept, plant, tell

pytestmark = pytest.mark.virtual_time

#: 250 tasks: three pages of ListTasks, three batches of DescribeTasks.
CROWD = {"small": 100, "medium": 100, "large": 50}
CROWDED = runners(*CROWD, max_runners=100)
#: Nobody sees a task in such a world.
BLIND = Visibility(listed_after=1e9, described_after=1e9)


def plant_crowd(world: World) -> list[EcsTask]:
    """250 tasks in 3 scale sets."""
    return [task for name, count in CROWD.items() for task in plant(world, name, count)]


async def listening_for_a_crowd(stage: Stage) -> None:
    """Let GitHub tell of as many running jobs as there are tasks."""
    await until(lambda: stage.engine.health().ready, 30)
    for name, count in CROWD.items():
        tell(stage.world, name, totalAssignedJobs=count, totalRunningJobs=count)


def busy(stage: Stage) -> dict[str, int]:
    """Busy runners by scale set, as the screen shows them."""
    return {view.name: view.busy for view in stage.snapshot().scale_sets}


# --- behaviour.md row 1: every page, every batch -------------------------------------------------------------------


@pytest.mark.parametrize("longest_page", [100, 30])
async def test_250_tasks_in_3_scale_sets_are_all_adopted_and_none_is_replaced(
    stages: Stages, longest_page: int
) -> None:
    # behaviour.md row 1
    settings = WorldSettings(visibility=Visibility(longest_page=longest_page))
    async with stages.world(settings, toml=CROWDED) as world:
        plant_crowd(world)
        async with stages.controller(world, toml=CROWDED) as stage:
            await listening_for_a_crowd(stage)
            await asyncio.sleep(300)
            assert busy(stage) == CROWD
            assert world.ecs.calls["RunTask"] == 0


@pytest.mark.parametrize(
    ("operation", "faults"),
    [("ListTasks", (WELL, FAILED)), ("DescribeTasks", (WELL, WELL, FAILED)), ("DescribeTasks", (FAILED,))],
    ids=["the second page", "one of three batches", "every batch"],
)
async def test_while_a_part_of_each_look_fails_nothing_is_forgotten_and_nothing_started(
    stages: Stages, operation: str, faults: tuple[Fault, ...]
) -> None:
    # behaviour.md row 1
    async with stages.world(toml=CROWDED) as world:
        plant_crowd(world)
        async with stages.controller(world, toml=CROWDED) as stage:
            await listening_for_a_crowd(stage)
            in_turn(world, operation, faults, times=60)
            await asyncio.sleep(300)
            assert "Internal Server Error" in stage.snapshot().controller.sweep_failed
            assert busy(stage) == CROWD
            world.faults.clear()
            await asyncio.sleep(60)
            assert stage.snapshot().controller.sweep_failed == ""
            assert busy(stage) == CROWD
            assert world.ecs.calls["RunTask"] == 0


async def test_a_start_without_a_complete_look_waits_for_one(stages: Stages) -> None:
    # behaviour.md row 1
    async with stages.world(toml=CROWDED) as world:
        plant_crowd(world)
        in_turn(world, "DescribeTasks", (WELL, WELL, FAILED), times=4)
        async with stages.controller(world, toml=CROWDED) as stage:
            await listening_for_a_crowd(stage)
            await asyncio.sleep(60)
            assert busy(stage) == CROWD
            assert world.ecs.calls["RunTask"] == 0


async def test_a_stuck_task_on_the_third_page_is_stopped(stages: Stages) -> None:
    # behaviour.md row 1
    async with stages.world(toml=CROWDED) as world:
        plant_crowd(world)
        (stuck,) = plant(world, "large", 1, first=50, state=TaskState.PENDING)
        async with stages.controller(world, toml=CROWDED) as stage:
            await asyncio.sleep(360)
            assert "stuck in PENDING for 5m" in str(stuck.stopped_reason)
            assert len(stage.events("stop")) == 1


# --- behaviour.md row 2: not listed yet is not gone ----------------------------------------------------------------


@pytest.mark.parametrize("described_after", [0.0, 60.0], ids=["described at once", "missing for a minute"])
async def test_a_task_that_is_not_listed_for_a_minute_after_its_start_is_started_once(
    stages: Stages, described_after: float
) -> None:
    # behaviour.md row 2
    visibility = Visibility(listed_after=60.0, described_after=described_after)
    async with stages.world(WorldSettings(visibility=visibility)) as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=300.0)
        await until(lambda: job.result, 600)
        assert job.result == "succeeded"
        assert world.ecs.calls["RunTask"] == 1
        assert stage.events("stop") == []


async def test_a_task_whose_runner_works_before_ecs_shows_it_is_started_once(stages: Stages) -> None:
    # behaviour.md row 2: two looks miss it, and it is not five minutes old
    visibility = Visibility(listed_after=200.0, described_after=200.0)
    async with stages.world(WorldSettings(visibility=visibility)) as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        jobs(world, 1, seconds=400.0)
        await asyncio.sleep(190)
        assert len(stage.in_state(RunnerState.BUSY)) == 1
        assert world.ecs.calls["RunTask"] == 1


@pytest.mark.parametrize("described_after", [0.0, 60.0], ids=["described at once", "missing for a minute"])
async def test_a_restart_before_a_started_task_is_listed_starts_no_second_one(
    stages: Stages, described_after: float
) -> None:
    # behaviour.md rows 2 and 7
    visibility = Visibility(listed_after=60.0, described_after=described_after)
    async with stages.world(WorldSettings(visibility=visibility)) as world:
        async with stages.controller(world):
            await asyncio.sleep(5)
            (job,) = jobs(world, 1, seconds=300.0)
            await until(lambda: world.ecs.tasks, 10)
            await asyncio.sleep(3)
        async with stages.controller(world, seed=2):
            await until(lambda: job.result, 600)
        assert job.result == "succeeded"
        assert world.ecs.calls["RunTask"] == 1


async def test_a_restart_while_lists_leave_out_an_idle_runner_of_ten_minutes_starts_no_second_one(
    stages: Stages,
) -> None:
    # behaviour.md rows 2 and 7
    toml = runners("small", min_runners=1, max_runners=4)
    async with stages.world(toml=toml) as world:
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: stage.in_state(RunnerState.IDLE), 180)
            await asyncio.sleep(600)
        table = world.ecs.table
        honest, table.visibility = table.visibility, BLIND
        async with stages.controller(world, toml=toml, seed=2) as stage:
            await asyncio.sleep(20)
            table.visibility = honest
            await until(lambda: stage.in_state(RunnerState.IDLE), 600)
        assert world.ecs.calls["RunTask"] == 1


async def test_how_far_a_runner_came_and_when_is_shown_while_it_lives_and_kept_when_it_ended(stages: Stages) -> None:
    # behaviour.md row 3
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=60.0)
        await until(lambda: stage.in_state(RunnerState.BUSY), 180)
        steps = stage.in_state(RunnerState.BUSY)[0].steps
        assert steps.created_at is not None
        assert steps.created_at < (steps.pull_started_at or 0) < (steps.pull_stopped_at or 0) < (steps.started_at or 0)
        await until(lambda: job.result, 200)
        await asyncio.sleep(60)
        (ended,) = [event async for event in stage.engine.events(EventQuery(kinds=("task-ended",)), follow=False)]
        assert str(ended.data["created_at"]) < str(ended.data["started_at"]) < str(ended.data["stopped_at"])


async def test_a_busy_runner_whose_task_is_missing_in_one_look_is_kept(stages: Stages) -> None:
    # behaviour.md row 2
    async with stages.world() as world, stages.controller(world) as stage:
        await a_long_job_runs(stage)
        await asyncio.sleep(300)  # old enough for its absence to mean something
        seen, world.ecs.table.visibility = world.ecs.table.visibility, BLIND
        await asyncio.sleep(31)
        assert len(stage.in_state(RunnerState.BUSY)) == 1
        world.ecs.table.visibility = seen
        await asyncio.sleep(60)
        assert len(stage.in_state(RunnerState.BUSY)) == 1
        assert world.ecs.calls["RunTask"] == 1


async def test_looks_that_miss_a_task_count_only_one_after_another(stages: Stages) -> None:
    # behaviour.md row 2
    async with stages.world() as world, stages.controller(world) as stage:
        await a_long_job_runs(stage)
        await asyncio.sleep(300)
        seen = world.ecs.table.visibility
        for _ in range(3):
            world.ecs.table.visibility = BLIND
            await asyncio.sleep(45)
            world.ecs.table.visibility = seen
            await asyncio.sleep(31)
        assert len(stage.in_state(RunnerState.BUSY)) == 1


async def test_a_busy_runner_whose_task_is_missing_for_long_is_let_go_and_taken_up_again_unharmed(
    stages: Stages,
) -> None:
    # behaviour.md row 2
    async with stages.world() as world, stages.controller(world) as stage:
        job = await a_long_job_runs(stage)
        await asyncio.sleep(300)
        tell(world, "small", totalAssignedJobs=0)  # what is let go must not be replaced here: it runs on
        seen, world.ecs.table.visibility = world.ecs.table.visibility, BLIND
        await asyncio.sleep(120)
        assert stage.in_state(RunnerState.BUSY) == []
        assert "ECS no longer knows its task" in stage.events("task-ended")[0]
        world.ecs.table.visibility = seen
        await asyncio.sleep(31)
        assert len(stage.in_state(RunnerState.ASSUMED_BUSY, RunnerState.BUSY)) == 1
        await until(lambda: job.result, 600)
        assert job.result == "succeeded"


async def test_a_task_that_ecs_has_forgotten_frees_its_slot_after_two_looks(stages: Stages) -> None:
    # behaviour.md row 2
    visibility = Visibility(stopped_kept=0.001)
    async with stages.world(WorldSettings(visibility=visibility)) as world, stages.controller(world) as stage:
        await a_long_job_runs(stage)
        await asyncio.sleep(300)
        (task,) = world.ecs.running()
        world.ecs.lose_host(task.arn)
        await asyncio.sleep(31)
        assert stage.scale_set().busy == 1
        await asyncio.sleep(100)
        assert any("ECS no longer knows its task" in text for text in stage.events("task-ended"))


async def a_long_job_runs(stage: Stage) -> Job:
    """A job of a quarter of an hour, once its runner is known to be busy."""
    await until(lambda: stage.engine.health().ready, 30)
    (job,) = jobs(stage.world, 1, seconds=900.0)
    await until(lambda: stage.in_state(RunnerState.BUSY), 180)
    return job


# --- behaviour.md row 3: followed to the end -----------------------------------------------------------------------


async def test_a_task_whose_host_is_lost_leaves_its_stop_code_reason_and_job_and_no_registration(
    stages: Stages,
) -> None:
    # behaviour.md row 3
    async with stages.world() as world, stages.controller(world) as stage:
        job = await a_long_job_runs(stage)
        (task,) = world.ecs.running()
        world.ecs.lose_host(task.arn)
        await until(lambda: job.result, 700)
        await until(lambda: job.runner_id not in world.github.runners, 90)
        (entry,) = [one for one in kept(stage.journal, "task-ended") if one["task_arn"] == task.arn]
        assert entry["data"]["stop_code"] == "TerminationNotice"
        assert "terminated" in entry["data"]["stopped_reason"]
        assert entry["data"]["job"]["id"] == job.id


async def test_a_container_that_was_killed_leaves_its_exit_code(stages: Stages) -> None:
    # behaviour.md row 3
    async with stages.world() as world, stages.controller(world) as stage:
        await a_long_job_runs(stage)
        (task,) = world.ecs.running()
        world.ecs.exit(task.arn, 137, reason="OutOfMemoryError: Container killed due to memory usage")
        await until(lambda: kept(stage.journal, "task-ended"), 60)
        (entry,) = kept(stage.journal, "task-ended")
        assert entry["data"]["exit_codes"] == {"runner": 137}
        assert "OutOfMemoryError" in entry["text"]
        (shown,) = stage.in_state(RunnerState.FAILED)
        assert shown.exit_code == 137


@pytest.mark.parametrize("name", ["controller", "another host"])
async def test_a_task_that_stopped_while_nobody_watched_leaves_its_reason_and_no_registration(
    stages: Stages, name: str
) -> None:
    # behaviour.md row 3
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world:
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        (task,) = world.ecs.running()
        (registration,) = world.github.runners
        world.ecs.lose_host(task.arn)
        await asyncio.sleep(600)
        async with stages.controller(world, toml=toml, name=name, seed=2) as stage:
            await until(lambda: registration not in world.github.runners, 30)
            assert any("TerminationNotice" in text for text in stage.events("task-ended"))
            (entry,) = [one for one in kept(stage.journal, "task-ended") if one["task_arn"] == task.arn]
            assert entry["data"]["stop_code"] == "TerminationNotice"


async def test_a_task_that_somebody_stopped_while_nobody_watched_leaves_no_registration_though_its_tags_are_gone(
    stages: Stages,
) -> None:
    # behaviour.md row 3: StopTask drops tags (ecs-api.md A3)
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world:
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        (task,) = world.ecs.running()
        (registration,) = world.github.runners
        world.ecs.lifecycle.stop(task, code="UserInitiated", reason="by hand")
        task.tags_dropped = True
        await asyncio.sleep(600)
        async with stages.controller(world, toml=toml, seed=2):
            await until(lambda: registration not in world.github.runners, 30)


async def test_an_end_is_told_once_however_often_the_controller_restarts(stages: Stages) -> None:
    # behaviour.md row 3
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await asyncio.sleep(5)
            jobs(world, 1, seconds=10.0)
            await until(lambda: stage.in_state(RunnerState.STOPPED), 180)
        for _ in range(3):
            async with stages.controller(world) as stage:
                await asyncio.sleep(40)
        assert len(kept(stage.journal, "task-ended")) == 1


async def test_a_task_that_was_accepted_and_stopped_while_nobody_watched_is_told_once(
    stages: Stages,
) -> None:
    # behaviour.md row 3
    async with stages.world() as world:
        async with stages.controller(world):
            await asyncio.sleep(5)
            (job,) = jobs(world, 1, seconds=10.0)
            await until(lambda: world.ecs.tasks, 10)
            await asyncio.sleep(2)
        await asyncio.sleep(120)
        async with stages.controller(world, seed=2) as stage:
            await asyncio.sleep(60)
        (entry,) = kept(stage.journal, "task-ended")
        assert entry["data"]["exit_code"] == 0
        assert job.result == "succeeded"
        assert world.ecs.calls["RunTask"] == 1


# --- behaviour.md row 4: one watcher -------------------------------------------------------------------------------


async def test_what_is_asked_of_ecs_does_not_depend_on_the_number_of_scale_sets(stages: Stages) -> None:
    # behaviour.md row 4
    asked = [await _reads_of_two_minutes(stages, count) for count in (1, 51)]
    assert asked[0] == asked[1]


async def _reads_of_two_minutes(stages: Stages, count: int) -> tuple[int, int]:
    names = [f"set-{number:02}" for number in range(count)]
    toml = runners(*names, max_runners=60)
    async with stages.world(toml=toml) as world:
        for name in names:
            plant(world, name, 51 // count)
        async with stages.controller(world, toml=toml, name=f"of {count}") as stage:
            await until(lambda: stage.engine.health().ready, 120, step=10.0)
            before = world.ecs.calls.copy()
            await asyncio.sleep(120)
            reads = world.ecs.calls - before
            return reads["ListTasks"], reads["DescribeTasks"]


# --- behaviour.md row 5: a limit for each state --------------------------------------------------------------------

LIMITS = {"provisioning_timeout": "7m", "pending_timeout": "3m", "activating_timeout": "2m"}
ON_FARGATE = runners("small", compatibility="FARGATE", subnets=["subnet-1"], security_groups=["sg-1"], **LIMITS)


@pytest.mark.parametrize(
    ("state", "limit", "told"),
    [(TaskState.PROVISIONING, 420, "7m"), (TaskState.PENDING, 180, "3m"), (TaskState.ACTIVATING, 120, "2m")],
)
async def test_a_task_stuck_on_its_way_up_is_stopped_after_the_limit_of_that_state_and_replaced(
    stages: Stages, state: TaskState, limit: int, told: str
) -> None:
    # behaviour.md row 5
    rules = StartRules(patience=120.0)
    async with (
        stages.world(toml=ON_FARGATE, rules=rules) as world,
        stages.controller(world, toml=ON_FARGATE),
    ):
        await asyncio.sleep(5)
        world.ecs.next_start(Stuck(state))
        (job,) = jobs(world, 1, seconds=60.0)
        waited = await until(lambda: at(world, "StopTask"), 900)
        (stuck, *_) = world.ecs.tasks.values()
        assert f"ecs-arc: stuck in {state} for {told}" in str(stuck.stopped_reason)
        assert f"(threshold: {told}0s)" in str(stuck.stopped_reason)
        assert limit < waited < limit + 90
        await until(lambda: job.result, 180)
        assert job.result == "succeeded"


async def test_each_scale_set_has_limits_of_its_own(stages: Stages) -> None:
    # behaviour.md row 5
    toml = runners("patient", pending_timeout="20m") + "\n" + runners("small", pending_timeout="1m")
    rules = StartRules(patience=60.0)
    async with stages.world(toml=toml, rules=rules) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.engine.health().ready, 30)
        world.ecs.next_start(Stuck(TaskState.PENDING), family="patient")
        world.ecs.next_start(Stuck(TaskState.PENDING), family="small")
        jobs(world, 1, scale_set="patient")
        jobs(world, 1, scale_set="small")
        await asyncio.sleep(600)
        (stop,) = stage.events("stop")
        assert stop.startswith("small-")


async def test_a_stuck_task_shows_its_limit_and_what_happens_then(stages: Stages) -> None:
    # behaviour.md row 5
    async with stages.world(toml=ON_FARGATE) as world, stages.controller(world, toml=ON_FARGATE) as stage:
        await asyncio.sleep(5)
        world.ecs.next_start(Stuck(TaskState.PROVISIONING))
        jobs(world, 1)
        await asyncio.sleep(60)
        (shown,) = stage.in_state(RunnerState.PROVISIONING)
        assert shown.limit == 420
        assert "after 7m0s in PROVISIONING" in shown.why


# --- behaviour.md row 6: odd answers are values --------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    ["", "<html>a proxy was here</html>", {}, {"tasks": []}, {"tasks": [{}], "failures": [{}]}, {"tasks": None}],
    ids=str,
)
async def test_a_description_that_says_nothing_is_concluded_nothing_from(stages: Stages, body: object) -> None:
    # behaviour.md row 6
    async with stages.world() as world, stages.controller(world) as stage:
        job = await a_long_job_runs(stage)
        await asyncio.sleep(300)
        world.faults.add("DescribeTasks", Fault("status", status=200, body=body), times=None)  # type: ignore[arg-type]
        await asyncio.sleep(200)
        assert len(stage.in_state(RunnerState.BUSY)) == 1
        world.faults.clear()
        await until(lambda: job.result, 600)
        assert job.result == "succeeded"
        assert world.ecs.calls["RunTask"] == 1


@pytest.mark.parametrize("body", [{}, {"taskArns": None}, "[]", {"taskArns": []}], ids=str)
async def test_a_list_that_says_nothing_is_concluded_nothing_from(stages: Stages, body: object) -> None:
    # behaviour.md row 6
    async with stages.world() as world, stages.controller(world) as stage:
        await a_long_job_runs(stage)
        await asyncio.sleep(300)
        world.faults.add("ListTasks", Fault("status", status=200, body=body), times=None)  # type: ignore[arg-type]
        await asyncio.sleep(200)
        assert len(stage.in_state(RunnerState.BUSY)) == 1
        assert world.ecs.calls["RunTask"] == 1


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks"])
async def test_a_look_that_was_not_answered_with_what_it_asked_for_has_failed_and_says_so(
    stages: Stages, operation: str
) -> None:
    # behaviour.md row 6
    async with stages.world() as world, stages.controller(world) as stage:
        await a_long_job_runs(stage)
        world.faults.add(operation, Fault("status", status=200, body={}), times=None)
        await asyncio.sleep(31)
        assert "unreadable answer" in stage.snapshot().controller.sweep_failed


async def test_a_task_that_ecs_neither_shows_nor_denies_is_still_there(stages: Stages) -> None:
    # behaviour.md row 6
    async with stages.world() as world, stages.controller(world) as stage:
        await a_long_job_runs(stage)
        await asyncio.sleep(300)
        empty: dict[str, dict[str, object]] = {
            "ListTasks": {"taskArns": []},
            "DescribeTasks": {"tasks": [], "failures": []},
        }
        for operation, body in empty.items():
            world.faults.add(operation, Fault("status", status=200, body=body), times=None)
        await asyncio.sleep(200)
        assert len(stage.in_state(RunnerState.BUSY)) == 1
        assert world.ecs.calls["RunTask"] == 1


@pytest.mark.parametrize(
    "odd",
    [{"lastStatus": "HIBERNATING"}, {"lastStatus": None}, {}, {"createdAt": None, "containers": None, "tags": None}],
    ids=str,
)
async def test_a_task_that_is_described_oddly_is_a_live_task(stages: Stages, odd: dict[str, object]) -> None:
    # behaviour.md row 6: no createdAt, a status that did not exist, no containers
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=300.0)
        await until(lambda: world.ecs.tasks, 10)
        (task,) = world.ecs.tasks.values()
        answer = {"tasks": [{"taskArn": task.arn, "desiredStatus": "RUNNING", **odd}], "failures": []}
        world.faults.add("DescribeTasks", Fault("status", status=200, body=answer), times=None)
        await until(lambda: stage.in_state(RunnerState.BUSY), 180)
        world.faults.clear()
        await until(lambda: job.result, 400)
        assert job.result == "succeeded"
        assert world.ecs.calls["RunTask"] == 1
        assert stage.events("stop") == []
