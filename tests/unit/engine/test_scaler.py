"""Demand, decisions and what they are told in (behaviour.md 1.3, invariant I1)."""

import asyncio
from itertools import pairwise

import pytest

from core.api.model import RunnerState, ScaleSetState
from core.domain.messages import Statistics
from core.domain.scale_set import Bounds, Limits
from core.domain.task import TaskStatus
from core.engine.scaler import Scaler
from tests.builders import a_scale_set, job_completed, job_started
from tests.fakes.scale_sets import FakeMailbox
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import no_room, timed

pytestmark = pytest.mark.virtual_time


async def demand(rig: Rig, jobs: int, *, wait: float = 1.0) -> None:
    rig.github.send("small", assigned=jobs)
    await asyncio.sleep(wait)


def scaler_of(rig: Rig) -> Scaler:
    (scaler,) = rig.engine._services.company.scalers.values()
    return scaler


class TestTarget:
    @pytest.mark.parametrize(
        ("jobs", "started"),
        [
            pytest.param(0, 2, id="min without jobs"),
            pytest.param(3, 3, id="as many as jobs"),
            pytest.param(9, 5, id="never over max"),
        ],
    )
    async def test_a_message_starts_the_assigned_jobs_between_min_and_max(
        self, rigs: Rigs, jobs: int, started: int
    ) -> None:
        async with rigs.running(a_scale_set(maximum=5, minimum=2)) as rig:
            await demand(rig, jobs)
            assert len(rig.ecs.starts) == started

    async def test_the_first_statistics_of_a_session_start_what_they_ask_for(self, rigs: Rigs) -> None:
        rigs.github.mailboxes[1] = FakeMailbox(statistics=Statistics(assigned=3))
        async with rigs.running() as rig:
            assert len(rig.ecs.starts) == 3

    async def test_min_idle_keeps_warm_runners_on_top_of_the_jobs(self, rigs: Rigs) -> None:
        async with rigs.running(a_scale_set(bounds=Bounds(maximum=9, minimum=0, min_idle=2))) as rig:
            await demand(rig, 3)
            assert len(rig.ecs.starts) == 5

    async def test_only_the_difference_to_what_is_tracked_is_started(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 2)
            await demand(rig, 5)
            assert len(rig.ecs.starts) == 5

    async def test_the_same_demand_told_again_starts_nothing(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            for _ in range(5):
                await demand(rig, 2)
            assert len(rig.ecs.starts) == 2

    async def test_an_empty_poll_decides_anew_from_githubs_last_word(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            scaler = scaler_of(rig)
            scaler.target.statistics = Statistics(assigned=2)
            assert scaler.on_empty_poll().start == 2

    async def test_a_message_without_statistics_leaves_githubs_last_word_in_force(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 2)
            rig.github.send("small", job_started("small-0000000a", runner_id=1001))
            await asyncio.sleep(1)
            assert rig.scale_set().assigned == 2

    async def test_nothing_is_stopped_to_go_down(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 5)
            await demand(rig, 0, wait=250)
            assert (rig.ecs.stops, rig.github.removed, len(rig.runners)) == ([], [], 5)

    async def test_tasks_of_an_earlier_controller_count_before_the_first_decision(self, rigs: Rigs) -> None:
        for number in range(3):
            name = f"small-0000000{number}"
            rigs.ecs.plant(f"arn:{number}", TaskStatus.RUNNING, scale_set="small", runner_name=name)
        rigs.github.mailboxes[1] = FakeMailbox(statistics=Statistics(assigned=4))
        async with rigs.running() as rig:
            assert len(rig.ecs.starts) == 1


class TestReplacement:
    async def test_a_runner_that_ended_is_replaced_without_a_message(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 1)
            rig.ecs.move(rig.ecs.arn_of("small-0000000a"), TaskStatus.STOPPED, stop_code="SpotInterruption")
            await asyncio.sleep(5)  # the next look at young tasks
            assert rig.in_state(RunnerState.PENDING) == ["small-0000000b"]

    async def test_a_start_over_its_limit_is_replaced_while_its_slot_is_still_taken(self, rigs: Rigs) -> None:
        limits = Limits(pending=20)
        async with rigs.running(a_scale_set(maximum=5, limits=limits), reaper_interval=300.0) as rig:
            await demand(rig, 1, wait=50)
            assert len(rig.ecs.starts) == 2
            assert rig.scale_set().state is ScaleSetState.LATE_START
            assert (rig.scale_set().ending, rig.scale_set().starting) == (1, 1)

    async def test_a_new_job_need_not_wait_for_a_finishing_task_below_max(self, rigs: Rigs) -> None:
        async with rigs.running(a_scale_set(maximum=2)) as rig:
            await demand(rig, 1)
            rig.github.send("small", job_started("small-0000000a"), assigned=1)
            rig.github.send("small", job_completed("small-0000000a"), assigned=1)
            await asyncio.sleep(1)
            assert rig.in_state(RunnerState.FINISHING) == ["small-0000000a"]
            assert len(rig.ecs.starts) == 2

    async def test_a_new_job_waits_for_a_finishing_task_at_max(self, rigs: Rigs) -> None:
        async with rigs.running(a_scale_set(maximum=1)) as rig:
            await demand(rig, 1)
            rig.github.send("small", job_started("small-0000000a"), assigned=1)
            rig.github.send("small", job_completed("small-0000000a"), assigned=1)
            await asyncio.sleep(60)
            waited = len(rig.ecs.starts)
            rig.ecs.move(rig.ecs.arn_of("small-0000000a"), TaskStatus.STOPPED)
            await asyncio.sleep(5)
            assert (waited, len(rig.ecs.starts)) == (1, 2)

    async def test_the_maximum_holds_in_a_storm_of_messages_starts_and_ends(self, rigs: Rigs) -> None:
        ecs, github = timed(rigs)
        ecs.slow = {"run_task": 3.0, "list_tasks": 1.0}
        github.slow = {"generate_jit_config": 2.0}
        ecs.fail("run_task", no_room(), no_room())
        async with rigs.running(a_scale_set(maximum=4), settle=5) as rig:
            most = 0
            for second in range(300):
                if second % 3 == 0:
                    github.send("small", assigned=1 + second % 9)
                if second % 7 == 0 and (alive := [t for t in ecs.tasks.values() if not t.status.ended]):
                    ecs.move(alive[0].arn, TaskStatus.STOPPED)
                await asyncio.sleep(1)
                most = max(most, sum(1 for task in ecs.tasks.values() if not task.status.ended))
                assert rig.scale_set().starting + rig.scale_set().busy + rig.scale_set().ending <= 4
            assert most == 4


class TestDeferral:
    async def test_while_a_backoff_is_active_scale_up_is_deferred_and_the_reason_logged(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.fail("run_task", no_room("RESOURCE:CPU"))
        async with rigs.running() as rig:
            await demand(rig, 1)
            await demand(rig, 3)
            assert len(ecs.asked) == 1
            (held,) = rig.events("held")
            assert "1 held: no room in EXTERNAL for 1024 cpu and more: RESOURCE:CPU" in held
            assert "3 held" in rig.scale_set().why

    async def test_a_deferred_scale_up_is_made_when_the_wait_is_over_without_a_message(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.fail("run_task", no_room())
        async with rigs.running() as rig:
            await demand(rig, 1, wait=20)
            first, second = ecs.moments["run_task"]
            assert second - first == 15.0

    async def test_a_decision_says_why_in_one_sentence(self, rigs: Rigs) -> None:
        async with rigs.running(a_scale_set(maximum=3)) as rig:
            await demand(rig, 5)
            assert rig.events("scale-up") == ["small: assigned 5, min 0 → want 3, max 3 → have 0 → start 3"]
            assert rig.scale_set().why == (
                "assigned 5, min 0 → want 3, max 3 → have 3 (3 starting) → at max: 2 wait for a runner"
            )

    async def test_what_changed_in_a_decision_reaches_who_looks_in(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 2)
            before = rig.engine.snapshot()
            await demand(rig, 1)
            assert rig.engine.snapshot().version > before.version
            assert rig.scale_set().assigned == 1


class TestCapacity:
    """What GitHub is told we could run (behaviour.md row 12)."""

    async def test_the_maximum_is_advertised_while_nothing_holds_starts_back(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        async with rigs.running(a_scale_set(maximum=7)):
            assert github.opened[0].capacities == [7]

    async def test_it_falls_in_a_backoff_rises_for_the_probe_and_returns_after_a_success(self, rigs: Rigs) -> None:
        ecs, github = timed(rigs)
        ecs.slow["run_task"] = 4
        ecs.fail("run_task", no_room())
        async with rigs.running(a_scale_set(maximum=7)) as rig:
            await demand(rig, 1, wait=45)
            told = github.opened[0].capacities
            steps = [7, *(after for before, after in pairwise(told) if before != after)]
            assert steps == [7, 0, 1, 7]

    async def test_a_change_ends_the_pending_poll_and_polls_anew(self, rigs: Rigs) -> None:
        ecs, github = timed(rigs)
        ecs.slow["run_task"] = 4
        ecs.fail("run_task", no_room())
        async with rigs.running(a_scale_set(maximum=7)) as rig:
            await demand(rig, 1, wait=0.5)
            polls = len(github.moments["next_message"])
            await asyncio.sleep(6)  # the poll would be held for 50 s
            assert len(github.moments["next_message"]) == polls + 1
            assert github.opened[0].capacities[-1] == 0
