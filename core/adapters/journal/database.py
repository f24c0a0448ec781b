"""The journal's file: a SQLite database with one table of entries and one of start intents that are still open.

Written ahead (WAL), with ``synchronous=FULL``: a commit is on the disk when it returns. ``NORMAL`` would survive the
process being killed just as well, but not the power going, and an intent is journalled to be found after exactly such
an end. The price is one fsync a batch, in a thread that nobody waits for
(https://sqlite.org/pragma.html#pragma_synchronous).

What is forgotten is forgotten in portions, each a transaction of its own: others of the thread get their turn in
between, and a kill leaves one of them done or not done. A file keeps its free pages for what comes, up to the size that
it may have; beyond it they are given back to the disk (https://sqlite.org/pragma.html#pragma_incremental_vacuum). One
that was made without that ability is no larger for it, but never gets smaller.

Everything here belongs to one thread and raises sqlite3.Error, OSError or NewerSchema; ``store`` decides what follows.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from core.adapters.journal.backlog import START_INTENT, START_SETTLED
from core.ports import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from core.api.events import EventQuery

#: How the schema grew: the statements that lead from each version to the next. Never edit one that was released.
_MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,  -- microseconds since the Unix epoch
            kind TEXT NOT NULL,
            scale_set TEXT NOT NULL,
            runner_name TEXT NOT NULL,
            task_arn TEXT NOT NULL,
            operator TEXT NOT NULL,
            text TEXT NOT NULL,
            data TEXT NOT NULL  -- a JSON object
        )
        """,
        "CREATE INDEX entries_at ON entries (at)",
        "CREATE INDEX entries_kind ON entries (kind)",
        "CREATE INDEX entries_scale_set ON entries (scale_set)",
        "CREATE INDEX entries_runner_name ON entries (runner_name)",
        "CREATE TABLE open_intents (runner_name TEXT PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries (id))",
    ),
)
_INSERT: Final = """
    INSERT INTO entries (at, kind, scale_set, runner_name, task_arn, operator, text, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_OPEN_INTENT: Final = "INSERT OR REPLACE INTO open_intents (runner_name, entry) VALUES (?, ?)"
_CLOSE_INTENT: Final = "DELETE FROM open_intents WHERE runner_name = ?"
_COLUMNS: Final = "at, kind, scale_set, runner_name, task_arn, operator, text, data"
_RECENT: Final = f"SELECT {_COLUMNS} FROM entries ORDER BY id DESC LIMIT ?"  # noqa: S608  # constants only
#: What each part of a query asks of a row. ``?`` and nothing else of what somebody typed reaches SQLite.
_CONDITIONS: Final[Mapping[str, str]] = {
    "scale_set": "scale_set = ?",
    "runner": "runner_name = ?",
    "operator": "operator = ?",
    "job": "CASE WHEN json_valid(data) THEN json_extract(data, '$.job') END = ?",
}
_OPEN_INTENTS: Final = """
    SELECT at, kind, scale_set, entries.runner_name, task_arn, operator, text, data
    FROM entries JOIN open_intents ON entry = id ORDER BY id
"""
#: What is still open stays: intents, the pauses of scale sets, which people say seldom and for long, and which scale
#: sets we made.
_FORGETTABLE: Final = "kind NOT IN ('paused', 'resumed', 'scale-set') AND id NOT IN (SELECT entry FROM open_intents)"
_FORGET_OLD: Final = f"""
    DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE at < ? AND {_FORGETTABLE} LIMIT ?)
"""  # noqa: S608  # constants only
_FORGET_FIRST: Final = f"""
    DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE {_FORGETTABLE} ORDER BY id LIMIT ?)
"""  # noqa: S608  # constants only
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BUSY_SECONDS: Final = 5.0  # a backup may hold the file for a moment
_ROWS_AT_ONCE: Final = 1000  # some hundred kilobytes
_PAGES_AT_ONCE: Final = 250
_ROWS_TO_A_PAGE: Final = 4  # rather fewer than there are: what goes too early does not come back
_LOG_BYTES: Final = 4 * 1024 * 1024  # what is left of the log when it was folded into the file
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class NewerSchema(Exception):
    """The file was written by a newer arcdeck; it is left alone."""


def is_corrupt(error: Exception) -> bool:
    """Whether the error says that the file's content, and not its surroundings, is at fault."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes keep the primary one in the low byte
    return primary in _CORRUPT


class Database:
    """The file at ``path`` (mode 0600; a missing directory is made, 0700)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; the disk behind it may still refuse."""
        return self._connection is not None

    def open(self) -> None:
        """Open the file, made or brought up to date as needed. NewerSchema."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # SQLite would use the umask
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            if not connection.execute("PRAGMA page_count").fetchone()[0]:  # later it is not heeded
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        """Close the file, if it is open; the log is folded into it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def set_aside(self) -> Path:
        """Close the file and move it, with its log, beside its place; an earlier one that was moved gives way."""
        self.close()
        aside = self.path.with_name(f"{self.path.name}.corrupt")
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.replace(aside.with_name(aside.name + suffix))
        return aside

    def write(self, entries: Sequence[JournalEntry]) -> None:
        """Append entries, and open or close the intents they speak of: all of it or, on any error, nothing."""
        with _transaction(self._open_connection()) as connection:
            for entry in entries:
                row = connection.execute(_INSERT, _row(entry)).lastrowid
                if entry.kind == START_INTENT:
                    connection.execute(_OPEN_INTENT, (_text(entry.runner_name), row))
                elif entry.kind == START_SETTLED:
                    connection.execute(_CLOSE_INTENT, (_text(entry.runner_name),))

    def recent(self, limit: int) -> list[JournalEntry]:
        """The newest entries, newest first."""
        return [_entry(row) for row in self._open_connection().execute(_RECENT, (limit,))]

    def find(self, query: EventQuery) -> list[JournalEntry]:
        """The newest entries that answer the query, newest first."""
        conditions, values = _where(query)
        statement = f"SELECT {_COLUMNS} FROM entries WHERE {conditions} ORDER BY at DESC, id DESC LIMIT ?"  # noqa: S608  # constants only
        return [_entry(row) for row in self._open_connection().execute(statement, (*values, query.limit))]

    def open_intents(self) -> list[JournalEntry]:
        """The intents without an end, oldest first."""
        return [_entry(row) for row in self._open_connection().execute(_OPEN_INTENTS)]

    def forget_old(self, before: datetime) -> bool:
        """Delete a portion of what is older, but for what is still open; whether there may be more."""
        portion = (_microseconds(before), _ROWS_AT_ONCE)
        return self._open_connection().execute(_FORGET_OLD, portion).rowcount == _ROWS_AT_ONCE

    def shrink(self, most: int) -> bool:
        """Bring the file a portion nearer to ``most`` bytes; whether it can come nearer still.

        The oldest entries go first. What is still open stays, also when it alone is larger.
        """
        pages, limit = self._number("page_count"), most // self._number("page_size")
        if pages <= limit:
            return False
        if (over := pages - self._number("freelist_count") - limit) > 0:
            portion = min(_ROWS_AT_ONCE, over * _ROWS_TO_A_PAGE)
            return self._open_connection().execute(_FORGET_FIRST, (portion,)).rowcount > 0
        # As a script, because it gives back one page for each step, and a statement without columns is stepped once.
        self._open_connection().executescript(f"PRAGMA incremental_vacuum({min(_PAGES_AT_ONCE, pages - limit)})")
        return self._number("page_count") < pages

    def _number(self, pragma: str) -> int:
        return int(self._open_connection().execute(f"PRAGMA {pragma}").fetchone()[0])

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the journal's file is not open")
        return self._connection


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise NewerSchema(f"it has schema {version}, and this program knows {len(_MIGRATIONS)}")
    for number, statements in enumerate(_MIGRATIONS[version:], start=version + 1):
        with _transaction(connection):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have rolled back already
            connection.execute("ROLLBACK")
        raise


def _row(entry: JournalEntry) -> tuple[int | str, ...]:
    words = (entry.kind, entry.scale_set, entry.runner_name, entry.task_arn, entry.operator, entry.text)
    return (_microseconds(entry.at), *map(_text, words), _json(entry.data))


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    at, kind, scale_set, runner_name, task_arn, operator, text, data = row
    return JournalEntry(
        at=_EPOCH + at * _MICROSECOND,
        kind=kind,
        scale_set=scale_set,
        runner_name=runner_name,
        task_arn=task_arn,
        operator=operator,
        text=text,
        data=json.loads(data),
    )


def _where(query: EventQuery) -> tuple[str, list[int | str]]:
    """The conditions of a query, and the values for their question marks."""
    conditions: list[str] = ["TRUE"]
    values: list[int | str] = []
    for condition, moment in (("at >= ?", query.since), ("at <= ?", query.until)):
        if moment is not None:
            conditions.append(condition)
            values.append(round(moment * 1_000_000))
    if query.kinds:
        conditions.append(f"kind IN ({', '.join('?' * len(query.kinds))})")
        values.extend(map(_text, query.kinds))
    for part, condition in _CONDITIONS.items():
        if asked := getattr(query, part):
            conditions.append(condition)
            values.append(_text(asked))
    return " AND ".join(conditions), values


def _microseconds(at: datetime) -> int:
    return (at.astimezone(UTC) - _EPOCH) // _MICROSECOND


def _text(text: str) -> str:
    """The text with lone surrogates replaced, which SQLite does not take."""
    return text.encode(errors="replace").decode()


def _json(data: Mapping[str, object]) -> str:
    """The data as JSON; what should not have been in it becomes text, so that no entry stands in the others' way."""
    try:
        return json.dumps(dict(data), default=str, skipkeys=True)
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"unreadable": repr(data)[:1000]})
