"""A clock that a test moves: sleeping takes no time, and what was slept is written down.

For code that waits one thing at a time. Code whose tasks wait beside each other belongs in `tests.virtual_time`, whose
loop keeps their order.
"""

import asyncio
from datetime import UTC, datetime, timedelta

#: One minute after the V vectors' tokens were issued (github-scale-set-api.md, Appendix A).
EPOCH = datetime.fromtimestamp(1_893_452_460, UTC)


class ManualClock:
    """A `Clock` of which every reading moves only when somebody sleeps or a test advances it."""

    def __init__(self, now: datetime = EPOCH) -> None:
        self._start = now
        self._elapsed = 0.0
        #: Every sleep that was asked for, in seconds, in order.
        self.waits: list[float] = []

    def now(self) -> datetime:
        """Aware UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Note the wait, move the time on by it, and let other tasks run once."""
        self.waits.append(seconds)
        self.advance(max(seconds, 0.0))
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move the time on."""
        self._elapsed += seconds
