"""The way down, where the original has none: surplus is taken off GitHub first (DESIGN.md section 4, Drain; row 19)."""

import asyncio

import pytest

from core.api.model import RunnerState
from core.domain.errors import Unavailable
from core.domain.messages import Statistics
from core.domain.scale_set import Limits
from core.domain.task import TaskStatus
from tests.builders import a_scale_set, job_started
from tests.fakes.scale_sets import HOLD
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub

pytestmark = pytest.mark.virtual_time

FIRST, SECOND = "small-0000000a", "small-0000000b"
GRACE, QUIET, TICK = 300.0, 120.0, 15.0


async def idle_runners(rig: Rig, count: int, *, then_assigned: int = 0) -> None:
    """Bring that many runners online; then so many jobs are left."""
    rig.github.send("small", assigned=count)
    await asyncio.sleep(1)
    for start in rig.ecs.starts:
        rig.ecs.move(rig.ecs.arn_of(start.runner_name), TaskStatus.RUNNING)
        rig.github.online.add(start.runner_name)
    await asyncio.sleep(64)
    assert len(rig.in_state(RunnerState.IDLE)) == count
    rig.github.send("small", assigned=then_assigned)


class TestSurplus:
    async def test_an_idle_runner_that_nobody_needs_is_removed_on_github_after_the_grace(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            await asyncio.sleep(GRACE - TICK)
            young = list(github.removed)
            await asyncio.sleep(2 * TICK)
            assert (young, github.removed) == ([], [1001])
            assert rig.in_state(RunnerState.DRAINING) == [FIRST]
            assert ecs.stops == []

    async def test_its_task_is_stopped_only_after_the_quiet_window_with_the_reason(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            await asyncio.sleep(GRACE + QUIET + HOLD + 3 * TICK)
            removed, stopped = github.moments["remove_runner"][0], ecs.moments["stop_task"][0]
            # the queue must have been listened to until the window was over, and a poll is held for so long
            assert QUIET <= stopped - removed <= QUIET + HOLD + TICK
            assert ecs.stops[0][1].startswith("arcdeck: surplus, idle for 5m")

    async def test_a_runner_that_leaves_by_itself_is_not_stopped(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            await asyncio.sleep(GRACE + TICK)
            ecs.move(ecs.arn_of(FIRST), TaskStatus.STOPPED)
            await asyncio.sleep(2 * QUIET)
            assert ecs.stops == []

    async def test_a_job_in_the_quiet_window_makes_it_busy_again(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            await asyncio.sleep(GRACE + TICK)
            github.send("small", job_started(FIRST, runner_id=1001), assigned=1)
            await asyncio.sleep(3 * QUIET)
            assert (rig.in_state(RunnerState.BUSY), ecs.stops) == ([FIRST], [])

    async def test_a_runner_that_github_says_runs_a_job_is_busy_and_stays(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            github.busy.add(1001)
            await asyncio.sleep(GRACE + 3 * QUIET)
            assert (rig.in_state(RunnerState.BUSY), ecs.stops) == ([FIRST], [])

    async def test_a_removal_that_fails_is_tried_again_and_stops_nothing(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            github.fail("remove_runner", *[Unavailable("GitHub is away")] * 3)
            await asyncio.sleep(GRACE + TICK)
            meanwhile = (list(github.removed), list(ecs.stops))
            await asyncio.sleep(3 * TICK)
            assert (meanwhile, github.removed) == (([], []), [1001])


class TestLeftAlone:
    async def test_never_below_what_is_wanted(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        async with rigs.running(a_scale_set(minimum=2)) as rig:
            await idle_runners(rig, 3)
            await asyncio.sleep(GRACE + 5 * QUIET)
            assert (len(github.removed), len(ecs.stops)) == (1, 1)

    async def test_not_while_an_assigned_job_waits_for_a_runner(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 3, then_assigned=1)  # and none is running
            await asyncio.sleep(GRACE + 5 * QUIET)
            assert (github.removed, ecs.stops) == ([], [])

    async def test_not_while_nobody_has_heard_from_github(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            await asyncio.sleep(1)
            github.slow["next_message"] = 10_000
            github.mailboxes[1].arrived.set()
            await asyncio.sleep(GRACE + 5 * QUIET)
            assert (github.removed, ecs.stops) == ([], [])

    async def test_not_a_busy_runner(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 2, then_assigned=2)
            github.mailboxes[1].statistics = Statistics(assigned=1, running=1)
            github.send("small", job_started(FIRST, runner_id=1001))
            await asyncio.sleep(GRACE + 5 * QUIET)
            assert rig.in_state(RunnerState.BUSY) == [FIRST]
            assert [arn for arn, _ in ecs.stops] == [ecs.arn_of(SECOND)]

    async def test_not_an_adopted_runner_that_is_assumed_busy(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        ecs.plant("arn:1", TaskStatus.RUNNING, scale_set="small", runner_name="small-00000001")
        github.rest_busy.add(github.register("small-00000001", 1))
        async with rigs.running() as rig:
            await asyncio.sleep(3600)
            assert rig.in_state(RunnerState.ASSUMED_BUSY) == ["small-00000001"]
            assert (github.removed, ecs.stops) == ([], [])

    async def test_not_in_a_scale_set_that_is_only_observed(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await idle_runners(rig, 1)
            github.opened[0].evicted = True
            github.held_elsewhere.add(1)
            github.mailboxes[1].arrived.set()
            await asyncio.sleep(GRACE + 5 * QUIET)
            assert (github.removed, ecs.stops) == ([], [])


async def test_a_runner_idle_for_its_whole_limit_is_replaced(rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
    async with rigs.running(a_scale_set(minimum=1, limits=Limits(idle=600))) as rig:
        await idle_runners(rig, 1)
        await asyncio.sleep(600 + TICK)
        assert github.removed == [1001]
        assert [start.runner_name for start in ecs.starts] == [FIRST, SECOND]
