"""Since when the oldest job waits: what names say, what counts say, and where they disagree."""

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.job_queue import JobQueue
from core.domain.messages import Job, Statistics

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def waiting(count: int, *, running: int = 3) -> Statistics:
    return Statistics(assigned=count + running, running=running)


def a_queue(*minutes: float) -> JobQueue:
    """Jobs that were queued at these minutes past noon, named by them, counted right."""
    queue = JobQueue()
    for minute in minutes:
        queue.joined(Job(id=f"{minute}", queued_at=after(minute)), after(minute))
    queue.counted(waiting(len(minutes)), after(max(minutes, default=0)))
    return queue


def test_nobody_waits_in_a_new_queue() -> None:
    assert JobQueue().oldest is None


def test_the_oldest_is_the_one_that_was_queued_first() -> None:
    assert a_queue(5, 2, 9).oldest == after(2)


def test_who_was_taken_or_cancelled_waits_no_longer() -> None:
    queue = a_queue(2, 5)
    queue.left(Job(id="2"))
    assert queue.oldest == after(5)


def test_who_never_was_named_may_leave() -> None:
    JobQueue().left(Job(id="unknown"))


@pytest.mark.parametrize(
    ("job", "since"),
    [
        (Job(id="a", queued_at=after(1), assigned_at=after(2)), after(1)),
        (Job(id="a", assigned_at=after(2)), after(2)),
        (Job(id="a"), after(3)),
    ],
    ids=["when it was queued", "else when it was assigned", "else when we heard of it"],
)
def test_a_job_waits_since_the_first_moment_that_is_known(job: Job, since: datetime) -> None:
    queue = JobQueue()
    queue.joined(job, after(3))
    assert queue.oldest == since


def test_a_job_told_twice_waits_since_it_was_told_first() -> None:
    queue = JobQueue()
    queue.joined(Job(id="a"), after(1))
    queue.joined(Job(id="a"), after(8))
    assert queue.oldest == after(1)


def test_jobs_that_nobody_named_wait_since_they_were_counted_first() -> None:
    queue = JobQueue()
    queue.counted(waiting(2), after(1))
    queue.counted(waiting(3), after(9))
    assert queue.oldest == after(1)


def test_jobs_that_run_do_not_wait() -> None:
    queue = JobQueue()
    queue.counted(Statistics(assigned=4, running=4), NOON)
    assert queue.oldest is None


def test_when_github_counts_none_none_waits() -> None:
    queue = a_queue(2, 5)
    queue.counted(waiting(0), after(9))
    assert queue.oldest is None


def test_of_more_names_than_github_counts_the_oldest_have_left() -> None:
    queue = a_queue(2, 5, 7)
    queue.counted(waiting(1), after(9))
    assert queue.oldest == after(7)


def test_once_all_that_wait_have_names_the_nameless_wait_is_over() -> None:
    queue = JobQueue()
    queue.counted(waiting(1), after(1))
    queue.counted(waiting(0), after(2))
    queue.joined(Job(id="a", queued_at=after(5)), after(5))
    queue.counted(waiting(1), after(5))
    assert queue.oldest == after(5)


def test_counts_that_contradict_each_other_are_no_queue() -> None:
    queue = JobQueue()
    queue.counted(Statistics(assigned=1, running=2), NOON)
    assert queue.oldest is None


def test_who_waits_is_known_by_name_the_longest_wait_first() -> None:
    queue = JobQueue()
    for minute, name in ((5, "unit"), (2, "deploy")):
        queue.joined(Job(id=name, name=name, queued_at=after(minute)), after(9))
    assert [(since, job.name) for since, job in queue.named] == [(after(2), "deploy"), (after(5), "unit")]
