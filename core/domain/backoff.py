"""Three kinds of patience, each a table and a pure step.

*Capacity backoff* is the wait after ECS said "no room" (behaviour.md 1.3). *Reconnect backoff* is the wait before a
failed scale-set loop runs again (1.5). The *breaker* stops starts that fail for a reason waiting alone will not mend
(row 10). Times are monotonic seconds; jitter is a number in -1..1 that the caller draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

CAPACITY_SCHEDULE = (15.0, 30.0, 60.0, 120.0, 300.0)
RECONNECT_SCHEDULE = (5.0, 15.0, 30.0, 60.0)
JITTER = 0.2
#: A loop that ran this long without failing starts its reconnect backoff anew.
HEALTHY_STRETCH = 300.0
#: A class that ECS closes only after it accepted a task rests this long after each acceptance: what becomes of the task
#: is told later than any answer.
ACCEPTED_REST = 300.0
#: A session conflict is retried calmly in this range of seconds, for as long as it takes (behaviour.md 1.5).
CONFLICT_WAIT = (10.0, 15.0)


def step(schedule: tuple[float, ...], failures: int, jitter: float) -> float:
    """Seconds to wait after that many consecutive failures (1 or more); the schedule's last step repeats."""
    return schedule[min(failures, len(schedule)) - 1] * (1.0 + JITTER * jitter)


@dataclass(frozen=True, slots=True)
class CapacityBackoff:
    """What we know of a closed class of placement."""

    failures: int
    since: float  #: when the first of the consecutive failures came
    closed_at: float  #: when the last one came
    until: float  #: when one probing start is allowed
    reason: str  #: what ECS said last
    probing: bool = False  #: that one start is under way
    late: bool = False  #: said of a task that RunTask had accepted: only one that runs shows that there is room

    def due(self, now: float) -> bool:
        """Whether the wait is over and nobody probes yet."""
        return now >= self.until and not self.probing

    def probe(self) -> CapacityBackoff:
        """Let one start through."""
        return replace(self, probing=True)

    def abandon(self) -> CapacityBackoff:
        """Take the probing start back: it ended without learning whether there is room."""
        return replace(self, probing=False)

    def accepted(self, now: float) -> CapacityBackoff | None:
        """After ECS took the probing start; None = there is room."""
        return replace(self, probing=False, until=now + ACCEPTED_REST) if self.late else None


def refused(
    before: CapacityBackoff | None,
    *,
    now: float,
    began: float,
    reason: str,
    jitter: float,
    schedule: tuple[float, ...] = CAPACITY_SCHEDULE,
    late: bool = False,
) -> CapacityBackoff:
    """The backoff after a refusal of a start that ``began`` then; ``late`` when its task had been accepted first.

    Starts fly in parallel: those that began before the class closed tell nothing new, so that fifty refusals of one
    batch are one failure.
    """
    if before is not None and began < before.closed_at:
        return replace(before, reason=reason)
    failures = before.failures + 1 if before else 1
    return CapacityBackoff(
        failures=failures,
        since=before.since if before else now,
        closed_at=now,
        until=now + step(schedule, failures, jitter),
        reason=reason,
        late=late,
    )


def not_before(state: CapacityBackoff, moment: float) -> CapacityBackoff:
    """The backoff, lasting at least until the moment the service asked for."""
    return replace(state, until=max(state.until, moment))


@dataclass(frozen=True, slots=True)
class Breaker:
    """Stops the starts of one scale set after three that failed for good in a row; a rest of 5 min, then one try.

    Starts fail in two ways: ECS refuses them, or their task dies before it has served. An accepted RunTask answers the
    first kind only; what served answers both.
    """

    THRESHOLD = 3
    REST = 300.0

    failures: int = 0
    until: float = 0.0
    reason: str = ""
    died: bool = False  #: the last failure was a task that died
    failed_at: float = 0.0  #: when the last failure came

    def failed(self, now: float, reason: str, *, died: bool = False) -> Breaker:
        """After one more failure for good."""
        failures = self.failures + 1
        until = now + self.REST if failures >= self.THRESHOLD else self.until
        return Breaker(failures, until, reason, died, now)

    def accepted(self, now: float) -> Breaker:
        """After ECS took a start. When tasks die, this one is the try, and the next waits for what becomes of it."""
        if not self.died:
            return Breaker()
        return replace(self, until=now + self.REST) if self.tripped else self

    def answered_by(self, accepted_at: float | None) -> bool:
        """Whether a runner that serves shows that starts work again: only one that was accepted after the failure."""
        return self.failures > 0 and accepted_at is not None and accepted_at >= self.failed_at

    def closed(self, now: float) -> bool:
        """Whether starts may pass (an electrician's closed: current flows)."""
        return self.failures < self.THRESHOLD or now >= self.until

    @property
    def tripped(self) -> bool:
        """Whether it took its threshold of failures; then at most one start is tried at a time."""
        return self.failures >= self.THRESHOLD
