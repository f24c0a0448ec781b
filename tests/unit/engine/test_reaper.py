"""Sweeps: what is stopped, when, with which words, and what is left alone (behaviour.md 1.4; seed: ``Reaper``)."""

import asyncio
from itertools import pairwise

import pytest

from core.api.model import RunnerState
from core.domain.errors import PermissionDenied, TaskNotFound, Throttled, Unavailable
from core.domain.scale_set import Limits
from core.domain.task import TaskStatus
from core.engine.reaper import Reaper
from tests.builders import a_scale_set, job_started
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import TimedEcs, timed

pytestmark = pytest.mark.virtual_time

NAME = "small-00000001"


@pytest.fixture
def ecs(rigs: Rigs) -> TimedEcs:
    return timed(rigs)[0]


def plant(ecs: TimedEcs, status: TaskStatus, *, number: int = 1, scale_set: str = "small") -> str:
    """A task of ours that was there before us; returns its ARN."""
    arn = f"arn:{number}"
    ecs.plant(arn, status, scale_set=scale_set, runner_name=f"{scale_set}-{number:08x}")
    return arn


def reaper_of(rig: Rig) -> Reaper:
    return rig.engine._services.reaper


class TestStuckStarts:
    async def test_a_task_pending_past_the_timeout_is_stopped_at_the_next_sweep_with_the_seeds_words(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        arn = plant(ecs, TaskStatus.PENDING)
        async with rigs.running():
            await asyncio.sleep(330)
            assert ecs.stops == [(arn, "ecs-arc: stuck in PENDING for 5m30s (threshold: 5m0s)")]
            assert ecs.moments["stop_task"] == [330.0]

    @pytest.mark.parametrize("status", [TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING])
    async def test_each_starting_state_has_its_own_threshold_of_the_scale_set(
        self, rigs: Rigs, ecs: TimedEcs, status: TaskStatus
    ) -> None:
        plant(ecs, status)
        limits = Limits(provisioning=100, pending=200, activating=400)
        async with rigs.running(a_scale_set(limits=limits)):
            await asyncio.sleep(500)
            limit = {TaskStatus.PROVISIONING: 120.0, TaskStatus.PENDING: 210.0, TaskStatus.ACTIVATING: 420.0}[status]
            assert ecs.moments["stop_task"] == [limit]

    async def test_a_task_that_moves_on_begins_a_new_timer(self, rigs: Rigs, ecs: TimedEcs) -> None:
        arn = plant(ecs, TaskStatus.PROVISIONING)
        async with rigs.running():
            await asyncio.sleep(400)
            ecs.move(arn, TaskStatus.PENDING)
            await asyncio.sleep(290)
            assert ecs.stops == []

    async def test_a_stopped_start_is_replaced(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running(a_scale_set(maximum=1)) as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(340)
            ecs.move(ecs.arn_of("small-0000000a"), TaskStatus.STOPPED)
            await asyncio.sleep(5)
            assert [start.runner_name for start in ecs.starts] == ["small-0000000a", "small-0000000b"]


class TestMaxRuntime:
    async def test_a_task_running_past_max_runtime_is_stopped_with_the_seeds_words(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        arn = plant(ecs, TaskStatus.RUNNING)
        async with rigs.running(a_scale_set(limits=Limits(max_runtime=3600))):
            await asyncio.sleep(3640)
            assert ecs.stops == [(arn, "ecs-arc: exceeded max runtime 1h0m0s (running: 1h0m30s)")]

    async def test_max_runtime_counts_from_the_start_of_the_job(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.RUNNING)
        async with rigs.running(a_scale_set(limits=Limits(max_runtime=3600))) as rig:
            await asyncio.sleep(3000)
            rig.github.send("small", job_started(NAME), assigned=1)
            await asyncio.sleep(3590)
            before = list(ecs.stops)
            await asyncio.sleep(60)
            assert (before, len(ecs.stops)) == ([], 1)

    async def test_a_max_runtime_of_zero_is_no_limit(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.RUNNING)
        async with rigs.running(a_scale_set(limits=Limits(max_runtime=0)), reaper_interval=300.0):
            await asyncio.sleep(8 * 3600)
            assert ecs.stops == []

    async def test_an_assumed_busy_runner_is_left_alone_until_then(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.RUNNING)
        async with rigs.running() as rig:
            await asyncio.sleep(5 * 3600)
            assert rig.in_state(RunnerState.ASSUMED_BUSY) == [NAME]
            assert ecs.stops == []


class TestSweeps:
    async def test_a_sweep_is_made_every_30_seconds(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running():
            await asyncio.sleep(120)
            looks = sorted(set(ecs.moments["list_tasks"]))
            assert {later - earlier for earlier, later in pairwise(looks)} == {30.0}

    async def test_a_sweep_on_demand_returns_how_many_tasks_it_stopped(self, rigs: Rigs, ecs: TimedEcs) -> None:
        for number in range(3):
            plant(ecs, TaskStatus.PENDING, number=number)
        async with rigs.running(reaper_interval=10_000.0) as rig:
            young = await reaper_of(rig).sweep()
            await asyncio.sleep(301)
            assert (young, await reaper_of(rig).sweep()) == (0, 3)

    async def test_what_was_stopped_already_is_not_counted_again(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.PENDING)
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            assert (await reaper_of(rig).sweep(), await reaper_of(rig).sweep()) == (1, 0)

    async def test_a_sweep_can_be_made_of_one_scale_set(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.PENDING, number=1, scale_set="small")
        arn = plant(ecs, TaskStatus.PENDING, number=2, scale_set="large")
        async with rigs.running(a_scale_set("small"), a_scale_set("large"), reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            assert await reaper_of(rig).sweep("large") == 1
            assert [stopped for stopped, _ in ecs.stops] == [arn]

    async def test_a_stop_that_fails_is_logged_and_does_not_end_the_sweep(self, rigs: Rigs, ecs: TimedEcs) -> None:
        for number in range(3):
            plant(ecs, TaskStatus.PENDING, number=number)
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            ecs.fail("stop_task", PermissionDenied("not authorized to perform ecs:StopTask"))
            assert await reaper_of(rig).sweep() == 2
            (told,) = rig.events("stop-failed")
            assert "not authorized to perform ecs:StopTask" in told

    async def test_a_stop_that_failed_is_tried_again_at_the_next_sweep(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.PENDING)
        ecs.fail("stop_task", Throttled("slow down"), Unavailable("ECS is away"))
        async with rigs.running():
            await asyncio.sleep(400)
            assert ecs.moments["stop_task"] == [330.0, 360.0, 390.0]

    async def test_a_task_that_ecs_does_not_know_is_not_counted(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.PENDING)
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            ecs.fail("stop_task", TaskNotFound("no such task"))
            assert await reaper_of(rig).sweep() == 0

    async def test_a_sweep_whose_look_failed_stops_nothing_and_says_so(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.PENDING)
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            ecs.fail("describe_tasks", Unavailable("ECS is away"))
            with pytest.raises(Unavailable):
                await reaper_of(rig).sweep()
            assert ecs.stops == []

    async def test_a_preview_tells_whom_a_sweep_would_stop_and_why_and_stops_nobody(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        plant(ecs, TaskStatus.PENDING)
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            ((runner, reason),) = await reaper_of(rig).preview()
            assert (runner.name, reason) == (NAME, "ecs-arc: stuck in PENDING for 5m2s (threshold: 5m0s)")
            assert await reaper_of(rig).preview("other") == []
            assert ecs.stops == []

    async def test_a_stopped_task_is_forgotten(self, rigs: Rigs, ecs: TimedEcs) -> None:
        arn = plant(ecs, TaskStatus.RUNNING)
        async with rigs.running() as rig:
            ecs.move(arn, TaskStatus.STOPPED)
            await asyncio.sleep(30)
            assert (rig.scale_set().busy, rig.in_state(RunnerState.FAILED)) == (0, [NAME])

    async def test_stops_are_paced_so_that_starts_keep_their_share(self, rigs: Rigs, ecs: TimedEcs) -> None:
        for number in range(16):
            plant(ecs, TaskStatus.PENDING, number=number)
        async with rigs.running():
            await asyncio.sleep(340)
            assert ecs.moments["stop_task"] == [*[330.0] * 10, 330.25, 330.5, 330.75, 331.0, 331.25, 331.5]


class TestReasons:
    async def test_why_a_task_was_stopped_is_in_ecs_the_journal_and_on_the_screen(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        arn = plant(ecs, TaskStatus.PENDING)
        async with rigs.running() as rig:
            await asyncio.sleep(330)
            reason = "ecs-arc: stuck in PENDING for 5m30s (threshold: 5m0s)"
            (entry,) = rig.kept("stop")
            assert ecs.tasks[arn].stopped_reason == reason
            assert (entry.data["reason"], entry.task_arn, entry.operator) == (reason, arn, "")
            assert rig.runners[NAME].reason == reason


class TestLeftAlone:
    async def test_a_task_of_somebody_else_is_never_stopped(self, rigs: Rigs, ecs: TimedEcs) -> None:
        ecs.plant("arn:1", TaskStatus.PENDING, scale_set="small", runner_name=NAME, controller="another")
        ecs.plant("arn:2", TaskStatus.PENDING, scale_set="foreign", runner_name="foreign-00000001")
        ecs.plant("arn:3", TaskStatus.PENDING)
        async with rigs.running(reaper_interval=300.0):
            await asyncio.sleep(8 * 3600)
            assert ecs.stops == []

    async def test_a_runner_that_took_a_job_while_others_were_stopped_is_left_alone(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        first, _ = plant(ecs, TaskStatus.PENDING, number=1), plant(ecs, TaskStatus.PENDING, number=2)
        ecs.slow["stop_task"] = 5
        async with rigs.running(settle=331) as rig:
            rig.github.send("small", job_started("small-00000002"), assigned=1)
            await asyncio.sleep(10)
            assert [arn for arn, _ in ecs.stops] == [first]
            assert rig.in_state(RunnerState.BUSY) == ["small-00000002"]

    async def test_a_runner_that_took_a_job_while_its_stop_waited_its_turn_is_left_alone(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        for number in range(12):
            plant(ecs, TaskStatus.PENDING, number=number)
        async with rigs.running(settle=330.1) as rig:
            rig.github.send("small", job_started("small-0000000a"), assigned=1)  # its stop is due at 330.25
            await asyncio.sleep(5)
            assert "arn:10" not in [arn for arn, _ in ecs.stops]
            assert rig.in_state(RunnerState.BUSY) == ["small-0000000a"]
