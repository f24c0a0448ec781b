"""The journal on a disk that neither takes nor refuses: a network file system whose server is gone.

In real time: virtual time stands still while a thread works for the loop, and here it works for ever.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from core.adapters.journal import SqliteJournal, journal
from core.adapters.journal.database import Database
from core.api.events import EventQuery
from core.ports import JournalEntry
from tests.virtual_time import EPOCH, VirtualClock


@pytest.fixture
def disk_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writes wait for this."""
    answers, write = threading.Event(), Database.write

    def write_at_last(database: Database, entries: Sequence[JournalEntry]) -> None:
        answers.wait()
        write(database, entries)

    monkeypatch.setattr(Database, "write", write_at_last)
    monkeypatch.setattr(journal, "_PATIENCE_SECONDS", 0.02)
    yield answers
    answers.set()


def an_entry(text: str) -> JournalEntry:
    return JournalEntry(at=EPOCH, kind="stop", text=text)


async def test_a_disk_that_hangs_holds_up_nobody_and_is_said_to(tmp_path: Path, disk_answers: threading.Event) -> None:
    async with SqliteJournal(tmp_path / "journal.db", VirtualClock()) as journal:
        journal.record(an_entry("stopped"))
        assert await journal.recent(1) == []
        assert await journal.find(EventQuery()) == []
        await journal.flush()
        assert journal.state.startswith("The journal's disk does not answer: ")
    assert not disk_answers.is_set()


async def test_a_disk_that_answers_again_takes_everything(tmp_path: Path, disk_answers: threading.Event) -> None:
    async with SqliteJournal(tmp_path / "journal.db", VirtualClock()) as journal:
        journal.record(an_entry("before"))
        await journal.flush()
        journal.record(an_entry("during"))
        disk_answers.set()
        async with asyncio.timeout(5):
            while journal.state:  # noqa: ASYNC110 - nothing outside tells when the thread has come through
                await asyncio.sleep(0.001)
        assert [entry.text for entry in await journal.recent(2)] == ["during", "before"]
