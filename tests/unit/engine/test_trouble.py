"""What is shown of trouble: where GitHub, ECS and we disagree, closed placements, what ails a session, who waits."""

import asyncio

import pytest

from core.api.commands import DeregisterRunner
from core.api.model import RunnerState
from core.api.trouble import MismatchKind, MismatchView, PlacementView, Remedy
from core.domain.errors import SessionConflict, SessionGone
from core.domain.messages import JobMessage, JobMessageKind
from core.domain.task import TaskStatus
from tests.builders import a_job, a_scale_set, job_started
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub, no_room

pytestmark = pytest.mark.virtual_time

GHOST = "small-0000dead"
NAME = "small-0000000a"
#: Until the list was read again after something changed.
LISTED = 65


def mismatches(rig: Rig) -> tuple[MismatchView, ...]:
    return rig.engine.snapshot().mismatches


def the_one(rig: Rig) -> MismatchView:
    (found,) = mismatches(rig)
    return found


async def an_idle_runner(rig: Rig) -> str:
    rig.github.send("small", assigned=1)
    await asyncio.sleep(1)
    rig.ecs.move(rig.ecs.arn_of(NAME), TaskStatus.RUNNING)
    rig.github.online.add(NAME)
    await asyncio.sleep(LISTED)
    assert rig.in_state(RunnerState.IDLE) == [NAME]
    return NAME


class TestMismatches:
    async def test_there_is_none_where_all_agree(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            assert mismatches(rig) == ()

    async def test_a_ghost_is_shown_with_its_age_and_when_it_goes_by_itself(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.register(GHOST, 1)
        async with rigs.running(settle=LISTED) as rig:
            ghost = the_one(rig)
            assert (ghost.name, ghost.kind, ghost.scale_set) == (GHOST, MismatchKind.GHOST, "small")
            assert (ghost.github, ghost.ecs, ghost.ours) == ("offline", "no task", "unknown")
            assert (ghost.remedy, ghost.limit) == (Remedy.DEREGISTER, 3600.0)
            assert "after 1h0m0s it is deregistered by itself" in ghost.why
            began = ghost.since
            await asyncio.sleep(1300)
            assert the_one(rig).since == began

    async def test_a_ghost_that_was_deregistered_is_gone_at_once(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.register(GHOST, 1)
        async with rigs.running(settle=LISTED) as rig:
            await rig.execute(DeregisterRunner(id="1", runner=GHOST))
            assert mismatches(rig) == ()

    async def test_before_the_scale_set_is_ours_nothing_can_be_done_about_a_ghost(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.register(GHOST, 1)
        github.fail("open_session", *[SessionConflict("somebody else's")] * 20)
        async with rigs.running(settle=LISTED) as rig:
            assert the_one(rig).remedy is Remedy.NONE

    async def test_a_registration_that_serves_and_that_we_do_not_know_is_untracked(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.register(GHOST, 1)
        github.online.add(GHOST)
        async with rigs.running(settle=LISTED) as rig:
            assert (the_one(rig).kind, the_one(rig).remedy) == (MismatchKind.UNTRACKED, Remedy.NONE)

    async def test_an_idle_runner_that_github_forgot_is_unregistered_until_it_is_drained(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            name = await an_idle_runner(rig)
            github.runners.clear()
            await asyncio.sleep(60)
            found = the_one(rig)
            assert (found.name, found.kind, found.github) == (name, MismatchKind.UNREGISTERED, "not listed")
            assert (found.ecs, found.ours, found.remedy) == ("RUNNING", "idle", Remedy.STOP)
            await asyncio.sleep(90)
            assert mismatches(rig) == ()
            assert rig.in_state(RunnerState.IDLE) == []

    async def test_an_idle_runner_whose_list_entry_went_offline(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            github.online.clear()
            await asyncio.sleep(60)
            assert (the_one(rig).kind, the_one(rig).github) == (MismatchKind.OFFLINE, "offline")

    async def test_a_start_that_is_not_online_yet_is_no_mismatch_before_its_limit(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.send("small", assigned=1)
            await asyncio.sleep(1)
            ecs.move(ecs.arn_of(NAME), TaskStatus.RUNNING)
            await asyncio.sleep(LISTED)
            assert mismatches(rig) == ()

    async def test_an_idle_runner_that_the_list_calls_busy(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            github.rest_busy.update(github.runners)
            await asyncio.sleep(60)
            assert (the_one(rig).kind, the_one(rig).remedy) == (MismatchKind.BUSY_THERE, Remedy.NONE)
            github.send("small", job_started(NAME), assigned=1)
            await asyncio.sleep(1)
            assert mismatches(rig) == ()

    async def test_a_busy_runner_that_the_list_calls_idle(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            github.send("small", job_started(NAME), assigned=1)
            await asyncio.sleep(700)
            assert (the_one(rig).kind, the_one(rig).ours) == (MismatchKind.IDLE_THERE, "busy")

    async def test_a_task_with_our_mark_whose_scale_set_is_not_configured(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            facts = {"scale_set": "gone", "runner_name": "gone-00000001", "controller": "test"}
            ecs.plant("arn:task/9", TaskStatus.RUNNING, **facts)
            await asyncio.sleep(35)
            orphan = the_one(rig)
            assert (orphan.name, orphan.kind, orphan.scale_set) == ("gone-00000001", MismatchKind.ORPHAN, "gone")


class TestPlacements:
    async def test_a_closed_class_is_shown_with_all_who_wait_for_it(self, rigs: Rigs, ecs: TimedEcs) -> None:
        ecs.fail("run_task", *[no_room()] * 5)
        async with rigs.running(a_scale_set(), a_scale_set("large")) as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(1)
            (closed,) = rig.engine.snapshot().placements
            assert closed.failures == 1
            assert closed.waiting == ("large", "small")
            assert "RESOURCE:CPU" in closed.reason
            assert closed.until > closed.since

    async def test_it_is_gone_when_there_is_room_again(self, rigs: Rigs, ecs: TimedEcs) -> None:
        ecs.fail("run_task", no_room())
        async with rigs.running() as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(120)
            closed: tuple[PlacementView, ...] = rig.engine.snapshot().placements
            assert closed == ()


class TestSessions:
    async def test_a_session_says_whose_it_is_and_how_often_it_was_opened(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            assert (rig.scale_set().session.opened, rig.scale_set().session.owner) == (1, github.owners[0])
            github.opened[-1].evicted = True
            await asyncio.sleep(60)
            assert rig.scale_set().session.opened == 2

    async def test_while_another_holds_it_the_session_says_so(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.fail("open_session", SessionConflict("host build-7 has it"))
        async with rigs.running() as rig:
            assert rig.scale_set().session.problem == "host build-7 has it"
            await asyncio.sleep(200)
            assert rig.scale_set().session.problem == ""

    async def test_what_ended_the_last_one_is_told_until_the_next_is_open(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.fail("open_session", *[SessionGone("the scale set was made anew")] * 2)
            github.opened[-1].evicted = True
            await asyncio.sleep(55)
            assert rig.scale_set().session.problem != ""


class TestWaitingJobs:
    async def test_a_job_that_was_assigned_is_shown_by_name_until_a_runner_takes_it(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.send("small", JobMessage(JobMessageKind.ASSIGNED, a_job(name="deploy")), assigned=1)
            await asyncio.sleep(1)
            (waiting,) = rig.scale_set().waiting
            assert (waiting.name, waiting.repository, waiting.id) == ("deploy", "acme/api", "job-1")
            assert waiting.queued_at is not None
            github.send("small", job_started(NAME, a_job(name="deploy")), assigned=1)
            await asyncio.sleep(1)
            assert rig.scale_set().waiting == ()
