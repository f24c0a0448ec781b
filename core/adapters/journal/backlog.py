"""Entries on their way to the disk: bounded, and choosy about what is lost when the disk does not keep up.

Any thread may add, one thread takes; what is taken is in the order in which it was added. When the backlog is full,
the oldest entry that merely informs gives way; what a crash must find again (start intents and their ends) and what a
person did go last. Nothing is lost silently: losses are counted until somebody asks for the count.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from itertools import count, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.ports import JournalEntry

START_INTENT: Final = "start-intent"
START_SETTLED: Final = "start-settled"


class Backlog:
    """At most ``limit`` entries."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._numbers = count()
        self._weighty: deque[tuple[int, JournalEntry]] = deque()
        self._others: deque[tuple[int, JournalEntry]] = deque()
        self._lost = 0

    def __len__(self) -> int:
        return len(self._weighty) + len(self._others)

    @property
    def lost(self) -> int:
        """How many entries gave way since the count was last taken."""
        return self._lost

    def add(self, entry: JournalEntry) -> None:
        """Take an entry in; when full, lose the one that matters least."""
        with self._lock:
            kind = self._weighty if _is_weighty(entry) else self._others
            kind.append((next(self._numbers), entry))
            if len(self) > self._limit:
                (self._others or self._weighty).popleft()
                self._lost += 1

    def take(self, limit: int) -> list[JournalEntry]:
        """Remove and return the oldest entries, oldest first; an empty list when there are none."""
        with self._lock:
            taken = list(islice(self._in_order(), limit))
            for number, _ in taken:
                kind = self._weighty if self._weighty and self._weighty[0][0] == number else self._others
                kind.popleft()
        return [entry for _, entry in taken]

    def waiting(self) -> list[JournalEntry]:
        """All entries, oldest first; they stay."""
        with self._lock:
            return [entry for _, entry in self._in_order()]

    def take_lost(self) -> int:
        """The count of lost entries, which starts again at 0."""
        with self._lock:
            lost, self._lost = self._lost, 0
        return lost

    def _in_order(self) -> Iterator[tuple[int, JournalEntry]]:
        return iter(heapq.merge(self._weighty, self._others, key=lambda numbered: numbered[0]))


def _is_weighty(entry: JournalEntry) -> bool:
    return entry.kind in {START_INTENT, START_SETTLED} or entry.operator != ""
