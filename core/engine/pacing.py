"""A token bucket that learns: the documented rate of an API, lowered at once when throttled and recovering slowly.

The account's buckets are shared with everybody else in it (ecs-api.md A2), so a throttled call says that our share is
smaller than documented just now.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.ports import Clock

#: The share of the full rate that one success gives back after throttling.
RECOVERY = 0.02
#: Throttling never lowers the rate below this share.
FLOOR = 1 / 16


class Pacer:
    """Lets callers through in the order they came, ``burst`` at once and ``rate`` a second after that."""

    def __init__(self, clock: Clock, *, rate: float, burst: float) -> None:
        self._clock = clock
        self._full_rate = rate
        self._burst = burst
        self._rate = rate
        self._tokens = burst
        self._counted_at = clock.monotonic()

    @property
    def rate(self) -> float:
        """Calls a second let through at present."""
        return self._rate

    async def take(self) -> None:
        """Wait for one's turn. A cancelled wait gives its turn back."""
        self._count()
        self._tokens -= 1
        if self._tokens >= 0:
            return
        try:
            await self._clock.sleep(-self._tokens / self._rate)
        except asyncio.CancelledError:
            self._tokens += 1
            raise

    def throttled(self) -> None:
        """The service refused a call for its rate."""
        self._count()
        self._rate = max(self._rate / 2, self._full_rate * FLOOR)
        self._tokens = min(self._tokens, 0.0)

    def succeeded(self) -> None:
        """The service took a call."""
        if self._rate < self._full_rate:
            self._count()
            self._rate = min(self._full_rate, self._rate + self._full_rate * RECOVERY)

    def _count(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._rate)
        self._counted_at = now
