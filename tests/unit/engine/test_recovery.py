"""What the journal of an earlier run says: which starts may have left a task, which jobs run, which ends were told."""

from datetime import UTC, datetime, timedelta

from core.domain.runner import Phase
from core.domain.task import TaskStatus
from core.engine.adoption import KnownJob, KnownStart
from core.engine.fleet import Fleet
from core.engine.recovery import accepted_starts, unfinished_jobs
from core.engine.times import Times
from core.ports import JournalEntry
from tests.builders import a_job, a_task
from tests.fakes.clock import ManualClock

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAME = "small-0000000a"


def entry(kind: str, *, ago: float = 0.0, runner: str = NAME, **data: object) -> JournalEntry:
    """Something that the journal says of a runner."""
    at = NOW - timedelta(seconds=ago)
    return JournalEntry(at=at, kind=kind, scale_set="small", runner_name=runner, data=data)


def accepted(ago: float, arn: str = "arn:task/1") -> JournalEntry:
    """ECS took a start that long ago."""
    return entry("start-settled", ago=ago, task_arn=arn, runner_id=7)


class TestAcceptedStarts:
    def untold(self, *newest_first: JournalEntry) -> list[str]:
        return [start.task_arn for start in accepted_starts(newest_first)]

    def test_a_start_that_ecs_took_may_not_be_listed_however_long_ago_that_was(self) -> None:
        assert self.untold(accepted(10)) == ["arn:task/1"]
        assert self.untold(accepted(7_200)) == ["arn:task/1"]

    def test_one_whose_end_was_told_is_over(self) -> None:
        assert self.untold(entry("task-ended"), accepted(10)) == []

    def test_one_that_came_to_nothing_left_no_task(self) -> None:
        assert self.untold(entry("start-settled", ago=10)) == []


class TestUnfinishedJobs:
    def test_a_job_that_started_and_did_not_complete_runs(self) -> None:
        jobs = unfinished_jobs([entry("job-started", job="1", name="unit", repository="acme/api")])
        assert jobs[NAME].job.id == "1"

    def test_a_job_ends_with_its_completion_or_its_task(self) -> None:
        for end in ("job-completed", "task-ended"):
            assert unfinished_jobs([entry(end), entry("job-started", job="1")]) == {}


class TestRecall:
    def recalled(self, arn: str = "arn:task/1", job: KnownJob | None = None) -> Fleet:
        fleet = Fleet(Times(ManualClock()))
        fleet.recall(KnownStart(NAME, "small", arn, 7, NOW), job)
        return fleet

    def phase_of(self, fleet: Fleet) -> Phase:
        runner = fleet.get(NAME)
        assert runner is not None
        return runner.phase

    def test_an_accepted_start_is_looked_for_by_its_task(self) -> None:
        runner = self.recalled().by_arn("arn:task/1")
        assert runner is not None
        assert runner.phase is Phase.LAUNCHING

    def test_a_start_of_unknown_outcome_keeps_its_slot(self) -> None:
        assert self.phase_of(self.recalled(arn="")) is Phase.RESERVED

    def test_one_whose_job_is_known_is_busy(self) -> None:
        assert self.phase_of(self.recalled(job=KnownJob(a_job(), NOW))) is Phase.BUSY

    def test_one_whose_task_starts_is_a_start_like_any_other(self) -> None:
        for arn in ("arn:task/1", ""):
            fleet = self.recalled(arn)
            fleet.observe(a_task(TaskStatus.PENDING))
            assert self.phase_of(fleet) is Phase.LAUNCHING

    def test_one_whose_task_runs_when_it_is_first_seen_is_assumed_busy(self) -> None:
        for arn in ("arn:task/1", ""):
            fleet = self.recalled(arn)
            fleet.observe(a_task(TaskStatus.RUNNING))
            runner = fleet.get(NAME)
            assert runner is not None
            assert runner.assumed_busy

    def test_one_whose_task_has_stopped_ends(self) -> None:
        ended = self.recalled().observe(a_task(TaskStatus.STOPPED))
        assert ended is not None
        assert ended.phase is Phase.ENDED
