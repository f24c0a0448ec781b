"""A journal in memory, with the contract of the real one (``tests/contract/test_journal.py`` runs against both)."""

from types import TracebackType
from typing import Self

from core.api.events import EventQuery
from core.ports import JournalEntry


class MemoryJournal:
    """Fulfils ``core.ports.Journal``. Tests may read ``entries``, oldest first, and set ``state``."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.state = ""
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def record(self, entry: JournalEntry) -> None:
        """Note it; after ``close`` it is not kept."""
        if not self._closed:
            self.entries.append(entry)

    async def open_intents(self) -> list[JournalEntry]:
        """Start intents without an end, oldest first."""
        intents: dict[str, JournalEntry] = {}
        for entry in self.entries:
            if entry.kind in {"start-intent", "start-settled"}:
                intents.pop(entry.runner_name, None)
            if entry.kind == "start-intent":
                intents[entry.runner_name] = entry
        return list(intents.values())

    async def recent(self, limit: int) -> list[JournalEntry]:
        """The newest entries, newest first."""
        return self.entries[::-1][: max(limit, 0)]

    async def find(self, query: EventQuery) -> list[JournalEntry]:
        """The newest entries that answer the query, oldest first."""
        found = [entry for entry in self.entries if entry.answers(query)]
        return sorted(found, key=lambda entry: entry.at)[-query.limit :]

    async def flush(self) -> None:
        """Nothing is ever on its way."""

    async def close(self) -> None:
        """Keep what is there and nothing more."""
        self._closed = True

    def of_kind(self, kind: str) -> list[JournalEntry]:
        """The entries of one kind, oldest first."""
        return [entry for entry in self.entries if entry.kind == kind]
