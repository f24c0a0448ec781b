"""The one owner of what runs: the seed's ``State`` (behaviour.md 1.1), and what it learns in any order."""

from typing import TYPE_CHECKING

import pytest

from core.domain.messages import Job
from core.domain.runner import Phase, Runner
from core.domain.task import Described, Task, TaskStatus
from core.engine.fleet import Fleet
from core.engine.times import Times
from tests.builders import a_job, a_task, job_completed, job_started
from tests.fakes.clock import ManualClock

if TYPE_CHECKING:
    from core.engine.roster import Change

NAME = "small-0000000a"
ARN = "arn:task/1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fleet(clock: ManualClock) -> Fleet:
    return Fleet(Times(clock))


def the(fleet: Fleet, name: str = NAME) -> Runner:
    runner = fleet.get(name)
    assert runner is not None, f"{name} is not in the fleet"
    return runner


def look(*tasks: Task, missing: tuple[str, ...] = ()) -> Described:
    return Described(tasks, missing)


def missed(*arns: str) -> Described:
    return Described((), arns)


class TestTheSeedsState:
    def test_a_runner_is_idle_then_busy_then_done(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        idle = (fleet.idle_count(), fleet.count())
        fleet.mark_busy(NAME)
        busy = (fleet.idle_count(), fleet.count())
        fleet.mark_done(NAME)
        assert (idle, busy, fleet.count()) == ((1, 1), (0, 1), 0)

    def test_a_runner_is_keyed_by_its_name_and_carries_its_task(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        assert the(fleet).task_arn == ARN

    def test_adding_a_runner_twice_counts_it_once(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.add_idle(NAME, ARN)
        assert fleet.count() == 1

    def test_mark_busy_moves_an_idle_runner_to_busy(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.mark_busy(NAME)
        assert the(fleet).phase is Phase.BUSY

    def test_mark_busy_does_nothing_for_an_unknown_name(self, fleet: Fleet) -> None:
        fleet.mark_busy("small-ffffffff")
        assert fleet.count() == 0

    def test_mark_busy_does_not_bring_back_a_runner_that_is_done(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.mark_done(NAME)
        fleet.mark_busy(NAME)
        assert fleet.count() == 0

    def test_mark_done_forgets_the_runner_and_returns_its_arn(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        assert fleet.mark_done(NAME) == ARN
        assert fleet.snapshot() == {}

    def test_mark_done_returns_nothing_for_an_unknown_name(self, fleet: Fleet) -> None:
        assert fleet.mark_done("small-ffffffff") == ""

    def test_mark_done_returns_nothing_for_a_runner_already_done(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.mark_done(NAME)
        assert fleet.mark_done(NAME) == ""

    def test_an_idle_runner_can_be_done_without_ever_being_busy(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        assert fleet.mark_done(NAME) == ARN
        assert (fleet.count(), fleet.idle_count()) == (0, 0)

    def test_count_is_idle_plus_busy(self, fleet: Fleet) -> None:
        for number in range(3):
            fleet.add_idle(f"small-0000000{number}", f"arn:{number}")
        fleet.mark_busy("small-00000001")
        assert (fleet.count(), fleet.idle_count()) == (3, 2)

    def test_counts_can_be_asked_for_one_scale_set(self, fleet: Fleet) -> None:
        fleet.add_idle("small-00000001", "arn:1")
        fleet.add_idle("large-00000001", "arn:2")
        fleet.mark_busy("large-00000001")
        assert (fleet.count("large"), fleet.idle_count("large"), fleet.idle_count("small")) == (1, 0, 1)

    def test_the_snapshot_maps_names_to_arns_of_idle_and_busy_runners(self, fleet: Fleet) -> None:
        fleet.add_idle("small-00000001", "arn:1")
        fleet.add_idle("small-00000002", "arn:2")
        fleet.add_idle("small-00000003", "arn:3")
        fleet.mark_busy("small-00000002")
        fleet.mark_done("small-00000003")
        assert fleet.snapshot() == {"small-00000001": "arn:1", "small-00000002": "arn:2"}

    def test_the_snapshot_is_a_copy(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.snapshot().clear()
        assert fleet.count() == 1

    def test_a_name_is_deregistered_once_it_was_marked(self, fleet: Fleet) -> None:
        before = fleet.is_deregistered(NAME)
        fleet.mark_deregistered(NAME)
        assert (before, fleet.is_deregistered(NAME)) == (False, True)

    def test_a_deregistered_name_is_remembered_for_one_hour(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.mark_deregistered(NAME)
        clock.advance(3599.9)
        still = fleet.is_deregistered(NAME)
        clock.advance(0.1)
        assert (still, fleet.is_deregistered(NAME)) == (True, False)

    def test_marking_a_name_again_begins_its_hour_anew(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.mark_deregistered(NAME)
        clock.advance(3000)
        fleet.mark_deregistered(NAME)
        clock.advance(3000)
        assert fleet.is_deregistered(NAME)

    def test_asking_prunes_the_names_that_have_expired(self, fleet: Fleet, clock: ManualClock) -> None:
        for number in range(50):
            fleet.mark_deregistered(f"small-{number:08x}")
        clock.advance(3600)
        fleet.is_deregistered("another")
        assert len(fleet._bygones.deregistered._added) == 0


class TestSlots:
    def test_a_reserved_name_takes_a_slot_and_is_not_tracked_yet(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        assert (len(fleet.live("small")), fleet.count()) == (1, 0)

    def test_a_name_is_reserved_once(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        with pytest.raises(ValueError, match="is taken"):
            fleet.reserve("small", NAME)

    def test_a_reserved_name_whose_task_was_accepted_is_idle(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        fleet.add_idle(NAME, ARN)
        assert fleet.snapshot() == {NAME: ARN}

    def test_a_released_name_leaves_nothing_behind(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        fleet.release(NAME)
        assert (fleet.live(), fleet.ended()) == ([], [])

    def test_a_runner_that_is_done_holds_its_slot_until_its_task_has_stopped(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.mark_done(NAME)
        held = len(fleet.live("small"))
        fleet.observe(a_task(TaskStatus.STOPPED))
        assert (held, len(fleet.live("small"))) == (1, 0)

    def test_a_task_being_stopped_holds_its_slot(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.stopping(NAME, "ecs-arc: stuck in PENDING", "reaper")
        assert (the(fleet).phase, fleet.count()) == (Phase.STOPPING, 0)

    def test_a_stop_request_is_kept_with_its_reason_and_who_asked(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.stopping(NAME, "arcdeck: stopped by alice", "alice")
        stop = the(fleet).stop
        assert stop is not None
        assert (stop.reason, stop.by) == ("arcdeck: stopped by alice", "alice")

    def test_every_change_is_told_with_what_was_before(self, fleet: Fleet) -> None:
        told: list[Change] = []
        fleet.watchers.append(told.append)
        fleet.add_idle(NAME, ARN)
        fleet.mark_busy(NAME)
        fleet.observe(a_task(TaskStatus.STOPPED))
        assert [(change.before and change.before.phase, change.after.phase) for change in told] == [
            (None, Phase.LAUNCHING),
            (Phase.LAUNCHING, Phase.BUSY),
            (Phase.BUSY, Phase.ENDED),
        ]


class TestJobMessages:
    def test_a_started_job_makes_its_runner_busy(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.add_idle(NAME, ARN)
        clock.advance(10)
        fleet.job_started("small", job_started(NAME))
        runner = the(fleet)
        assert (runner.phase, runner.job, runner.job_since) == (Phase.BUSY, a_job(), 10.0)

    def test_a_job_started_on_an_unknown_runner_makes_it_busy(self, fleet: Fleet) -> None:
        fleet.job_started("small", job_started(NAME, runner_id=7))
        assert (the(fleet).phase, the(fleet).runner_id, fleet.count("small")) == (Phase.BUSY, 7, 1)

    def test_a_started_job_ends_the_doubt_about_an_adopted_runner(self, fleet: Fleet) -> None:
        fleet.adopt(a_task(), "small", NAME)
        fleet.job_started("small", job_started(NAME))
        assert not the(fleet).assumed_busy

    def test_a_message_heard_twice_changes_nothing_the_second_time(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.job_started("small", job_started(NAME))
        before = the(fleet)
        clock.advance(60)
        assert fleet.job_started("small", job_started(NAME)) is None
        assert the(fleet) == before

    def test_a_started_job_that_has_ended_already_brings_nobody_back(self, fleet: Fleet) -> None:
        fleet.job_completed(job_completed(NAME))
        assert fleet.job_started("small", job_started(NAME)) is None
        assert fleet.live() == []

    @pytest.mark.parametrize(("hours", "known"), [(23.9, True), (24.0, False)])
    def test_an_ended_job_is_known_for_a_day(
        self, fleet: Fleet, clock: ManualClock, hours: float, *, known: bool
    ) -> None:
        fleet.job_completed(job_completed(NAME))
        clock.advance(hours * 3600)
        assert (fleet.job_started("small", job_started(NAME)) is None) is known

    def test_a_completed_job_makes_its_runner_done(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.job_started("small", job_started(NAME))
        fleet.job_completed(job_completed(NAME))
        assert (the(fleet).phase, fleet.count()) == (Phase.FINISHING, 0)

    def test_a_completed_job_of_an_unknown_runner_changes_nothing(self, fleet: Fleet) -> None:
        assert fleet.job_completed(job_completed(NAME)) is None
        assert fleet.live() == []

    def test_a_job_cancelled_before_a_runner_took_it_changes_nothing(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.job_completed(job_completed("", runner_id=0, result="canceled"))
        assert fleet.idle_count() == 1

    def test_messages_without_a_job_id_are_not_taken_for_one_another(self, fleet: Fleet) -> None:
        fleet.job_completed(job_completed("small-0000000b", Job()))
        fleet.job_started("small", job_started(NAME, Job()))
        assert the(fleet).phase is Phase.BUSY

    def test_a_job_that_overtakes_the_answer_of_run_task_is_not_undone_by_it(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        fleet.job_started("small", job_started(NAME))
        fleet.add_idle(NAME, ARN)
        assert (the(fleet).phase, the(fleet).task_arn, fleet.count()) == (Phase.BUSY, ARN, 1)

    def test_a_job_over_before_the_answer_of_run_task_leaves_a_finishing_task(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        fleet.job_completed(job_completed(NAME))
        fleet.add_idle(NAME, ARN)
        assert (the(fleet).phase, the(fleet).task_arn, fleet.count()) == (Phase.FINISHING, ARN, 0)

    def test_a_runner_known_by_its_job_alone_is_gone_when_the_job_is(self, fleet: Fleet) -> None:
        fleet.job_started("small", job_started(NAME))
        fleet.job_completed(job_completed(NAME))
        assert fleet.live() == []


class TestLooks:
    def test_a_running_task_found_at_start_is_adopted_and_assumed_busy(self, fleet: Fleet) -> None:
        adopted = fleet.adopt(a_task(runner_id=7), "small", NAME)
        assert (adopted.phase, adopted.assumed_busy, adopted.adopted, adopted.runner_id) == (Phase.BUSY, True, True, 7)

    @pytest.mark.parametrize("status", [TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING])
    def test_a_task_found_while_it_starts_is_adopted_as_a_start(self, fleet: Fleet, status: TaskStatus) -> None:
        adopted = fleet.adopt(a_task(status), "small", NAME)
        assert (adopted.phase, adopted.assumed_busy) == (Phase.LAUNCHING, False)

    def test_a_task_found_on_its_way_out_is_adopted_as_finishing(self, fleet: Fleet) -> None:
        assert fleet.adopt(a_task(desired_stopped=True), "small", NAME).phase is Phase.FINISHING

    def test_a_word_of_ecs_that_nobody_knows_counts_as_alive(self, fleet: Fleet) -> None:
        assert fleet.adopt(a_task(TaskStatus.UNKNOWN), "small", NAME).usable

    def test_the_clock_of_a_state_starts_when_it_is_first_seen(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.add_idle(NAME, ARN)
        clock.advance(5)
        fleet.observe(a_task(TaskStatus.PENDING))
        clock.advance(5)
        fleet.observe(a_task(TaskStatus.PENDING))
        assert the(fleet).status_since == 5.0

    def test_running_is_counted_from_the_first_look_even_at_the_very_start_of_the_clock(self, fleet: Fleet) -> None:
        fleet.adopt(a_task(), "small", NAME)
        assert the(fleet).running_since == 0.0

    def test_a_stopped_task_ends_its_runner_with_all_that_ecs_told(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        stopped = a_task(TaskStatus.STOPPED, stop_code="TaskFailedToStart", stopped_reason="CannotPullContainerError")
        ended = fleet.observe(stopped)
        assert ended is not None
        assert (ended.phase, ended.task, fleet.ended()) == (Phase.ENDED, stopped, [ended])

    def test_a_stopped_task_is_told_once(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.observe(a_task(TaskStatus.STOPPED))
        assert fleet.observe(a_task(TaskStatus.STOPPED)) is None

    @pytest.mark.parametrize("status", [TaskStatus.DEACTIVATING, TaskStatus.STOPPING, TaskStatus.DEPROVISIONING])
    def test_a_task_on_its_way_out_is_no_longer_usable(self, fleet: Fleet, status: TaskStatus) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.observe(a_task(status))
        assert the(fleet).phase is Phase.FINISHING

    def test_a_task_whose_start_was_never_answered_is_found_by_its_name(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        fleet.observe(a_task(TaskStatus.PENDING))
        assert (the(fleet).phase, the(fleet).task_arn) == (Phase.LAUNCHING, ARN)

    def test_a_task_that_only_bears_the_name_of_another_is_not_taken_for_it(self, fleet: Fleet) -> None:
        fleet.add_idle(NAME, ARN)
        fleet.observe(a_task(TaskStatus.STOPPED, arn="arn:task/forged"))
        assert (the(fleet).phase, the(fleet).task_arn) == (Phase.LAUNCHING, ARN)

    def test_an_answer_that_comes_after_the_task_has_stopped_brings_nobody_back(self, fleet: Fleet) -> None:
        fleet.reserve("small", NAME)
        fleet.observe(a_task(TaskStatus.STOPPED))
        fleet.add_idle(NAME, ARN)
        assert fleet.live() == []

    def test_online_at_github_means_that_the_start_is_over(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.add_idle(NAME, ARN)
        clock.advance(30)
        fleet.online(NAME)
        assert (the(fleet).phase, the(fleet).online_since) == (Phase.IDLE, 30.0)

    def test_online_at_github_does_not_make_a_busy_runner_idle(self, fleet: Fleet) -> None:
        fleet.job_started("small", job_started(NAME))
        fleet.online(NAME)
        assert the(fleet).phase is Phase.BUSY


class TestAbsence:
    def test_a_task_missing_once_is_not_forgotten(self, fleet: Fleet) -> None:
        fleet.adopt(a_task(), "small", NAME)
        assert fleet.observe_all(missed(ARN), [NAME]) == []
        assert fleet.count() == 1

    def test_a_task_missing_in_two_looks_a_minute_apart_is_forgotten(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.adopt(a_task(), "small", NAME)
        fleet.observe_all(missed(ARN), [NAME])
        clock.advance(60)
        (ended,) = fleet.observe_all(missed(ARN), [NAME])
        assert (ended.name, ended.note, fleet.live()) == (NAME, "ECS no longer knows its task", [])

    def test_a_task_seen_in_between_is_not_forgotten(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.adopt(a_task(), "small", NAME)
        for described in (missed(ARN), look(a_task()), missed(ARN)):
            fleet.observe_all(described, [NAME])
            clock.advance(60)
        assert fleet.count() == 1

    def test_a_task_is_not_forgotten_within_five_minutes_of_its_start(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.add_idle(NAME, ARN)
        for _ in range(10):  # the tenth look is 270 s after the start
            fleet.observe_all(missed(ARN), [NAME])
            clock.advance(30)
        assert fleet.count() == 1
        fleet.observe_all(missed(ARN), [NAME])
        assert fleet.count() == 0

    def test_a_task_that_ecs_neither_shows_nor_calls_missing_is_not_judged(
        self, fleet: Fleet, clock: ManualClock
    ) -> None:
        fleet.adopt(a_task(), "small", NAME)
        for _ in range(3):
            fleet.observe_all(look(), [NAME])
            clock.advance(60)
        assert fleet.count() == 1

    def test_a_runner_that_joined_after_the_look_began_is_not_judged(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.adopt(a_task(), "small", NAME)
        for _ in range(3):
            fleet.observe_all(missed(ARN), [])
            clock.advance(60)
        assert fleet.count() == 1

    def test_a_reserved_name_is_never_missed(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.reserve("small", NAME)
        for _ in range(3):
            fleet.observe_all(look(), [NAME])
            clock.advance(60)
        assert len(fleet.live()) == 1

    def test_a_runner_known_by_its_job_alone_lapses_after_two_looks(self, fleet: Fleet, clock: ManualClock) -> None:
        fleet.job_started("small", job_started(NAME))
        fleet.observe_all(look(), [NAME])
        clock.advance(60)
        (ended,) = fleet.observe_all(look(), [NAME])
        assert ended.note == "no task of it was found"
