"""Registrations are removed once, by id, and for as long as it takes (behaviour.md 1.1, 1.3, 1.4)."""

import asyncio

import pytest

from core.domain.errors import Unavailable
from core.domain.task import TaskStatus
from tests.builders import job_completed, job_started
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import TimedGitHub, timed

pytestmark = pytest.mark.virtual_time

NAME = "small-0000000a"


@pytest.fixture
def github(rigs: Rigs) -> TimedGitHub:
    return timed(rigs)[1]


async def a_busy_runner(rig: Rig) -> int:
    """Bring the first runner to its job; returns its registration."""
    rig.github.send("small", assigned=1)
    await asyncio.sleep(1)
    (runner_id,) = rig.github.runners
    rig.ecs.move(rig.ecs.arn_of(NAME), TaskStatus.RUNNING)
    rig.github.send("small", job_started(NAME, runner_id=runner_id), assigned=1)
    await asyncio.sleep(1)
    return runner_id


async def complete(rig: Rig, runner_id: int, *, wait: float = 1.0) -> None:
    """Its job is over."""
    rig.github.send("small", job_completed(NAME, runner_id=runner_id), assigned=0)
    await asyncio.sleep(wait)


async def stop(rig: Rig, *, wait: float = 31.0) -> None:
    """Its task has stopped, and a sweep has seen it."""
    rig.ecs.move(rig.ecs.arn_of(NAME), TaskStatus.STOPPED)
    await asyncio.sleep(wait)


class TestAfterAJob:
    async def test_a_completed_job_deregisters_its_runner_at_once_by_the_id_of_the_message(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            await complete(rig, runner_id)
            assert (github.removed, github.looked_up) == ([runner_id], [])

    async def test_a_registration_that_is_gone_already_counts_as_done(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            del github.runners[runner_id]  # an ephemeral runner leaves by itself
            await complete(rig, runner_id, wait=600)
            assert github.remove_asked == [runner_id]

    async def test_a_runner_whose_job_still_runs_is_left_alone_and_logged(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            github.busy.add(runner_id)
            await complete(rig, runner_id, wait=300)
            assert github.remove_asked == [runner_id]
            assert rig.events("deregister-skipped") == [f"{NAME} stays registered: GitHub says its job still runs"]

    async def test_another_failure_is_a_warning_and_tried_again(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            github.fail("remove_runner", Unavailable("GitHub is away"), Unavailable("GitHub is away"))
            await complete(rig, runner_id, wait=30)
            first = github.moments["remove_runner"][0]
            assert [moment - first for moment in github.moments["remove_runner"]] == [0, 5, 20]
            assert "GitHub is away" in rig.events("deregister-failed")[0]
            assert github.removed == [runner_id]

    async def test_a_job_cancelled_before_a_runner_took_it_asks_nothing_of_github(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", job_completed("", runner_id=0, result="canceled"), assigned=0)
            await asyncio.sleep(60)
            assert (github.remove_asked, github.looked_up) == ([], [])

    async def test_what_was_removed_is_in_the_journal(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            await complete(rig, runner_id)
            (entry,) = rig.kept("deregistered")
            assert (entry.runner_name, entry.data["runner_id"], entry.operator) == (NAME, runner_id, "")


class TestBehindAStoppedTask:
    async def test_a_stopped_task_has_its_runner_deregistered_by_the_id_of_its_start(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            await stop(rig)
            assert github.removed == [runner_id]

    async def test_a_runner_is_not_deregistered_twice(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            await complete(rig, runner_id)
            await stop(rig)
            assert github.remove_asked == [runner_id]

    async def test_a_runner_whose_job_still_runs_is_not_marked_and_asked_again(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            github.busy.add(runner_id)
            await stop(rig, wait=100)
            refused = len(github.remove_asked)
            github.busy.clear()
            await asyncio.sleep(61)
            assert (refused, github.removed) == (2, [runner_id])

    async def test_a_task_that_stops_while_an_eager_removal_waits_is_not_forgotten(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            runner_id = await a_busy_runner(rig)
            github.fail("remove_runner", Unavailable("GitHub is away"))
            github.busy.add(runner_id)
            await complete(rig, runner_id, wait=0.5)
            await stop(rig, wait=60)
            github.busy.clear()
            await asyncio.sleep(61)
            assert github.removed == [runner_id]


class TestTasksThatStoppedBeforeWeLooked:
    def plant(self, rigs: Rigs, **facts: object) -> None:
        planted = {"scale_set": "small", "runner_name": NAME, "desired_stopped": True, **facts}
        rigs.ecs.plant("arn:old", TaskStatus.STOPPED, **planted)

    async def test_its_runner_is_looked_up_by_name_and_removed_by_id(self, rigs: Rigs, github: TimedGitHub) -> None:
        self.plant(rigs)
        runner_id = github.register(NAME, 1)
        async with rigs.running():
            assert (github.looked_up, github.removed) == ([NAME], [runner_id])

    async def test_an_absent_registration_is_done(self, rigs: Rigs, github: TimedGitHub) -> None:
        self.plant(rigs)
        async with rigs.running():
            await asyncio.sleep(600)
            assert (github.looked_up, github.remove_asked) == ([NAME], [])

    async def test_a_registration_of_another_scale_set_is_left_alone(self, rigs: Rigs, github: TimedGitHub) -> None:
        self.plant(rigs)
        github.register(NAME, 99)
        async with rigs.running() as rig:
            await asyncio.sleep(600)
            assert (github.looked_up, github.remove_asked) == ([NAME], [])
            assert "registered for another scale set" in rig.events("deregister-skipped")[0]

    async def test_a_task_whose_runner_name_cannot_be_known_asks_nothing_of_github(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        self.plant(rigs, runner_name=None)
        async with rigs.running():
            await asyncio.sleep(600)
            assert (github.looked_up, github.remove_asked) == ([], [])

    async def test_a_foreign_task_asks_nothing_of_github(self, rigs: Rigs, github: TimedGitHub) -> None:
        self.plant(rigs, controller="another")
        github.register(NAME, 1)
        async with rigs.running():
            await asyncio.sleep(600)
            assert (github.looked_up, github.remove_asked) == ([], [])

    async def test_nothing_is_removed_until_the_session_is_ours(self, rigs: Rigs, github: TimedGitHub) -> None:
        self.plant(rigs)
        runner_id = github.register(NAME, 1)
        github.held_elsewhere.add(1)
        async with rigs.running():
            await asyncio.sleep(300)
            waited = list(github.remove_asked)
            github.held_elsewhere.clear()
            await asyncio.sleep(16)
            assert (waited, github.removed) == ([], [runner_id])


async def test_no_more_than_four_removals_are_in_flight(rigs: Rigs, github: TimedGitHub) -> None:
    for number in range(10):
        name = f"small-0000000{number}"
        rigs.ecs.plant(
            f"arn:{number}",
            TaskStatus.STOPPED,
            scale_set="small",
            runner_name=name,
            desired_stopped=True,
            runner_id=number + 1,
        )
    github.slow["remove_runner"] = 10
    async with rigs.running():
        assert len(github.remove_asked) == 4
        await asyncio.sleep(10)
        assert len(github.remove_asked) == 8
