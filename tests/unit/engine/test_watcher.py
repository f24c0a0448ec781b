"""The one reader of the cluster: what a look shows, and what follows from not being shown (behaviour.md 1.4)."""

import asyncio
from collections import Counter

import pytest

from core.api.model import RunnerState
from core.domain.errors import ArcdeckError, PermissionDenied, Throttled, Unavailable
from core.domain.task import Container, TaskStatus
from tests.builders import a_scale_set, job_started
from tests.unit.engine.conftest import Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub

pytestmark = pytest.mark.virtual_time

NAME = "small-00000001"


def plant(ecs: TimedEcs, status: TaskStatus = TaskStatus.RUNNING, *, arn: str = "arn:1", **facts: object) -> None:
    """A task of ours that an earlier controller started."""
    ecs.plant(arn, status, **{"scale_set": "small", "runner_name": NAME, **facts})


class TestAdoption:
    async def test_a_running_task_is_adopted_and_assumed_busy(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            assert rig.in_state(RunnerState.ASSUMED_BUSY) == [NAME]

    async def test_a_starting_task_is_adopted_with_its_own_state(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.PROVISIONING)
        async with rigs.running() as rig:
            assert rig.in_state(RunnerState.PROVISIONING) == [NAME]

    async def test_a_job_message_ends_the_doubt(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            rig.github.send("small", job_started(NAME), assigned=1)
            await asyncio.sleep(1)
            assert rig.in_state(RunnerState.BUSY) == [NAME]

    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param({"controller": "another"}, id="another controller's"),
            pytest.param({"scale_set": "foreign"}, id="of no scale set of ours"),
            pytest.param({"scale_set": None}, id="unmarked"),
            pytest.param({"runner_name": None}, id="without a runner's name"),
        ],
    )
    async def test_a_task_that_is_not_ours_is_never_adopted(
        self, rigs: Rigs, ecs: TimedEcs, facts: dict[str, str | None]
    ) -> None:
        ecs.plant("arn:1", TaskStatus.RUNNING, **{"scale_set": "small", "runner_name": NAME, **facts})
        async with rigs.running() as rig:
            await asyncio.sleep(60)
            assert rig.runners == {}

    async def test_a_task_of_ours_whose_other_tags_were_dropped_is_known_by_its_runners_name(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        plant(ecs, scale_set=None, controller="test")
        async with rigs.running() as rig:
            assert list(rig.runners) == [NAME]

    async def test_a_foreign_task_that_bears_the_name_of_a_start_is_not_taken_for_it(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        github.slow["generate_jit_config"] = 60
        async with rigs.running() as rig:
            github.send("small", assigned=1)
            await asyncio.sleep(1)
            (name,) = rig.in_state(RunnerState.RESERVED)
            plant(ecs, TaskStatus.PENDING, runner_name=name, controller="another")
            await asyncio.sleep(40)
            assert rig.in_state(RunnerState.RESERVED) == [name]


class TestCompleteLooks:
    async def test_all_scale_sets_are_looked_at_in_one_look(self, rigs: Rigs, ecs: TimedEcs) -> None:
        """120 tasks in 51 scale sets cost what 120 tasks in one would."""
        names = [f"set-{number}" for number in range(51)]
        for number in range(120):
            scale_set = names[number % 51]
            plant(ecs, arn=f"arn:{number}", scale_set=scale_set, runner_name=f"{scale_set}-{number:08x}")
        async with rigs.running(*map(a_scale_set, names)) as rig:
            assert len(rig.in_state(RunnerState.ASSUMED_BUSY)) == 120
            before = Counter(ecs.calls)
            await asyncio.sleep(30)
            spent = Counter(ecs.calls) - before
            assert (spent["list_tasks"], spent["describe_tasks"]) == (1, 1)
            assert len(ecs.described[-1]) == 120

    async def test_a_task_that_left_the_list_is_followed_to_its_end(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            ecs.move("arn:1", TaskStatus.DEACTIVATING)
            await asyncio.sleep(31)
            assert rig.in_state(RunnerState.FINISHING) == [NAME]
            ecs.move("arn:1", TaskStatus.STOPPED, containers=(Container("runner", exit_code=3),))
            await asyncio.sleep(5)
            assert rig.runners[NAME].exit_code == 3

    async def test_what_ecs_said_of_an_end_is_in_the_journal(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            ecs.move(
                "arn:1",
                TaskStatus.STOPPED,
                stop_code="EssentialContainerExited",
                stopped_reason="Essential container in task exited",
                containers=(Container("runner", exit_code=137),),
            )
            await asyncio.sleep(31)
            (entry,) = rig.kept("task-ended")
            assert (entry.data["stop_code"], entry.data["stopped_reason"], entry.data["exit_code"]) == (
                "EssentialContainerExited",
                "Essential container in task exited",
                137,
            )

    async def test_young_tasks_are_looked_at_every_five_seconds_by_arn(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs, TaskStatus.PENDING)
        plant(ecs, arn="arn:old", runner_name="small-00000002")
        async with rigs.running() as rig:
            ecs.move("arn:1", TaskStatus.RUNNING)
            await asyncio.sleep(5)
            assert rig.in_state(RunnerState.UNREADY) == [NAME]
            assert ecs.described[-1] == ["arn:1"]

    async def test_a_sweep_shows_when_it_was_and_when_the_next_one_is(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await asyncio.sleep(30)
            controller = rig.engine.snapshot().controller
            assert controller.last_sweep_at is not None
            assert controller.last_sweep_at - controller.started_at == 30.0
            assert controller.next_sweep_at == controller.last_sweep_at + 30.0


class TestAbsence:
    async def test_a_tracked_runner_whose_task_ecs_no_longer_knows_is_forgotten_after_two_looks(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            ecs.hidden.add("arn:1")
            await asyncio.sleep(60)  # looks at 30 and 60 s
            kept = rig.scale_set().busy
            await asyncio.sleep(30)  # and at 90 s, a minute after the first that missed it
            assert (kept, rig.scale_set().busy) == (1, 0)

    async def test_a_forgotten_runner_has_its_registration_removed(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        plant(ecs, runner_id=github.register(NAME, 1))
        async with rigs.running():
            ecs.hidden.add("arn:1")
            await asyncio.sleep(91)
            assert github.runners == {}

    async def test_a_task_that_shows_itself_again_is_not_forgotten(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            for _ in range(4):
                ecs.hidden.add("arn:1")
                await asyncio.sleep(30)
                ecs.hidden.clear()
                await asyncio.sleep(30)
            assert rig.scale_set().busy == 1

    async def test_a_task_started_a_moment_ago_need_not_be_listed_yet(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(0.5)
            ecs.hidden.update(ecs.tasks)
            await asyncio.sleep(290)
            assert (len(ecs.starts), rig.scale_set().starting) == (1, 1)

    async def test_a_task_listed_but_missing_from_the_describe_answer_counts_as_seen(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            ecs.undescribed.add("arn:1")
            await asyncio.sleep(600)
            assert rig.scale_set().busy == 1

    async def test_a_task_that_only_the_list_leaves_out_is_still_there(self, rigs: Rigs, ecs: TimedEcs) -> None:
        plant(ecs)
        async with rigs.running() as rig:
            ecs.unlisted.add("arn:1")
            await asyncio.sleep(600)
            assert rig.scale_set().busy == 1

    async def test_a_runner_started_during_a_look_is_judged_at_the_next_one(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running(settle=29) as rig:
            ecs.slow["list_tasks"] = 3  # the look of 30 s lists before the start and describes after it
            await asyncio.sleep(2)
            rig.github.send("small", assigned=1)
            await asyncio.sleep(10)
            assert (len(ecs.starts), rig.scale_set().starting) == (1, 1)

    @pytest.mark.parametrize("call", ["list_tasks", "describe_tasks"])
    @pytest.mark.parametrize("error", [Unavailable("ECS is away"), Throttled("slow down"), PermissionDenied("no")])
    async def test_a_failed_look_stops_nothing_and_forgets_nothing(
        self, rigs: Rigs, ecs: TimedEcs, call: str, error: ArcdeckError
    ) -> None:
        plant(ecs)
        plant(ecs, TaskStatus.PENDING, arn="arn:2", runner_name="small-00000002")
        async with rigs.running() as rig:
            ecs.hidden.update(ecs.tasks)
            ecs.fail(call, *[error] * 1000)
            await asyncio.sleep(1500)
            assert (ecs.stops, ecs.starts) == ([], [])
            assert set(rig.runners) == {NAME, "small-00000002"}

    async def test_a_failed_look_shows_and_is_told_once(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            ecs.fail("list_tasks", *[Unavailable("ECS is away")] * 5)
            await asyncio.sleep(120)
            assert rig.engine.snapshot().controller.sweep_failed == "ECS is away"
            assert len(rig.events("look-failed")) == 1
            assert "ECS cannot be read: ECS is away" in rig.engine.health().reasons

    async def test_a_look_that_succeeds_again_is_shown(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            ecs.fail("list_tasks", Unavailable("ECS is away"))
            await asyncio.sleep(61)
            assert rig.engine.snapshot().controller.sweep_failed == ""
            assert rig.engine.health().ready


async def test_a_restart_keeps_what_runs_and_starts_no_substitutes(
    rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
) -> None:
    async with rigs.running() as first:
        github.send("small", assigned=3)
        await asyncio.sleep(1)
        for arn in ecs.tasks:
            ecs.move(arn, TaskStatus.RUNNING)
    before = {start.runner_name for start in ecs.starts}
    async with rigs.running() as second:
        await asyncio.sleep(120)
        assert set(first.runners) == before
        assert set(second.runners) == before
        assert len(ecs.starts) == 3
