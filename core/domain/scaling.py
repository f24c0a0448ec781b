"""The arithmetic of demand: how many runners to start, and the sentence that says why.

``want`` is clamp(assigned jobs, min, max); starts are min(want - usable, max - occupied), never below zero (invariant
I1). Nothing is ever stopped to go down: ephemeral runners leave by themselves (behaviour.md 1.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.reaping import overdue
from core.domain.runner import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.domain.runner import Runner
    from core.domain.scale_set import Bounds, Limits


@dataclass(frozen=True, slots=True)
class Supply:
    """Runners of one scale set by what they are good for (DESIGN.md, One owner)."""

    starting: int = 0  #: up to online, within their limits
    idle: int = 0
    busy: int = 0
    overdue: int = 0  #: starts over their limit
    draining: int = 0
    finishing: int = 0
    stopping: int = 0

    @property
    def usable(self) -> int:
        """Serve demand now or soon."""
        return self.starting + self.idle + self.busy

    @property
    def ending(self) -> int:
        """Hold a slot and serve nothing."""
        return self.overdue + self.draining + self.finishing + self.stopping

    @property
    def occupied(self) -> int:
        """Count against the maximum."""
        return self.usable + self.ending


#: Seconds after which a task that ends, and that ECS does not call STOPPED, holds its slot no more.
SLOT_RELEASE_AFTER = 600.0


def released(runner: Runner, now: float, release_after: float = SLOT_RELEASE_AFTER) -> bool:
    """Whether a runner has been ending for so long that its slot is given away (behaviour.md row 15)."""
    return runner.phase in {Phase.FINISHING, Phase.STOPPING} and now - runner.since > release_after


def supply_of(
    runners: Iterable[Runner], limits: Limits, now: float, release_after: float = SLOT_RELEASE_AFTER
) -> Supply:
    """Count the runners of one scale set; one that has been ending for ``release_after`` seconds no longer counts."""
    counts: dict[str, int] = {}
    for runner in runners:
        if released(runner, now, release_after):
            continue
        if (column := _column(runner, limits, now)) is not None:
            counts[column] = counts.get(column, 0) + 1
    return Supply(**counts)


_COLUMNS = {
    Phase.IDLE: "idle",
    Phase.BUSY: "busy",
    Phase.DRAINING: "draining",
    Phase.FINISHING: "finishing",
    Phase.STOPPING: "stopping",
}


def _column(runner: Runner, limits: Limits, now: float) -> str | None:
    if runner.phase in {Phase.RESERVED, Phase.LAUNCHING}:
        return "overdue" if overdue(runner, limits, now) else "starting"
    return _COLUMNS.get(runner.phase)


@dataclass(frozen=True, slots=True)
class Gate:
    """Something that holds starts back, whatever the demand."""

    allow: int  #: how many starts may pass now, 0 or more
    reason: str  #: in words that end the explanation: ``waits 47 s: RESOURCE:CPU, third in a row``
    listens_for: int = 0  #: jobs that GitHub is told to assign though none of them may start now


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and why."""

    start: int
    want: int | None  #: None while GitHub has not said how many jobs there are
    explanation: str
    held: int = 0  #: starts that demand asks for and a gate holds back


def want(assigned: int, bounds: Bounds) -> int:
    """How many runners there should be: at least min, min_idle above the assigned jobs, never over max."""
    return min(max(assigned + bounds.min_idle, bounds.minimum), bounds.maximum)


def decide(assigned: int | None, supply: Supply, bounds: Bounds, gate: Gate | None = None) -> Decision:
    """Decide how many runners to start. ``assigned`` None = GitHub has not said yet; then nothing starts."""
    if assigned is None:
        return Decision(0, None, "GitHub has not said yet how many jobs there are")
    wanted = want(assigned, bounds)
    missing = max(0, wanted - supply.usable)
    room = max(0, bounds.maximum - supply.occupied)
    start = min(missing, room)
    story = f"{_demand(assigned, wanted, bounds)} → {_have(supply)}"
    if gate is not None and gate.allow < start:
        held = start - gate.allow
        verb = f"start {gate.allow}, {held} held" if gate.allow else f"{held} held"
        return Decision(gate.allow, wanted, f"{story} → {verb}: {gate.reason}", held)
    if start:
        return Decision(start, wanted, f"{story} → start {start}")
    return Decision(0, wanted, f"{story} → {_nothing(missing, assigned, bounds)}")


def _demand(assigned: int, wanted: int, bounds: Bounds) -> str:
    idle = f", min idle {bounds.min_idle}" if bounds.min_idle else ""
    return f"assigned {assigned}, min {bounds.minimum}{idle} → want {wanted}, max {bounds.maximum}"


def _have(supply: Supply) -> str:
    counted = (("busy", supply.busy), ("idle", supply.idle), ("starting", supply.starting))
    parts = ", ".join(f"{count} {word}" for word, count in counted if count)
    return (
        f"have {supply.usable}"
        + (f" ({parts})" if parts else "")
        + (f", {supply.overdue} overdue" if supply.overdue else "")
        + (f", {supply.ending - supply.overdue} still stopping" if supply.ending > supply.overdue else "")
    )


def _nothing(missing: int, assigned: int, bounds: Bounds) -> str:
    if missing:
        return "wait: every slot is taken until a task has stopped"
    if assigned > bounds.maximum:
        return f"at max: {assigned - bounds.maximum} wait for a runner"
    return "enough"


def advertised_capacity(bounds: Bounds, supply: Supply, gate: Gate | None) -> int:
    """How many runners we tell GitHub we could run (behaviour.md row 12).

    The maximum; while every placement waits only what is occupied, and on top what the gate lets through or wants to
    hear of.
    """
    if gate is None:
        return bounds.maximum
    return min(bounds.maximum, supply.occupied + max(gate.allow, gate.listens_for))
