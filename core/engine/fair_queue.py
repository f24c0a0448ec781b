"""A queue in which nobody waits behind another's crowd: keys are served in turn, each in its own order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Unbounded by itself: what enters holds a reserved slot, so limits live where slots are given.

    Belongs to one event loop.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}
        self._count = asyncio.Semaphore(0)

    def __len__(self) -> int:
        return sum(len(items) for items in self._waiting.values())

    def put(self, key: str, item: T) -> None:
        """Queue an item behind those of the same key."""
        self._waiting.setdefault(key, deque()).append(item)
        self._count.release()

    async def get(self) -> T:
        """Take the next item of the key whose turn it is."""
        while True:
            await self._count.acquire()
            if (item := self._next()) is not None:
                return item

    def clear(self) -> list[T]:
        """Empty the queue and return what was in it."""
        items = [item for queue in self._waiting.values() for item in queue]
        self._waiting.clear()
        return items

    def _next(self) -> T | None:
        if not self._waiting:  # cleared since
            return None
        key = next(iter(self._waiting))
        queue = self._waiting.pop(key)
        item = queue.popleft()
        if queue:
            self._waiting[key] = queue  # to the end of the round
        return item
