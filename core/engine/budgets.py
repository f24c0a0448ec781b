"""What budgets leave to each scale set, and who decides anew when they leave more (behaviour.md row 18).

A start reserves its slot when it is decided, in the same step of the event loop, so scale sets that ask at the same
moment are counted one after another and never exceed a budget together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.budget import Holding, narrowest, room
from core.domain.scaling import released

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.domain.budget import Budget
    from core.domain.scaling import Gate
    from core.engine.fleet import Fleet
    from core.engine.roster import Change
    from core.engine.scaler import Scaler
    from core.engine.target import Target
    from core.engine.times import Times


class Budgets:
    """The budgets in force. ``scalers`` is filled as scale sets are enlisted."""

    def __init__(
        self,
        budgets: Sequence[Budget],
        *,
        targets: Mapping[str, Target],
        fleet: Fleet,
        times: Times,
        slot_release_after: float,
    ) -> None:
        self._budgets = tuple(budgets)
        self._targets = targets
        self._fleet = fleet
        self._times = times
        self._slot_release_after = slot_release_after
        self.scalers: Mapping[str, Scaler] = {}
        fleet.watchers.append(self._changed)

    def revise(self, budgets: Sequence[Budget]) -> None:
        """Let these hold from now on. A lower one stops nobody; nothing starts until there is room again."""
        if tuple(budgets) != self._budgets:
            self._budgets = tuple(budgets)
            for scaler in self.scalers.values():
                scaler.kick()

    def gate(self, target: Target) -> Gate | None:
        """What the budgets that name a scale set let it start now; None when none does."""
        return narrowest(
            room(budget, self._holdings(budget), target.name)
            for budget in self._budgets
            if target.name in budget.scale_sets
        )

    def _holdings(self, budget: Budget) -> dict[str, Holding]:
        return {
            name: Holding(self._occupied(name), target.spec.shape.cpu, target.spec.shape.memory, waits=target.short)
            for name in budget.scale_sets
            if (target := self._targets.get(name)) is not None
        }

    def _occupied(self, name: str) -> int:
        now, after = self._times.monotonic(), self._slot_release_after
        return sum(1 for runner in self._fleet.live(name) if not released(runner, now, after))

    def _changed(self, change: Change) -> None:
        """Room may have appeared: those that share it decide anew, the ones with least first."""
        if change.after.live:
            return
        sharing = {
            name for b in self._budgets if change.after.scale_set in b.scale_sets for name in b.scale_sets
        } & self.scalers.keys()
        for name in sorted(sharing, key=self._occupied):
            self.scalers[name].kick()
