"""Paces RunTask and StopTask: at the documented rate, slower at once when throttled, and recovering slowly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.domain.token_bucket import TokenBucket

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
        self._bucket = TokenBucket(rate=rate, burst=burst, floor=FLOOR, recovery=RECOVERY, now=clock.monotonic())

    @property
    def rate(self) -> float:
        """Calls a second let through at present."""
        return self._bucket.rate

    async def take(self) -> None:
        """Wait for one's turn. A cancelled wait gives its turn back."""
        if (wait := self._bucket.draw(self._clock.monotonic())) > 0:
            try:
                await self._clock.sleep(wait)
            except asyncio.CancelledError:
                self._bucket.give_back()
                raise

    def throttled(self) -> None:
        """The service refused a call for its rate."""
        self._bucket.throttled(self._clock.monotonic())

    def succeeded(self) -> None:
        """The service took a call."""
        self._bucket.succeeded(self._clock.monotonic())
