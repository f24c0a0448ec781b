"""The invariants of the product, checked from outside: what must hold after every integration test.

Made before the product starts, so that it sees every call. It keeps no second copy of the world: it watches what
passes (`core.world.exchanges`) and looks at the world's own records. A checker that reports nothing has seen nothing
wrong; it does not prove that anything happened.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from core.world.checks.foreign import ForeignThings
from core.world.checks.registrations import RegistrationsAreBacked
from core.world.checks.secrets import SecretsStayInside
from core.world.checks.starts import Bounds, SharedLimit, StartRules, StartsWithinDemand
from core.world.checks.stops import EXCUSES, Record, StopWatch
from core.world.world import World

__all__ = ["Bounds", "InvariantChecker", "SharedLimit", "StartRules"]


class InvariantChecker:
    """Judges one product in one world.

    `bounds` names the scale sets that are ours. `rules` must fit the product's thresholds: `patience` no longer than
    its shortest limit for a start. `settle` is how many seconds a registration may be unbacked; `excuses` matches the
    reasons for which a busy runner may be stopped. `shared` are limits over several scale sets.
    """

    def __init__(
        self,
        world: World,
        bounds: Mapping[str, Bounds],
        *,
        rules: StartRules | None = None,
        settle: float = 120.0,
        excuses: re.Pattern[str] = EXCUSES,
        shared: Sequence[SharedLimit] = (),
    ) -> None:
        self.foreign = ForeignThings(world)
        self.stops = StopWatch(world, excuses)
        self._starts = StartsWithinDemand(world, bounds, rules or StartRules(), shared)
        self._registrations = RegistrationsAreBacked(world, settle)
        self._secrets = SecretsStayInside(world)
        for observer in (self.foreign, self.stops, self._starts):
            world.witness.subscribe(observer)

    def set_bounds(self, scale_set: str, bounds: Bounds) -> None:
        """Let other bounds hold from now on, after the product was told."""
        self._starts.bounds[scale_set] = bounds

    def set_shared(self, shared: Sequence[SharedLimit]) -> None:
        """Let other limits over several scale sets hold from now on, after the product was told."""
        self._starts.shared = list(shared)

    def was_told(self, *, journal: Iterable[Record] | None = None, events: Iterable[Record] | None = None) -> None:
        """Hand over what the product wrote, as plain values; None is not judged. Later ones replace earlier ones."""
        self.stops.journal = None if journal is None else list(journal)
        self.stops.events = None if events is None else list(events)

    def inspect(self, source: str, text: str) -> None:
        """Hand over a text in which no secret may stand, such as all of the log."""
        self._secrets.inspect(source, text)

    def violations(self) -> list[str]:
        """Return everything that is wrong by now, one line each; empty when all invariants hold."""
        ours = self._starts.bounds.keys()
        return [
            *self._starts.violations(),
            *self.stops.violations(),
            *self._registrations.violations(ours, self.foreign.runner_ids),
            *self.foreign.violations(),
            *self._secrets.violations(),
        ]

    def assert_holds(self) -> None:
        """Raise AssertionError with all violations, if there are any."""
        if violations := self.violations():
            raise AssertionError("\n".join(["the invariants do not hold:", *violations]))
