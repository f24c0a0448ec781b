"""What an operator may do, checked against the present, each command once, each in the journal (invariants I2, I3)."""

import asyncio
from datetime import UTC, datetime

import pytest

from core.api.commands import (
    Answer,
    Command,
    DeregisterRunner,
    Operator,
    Outcome,
    PreviewSweep,
    SteerScaleSet,
    StopTask,
    SweepNow,
)
from core.api.model import RunnerState, Severity
from core.domain.errors import PermissionDenied, Unavailable
from core.domain.task import TaskStatus
from tests.builders import a_scale_set, job_completed, job_started
from tests.fakes.scale_sets import HOLD
from tests.unit.engine.conftest import OPERATOR, Rig, Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub

pytestmark = pytest.mark.virtual_time

NAME = "small-0000000a"
QUIET = 120.0


async def a_pending_runner(rig: Rig) -> str:
    """Bring the first runner to its task; returns the task's ARN."""
    rig.github.send("small", assigned=1)
    await asyncio.sleep(1)
    return rig.ecs.arn_of(NAME)


async def an_idle_runner(rig: Rig) -> str:
    """Bring the first runner online; returns the task's ARN."""
    arn = await a_pending_runner(rig)
    rig.ecs.move(arn, TaskStatus.RUNNING)
    rig.github.online.add(NAME)
    await asyncio.sleep(65)
    assert rig.in_state(RunnerState.IDLE) == [NAME]
    return arn


async def a_busy_runner(rig: Rig) -> str:
    """Bring the first runner to its job; returns the task's ARN."""
    arn = await a_pending_runner(rig)
    rig.ecs.move(arn, TaskStatus.RUNNING)
    rig.github.send("small", job_started(NAME, runner_id=1001), assigned=1)
    await asyncio.sleep(1)
    return arn


def refused(answer: Answer) -> str:
    assert answer.outcome is Outcome.REFUSED, answer
    return answer.text


class TestStop:
    async def test_a_start_is_stopped_with_the_operators_name_and_reason(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            arn = await a_pending_runner(rig)
            answer = await rig.execute(StopTask(id="1", runner=NAME, reason="wrong image"))
            assert (answer.outcome, answer.text) == (Outcome.DONE, f"{NAME} is being stopped")
            assert ecs.stops == [(arn, "arcdeck: stopped by alice: wrong image")]

    async def test_a_stop_shows_its_reason_and_who_asked_for_it(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            await rig.execute(StopTask(id="1", runner=NAME))
            (entry,) = rig.kept("stop")
            assert (entry.operator, entry.data["reason"]) == ("alice", "arcdeck: stopped by alice")
            assert rig.in_state(RunnerState.STOPPING) == [NAME]
            assert rig.runners[NAME].reason == "arcdeck: stopped by alice"

    async def test_a_runner_that_a_person_stopped_has_not_failed(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            arn = await a_pending_runner(rig)
            await rig.execute(StopTask(id="1", runner=NAME))
            ecs.move(arn, TaskStatus.STOPPED)
            await asyncio.sleep(30)
            assert rig.in_state(RunnerState.STOPPED) == [NAME]

    async def test_a_busy_runner_is_not_stopped_unless_its_job_is_named(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            arn = await a_busy_runner(rig)
            unconfirmed = await rig.execute(StopTask(id="1", runner=NAME))
            wrong = await rig.execute(StopTask(id="2", runner=NAME, confirm_job="job-2"))
            before = list(ecs.stops)
            right = await rig.execute(StopTask(id="3", runner=NAME, confirm_job="job-1"))
            assert "runs acme/api · unit" in refused(unconfirmed)
            assert "must name it" in refused(wrong)
            assert (before, right.outcome) == ([], Outcome.DONE)
            assert [stopped for stopped, _ in ecs.stops] == [arn]

    async def test_a_runner_that_took_a_job_since_it_was_seen_is_not_stopped(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_busy_runner(rig)
            seen_idle = StopTask(id="1", runner=NAME, seen_state=RunnerState.IDLE)
            refused(await rig.execute(seen_idle))
            assert ecs.stops == []

    async def test_an_assumed_busy_runner_is_stopped_only_under_its_own_name(self, rigs: Rigs, ecs: TimedEcs) -> None:
        ecs.plant("arn:1", TaskStatus.RUNNING, scale_set="small", runner_name="small-00000001")
        async with rigs.running() as rig:
            doubted = await rig.execute(StopTask(id="1", runner="small-00000001"))
            confirmed = await rig.execute(StopTask(id="2", runner="small-00000001", confirm_job="small-00000001"))
            assert "is assumed to run a job" in refused(doubted)
            assert (confirmed.outcome, len(ecs.stops)) == (Outcome.DONE, 1)

    async def test_an_idle_runner_is_removed_on_github_before_its_task_is_stopped(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            arn = await an_idle_runner(rig)
            answer = await rig.execute(StopTask(id="1", runner=NAME))
            at_once = (answer.outcome, github.removed, list(ecs.stops))
            await asyncio.sleep(QUIET + HOLD + 20)
            assert at_once == (Outcome.DONE, [1001], [])
            assert ecs.stops == [(arn, "arcdeck: stopped by alice")]

    async def test_an_idle_runner_that_github_says_runs_a_job_is_left_alone(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            github.busy.add(1001)
            assert "runs a job" in refused(await rig.execute(StopTask(id="1", runner=NAME)))
            await asyncio.sleep(QUIET * 2)
            assert ecs.stops == []

    async def test_an_idle_runner_that_cannot_be_removed_is_not_stopped(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            github.fail("remove_runner", Unavailable("GitHub is away"))
            answer = await rig.execute(StopTask(id="1", runner=NAME))
            await asyncio.sleep(QUIET * 2)
            assert (answer.outcome, answer.text, ecs.stops) == (Outcome.FAILED, "GitHub is away", [])

    async def test_a_job_that_reaches_an_idle_runner_while_it_is_removed_is_not_lost(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            github.slow["remove_runner"] = 2
            asking = asyncio.create_task(rig.execute(StopTask(id="1", runner=NAME)))
            await asyncio.sleep(1)
            github.send("small", job_started(NAME, runner_id=1001), assigned=1)
            await asking
            await asyncio.sleep(QUIET * 2)
            assert (rig.in_state(RunnerState.BUSY), ecs.stops) == ([NAME], [])

    async def test_a_job_that_reaches_a_start_while_its_stop_waits_its_turn_is_not_lost(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running(a_scale_set(maximum=20)) as rig:
            github.send("small", assigned=12)
            await asyncio.sleep(1)
            names = sorted(rig.runners)
            stops = [asyncio.create_task(rig.execute(StopTask(id=name, runner=name))) for name in names]
            await asyncio.sleep(0.1)
            github.send("small", job_started(names[-1]), assigned=12)
            answers = await asyncio.gather(*stops)
            assert [answer.outcome for answer in answers[:-1]] == [Outcome.DONE] * 11
            assert names[-1] in refused(answers[-1])
            assert len(ecs.stops) == 11

    async def test_a_stop_that_ecs_refuses_is_an_answer_with_its_words(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            ecs.fail("stop_task", PermissionDenied("not authorized to perform ecs:StopTask"))
            answer = await rig.execute(StopTask(id="1", runner=NAME))
            assert (answer.outcome, answer.text) == (Outcome.FAILED, "not authorized to perform ecs:StopTask")
            assert rig.in_state(RunnerState.PENDING) == [NAME]

    async def test_a_runner_that_does_not_exist_is_refused(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            assert refused(await rig.execute(StopTask(id="1", runner="small-ffffffff"))).startswith(
                "there is no runner"
            )

    async def test_a_runner_that_has_ended_is_already_stopped(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            arn = await a_pending_runner(rig)
            ecs.move(arn, TaskStatus.STOPPED)
            await asyncio.sleep(5)
            answer = await rig.execute(StopTask(id="1", runner=NAME))
            assert (answer.outcome, answer.text) == (Outcome.ALREADY, f"{NAME} has ended already")

    async def test_a_runner_that_has_no_task_yet_is_refused(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.slow["generate_jit_config"] = 60
        async with rigs.running() as rig:
            github.send("small", assigned=1)
            await asyncio.sleep(1)
            assert "no task yet" in refused(await rig.execute(StopTask(id="1", runner=NAME)))

    async def test_a_runner_that_is_being_stopped_is_refused(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            await rig.execute(StopTask(id="1", runner=NAME))
            assert "is being stopped already" in refused(await rig.execute(StopTask(id="2", runner=NAME)))
            assert len(ecs.stops) == 1

    async def test_two_operators_at_the_same_time_stop_it_once(self, rigs: Rigs, ecs: TimedEcs) -> None:
        ecs.slow["stop_task"] = 1
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            one, other = await asyncio.gather(
                rig.execute(StopTask(id="1", runner=NAME)), rig.execute(StopTask(id="2", runner=NAME))
            )
            assert (one.outcome, other.outcome, len(ecs.stops)) == (Outcome.DONE, Outcome.ALREADY, 1)

    async def test_a_runner_whose_job_is_over_may_be_stopped(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_busy_runner(rig)
            rig.github.send("small", job_completed(NAME, runner_id=1001), assigned=0)
            await asyncio.sleep(1)
            assert (await rig.execute(StopTask(id="1", runner=NAME))).outcome is Outcome.DONE
            assert len(ecs.stops) == 1


class TestObserved:
    """What is not ours to change is refused (DESIGN.md, lease)."""

    @pytest.mark.parametrize(
        "command",
        [
            StopTask(id="1", runner="small-00000001", confirm_job="small-00000001"),
            SweepNow(id="1", scale_set="small"),
            DeregisterRunner(id="1", runner="small-00000001"),
        ],
    )
    async def test_a_scale_set_whose_session_is_not_ours_is_not_changed(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub, command: Command
    ) -> None:
        ecs.plant("arn:1", TaskStatus.RUNNING, scale_set="small", runner_name="small-00000001")
        github.held_elsewhere.add(1)
        async with rigs.running() as rig:
            assert "only observed" in refused(await rig.execute(command))
            assert (ecs.stops, github.remove_asked) == ([], [])

    @pytest.mark.parametrize(
        "command",
        [DeregisterRunner(id="1", runner="foreign-00000001"), SweepNow(id="1", scale_set="foreign")],
    )
    async def test_a_scale_set_that_is_not_configured_is_not_changed(
        self, rigs: Rigs, github: TimedGitHub, command: Command
    ) -> None:
        github.register("foreign-00000001", 99)
        async with rigs.running() as rig:
            assert "belongs to no scale set of this controller" in refused(await rig.execute(command))
            assert github.remove_asked == []


class TestSweep:
    async def test_a_preview_of_a_sweep_names_whom_it_would_stop_and_stops_nobody(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await a_pending_runner(rig)
            await asyncio.sleep(301)
            answer = await rig.execute(PreviewSweep(id="1"))
            assert answer.text == "1 scale sets, 1 runners: 1 would be stopped"
            assert answer.details[0].startswith(f"{NAME}: ecs-arc: stuck in PENDING")
            assert ecs.stops == []

    async def test_a_sweep_says_how_many_it_stopped(self, rigs: Rigs, ecs: TimedEcs) -> None:
        ecs.plant("arn:1", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            answer = await rig.execute(SweepNow(id="1"))
            assert (answer.outcome, answer.text) == (Outcome.DONE, "1 scale sets, 1 runners: 1 stopped")

    async def test_a_sweep_whose_look_failed_says_so(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            ecs.fail("list_tasks", Unavailable("ECS is away"))
            answer = await rig.execute(SweepNow(id="1"))
            assert (answer.outcome, answer.text) == (Outcome.FAILED, "ECS is away")


class TestDeregister:
    async def test_an_idle_runner_is_removed_on_github_and_no_longer_counted_on(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            await an_idle_runner(rig)
            answer = await rig.execute(DeregisterRunner(id="1", runner=NAME))
            assert (answer.outcome, github.removed) == (Outcome.DONE, [1001])
            assert rig.in_state(RunnerState.DRAINING) == [NAME]

    async def test_a_busy_runner_is_not_deregistered(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            await a_busy_runner(rig)
            assert "is busy" in refused(await rig.execute(DeregisterRunner(id="1", runner=NAME)))
            assert github.remove_asked == []

    async def test_a_registration_with_no_runner_behind_it_is_removed(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            ghost = github.register("small-0000dead", 1)
            answer = await rig.execute(DeregisterRunner(id="1", runner="small-0000dead"))
            assert (answer.outcome, github.removed) == (Outcome.DONE, [ghost])

    async def test_a_registration_of_another_scale_set_is_left_alone(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            github.register("small-0000dead", 99)
            answer = await rig.execute(DeregisterRunner(id="1", runner="small-0000dead"))
            assert "registered for another scale set" in refused(answer)
            assert github.remove_asked == []

    async def test_a_registration_whose_job_still_runs_is_left_alone(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            github.busy.add(github.register("small-0000dead", 1))
            answer = await rig.execute(DeregisterRunner(id="1", runner="small-0000dead"))
            assert "still runs a job" in refused(answer)

    async def test_a_runner_deregistered_before_is_already_done(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            github.register("small-0000dead", 1)
            await rig.execute(DeregisterRunner(id="1", runner="small-0000dead"))
            again = await rig.execute(DeregisterRunner(id="2", runner="small-0000dead"))
            assert (again.outcome, len(github.remove_asked)) == (Outcome.ALREADY, 1)


class TestPause:
    async def test_jobs_that_were_assigned_before_show_as_held(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await rig.execute(SteerScaleSet(kind="pause", id="1", scale_set="small"))
            rig.github.send("small", assigned=3)
            await asyncio.sleep(1)
            assert "have 0 → 3 held: paused by alice since 2030-01-01 00:00:01Z" in rig.scale_set().why
            assert (rig.scale_set().capacity, ecs.asked) == (0, [])

    async def test_a_pause_that_the_journal_does_not_take_says_so(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            rig.journal.state = "The journal is in memory only."
            answer = await rig.execute(SteerScaleSet(kind="pause", id="1", scale_set="small"))
            assert answer.text.endswith("; the journal does not take it now, so a restart would forget it")
            assert rig.scale_set().pause is not None

    async def test_a_runner_may_be_stopped_while_its_scale_set_is_paused(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            await rig.execute(SteerScaleSet(kind="pause", id="1", scale_set="small"))
            assert (await rig.execute(StopTask(id="2", runner=NAME))).outcome is Outcome.DONE
            await asyncio.sleep(60)
            assert (len(ecs.stops), len(ecs.asked)) == (1, 1)


class TestOnce:
    async def test_a_command_sent_again_acts_once_and_gets_the_same_answer(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            first = await rig.execute(StopTask(id="1", runner=NAME))
            again = await rig.execute(StopTask(id="1", runner=NAME))
            assert (again, len(ecs.stops), len(rig.kept("command"))) == (first, 1, 1)

    async def test_a_command_sent_again_while_it_is_carried_out_waits_for_its_answer(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        ecs.slow["stop_task"] = 5
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            command = StopTask(id="1", runner=NAME)
            first, again = await asyncio.gather(rig.execute(command), rig.execute(command))
            assert (first, len(ecs.stops)) == (again, 1)

    async def test_a_refusal_is_remembered_as_well(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            first = await rig.execute(StopTask(id="1", runner=NAME))
            await a_pending_runner(rig)
            assert await rig.execute(StopTask(id="1", runner=NAME)) == first


class TestJournal:
    async def test_a_command_is_journalled_with_who_what_and_the_result(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            operator = Operator(uid=1000, name="alice", claimed="SUDO_USER=bob")
            await rig.engine.execute(StopTask(id="1", runner=NAME, reason="why not"), operator)
            (entry,) = rig.kept("command")
            assert entry.at == datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC)
            assert (entry.operator, entry.data["uid"], entry.data["claimed"]) == ("alice", 1000, "SUDO_USER=bob")
            assert entry.data["outcome"] == "refused"
            assert entry.data["command"] == {
                "kind": "stop-task",
                "id": "1",
                "runner": NAME,
                "seen_state": None,
                "confirm_job": None,
                "reason": "why not",
            }

    async def test_a_command_is_shown_with_who_asked_for_it(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await rig.execute(StopTask(id="1", runner=NAME))
            (event,) = [event for event in rig.engine.snapshot().events if event.kind == "command"]
            assert (event.operator, event.severity) == (OPERATOR.name, Severity.WARNING)

    async def test_an_operator_without_a_name_is_told_by_number(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            await rig.engine.execute(StopTask(id="1", runner=NAME), Operator(uid=4711))
            assert ecs.stops[0][1] == "arcdeck: stopped by uid 4711"

    async def test_what_an_operator_writes_is_cleaned_before_it_goes_anywhere(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running() as rig:
            await a_pending_runner(rig)
            await rig.execute(StopTask(id="1", runner=NAME, reason="\x1b[31mred\n"))
            assert "\x1b" not in ecs.stops[0][1]
            assert "\n" not in ecs.stops[0][1]
