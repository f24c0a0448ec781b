"""Budgets: limits that several scale sets share, because they share a host, an account or a bill (behaviour.md row 18).

What is *occupied* counts, as for a scale set's own maximum. A scale set that waits for room and holds less than another
goes first: the other leaves room for one runner of it. So none starves, however steady the demand of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.scaling import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Budget:
    """What the runners of some scale sets may take together; None = no limit of that kind. At least one is set."""

    name: str
    scale_sets: tuple[str, ...]  #: their names on GitHub, in the order written, without repeats
    max_runners: int | None = None
    max_cpu: int | None = None  #: CPU units, 1024 = 1 vCPU
    max_memory: int | None = None  #: MiB


@dataclass(frozen=True, slots=True)
class Holding:
    """What one scale set has of a budget, and wants of it."""

    runners: int  #: that occupy a slot
    cpu: int  #: of each of its runners
    memory: int
    waits: bool = False  #: demand asks for more, and only the budget holds it back


def room(budget: Budget, holdings: Mapping[str, Holding], asking: str) -> Gate:
    """How many runners ``asking`` may start now, and the arithmetic. ``holdings`` are of all its scale sets."""
    own = holdings[asking]
    first = [name for name, held in holdings.items() if name != asking and held.waits and held.runners < own.runners]
    narrowest, story = None, ""
    for kind, limit, cost in _kinds(budget):
        if limit is None:
            continue
        taken = sum(held.runners * cost(held) for held in holdings.values())
        kept = sum(cost(holdings[name]) for name in first)
        fits = max(0, (limit - taken - kept) // cost(own)) if cost(own) else 0
        if narrowest is None or fits < narrowest:
            narrowest = fits
            others = f", {len(first)} with less go first" if kept else ""
            story = f"budget {budget.name}: {taken} of {limit} {kind} taken{others}, so {fits} fit"
    # Of jobs beyond the capacity that it is told, GitHub says nothing: who has none could never be known to wait.
    return Gate(narrowest or 0, story, listens_for=1)


def narrowest(gates: Iterable[Gate | None]) -> Gate | None:
    """The gate that lets least through; None when there is none."""
    return min((gate for gate in gates if gate is not None), key=lambda gate: gate.allow, default=None)


def _kinds(budget: Budget) -> tuple[tuple[str, int | None, Callable[[Holding], int]], ...]:
    """What is counted, its limit, and how much of it one runner takes."""
    return (
        ("runners", budget.max_runners, lambda _: 1),
        ("cpu", budget.max_cpu, lambda held: held.cpu),
        ("MiB", budget.max_memory, lambda held: held.memory),
    )
