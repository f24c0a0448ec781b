"""GitHub's runner list: who is online, and the third safety net, ghosts (behaviour.md 1.4, rows 26 and 28)."""

import asyncio

import pytest

from core.api.model import RunnerState
from core.domain.errors import Throttled, Unavailable
from core.domain.task import TaskStatus
from tests.builders import a_scale_set
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub

pytestmark = pytest.mark.virtual_time

GHOST = "small-0000dead"
HOUR = 3600.0


async def a_running_task(rig: Rig, ecs: TimedEcs) -> str:
    """One runner whose task runs; returns its name."""
    rig.github.send("small", assigned=1)
    await asyncio.sleep(1)
    (start,) = ecs.starts
    ecs.move(ecs.arn_of(start.runner_name), TaskStatus.RUNNING)
    return start.runner_name


class TestWhoIsOnline:
    async def test_a_running_runner_that_is_online_is_idle(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            name = await a_running_task(rig, ecs)
            github.online.add(name)
            await asyncio.sleep(70)
            assert rig.in_state(RunnerState.IDLE) == [name]

    async def test_a_running_runner_that_is_not_online_yet_is_unready(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            name = await a_running_task(rig, ecs)
            await asyncio.sleep(70)
            assert rig.in_state(RunnerState.UNREADY) == [name]

    async def test_the_list_is_read_every_minute_while_a_running_task_is_not_known_to_be_online(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await a_running_task(rig, ecs)
            await asyncio.sleep(180)
            first, *later = github.moments["list_runners"]
            assert (first, later[:2]) == (0.0, [60.0, 120.0])

    async def test_the_list_is_read_every_ten_minutes_otherwise(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            await asyncio.sleep(1900)
            # the second one is the first that finds a scale set of ours, and sweeps
            assert github.moments["list_runners"] == [0.0, 60.0, 660.0, 1260.0, 1860.0]

    async def test_a_list_that_fails_is_told_once_and_concludes_nothing(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            name = await a_running_task(rig, ecs)
            github.online.add(name)
            github.fail("list_runners", *[Throttled("slow down")] * 3)
            await asyncio.sleep(150)
            unknown = rig.in_state(RunnerState.UNREADY)
            await asyncio.sleep(120)
            assert (unknown, rig.in_state(RunnerState.IDLE)) == ([name], [name])
            assert len(rig.events("list-failed")) == 1

    async def test_what_the_list_calls_busy_stops_nothing(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            name = await a_running_task(rig, ecs)
            github.online.add(name)
            github.rest_busy.update(github.runners)
            await asyncio.sleep(HOUR)
            assert (ecs.stops, github.removed) == ([], [])


class TestGhosts:
    async def test_a_runner_offline_for_an_hour_with_no_task_is_deregistered(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        ghost = github.register(GHOST, 1)
        async with rigs.running():
            await asyncio.sleep(3650)  # swept at 60, 1860 and 3660 s
            young = list(github.removed)
            await asyncio.sleep(20)
            assert (young, github.removed) == ([], [ghost])

    async def test_the_sweep_is_made_every_thirty_minutes(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            await asyncio.sleep(700)
            ghost = github.register(GHOST, 1)  # first listed at 1260 s, an hour old at 4860 s, swept at 5460 s
            await asyncio.sleep(4750)
            before = list(github.removed)
            await asyncio.sleep(20)
            assert (before, github.removed) == ([], [ghost])

    async def test_interval_and_age_are_settings(self, rigs: Rigs, github: TimedGitHub) -> None:
        ghost = github.register(GHOST, 1)
        async with rigs.running(offline_interval=120.0, offline_min_age=240.0):
            await asyncio.sleep(305)  # swept at 60, 180 and 300 s
            assert github.removed == [ghost]

    async def test_a_runner_that_was_online_meanwhile_begins_anew(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.register(GHOST, 1)
        async with rigs.running():
            await asyncio.sleep(1700)
            github.online.add(GHOST)
            await asyncio.sleep(200)
            github.online.clear()
            await asyncio.sleep(3500)
            assert github.remove_asked == []

    @pytest.mark.parametrize(
        ("name", "scale_set_id"),
        [
            pytest.param("foreign-0000dead", 99, id="of no scale set of ours"),
            pytest.param(GHOST, 99, id="of our name, of another scale set"),
            pytest.param("small-runner", 1, id="not named like a runner of ours"),
            pytest.param("small-0000DEAD", 1, id="in upper case"),
        ],
    )
    async def test_a_foreign_registration_is_left_alone(
        self, rigs: Rigs, github: TimedGitHub, name: str, scale_set_id: int
    ) -> None:
        github.register(name, scale_set_id)
        async with rigs.running():
            await asyncio.sleep(3 * HOUR)
            assert github.remove_asked == []

    async def test_a_runner_that_is_busy_is_left_alone(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.rest_busy.add(github.register(GHOST, 1))
        async with rigs.running():
            await asyncio.sleep(3 * HOUR)
            assert github.remove_asked == []

    async def test_a_runner_with_a_live_task_is_left_alone(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        github.register(GHOST, 1)
        ecs.plant("arn:1", TaskStatus.RUNNING, scale_set="small", runner_name=GHOST)
        async with rigs.running():
            await asyncio.sleep(3 * HOUR)
            assert github.remove_asked == []

    async def test_a_failed_list_deletes_nothing_and_forgets_nothing(self, rigs: Rigs, github: TimedGitHub) -> None:
        ghost = github.register(GHOST, 1)
        async with rigs.running():
            await asyncio.sleep(100)
            github.fail("list_runners", *[Unavailable("GitHub is away")] * 6)  # those up to 3660 s
            await asyncio.sleep(3600)
            meanwhile = list(github.remove_asked)
            await asyncio.sleep(600)
            assert (meanwhile, github.removed) == ([], [ghost])

    async def test_a_ghost_that_cannot_be_looked_up_does_not_keep_the_others(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        ghosts = [github.register(f"small-0000dea{number}", 1) for number in range(3)]
        github.fail("get_runner_by_name", Unavailable("GitHub is away"))
        async with rigs.running():
            await asyncio.sleep(4210)
            at_once = sorted(github.removed)
            await asyncio.sleep(1800)
            assert (at_once, sorted(github.removed)) == (ghosts[1:], ghosts)

    async def test_a_ghost_that_runs_a_job_after_all_is_left_alone(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.busy.add(github.register(GHOST, 1))
        async with rigs.running() as rig:
            await asyncio.sleep(4210)
            assert github.removed == []
            assert len(rig.events("deregister-skipped")) == 1

    async def test_nothing_is_deregistered_in_a_scale_set_that_is_only_observed(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.register(GHOST, 1)
        github.held_elsewhere.add(1)
        async with rigs.running(a_scale_set("small")):
            await asyncio.sleep(3 * HOUR)
            assert github.remove_asked == []
