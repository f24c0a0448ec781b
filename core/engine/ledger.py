"""The newest entries of this run, in memory: what passes by without lasting, and what the disk may not give back.

Those who follow wait here for the next entry and take it at their own pace. Nothing waits for them: the list is
bounded, and one that falls out of it unseen is counted for whoever missed it.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from core.engine.pulse import Pulse

if TYPE_CHECKING:
    from core.ports import JournalEntry


class Ledger:
    """Entries, numbered from 1 as they come."""

    KEPT = 2000

    def __init__(self) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=self.KEPT)
        self._added = 0
        self._pulse = Pulse()

    @property
    def last(self) -> int:
        """The number of the newest entry; 0 while there is none."""
        return self._added

    def add(self, entry: JournalEntry) -> None:
        """Take an entry in; the oldest may give way."""
        self._entries.append(entry)
        self._added += 1
        self._pulse.touch()

    def after(self, number: int) -> tuple[int, list[JournalEntry]]:
        """The entries after that number, oldest first, and before them how many that are no longer here."""
        new = self._added - number
        kept = min(new, len(self._entries))
        return new - kept, list(islice(self._entries, len(self._entries) - kept, None))

    async def grown(self, number: int) -> None:
        """Return as soon as there is an entry after that number."""
        while self._added <= number:
            await self._pulse.moved(self._pulse.version)
