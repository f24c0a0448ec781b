"""The journal keeps to its size: the oldest entries go, what is open stays, and a kill in the midst harms nothing."""

# ruff: noqa: ASYNC220, ASYNC240  # these tests look at the disk themselves, and nothing else runs meanwhile

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.adapters.journal import SqliteJournal
from core.adapters.journal.database import Database
from core.ports import JournalEntry
from tests.virtual_time import EPOCH, VirtualClock

pytestmark = pytest.mark.virtual_time

KIB = 1024
MANY = 2000
#: Those many take about four times as much.
SIZE = 400 * KIB


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def a_journal(path: Path, size: int = SIZE) -> SqliteJournal:
    return SqliteJournal(path, VirtualClock(), size=size)


def an_entry(number: int, kind: str = "stop", runner_name: str = "") -> JournalEntry:
    return JournalEntry(at=EPOCH, kind=kind, text=f"{number} ".ljust(500, "x"), runner_name=runner_name)


def numbers(entries: list[JournalEntry]) -> list[int]:
    """Which entries these are, oldest first."""
    return sorted(int(entry.text.partition(" ")[0]) for entry in entries)


async def fill(journal: SqliteJournal, count: int = MANY) -> None:
    for number in range(count):
        journal.record(an_entry(number))
    await journal.flush()


@contextlib.contextmanager
def looking(path: Path) -> Iterator[sqlite3.Connection]:
    """Look into the file beside whoever writes it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yield connection


def pages(path: Path) -> tuple[int, int]:
    """How many bytes the file has in all, and how many of them are free."""
    with looking(path) as file:
        size, count, free = (
            file.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_size", "page_count", "freelist_count")
        )
    return size * count, size * free


async def test_within_a_minute_a_journal_that_grew_too_large_has_its_size_again(path: Path) -> None:
    async with a_journal(path) as journal:
        await fill(journal)
        assert pages(path)[0] > 2 * SIZE
        await asyncio.sleep(62)
        assert pages(path)[0] <= SIZE
        assert journal.state == ""
    assert path.stat().st_size <= SIZE


async def test_the_oldest_entries_go_first_and_no_more_than_need_be(path: Path) -> None:
    async with a_journal(path) as journal:
        await fill(journal)
        await asyncio.sleep(62)
        kept = numbers(await journal.recent(MANY))
    assert kept == list(range(MANY - len(kept), MANY))
    assert len(kept) * 500 > SIZE / 4


async def test_a_journal_that_may_be_smaller_than_before_gets_smaller_at_the_start(path: Path) -> None:
    async with a_journal(path, size=100 * SIZE) as journal:
        await fill(journal)
    async with a_journal(path) as journal:
        await asyncio.sleep(30)
        assert pages(path)[0] <= SIZE


async def test_what_is_still_open_stays_however_old_it_is(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry(0, "start-intent", "linux-1"))
        journal.record(an_entry(1, "start-intent", "linux-2"))
        journal.record(an_entry(2, "start-settled", "linux-2"))
        for number, kind in enumerate(("paused", "resumed", "scale-set"), start=3):
            journal.record(an_entry(number, kind))
        await fill(journal)
        await asyncio.sleep(62)
        assert [intent.runner_name for intent in await journal.open_intents()] == ["linux-1"]
        left = [entry.kind for entry in await journal.recent(MANY) if entry.kind != "stop"]
        assert left == ["scale-set", "resumed", "paused", "start-intent"]


async def test_open_intents_that_are_larger_than_the_size_are_kept_and_nothing_is_tried_for_ever(path: Path) -> None:
    async with a_journal(path) as journal:
        for number in range(MANY):
            journal.record(an_entry(number, "start-intent", f"linux-{number}"))
        await asyncio.sleep(200)
        assert len(await journal.open_intents()) == MANY
        assert journal.state == ""


async def test_room_that_was_freed_below_the_size_is_kept_for_what_comes(path: Path) -> None:
    async with a_journal(path, size=100 * SIZE) as journal:
        await fill(journal)
        whole, _ = pages(path)
        await asyncio.sleep(16 * 86_400)
        after, free = pages(path)
        assert after == whole
        assert free > whole / 2
        await fill(journal, MANY // 2)
        assert pages(path)[0] == whole


async def test_a_file_that_cannot_give_back_does_not_grow_beyond_what_it_has(path: Path) -> None:
    with looking(path) as file:
        file.execute("PRAGMA user_version = 0")
        file.execute("CREATE TABLE earlier (number)")
        file.execute("DROP TABLE earlier")
    async with a_journal(path) as journal:
        await fill(journal)
        whole, _ = pages(path)
        for _ in range(4):
            await fill(journal, MANY // 4)
            await asyncio.sleep(62)
        after, free = pages(path)
        assert journal.state == ""
        assert after - free <= SIZE
        assert after < 1.5 * whole


async def test_a_reader_waits_for_one_portion_at_most(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portions: list[str] = []
    shrink = Database.shrink

    def noted(database: Database, most: int) -> bool:
        assert threading.current_thread().name == "journal"
        portions.append("portion")
        return shrink(database, most)

    monkeypatch.setattr(Database, "shrink", noted)
    async with a_journal(path, size=100 * SIZE) as journal:
        await fill(journal, 5 * MANY)
    portions.clear()
    async with a_journal(path) as journal:
        await journal.recent(1)
        before = len(portions)
        await asyncio.sleep(5)
        assert before <= 1
        assert len(portions) > 5


@pytest.mark.e2e
@pytest.mark.parametrize("killed_after", [1, 9, 17])
async def test_a_kill_while_it_shrinks_leaves_a_whole_journal(path: Path, killed_after: int) -> None:
    async with a_journal(path, size=100 * SIZE) as journal:
        journal.record(an_entry(0, "start-intent", "linux-1"))
        await fill(journal, 5 * MANY)
    shrinking = """
import sys
from pathlib import Path
from core.adapters.journal.database import Database

database = Database(Path(sys.argv[1]))
database.open()
while database.shrink(int(sys.argv[2])):
    print("portion", flush=True)
print("done", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", shrinking, path, str(SIZE)], stdout=subprocess.PIPE, text=True
    ) as shrinks:
        assert shrinks.stdout is not None
        for _ in range(killed_after):
            assert shrinks.stdout.readline() == "portion\n"
        shrinks.send_signal(signal.SIGKILL)
    with looking(path) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    async with a_journal(path) as journal:
        assert [intent.runner_name for intent in await journal.open_intents()] == ["linux-1"]
        await asyncio.sleep(60)
        assert numbers(await journal.recent(1)) == [5 * MANY - 1]
        assert (pages(path)[0] <= SIZE, journal.state) == (True, "")
