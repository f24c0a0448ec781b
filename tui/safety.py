"""The safety catch: an attached screen acts only while somebody has unlocked it (tui-patterns.md section 7.4).

It protects against a key pressed by mistake, not against people: what a peer may do is the daemon's decision. Times are
seconds of the screen's monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

#: Seconds for which the screen stays unlocked.
UNLOCKED_FOR: Final = 300.0


@dataclass(frozen=True, slots=True)
class SafetyCatch:
    """Whether commands may be given from this screen."""

    read_only: bool = False  #: cannot be unlocked at all
    until: float | None = None  #: when it locks by itself; None = locked

    def is_open(self, now: float) -> bool:
        """Whether commands may be given now."""
        return self.remaining(now) > 0

    def remaining(self, now: float) -> float:
        """Seconds until it locks by itself; 0 when it is locked."""
        return 0.0 if self.read_only or self.until is None else max(0.0, self.until - now)

    def toggled(self, now: float) -> SafetyCatch:
        """Unlocked for its time, or locked again at once; one that is read-only stays as it is."""
        if self.read_only:
            return self
        return replace(self, until=None if self.is_open(now) else now + UNLOCKED_FOR)
