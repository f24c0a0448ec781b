"""The one clock of the embedded world.

Everything the world does over time (a task that starts, a poll that is held, a token that expires) is measured in the
time of the event loop it lives in, so that a test's virtual-time loop moves all of it at once and exactly. A wall time
is only ever *shown*: it is the epoch plus the loop time that has passed since the clock was made. The clock therefore
never jumps and never runs backwards, whatever the host's own clock does meanwhile.

A clock belongs to the loop that was running when it was made; it is not shared between loops or threads.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class WorldClock:
    """Loop time for durations, and an aware UTC time derived from it for everything that is written down.

    `epoch` is the wall time at the moment of creation, an aware datetime; None takes the host's. Raises ValueError for
    a naive epoch, and RuntimeError where no event loop is running.
    """

    def __init__(self, epoch: datetime | None = None) -> None:
        if epoch is not None and epoch.tzinfo is None:
            raise ValueError("the epoch of a world clock needs a time zone")
        self._loop = asyncio.get_running_loop()
        self._epoch = datetime.now(UTC) if epoch is None else epoch.astimezone(UTC)
        self._started = self._loop.time()

    def now(self) -> datetime:
        """Return the world's wall time: aware, in UTC."""
        return self._epoch + timedelta(seconds=self._loop.time() - self._started)

    def time(self) -> float:
        """Return `now()` as seconds since 1970-01-01T00:00:00Z."""
        return self.now().timestamp()

    def monotonic(self) -> float:
        """Return the loop's time in seconds, for durations and deadlines; its zero means nothing."""
        return self._loop.time()

    def call_later(self, seconds: float, action: Callable[[], object]) -> asyncio.TimerHandle:
        """Call `action` after `seconds` of loop time, unless the returned handle is cancelled before."""
        return self._loop.call_later(seconds, action)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of loop time; zero or less only yields to other tasks."""
        await asyncio.sleep(max(seconds, 0))
