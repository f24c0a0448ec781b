"""Snapshots and updates for whoever looks in. The engine never waits for a reader.

A snapshot is made when somebody asks and something changed since the last one. All readers ask on one beat, four times
a second, so that they share it however many they are, and the differences with it. A slow reader skips to the newest
state by itself: it is told the difference to what it last got.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.api.folding import difference
from core.api.model import Heartbeat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from core.api.model import Delta, Snapshot, Update
    from core.engine.pulse import Pulse
    from core.engine.times import Times

#: Seconds between two beats, on which readers are told what has changed.
REST = 0.25
#: Seconds after which a reader hears from us even though nothing changed.
HEARTBEAT = 1.0


class Feed:
    """``build`` makes a snapshot with the version it is given."""

    def __init__(self, build: Callable[[int], Snapshot], pulse: Pulse, times: Times) -> None:
        self._build = build
        self._pulse = pulse
        self._times = times
        self._snapshot: Snapshot | None = None
        self._delta: Delta | Heartbeat | None = None
        self._delta_base = 0

    def snapshot(self) -> Snapshot:
        """The present state; made anew when it has changed, and always with the present moment."""
        if self._snapshot is None or self._snapshot.version != self._pulse.version:
            self._snapshot = self._build(self._pulse.version)
            return self._snapshot
        return self._snapshot.model_copy(update={"now": self._now()})

    async def updates(self) -> AsyncIterator[Update]:
        """A whole snapshot, then what changed, then what changed since that, for as long as somebody iterates."""
        seen = self.snapshot()
        yield seen
        while True:
            await self._times.sleep(self._to_the_beat())
            try:
                async with asyncio.timeout(HEARTBEAT - REST):
                    await self._pulse.moved(seen.version)
            except TimeoutError:
                yield Heartbeat(version=seen.version, now=self._now())
                continue
            before, seen = seen, self.snapshot()
            yield self._difference(before, seen)

    def _difference(self, before: Snapshot, after: Snapshot) -> Delta | Heartbeat:
        """Readers in step share one delta."""
        cached = self._delta
        if cached is None or self._delta_base != before.version or cached.version != after.version:
            self._delta, self._delta_base = difference(before, after), before.version
            return self._delta
        return cached

    def _to_the_beat(self) -> float:
        """Seconds to the next beat; to the one behind it when the next is all but there."""
        left = REST - self._times.monotonic() % REST
        return left if left > REST / 2 else left + REST

    def _now(self) -> float:
        return self._times.epoch(self._times.monotonic())
