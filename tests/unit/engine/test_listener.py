"""Listening to one scale set: handled, then acknowledged (behaviour.md 1.5, 1.3; github-scale-set-api.md 5, 7)."""

import asyncio

import pytest

from core.api.model import RunnerState
from core.domain.errors import (
    OutcomeUnknown,
    PermissionDenied,
    ProtocolError,
    SessionGone,
    Throttled,
    Unavailable,
    UnreadableMessage,
)
from core.domain.messages import Message
from core.domain.task import TaskStatus
from core.engine.fleet import Fleet
from tests.builders import a_job, job_available, job_completed, job_started
from tests.fakes.scale_sets import FakeSession
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import TimedGitHub, timed

pytestmark = pytest.mark.virtual_time

NAME = "small-0000000a"
UNKNOWN = "small-ffffffff"


@pytest.fixture
def github(rigs: Rigs) -> TimedGitHub:
    return timed(rigs)[1]


def session_of(github: TimedGitHub) -> FakeSession:
    return github.opened[-1]


class TestPolling:
    async def test_a_poll_follows_the_first_statistics_at_once(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            assert github.moments["next_message"] == [0.0]

    async def test_the_next_poll_follows_an_empty_one_at_once(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            await asyncio.sleep(151)
            assert github.moments["next_message"] == [0.0, 50.0, 100.0, 150.0]

    async def test_each_session_begins_with_the_first_message_there_is(self, rigs: Rigs, github: TimedGitHub) -> None:
        asked: list[int] = []
        github.on_poll = asked.append
        async with rigs.running() as rig:
            github.send("small", assigned=0)
            await asyncio.sleep(1)
            session_of(github).evicted = True
            github.send("small", assigned=0)
            await asyncio.sleep(10)
            assert asked[:2] == [0, 100_000_001]
            assert asked[-2:] == [0, 100_000_002]
            assert rig.scale_set().session.state == "open"

    async def test_a_sequence_of_ids_that_began_anew_is_heard(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            github.send("small", assigned=0)
            await asyncio.sleep(1)
            github.mailboxes[1].last_id = 0
            await asyncio.sleep(50)  # one empty poll
            message = github.send("small", assigned=0)
            await asyncio.sleep(1)
            assert message == 1
            assert session_of(github).acknowledged == [100_000_001, 1]

    @pytest.mark.parametrize("error", [Unavailable("a reset"), OutcomeUnknown("a time-out"), ProtocolError("empty")])
    async def test_a_poll_that_failed_is_made_again_soon_in_the_same_session(
        self, rigs: Rigs, github: TimedGitHub, error: Unavailable | ProtocolError
    ) -> None:
        github.fail("next_message", error)
        async with rigs.running(settle=3) as rig:
            assert github.moments["next_message"] == [0.0, 1.0]
            assert len(github.opened) == 1
            assert str(error) in rig.events("poll-failed")[0]

    async def test_a_poll_that_is_throttled_waits_as_long_as_github_asks(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.fail("next_message", Throttled("slow down", retry_after=20))
        async with rigs.running(settle=30):
            assert github.moments["next_message"] == [0.0, 20.0]
            assert len(github.opened) == 1

    async def test_nobody_waits_for_hours_because_github_asked_for_it(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.fail("next_message", Throttled("slow down", retry_after=86_400))
        async with rigs.running(settle=310):
            assert github.moments["next_message"] == [0.0, 300.0]

    async def test_polls_that_keep_failing_open_a_new_session(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.fail("next_message", *[Unavailable("GitHub is away")] * 6)
        async with rigs.running(settle=60) as rig:
            assert github.moments["next_message"][:6] == [0.0, 1.0, 3.0, 8.0, 13.0, 18.0]
            assert github.moments["open_session"] == [0.0, 23.0]
            assert rig.scale_set().session.state == "open"

    async def test_a_poll_that_hears_nothing_for_90_seconds_is_given_up(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.slow["next_message"] = 600
        async with rigs.running(settle=92) as rig:
            assert github.moments["next_message"] == [0.0, 91.0]
            assert "nothing was heard from GitHub for 90 s" in rig.events("poll-failed")[0]


class TestOrder:
    async def test_a_message_is_acknowledged_after_all_of_it_was_handled(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running() as rig:
            seen: list[object] = []

            def at_acknowledge(call: str) -> None:
                if call == "acknowledge":
                    told = [event.kind for event in rig.engine.snapshot().events]
                    wanted = {"scale-up", "acquired", "job-started", "job-completed"}
                    seen.append([kind for kind in told if kind in wanted])

            github.on_call = at_acknowledge
            github.send(
                "small",
                job_completed(UNKNOWN, a_job("1")),
                job_started(UNKNOWN, a_job("1")),
                job_available(41),
                assigned=1,
            )
            await asyncio.sleep(1)
            assert seen == [["job-started", "job-completed", "scale-up", "acquired"]]

    async def test_offered_jobs_are_acquired_by_their_request_ids_in_one_call(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.send("small", job_available(41), job_available(42), assigned=0)
            await asyncio.sleep(1)
            assert session_of(github).acquired == [41, 42]
            assert len(github.moments["acquire"]) == 1
            assert rig.events("acquired") == ["small: acquired 2 of 2 offered jobs"]

    async def test_nothing_is_acquired_where_nothing_is_offered(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            github.send("small", job_started(UNKNOWN), assigned=1)
            await asyncio.sleep(1)
            assert "acquire" not in github.moments

    async def test_a_message_whose_offers_could_not_be_claimed_comes_again_and_loses_nothing_else(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.fail("acquire", Unavailable("GitHub is away"))
        async with rigs.running() as rig:
            message = github.send("small", job_available(41), job_started(UNKNOWN), assigned=1)
            await asyncio.sleep(0.5)
            assert rig.in_state(RunnerState.BUSY) == [UNKNOWN]
            assert session_of(github).acknowledged == []
            await asyncio.sleep(1)  # it comes again, and is claimed
            assert session_of(github).acquired == [41]
            assert session_of(github).acknowledged == [message]
            assert "GitHub is away" in rig.events("acquire-failed")[0]
            assert len(rig.events("job-started")) == 1

    async def test_a_claim_that_is_refused_for_good_does_not_keep_the_queue(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.fail("acquire", PermissionDenied("you may not"))
        async with rigs.running():
            message = github.send("small", job_available(41), assigned=1)
            await asyncio.sleep(1)
            assert session_of(github).acknowledged == [message]

    async def test_a_mistake_of_ours_over_one_job_does_not_keep_the_queue(
        self, rigs: Rigs, github: TimedGitHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def mistaken(*_: object) -> None:
            raise KeyError("a mistake")

        async with rigs.running() as rig:
            monkeypatch.setattr(Fleet, "job_completed", mistaken)
            message = github.send("small", job_completed(NAME), job_started(UNKNOWN), assigned=1)
            await asyncio.sleep(1)
            assert rig.in_state(RunnerState.BUSY) == [UNKNOWN]
            assert session_of(github).acknowledged == [message]
            assert "internal error: KeyError" in rig.events("message-failed")[0]


class TestAcknowledging:
    async def test_a_handled_message_is_acknowledged_once(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            messages = [github.send("small", assigned=0) for _ in range(3)]
            await asyncio.sleep(1)
            assert session_of(github).acknowledged == messages

    async def test_a_failed_acknowledgement_is_retried_beside_the_next_poll(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running():
            github.fail("acknowledge", Unavailable("GitHub is away"))
            message = github.send("small", assigned=0)
            await asyncio.sleep(1)
            assert session_of(github).acknowledged == [message]

    async def test_a_message_that_can_never_be_acknowledged_holds_up_none_behind_it(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.fail("acknowledge", ProtocolError("no such message"))
            github.send("small", assigned=0)
            await asyncio.sleep(1)
            message = github.send("small", assigned=0)
            await asyncio.sleep(1)
            assert session_of(github).acknowledged == [message]
            assert "cannot be acknowledged: no such message" in rig.events("ack-failed")[0]

    async def test_a_message_that_cannot_be_acknowledged_is_not_handled_again(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.fail("acknowledge", *[Unavailable("GitHub is away")] * 20)
            github.send("small", job_started(UNKNOWN), assigned=1)
            await asyncio.sleep(300)
            assert len(rig.events("job-started")) == 1

    async def test_a_message_that_comes_again_with_another_session_changes_nothing(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.fail("acknowledge", SessionGone("the session is gone"))
            github.send("small", job_started(UNKNOWN), assigned=1)
            await asyncio.sleep(1)
            since = rig.runners[UNKNOWN].since
            await asyncio.sleep(10)
            assert len(github.opened) == 2
            assert (len(rig.events("job-started")), rig.runners[UNKNOWN].since) == (1, since)
            assert len(session_of(github).acknowledged) == 1


class TestJobs:
    async def test_a_started_job_makes_its_runner_busy_and_is_in_the_journal(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await started(rig)
            assert rig.in_state(RunnerState.BUSY) == [NAME]
            (entry,) = rig.kept("job-started")
            assert (entry.runner_name, entry.data["job"]) == (NAME, "job-1")

    async def test_a_completed_job_makes_its_runner_done_and_is_in_the_journal(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await started(rig)
            rig.github.send("small", job_completed(NAME, runner_id=1001, result="failed"), assigned=0)
            await asyncio.sleep(1)
            assert rig.in_state(RunnerState.FINISHING) == [NAME]
            (entry,) = rig.kept("job-completed")
            assert (entry.runner_name, entry.data["result"]) == (NAME, "failed")

    async def test_a_job_started_for_an_unknown_runner_counts(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", job_started(UNKNOWN), assigned=1)
            await asyncio.sleep(1)
            assert (rig.scale_set().busy, rig.ecs.starts) == (1, [])

    async def test_a_job_whose_runner_no_look_can_find_lapses(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", job_started(UNKNOWN), assigned=1)
            await asyncio.sleep(95)  # looks at 30, 60 and 90 s
            assert rig.scale_set().busy == 0

    async def test_a_started_job_that_has_completed_already_is_skipped(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", job_completed(UNKNOWN), assigned=0)
            rig.github.send("small", job_started(UNKNOWN), assigned=0)
            await asyncio.sleep(1)
            assert rig.scale_set().busy == 0

    async def test_a_message_that_nobody_can_read_is_acknowledged_and_told(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running() as rig:
            github.fail("next_message", UnreadableMessage("it is not JSON", message_id=100_000_400))
            github.send("small", assigned=0)
            await asyncio.sleep(1)
            assert 100_000_400 in session_of(github).acknowledged
            assert "it is not JSON" in rig.events("message-unreadable")[0]

    async def test_a_message_of_a_kind_nobody_handles_is_acknowledged(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            box = github.mailboxes[1]
            box.messages[100_000_500] = Message(100_000_500)
            box.arrived.set()
            await asyncio.sleep(1)
            assert session_of(github).acknowledged == [100_000_500]


async def started(rig: Rig) -> None:
    """The first runner took a job."""
    rig.github.send("small", assigned=1)
    await asyncio.sleep(1)
    rig.ecs.move(rig.ecs.arn_of(NAME), TaskStatus.RUNNING)
    rig.github.send("small", job_started(NAME, runner_id=1001), assigned=1)
    await asyncio.sleep(1)
