"""Workflow jobs: who may have them, who has them, and what the scale sets are told about it.

A job waits in one queue for the whole of this GitHub until a scale set that serves its labels takes it: in the broker
flow the service assigns it while a poll advertises room; in the acquire flow it is offered and the first to acquire it
wins (github-scale-set-api.md sections 5.10, 5.11 and 11.4).

Promises:

- Jobs that ask for the same labels are given out in the order in which they came; one that was taken back stands last.
- A job belongs to at most one scale set, and is on at most one runner.
- What was assigned is never revoked by a smaller capacity.
- Every transition that a scale set hears of is posted to its mailbox in the moment it happens; `drop` alone is silent.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from core.world.clock import WorldClock
from core.world.github.mailbox import EntryKind
from core.world.github.records import Job, JobPhase, RunnerRecord, ScaleSetRecord
from core.world.github.settings import Flow, Quirks, Timings
from core.world.github.wire import job_entry, statistics_json

KEPT_ENDED_JOBS = 5_000
"""How many jobs that are over stay known, the latest."""


class JobBoard:
    """All jobs, and the rules by which they move.

    `scale_sets` and `runners` are shared with the registries that own them. `on_assigned` is called after jobs were
    given to a scale set, `on_completed` after a job has ended in any way but `drop`.
    """

    def __init__(
        self,
        clock: WorldClock,
        *,
        scale_sets: dict[int, ScaleSetRecord],
        runners: dict[int, RunnerRecord],
        flow: Flow,
        timings: Timings,
        quirks: Quirks,
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self.on_assigned: Callable[[ScaleSetRecord], None] = lambda _: None
        self.on_completed: Callable[[Job], None] = lambda _: None
        self._clock = clock
        self._scale_sets = scale_sets
        self._runners = runners
        self._flow = flow
        self._timings = timings
        self._quirks = quirks
        self._queues: dict[frozenset[str], dict[str, Job]] = {}
        self._ended: deque[str] = deque()

    def enqueue(self, job: Job) -> None:
        """Let a new job wait, and offer it at once to scale sets whose poll is open."""
        self.jobs[job.id] = job
        self._queue(job)

    def waiting_for(self, scale_set: ScaleSetRecord) -> Iterator[Job]:
        """Yield the jobs that no scale set has yet and this one may have."""
        return chain.from_iterable(queue.values() for queue in self._queues_for(scale_set))

    def statistics(self, scale_set: ScaleSetRecord) -> dict[str, int]:
        """Return the seven numbers of section 5.7 for this moment."""
        return statistics_json(scale_set, sum(map(len, self._queues_for(scale_set))))

    def offer(self, scale_set: ScaleSetRecord) -> None:
        """Give a scale set what its open poll has room for, or tell it what it may acquire; nothing without a poll."""
        poll = scale_set.mailbox.poll
        if poll is None:
            return
        if self._flow == "acquire":
            self._announce(scale_set)
            return
        room = max(poll.capacity - scale_set.load, 0)
        self._assign(scale_set, list(islice(self.waiting_for(scale_set), room)))

    def acquire(self, scale_set: ScaleSetRecord, request_ids: Iterable[int]) -> list[int]:
        """Claim offered jobs; return the ids actually won, in the order in which they wait (section 5.10)."""
        wanted = set(request_ids)
        won = [job for job in self.waiting_for(scale_set) if job.request_id in wanted]
        for job in won:
            self._detach(job)
            job.phase, job.scale_set_id = JobPhase.ACQUIRED, scale_set.id
            scale_set.acquired[job.id] = job
        if self._timings.acquired_to_assigned > 0:
            self._clock.call_later(self._timings.acquired_to_assigned, lambda: self._assign_acquired(scale_set, won))
        else:
            self._assign_acquired(scale_set, won)
        return [job.request_id for job in won]

    def start(self, scale_set: ScaleSetRecord, runner: RunnerRecord) -> Job | None:
        """Put the oldest assigned job of the scale set on an idle runner of it; None when there is nothing to do."""
        if not runner.idle or not scale_set.assigned:
            return None
        job = scale_set.assigned.pop(next(iter(scale_set.assigned)))
        scale_set.running[job.id] = job
        job.phase, job.started_at = JobPhase.RUNNING, self._clock.now()
        job.runner_id, job.runner_name = runner.id, runner.name
        runner.occupy(job, self._clock.monotonic())
        self._post(scale_set, EntryKind.STARTED, [job])
        return job

    def complete(self, job: Job, result: str) -> None:
        """End a job wherever it stands; the scale set that had it hears of it, and its runner is free of it."""
        job.finished_at = self._clock.now()
        job.result = result
        self._close(job, told=True)
        self._remember_ended(job)
        self.on_completed(job)

    def take_back(self, job: Job) -> bool:
        """Take an assigned job from its scale set and let it wait again (section 5.13); False if it is not assigned.

        The scale set hears of a cancelled job that no runner had.
        """
        if job.phase is not JobPhase.ASSIGNED:
            return False
        job.reassignments += 1
        scale_set = self._detach(job)
        if scale_set is not None:
            self._post(scale_set, EntryKind.COMPLETED, [replace(job, result="canceled", finished_at=self._clock.now())])
        self._queue(job)
        return True

    def drop(self, job: Job) -> None:
        """Make a job vanish without a word: the statistics change, no message says why. Nothing if it is over."""
        if job.phase is JobPhase.COMPLETED:
            return
        self._close(job, told=False)
        self._remember_ended(job)

    def release(self, scale_set: ScaleSetRecord) -> None:
        """Send the jobs that wait in a scale set back to the queue, because it is going away (section 3.5)."""
        for job in [*scale_set.acquired.values(), *scale_set.assigned.values()]:
            self._detach(job)
            self._queue(job)

    def _queue(self, job: Job) -> None:
        job.phase, job.scale_set_id, job.assigned_at = JobPhase.QUEUED, None, None
        job.announced_to.clear()
        self._queues.setdefault(_wanted(job), {})[job.id] = job
        for scale_set in self._scale_sets.values():
            if scale_set.serves(_wanted(job)):
                self.offer(scale_set)

    def _queues_for(self, scale_set: ScaleSetRecord) -> Iterator[dict[str, Job]]:
        return (queue for labels, queue in self._queues.items() if scale_set.serves(labels))

    def _announce(self, scale_set: ScaleSetRecord) -> None:
        fresh = [job for job in self.waiting_for(scale_set) if scale_set.id not in job.announced_to]
        for job in fresh:
            job.announced_to.add(scale_set.id)
        self._post(scale_set, EntryKind.AVAILABLE, fresh)

    def _assign_acquired(self, scale_set: ScaleSetRecord, won: list[Job]) -> None:
        self._assign(scale_set, [job for job in won if job.id in scale_set.acquired])

    def _assign(self, scale_set: ScaleSetRecord, jobs: list[Job]) -> None:
        if not jobs:
            return
        for job in jobs:
            self._detach(job)
            job.phase, job.scale_set_id, job.assigned_at = JobPhase.ASSIGNED, scale_set.id, self._clock.now()
            scale_set.assigned[job.id] = job
            self._watch_pickup(job)
        self._post(scale_set, EntryKind.ASSIGNED, jobs)
        self.on_assigned(scale_set)

    def _watch_pickup(self, job: Job) -> None:
        if job.reassignments >= len(self._timings.pickup_limits):
            return
        assigned_at = job.assigned_at
        self._clock.call_later(
            self._timings.pickup_limits[job.reassignments],
            lambda: job.assigned_at == assigned_at and self.take_back(job),
        )

    def _close(self, job: Job, *, told: bool) -> None:
        scale_set = self._detach(job)
        job.phase = JobPhase.COMPLETED
        runner = self._runners.get(job.runner_id)
        if runner is not None and runner.job is job:
            runner.occupy(None, self._clock.monotonic())
        if scale_set is not None:
            if told:
                self._post(scale_set, EntryKind.COMPLETED, [job])
            self.offer(scale_set)

    def _detach(self, job: Job) -> ScaleSetRecord | None:
        """Take a job out of where it stands; return the scale set that had it, if it still exists."""
        queue = self._queues.get(_wanted(job), {})
        if queue.pop(job.id, None) is not None and not queue:
            del self._queues[_wanted(job)]
        scale_set = self._scale_sets.get(job.scale_set_id or 0)
        if scale_set is not None:
            for place in (scale_set.acquired, scale_set.assigned, scale_set.running):
                place.pop(job.id, None)
        return scale_set

    def _post(self, scale_set: ScaleSetRecord, kind: EntryKind, jobs: Iterable[Job]) -> None:
        zeroed = 0 if kind is EntryKind.ASSIGNED and self._flow == "broker" else None
        scale_set.mailbox.post([job_entry(kind, job, zeroed) for job in jobs], self._quirks.waking)

    def _remember_ended(self, job: Job) -> None:
        self._ended.append(job.id)
        if len(self._ended) > KEPT_ENDED_JOBS:
            self.jobs.pop(self._ended.popleft(), None)


def _wanted(job: Job) -> frozenset[str]:
    return frozenset(label.lower() for label in job.labels)
