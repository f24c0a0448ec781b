"""What a series of complete runner lists says about one runner (DESIGN.md, Busy and Registrations).

GitHub's REST list lags and lies (behaviour.md row 28), so nothing follows from one look: an adopted runner is known to
be idle after three looks over five minutes, a runner is unknown to GitHub after two looks a minute apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.messages import Registration

IDLE_LOOKS = 3
IDLE_FOR = 300.0
ABSENT_LOOKS = 2
ABSENT_FOR = 60.0


@dataclass(frozen=True, slots=True)
class Presence:
    """One runner over the lists so far: the last look, and how many in a row said the same since when.

    Times are monotonic seconds.
    """

    looked_at: float = 0.0
    since: float = 0.0  #: the first of the looks in a row
    idle_looks: int = 0  #: in a row, up to the last, that showed it online and not busy
    absent_looks: int = 0  #: in a row, up to the last, that did not show it
    not_serving_at: float | None = None  #: the last look, when it showed it neither online nor busy

    def seen(self, registration: Registration | None, now: float) -> Presence:
        """After one more complete list; None = it was not in it."""
        if registration is None:
            since = self.since if self.absent_looks else now
            return Presence(now, since, absent_looks=self.absent_looks + 1, not_serving_at=now)
        if registration.online and not registration.busy:
            return Presence(now, self.since if self.idle_looks else now, idle_looks=self.idle_looks + 1)
        return Presence(now, now, not_serving_at=None if registration.busy else now)

    @property
    def surely_idle(self) -> bool:
        """Whether an adopted runner is known to have no job."""
        return self.idle_looks >= IDLE_LOOKS and self.looked_at - self.since >= IDLE_FOR

    @property
    def unknown_to_github(self) -> bool:
        """Whether its registration is gone."""
        return self.absent_looks >= ABSENT_LOOKS and self.looked_at - self.since >= ABSENT_FOR


NEVER_LISTED = Presence()
