"""Scale sets that the configuration no longer names, and the brake on removing many of them (behaviour.md row 22).

A one-word edit of a prefix renames everything: a plan that removes more than half of what there is, or that touches
runners with jobs, waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.scale_set import Bounds, Placement, ScaleSetSpec, Shape


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """What a start would retire."""

    names: tuple[str, ...]  #: of scale sets that are ours and no longer configured
    staying: int  #: scale sets that exist and are still configured; new ones don't count
    busy: int = 0  #: runners of theirs that have, or may have, a job

    @property
    def mass(self) -> bool:
        """Whether it removes more than half of what there is: only a person can want that."""
        return len(self.names) > self.staying

    @property
    def brake(self) -> str:
        """Why it waits for a confirmation; empty when it may go ahead."""
        removed = len(self.names)
        consequences = f"removes {removed} of {removed + self.staying} scale sets, with {self.busy} busy runners"
        return consequences if self.mass or self.busy else ""


def retired_spec(name: str, family: str = "") -> ScaleSetSpec:
    """What is left to want of a retired scale set: nobody."""
    nothing = Shape(cpu=0, memory=0, runner_image="")
    return ScaleSetSpec(name, family or name, nothing, Bounds(maximum=0), placement=Placement())
