"""The journal: what happened and who did it, in SQLite, in a thread of its own (DESIGN.md, Journal)."""

from core.adapters.journal.journal import SqliteJournal

__all__ = ["SqliteJournal"]
