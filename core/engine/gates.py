"""What holds starts back: the lease, the breaker, GitHub, and closed classes of placement.

The scaler asks before it decides, the workers ask again before they call: a refusal ends the batch behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain import backoff
from core.domain.budget import narrowest
from core.domain.errors import Retryable
from core.domain.placement import requests_of
from core.domain.scaling import Gate
from core.engine.pauses import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.domain.errors import ArcdeckError
    from core.domain.placement import PlacementRequest
    from core.engine.budgets import Budgets
    from core.engine.placements import Placements
    from core.engine.target import Target
    from core.engine.times import Times


class Gates:
    """All gates of all scale sets. ``jitter`` gives a number in -1..1."""

    def __init__(self, placements: Placements, budgets: Budgets, times: Times, jitter: Callable[[], float]) -> None:
        self.placements = placements
        self.budgets = budgets
        self._times = times
        self._jitter = jitter
        self._github: backoff.CapacityBackoff | None = None
        self._closed = ""

    def close(self, reason: str) -> None:
        """Let nothing start any more."""
        self._closed = reason

    def gate(self, target: Target) -> Gate | None:
        """What holds starts of this scale set back now; None = nothing."""
        return narrowest((self._of_state(target), self.budgets.gate(target)))

    def is_budget(self, target: Target, gate: Gate | None) -> bool:
        """Whether a gate is a budget's alone: but for that, more might start."""
        own = self._of_state(target)
        return gate is not None and (own is None or own.allow > gate.allow)

    def _of_state(self, target: Target) -> Gate | None:
        """What holds it back for what is known of it, of GitHub and of the places it may use."""
        if shut := self._shut(target):
            return Gate(0, shut)
        # The narrowest of them: one that lets a start through must not hide one that then refuses it, again and again.
        gates = (self._of_breaker(target), self._of_github(), self._of_placements(target))
        gate = min((shut for shut in gates if shut is not None), key=lambda shut: shut.allow, default=None)
        if gate is not None and gate.allow:  # the one that may pass is perhaps on its way already
            return Gate(max(0, gate.allow - target.pending_starts), gate.reason)
        return gate

    def detour(self, target: Target) -> tuple[str, str]:
        """The place that starts go to now, and why it is not the first one: empty when it is.

        While every place is closed it is the first.
        """
        requests = requests_of(target.spec)
        place = self.placements.first_open(requests) or requests[0]
        if place == requests[0]:
            return place.provider, ""
        shut = self.placements.gate(requests[0])
        return place.provider, f"falls back to {place.provider}: {shut.reason if shut else ''}"

    def begin(self, target: Target) -> PlacementRequest | None:
        """Where a queued start may still be made; if so it is made now. None when it may not."""
        now = self._times.monotonic()
        ours = not self._closed and not target.retired and target.leased and target.pause is None
        if not ours or not target.breaker.closed(now) or not (self._github is None or self._github.due(now)):
            return None
        place = self.placements.begin_any(requests_of(target.spec))
        if place is not None and self._github is not None:
            self._github = self._github.probe()
        return place

    def abandoned(self, place: PlacementRequest, began: float) -> None:
        """A start ended, whatever came of it: whoever comes next may probe what it learned nothing about."""
        self.placements.abandoned(place, began)
        if self._github is not None and self._github.probing and began >= self._github.closed_at:
            self._github = self._github.abandon()

    def failed(self, target: Target, error: ArcdeckError) -> None:
        """RunTask failed for a reason that waiting does not mend; three in a row open the breaker (row 10)."""
        target.breaker = target.breaker.failed(self._times.monotonic(), str(error))

    def no_jit_config(self, target: Target, error: ArcdeckError, began: float) -> None:
        """GitHub gave no JIT config to a start that began then: when it is away all wait, else the breaker counts."""
        if not isinstance(error, Retryable):
            self.failed(target, error)
            return
        now = self._times.monotonic()
        self._github = backoff.refused(
            self._github,
            now=now,
            began=began,
            reason=str(error),
            jitter=self._jitter(),
            schedule=backoff.RECONNECT_SCHEDULE,
        )
        if error.retry_after is not None:
            self._github = backoff.not_before(self._github, now + error.retry_after)

    def jit_config(self, began: float) -> None:
        """GitHub gave a JIT config to a start that began then; to one that was under way already it is no news."""
        if self._github is not None and began > self._github.closed_at:
            self._github = None

    def accepted(self, target: Target) -> None:
        """ECS accepted a task."""
        target.breaker = target.breaker.accepted(self._times.monotonic())

    def died(self, target: Target, reason: str) -> None:
        """A task of its ended before it had served; three in a row open the breaker."""
        target.breaker = target.breaker.failed(self._times.monotonic(), reason, died=True)

    def served(self, target: Target) -> None:
        """A runner of its came online or took a job: starts work."""
        target.breaker = backoff.Breaker()

    def forget(self, target: Target) -> list[str]:
        """Open what holds its starts back because an operator said so, but for GitHub's word; what, in words."""
        places = [place for request in requests_of(target.spec) for place in self.placements.forget(request)]
        forgotten = [f"that there is no room in {place}" for place in places]
        if target.breaker.tripped:
            forgotten.append(f"that starts fail for good ({target.breaker.reason})")
        target.breaker = backoff.Breaker()
        return forgotten

    def next_opening(self, target: Target) -> float | None:
        """When a gate that is shut now may let a start through; None when no clock decides that."""
        now = self._times.monotonic()
        waits = [min(self.placements.opens_at(request) for request in requests_of(target.spec))]
        if self._github is not None:
            waits.append(self._github.until)
        if target.breaker.tripped:
            waits.append(target.breaker.until)
        return max((wait for wait in waits if wait > now), default=None)

    def _shut(self, target: Target) -> str:
        """Why nothing at all may start; empty when something may."""
        if self._closed:
            return self._closed
        if target.retired:
            return "no longer configured: it goes when its last runner has left"
        if not target.leased:
            return "only observing until its message session is ours"
        if target.pause is not None:
            return words(target.pause, self._times)
        ready = target.definition is not None and target.scale_set_id is not None
        return "" if ready else "its task definition or scale set is not ready"

    def _of_placements(self, target: Target) -> Gate | None:
        return self.placements.gate_of_all(requests_of(target.spec))

    def _of_breaker(self, target: Target) -> Gate | None:
        breaker, now = target.breaker, self._times.monotonic()
        if not breaker.tripped:
            return None
        if breaker.closed(now):
            return Gate(1, f"starts failed for good: {breaker.reason}; one may try")
        try_at = self._times.clock_text(breaker.until)
        return Gate(0, f"blocked, starts fail for good: {breaker.reason}; next try {try_at}")

    def _of_github(self) -> Gate | None:
        state = self._github
        if state is None:
            return None
        if state.probing:
            return Gate(0, f"GitHub gave no JIT config: {state.reason}; one start tries")
        if state.until <= self._times.monotonic():
            return Gate(1, f"GitHub gave no JIT config: {state.reason}; one start may try")
        return Gate(0, f"GitHub gives no JIT config: {state.reason}; next try {self._times.clock_text(state.until)}")
