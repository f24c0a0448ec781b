"""What happened, for those who ask: the journal and the ledger of this run, told as one story.

The journal has what lasts; the ledger has the newest of everything that was said since the start, also what merely
passed by, and all there is where the journal's disk gives nothing back. What is in both is told once.

Nothing waits for a reader. One that follows takes what is new at most four times a second; where it was so slow that
entries are gone by then, one record of kind ``skipped`` says how many.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from core.api.events import SKIPPED, EventRecord
from core.engine.feed import REST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from core.api.events import EventQuery
    from core.engine.ledger import Ledger
    from core.engine.times import Times
    from core.ports import Journal, JournalEntry


class History:
    """Answers queries from the journal and the ledger."""

    def __init__(self, journal: Journal, ledger: Ledger, times: Times) -> None:
        self._journal = journal
        self._ledger = ledger
        self._times = times

    async def events(self, query: EventQuery, *, follow: bool) -> AsyncIterator[EventRecord]:
        """The newest events that answer the query, oldest first; to ``follow``, then those that come."""
        found = await self._journal.find(query)
        seen = self._ledger.last  # what comes from here on is told by following
        for entry in _one_story(found, self._ledger.after(0)[1], query):
            yield _record(entry)
        while follow:
            await self._ledger.grown(seen)
            missed, entries = self._ledger.after(seen)
            seen = self._ledger.last
            if missed:
                yield self._skipped(missed)
            for entry in entries:
                if entry.answers(query):
                    yield _record(entry)
            await self._times.sleep(REST)

    def _skipped(self, missed: int) -> EventRecord:
        text = f"{missed} events passed while this reader was behind; ask again with an earlier since to see them"
        return EventRecord(at=self._times.now().timestamp(), kind=SKIPPED, text=text, data={"missed": missed})


def _one_story(found: Iterable[JournalEntry], recent: Iterable[JournalEntry], query: EventQuery) -> list[JournalEntry]:
    """What was found and what of the recent ones answers the query, each once, by time; the newest ``limit``."""
    answers = (entry for entry in recent if entry.answers(query))
    story = {_identity(entry): entry for entry in chain(found, answers)}
    return sorted(story.values(), key=lambda entry: entry.at)[-query.limit :]


def _identity(entry: JournalEntry) -> tuple[datetime, str, str, str, str]:
    return entry.at, entry.kind, entry.scale_set, entry.runner_name, entry.text


def _record(entry: JournalEntry) -> EventRecord:
    return EventRecord(
        at=entry.at.timestamp(),
        kind=entry.kind,
        scale_set=entry.scale_set,
        runner=entry.runner_name,
        task_arn=entry.task_arn,
        operator=entry.operator,
        text=entry.text,
        data=dict(entry.data),
    )
