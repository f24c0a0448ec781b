"""Counters and distributions of what the engine tells the meter (``core.meter``).

Each is in a registry of its own making, under the names and labels of README, Metrics. What rarely happens begins at 0
for every scale set that is introduced, so that its first time is an increase too.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge, Histogram

from core.adapters.control.metrics_words import (
    ACCEPTED,
    JOB_BUCKETS,
    SCOPED,
    START_BUCKETS,
    SWEEP_BUCKETS,
    event_word,
    exit_word,
    outcome_word,
    result_word,
    scoped,
    stop_code_word,
)
from core.domain.failures import FailureClass
from core.meter import Meter, SessionCause, StartStep

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from prometheus_client import CollectorRegistry

    from core.adapters.control.metrics_words import Scope
    from core.domain.errors import ArcdeckError
    from core.domain.messages import JobMessage
    from core.domain.task import Task, TaskStatus

_HOUR_MINUTES: Final = 60


class LastHour:
    """Counts what happened in the last 60 minutes, to the minute. ``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._minutes: deque[tuple[int, int]] = deque()  # minute, how many in it

    def add(self) -> None:
        """It happened now."""
        minute, known = self._minute(), self._minutes
        before = known.pop()[1] if known and known[-1][0] == minute else 0
        known.append((minute, before + 1))

    def count(self) -> int:
        """How often."""
        while self._minutes and self._minutes[0][0] <= self._minute() - _HOUR_MINUTES:
            self._minutes.popleft()
        return sum(number for _, number in self._minutes)

    def _minute(self) -> int:
        return int(self._monotonic() // 60)


class ToldMetrics(Meter):
    """Fulfils ``core.meter.Meter``. ``scope`` is on ARC's metrics; ``monotonic`` gives seconds."""

    def __init__(self, registry: CollectorRegistry, scope: Scope, monotonic: Callable[[], float]) -> None:
        self._scope = scope
        self._hour = LastHour(monotonic)
        self._introduced: set[str] = set()
        self._idle: dict[str, float] = {}
        self._make_jobs(registry)
        self._make_tasks(registry)
        self._make_calls(registry)

    def idle_seconds(self) -> dict[str, float]:
        """A copy of what idle stretches that are over add up to, by scale set."""
        return dict(self._idle)

    def introduce(self, scale_set: str) -> None:
        """Begin its rare events at 0."""
        if scale_set in self._introduced:
            return
        self._introduced.add(scale_set)
        self._ghosts_found.labels(scale_set)
        self._ghosts_removed.labels(scale_set)
        for cause in SessionCause:
            self._sessions.labels(scale_set, cause.value)
        for outcome in (ACCEPTED, *FailureClass):
            self._starts.labels(scale_set, StartStep.RUN_TASK.value, str(outcome))

    # --- jobs ------------------------------------------------------------------------------------------------------

    def _make_jobs(self, registry: CollectorRegistry) -> None:
        began, ended = [*SCOPED, "event_name"], [*SCOPED, "event_name", "job_result"]
        self._jobs_started = Counter("gha_started_jobs", "Jobs that runners took.", began, registry=registry)
        self._jobs_completed = Counter("gha_completed_jobs", "Jobs that are over.", ended, registry=registry)
        self._startup = Histogram(
            "gha_job_startup_duration_seconds",
            "Time from a job's assignment to the scale set until a runner took it, by GitHub's clock.",
            began,
            registry=registry,
            buckets=START_BUCKETS,
        )
        self._execution = Histogram(
            "gha_job_execution_duration_seconds",
            "Time from the moment a runner took a job until it was over, by GitHub's clock.",
            ended,
            registry=registry,
            buckets=JOB_BUCKETS,
        )
        self._waited = Histogram(
            "arcdeck_job_queue_seconds",
            "Time from a job's entering GitHub's queue until a runner took it, by GitHub's clock.",
            ["name"],
            registry=registry,
            buckets=START_BUCKETS,
        )

    def job_started(self, scale_set: str, message: JobMessage) -> None:
        """Count it, and how long it waited."""
        labels = (*scoped(scale_set, self._scope), event_word(message.job.event))
        self._jobs_started.labels(*labels).inc()
        _observe(self._startup.labels(*labels), message.job.assigned_at, message.assigned_to_runner_at)
        _observe(self._waited.labels(scale_set), message.job.queued_at, message.assigned_to_runner_at)

    def job_completed(self, scale_set: str, message: JobMessage) -> None:
        """Count it, and how long it ran, when it ever did."""
        words = event_word(message.job.event), result_word(message.result)
        labels = (*scoped(scale_set, self._scope), *words)
        self._jobs_completed.labels(*labels).inc()
        _observe(self._execution.labels(*labels), message.assigned_to_runner_at, message.finished_at)

    # --- starts and tasks ------------------------------------------------------------------------------------------

    def _make_tasks(self, registry: CollectorRegistry) -> None:
        self._starts = Counter(
            "arcdeck_starts",
            "Starts, by the call that decided them and what it said.",
            ["name", "step", "outcome"],
            registry=registry,
        )
        self._start_seconds = Histogram(
            "arcdeck_start_seconds",
            "Time from the first call of a start until ECS accepted its task.",
            ["name"],
            registry=registry,
            buckets=START_BUCKETS,
        )
        self._run_seconds = Histogram(
            "arcdeck_task_start_seconds",
            "Time from a task's creation until it ran, by ECS's clock.",
            ["name"],
            registry=registry,
            buckets=START_BUCKETS,
        )
        self._pull_seconds = Histogram(
            "arcdeck_image_pull_seconds",
            "Time that pulling a task's images took, by ECS's clock.",
            ["name"],
            registry=registry,
            buckets=START_BUCKETS,
        )
        self._status_seconds = Histogram(
            "arcdeck_task_state_seconds",
            "Time that tasks spent in a state of ECS, observed when they leave it.",
            ["name", "state"],
            registry=registry,
            buckets=JOB_BUCKETS,
        )
        self._ended = Counter(
            "arcdeck_tasks_ended",
            "Tasks that ended, by ECS's stop code and how the runner's container ended.",
            ["name", "stop_code", "exit"],
            registry=registry,
        )

    def start_ended(self, scale_set: str, step: StartStep, error: ArcdeckError | None, seconds: float) -> None:
        """Count it; one that was accepted also by its time."""
        self._starts.labels(scale_set, step.value, outcome_word(error)).inc()
        if error is None:
            self._start_seconds.labels(scale_set).observe(seconds)

    def status_left(self, scale_set: str, status: TaskStatus, seconds: float) -> None:
        """Observe it."""
        self._status_seconds.labels(scale_set, status.value).observe(seconds)

    def task_ran(self, scale_set: str, task: Task) -> None:
        """Observe how long it took, and how much of it the images."""
        _observe(self._run_seconds.labels(scale_set), task.created_at, task.started_at)
        _observe(self._pull_seconds.labels(scale_set), task.pull_started_at, task.pull_stopped_at)

    def task_ended(self, scale_set: str, task: Task | None) -> None:
        """Count it."""
        self._ended.labels(scale_set, stop_code_word(task), exit_word(task)).inc()

    def idled(self, scale_set: str, seconds: float) -> None:
        """Add it to what is read at the next scrape, with those that idle then (``metrics_seen``)."""
        self._idle[scale_set] = self._idle.get(scale_set, 0.0) + seconds

    # --- GitHub and sweeps -----------------------------------------------------------------------------------------

    def _make_calls(self, registry: CollectorRegistry) -> None:
        self._sessions = Counter(
            "arcdeck_session_opens",
            "Message sessions opened; each but those with reason first is a re-opening.",
            ["name", "reason"],
            registry=registry,
        )
        self._ghosts_found = Counter(
            "arcdeck_ghosts_found",
            "Offline registrations without a task that sweeps found.",
            ["name"],
            registry=registry,
        )
        self._ghosts_removed = Counter(
            "arcdeck_ghosts_removed", "Such registrations that were removed.", ["name"], registry=registry
        )
        self._registrations = Counter(
            "arcdeck_registrations", "Runners registered at GitHub: JIT configs given.", ["name"], registry=registry
        )
        last_hour = Gauge(
            "arcdeck_registrations_last_hour",
            "Runners registered at GitHub in the last 60 minutes, by all scale sets.",
            registry=registry,
        )
        last_hour.set_function(self._hour.count)
        self._sweep_seconds = Histogram(
            "arcdeck_sweep_seconds",
            "Time of sweeps that came to their end: a complete look at ECS, and the stops that followed.",
            registry=registry,
            buckets=SWEEP_BUCKETS,
        )

    def session_opened(self, scale_set: str, cause: SessionCause) -> None:
        """Count it."""
        self._sessions.labels(scale_set, cause.value).inc()

    def ghost_found(self, scale_set: str) -> None:
        """Count it."""
        self._ghosts_found.labels(scale_set).inc()

    def ghost_removed(self, scale_set: str) -> None:
        """Count it."""
        self._ghosts_removed.labels(scale_set).inc()

    def registration_made(self, scale_set: str) -> None:
        """Count it, and among those of the last hour."""
        self._registrations.labels(scale_set).inc()
        self._hour.add()

    def swept(self, seconds: float) -> None:
        """Observe it."""
        self._sweep_seconds.observe(seconds)


def _observe(histogram: Histogram, began: datetime | None, ended: datetime | None) -> None:
    """Observe a time between two moments of one clock; nothing when one of them is not known, or they contradict."""
    if began is not None and ended is not None and ended >= began:
        histogram.observe((ended - began).total_seconds())
