"""The engine's times: durations by the monotonic clock, shown as epoch seconds of one steady mapping.

A wall clock that jumps while the daemon runs moves no timer on any screen: the mapping is made once, at start.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.ports import Clock


class Times:
    """The clock, and what its monotonic seconds mean in epoch seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.now().timestamp() - clock.monotonic()

    def now(self) -> datetime:
        """Aware UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds for durations."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await self._clock.sleep(seconds)

    def epoch(self, monotonic: float) -> float:
        """A monotonic moment as seconds since the Unix epoch."""
        return monotonic + self._offset

    def utc(self, monotonic: float) -> datetime:
        """A monotonic moment as aware UTC."""
        return datetime.fromtimestamp(self.epoch(monotonic), UTC)

    def clock_text(self, monotonic: float) -> str:
        """A monotonic moment as an operator reads it, ``14:03:18Z``: it stays true while it is on a screen."""
        return self.utc(monotonic).strftime("%H:%M:%SZ")

    def since(self, moment: datetime) -> float:
        """An aware moment as monotonic seconds, never in the future: ages told by a clock ahead of ours are 0."""
        return min(moment.timestamp() - self._offset, self.monotonic())
