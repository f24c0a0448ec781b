"""What we have learned about room in the cluster: closed classes of placement, their waits and their probes.

Shared by all scale sets, so that fifty of them do not hammer one full provider (behaviour.md row 11). A class opens
when a start of its kind, begun after the class closed, succeeds: RunTask accepts it, or, where ECS has accepted tasks
and found no room for them later, its task runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain import backoff
from core.domain.placement import Dimension, closed_by
from core.domain.scaling import Gate

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from core.domain.backoff import CapacityBackoff
    from core.domain.errors import TransientCapacityError
    from core.domain.placement import PlacementClass, PlacementRequest
    from core.engine.times import Times


class Placements:
    """The closed classes, by class."""

    def __init__(
        self,
        times: Times,
        rng: random.Random,
        schedule: tuple[float, ...] = backoff.CAPACITY_SCHEDULE,
    ) -> None:
        self._times = times
        self._rng = rng
        self._schedule = schedule
        self._closed: dict[PlacementClass, CapacityBackoff] = {}

    def closed(self, request: PlacementRequest) -> list[tuple[PlacementClass, CapacityBackoff]]:
        """The closed classes a request belongs to, the one that waits longest first."""
        found = [(place, state) for place, state in self._closed.items() if place.covers(request)]
        return sorted(found, key=lambda item: item[1].until, reverse=True)

    def everything_closed(self) -> dict[PlacementClass, CapacityBackoff]:
        """A copy of all closed classes."""
        return dict(self._closed)

    def gate(self, request: PlacementRequest) -> Gate | None:
        """What the closed classes allow this request now; None = everything."""
        found = self.closed(request)
        if not found:
            return None
        place, state = found[0]
        story = f"no room in {place}: {state.reason}; {_ordinal(state.failures)} refusal in a row"
        if state.until > self._times.monotonic():
            return Gate(0, f"{story}; next try {self._times.clock_text(state.until)}")
        if any(state.probing for _, state in found):
            return Gate(0, f"{story}; one probing start is under way")
        return Gate(1, f"{story}; one probing start may try")

    def opens_at(self, request: PlacementRequest) -> float:
        """When its closed classes may let a request through, as monotonic seconds; 0 when none is closed."""
        return max((state.until for _, state in self.closed(request)), default=0.0)

    def gate_of_all(self, requests: Sequence[PlacementRequest]) -> Gate | None:
        """What is allowed to somebody who takes any of these places; None = everything, for one of them is open."""
        gates = [(request, self.gate(request)) for request in self._within_reach(requests)]
        shut = [(request, gate) for request, gate in gates if gate is not None]
        if len(shut) < len(gates):
            return None
        _, first = min(shut, key=lambda item: self.opens_at(item[0]))
        others = len(shut) - 1
        also = f"; nor in {others} other place{'s' if others > 1 else ''}" if others else ""
        return Gate(sum(gate.allow for _, gate in shut), first.reason + also)

    def first_open(self, requests: Sequence[PlacementRequest]) -> PlacementRequest | None:
        """The first place that nothing closes; None when all of them are closed."""
        return next((request for request in self._within_reach(requests) if not self.closed(request)), None)

    def begin_any(self, requests: Sequence[PlacementRequest]) -> PlacementRequest | None:
        """Say that a start is about to be made in the first place that takes it: open, or due for a probe; which it is.

        So the first place is tried again by one start as soon as its wait is over, while others go elsewhere.
        """
        return next((request for request in self._within_reach(requests) if self.begin(request)), None)

    def _within_reach(self, requests: Sequence[PlacementRequest]) -> list[PlacementRequest]:
        """The places up to the first one that ECS throttled: to go on behind it would only be another call."""
        reach: list[PlacementRequest] = []
        for request in requests:
            reach.append(request)
            if any(place.dimension is Dimension.RATE for place, _ in self.closed(request)):
                break
        return reach

    def begin(self, request: PlacementRequest) -> bool:
        """Say that a start is about to be made; False when a class is closed to it.

        When the waits of all its classes are over, this start is their probe and others wait for it.
        """
        found = self.closed(request)
        now = self._times.monotonic()
        if not all(state.due(now) for _, state in found):
            return False
        for place, state in found:
            self._closed[place] = state.probe()
        return True

    def refused(
        self, request: PlacementRequest, began: float, error: TransientCapacityError, *, late: bool = False
    ) -> tuple[PlacementClass, CapacityBackoff]:
        """Close a class because ECS refused a start that began then; other probes of the start learned nothing.

        ``late``: it had accepted the task before.
        """
        place = closed_by(error, request)
        self._closed[place] = backoff.refused(
            self._closed.get(place),
            now=self._times.monotonic(),
            began=began,
            reason="; ".join(error.reasons) or error.message,
            jitter=self._rng.uniform(-1.0, 1.0),
            schedule=self._schedule,
            late=late,
        )
        self._release(request, began, but=place)
        return place, self._closed[place]

    def accepted(self, request: PlacementRequest, began: float) -> list[PlacementClass]:
        """Open the classes for which it is news that RunTask accepts tasks again; returns them."""
        news = [(place, state) for place, state in self.closed(request) if began >= state.closed_at]
        still_closed = {place: state.accepted(self._times.monotonic()) for place, state in news}
        self._closed.update({place: state for place, state in still_closed.items() if state is not None})
        return self._open(place for place, state in still_closed.items() if state is None)

    def ran(self, request: PlacementRequest, began: float) -> list[PlacementClass]:
        """Open the classes for which it is news that a task runs; returns them."""
        return self._open(place for place, state in self.closed(request) if began >= state.closed_at)

    def abandoned(self, request: PlacementRequest, began: float) -> None:
        """A start ended without saying anything about room: whoever comes next may probe."""
        self._release(request, began)

    def forget(self, request: PlacementRequest) -> list[PlacementClass]:
        """Open all classes of a request because an operator said so; returns them."""
        return self._open(place for place, _ in self.closed(request))

    def _open(self, places: Iterable[PlacementClass]) -> list[PlacementClass]:
        opened = list(places)
        for place in opened:
            del self._closed[place]
        return opened

    def _release(self, request: PlacementRequest, began: float, but: PlacementClass | None = None) -> None:
        for place, state in self.closed(request):
            if place != but and state.probing and began >= state.closed_at:
                self._closed[place] = state.abandon()


def _ordinal(number: int) -> str:
    words = ("first", "second", "third", "fourth", "fifth")
    return words[number - 1] if number <= len(words) else f"{number}th"
