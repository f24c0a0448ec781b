"""The thread's side of the journal: entries from the backlog to the disk, and what to do while the disk refuses.

Everything here runs in the journal's one thread, in the order in which it was asked for. Nothing raises for what a disk
can do: the store is then *troubled*, says why, keeps entries in the backlog, and takes the disk up again only when told
to ``retry``. What was kept is then written, and what was lost leaves an entry of its own.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Final, TypeVar

from core.adapters.journal.backlog import START_INTENT, START_SETTLED
from core.adapters.journal.database import Database, NewerSchema, is_corrupt
from core.ports import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from core.adapters.journal.backlog import Backlog
    from core.api.events import EventQuery

_log = logging.getLogger(__name__)
_BATCH: Final = 500  # entries in one transaction
_Result = TypeVar("_Result")


class Store:
    """Moves entries from ``backlog`` into the file at ``path``."""

    def __init__(self, path: Path, backlog: Backlog) -> None:
        self._database = Database(path)
        self._backlog = backlog
        self._unsaved: list[JournalEntry] = []  # taken from the backlog, refused by the disk
        self._corrupt = False
        #: Why the disk refuses; empty when it does not. Any thread may read it.
        self.trouble = ""

    @property
    def unsaved(self) -> int:
        """How many entries are in memory only."""
        return len(self._unsaved) + len(self._backlog)

    def open(self, now: datetime) -> None:
        """Open the file, and write what waits."""
        self._attempt(lambda: self._take_up(now))

    def retry(self, now: datetime) -> None:
        """When troubled, try the disk again from the start; when not, account for entries that were lost."""
        if not self.trouble:
            self._attempt(lambda: self._save_losses(now))
            return
        if self._attempt(lambda: self._take_up(now)):
            _log.info("journal recovered", extra={"path": str(self._database.path)})

    def drain(self) -> None:
        """Write everything that waits, unless troubled."""
        if self._database.is_open and not self.trouble:
            self._attempt(self._save)

    def forget_old(self, before: datetime) -> bool:
        """Delete a portion of what is older than ``before``; whether there may be more. Not while troubled."""
        return self._a_portion(lambda: self._database.forget_old(before))

    def shrink(self, most: int) -> bool:
        """Bring the file a portion nearer to ``most`` bytes; whether there may be more. Not while troubled."""
        return self._a_portion(lambda: self._database.shrink(most))

    def recent(self, limit: int) -> list[JournalEntry]:
        """The newest entries, newest first, on the disk or not."""
        self.drain()
        waiting = [*self._unsaved, *self._backlog.waiting()][::-1][:limit]
        return waiting + self._read(lambda: self._database.recent(limit - len(waiting)))

    def find(self, query: EventQuery) -> list[JournalEntry]:
        """The newest entries that answer the query, oldest first, on the disk or not."""
        self.drain()
        found = self._read(lambda: self._database.find(query))[::-1]
        found += [entry for entry in (*self._unsaved, *self._backlog.waiting()) if entry.answers(query)]
        return sorted(found, key=lambda entry: entry.at)[-query.limit :]

    def open_intents(self) -> list[JournalEntry]:
        """The start intents without an end, oldest first, on the disk or not."""
        self.drain()
        intents = {intent.runner_name: intent for intent in self._read(self._database.open_intents)}
        for entry in (*self._unsaved, *self._backlog.waiting()):
            if entry.kind in {START_INTENT, START_SETTLED}:
                intents.pop(entry.runner_name, None)
            if entry.kind == START_INTENT:
                intents[entry.runner_name] = entry
        return list(intents.values())

    def close(self, now: datetime) -> None:
        """Write what can be written, trying a troubled disk once more, and close the file."""
        self.drain()
        self.retry(now)
        if self.unsaved:
            _log.error("journal entries lost", extra={"count": self.unsaved})
        self._attempt(self._database.close, recovers=False)

    def _take_up(self, now: datetime) -> None:
        """Open the file anew, in place of a corrupt one if need be, and write what waited meanwhile."""
        self._database.close()
        if self._corrupt:
            self._replace(now)
        try:
            self._database.open()
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise
            self._replace(now)
            self._database.open()
        self._save_losses(now)

    def _replace(self, now: datetime) -> None:
        aside = self._database.set_aside()
        self._corrupt = False
        _log.error("journal file corrupt", extra={"moved_to": str(aside)})
        text = f"The journal was damaged and begins anew; what could be left of it is in {aside}."
        self._unsaved.insert(0, JournalEntry(at=now, kind="journal-replaced", text=text))

    def _save_losses(self, now: datetime) -> None:
        self._save()
        if lost := self._backlog.take_lost():
            _log.warning("journal entries lost", extra={"count": lost})
            text = f"{lost} entries before this one were lost: the disk did not take them in time."
            self._unsaved.append(JournalEntry(at=now, kind="journal-gap", text=text, data={"lost": lost}))
            self._save()

    def _save(self) -> None:
        while batch := self._unsaved or self._backlog.take(_BATCH):
            self._unsaved = batch
            self._database.write(batch)
            self._unsaved = []

    def _a_portion(self, work: Callable[[], bool]) -> bool:
        more: list[bool] = []
        if self._database.is_open and not self.trouble:
            self._attempt(lambda: more.append(work()))
        return any(more)

    def _read(self, query: Callable[[], list[_Result]]) -> list[_Result]:
        """What the file says; nothing where it cannot be read."""
        result: list[_Result] = []
        if self._database.is_open:
            self._attempt(lambda: result.extend(query()), recovers=False)
        return result

    def _attempt(self, work: Callable[[], None], *, recovers: bool = True) -> bool:
        """Do it, and note whether the disk refused. ``recovers``: success means that the disk takes writes again."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the journal degrades visibly and nothing else does
            if not self.trouble:
                known = isinstance(error, (sqlite3.Error, OSError, NewerSchema))
                _log.warning("journal degraded", extra={"reason": str(error)}, exc_info=not known)
            self.trouble = str(error) or type(error).__name__
            self._corrupt = self._corrupt or is_corrupt(error)
            return False
        if recovers:
            self.trouble = ""
        return True
