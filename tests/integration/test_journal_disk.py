"""The journal and its disk: what survives, what a refusing disk does, and how it is taken up again."""

# ruff: noqa: ASYNC220, ASYNC240  # these tests look at the disk themselves, and nothing else runs meanwhile

import asyncio
import contextlib
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.adapters.journal import SqliteJournal
from core.api.events import EventQuery
from core.ports import JournalEntry
from tests.virtual_time import EPOCH, VirtualClock

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


def a_journal(path: Path, backlog: int = 10_000) -> SqliteJournal:
    return SqliteJournal(path, VirtualClock(), backlog=backlog)


def an_entry(text: str = "", kind: str = "stop", age: timedelta = timedelta(0), runner_name: str = "") -> JournalEntry:
    return JournalEntry(at=EPOCH - age, kind=kind, text=text, runner_name=runner_name)


async def texts(journal: SqliteJournal) -> list[str]:
    """What the journal knows, oldest first."""
    return [entry.text for entry in reversed(await journal.recent(10_000))]


async def written(path: Path) -> list[str]:
    """What a journal opened now finds on the disk, and keeps, oldest first."""
    async with a_journal(path) as journal:
        await asyncio.sleep(1)
        return await texts(journal)


@contextlib.contextmanager
def a_full_disk() -> Iterator[None]:
    """No file of this process may grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# --- a good disk ---------------------------------------------------------------------------------------------------


async def test_what_was_recorded_is_there_after_a_restart(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry("stopped linux-1"))
        journal.record(an_entry("starting linux-2", kind="start-intent", runner_name="linux-2"))
    async with a_journal(path) as journal:
        assert await texts(journal) == ["stopped linux-1", "starting linux-2"]
        assert [intent.runner_name for intent in await journal.open_intents()] == ["linux-2"]


async def test_an_intent_of_an_earlier_life_can_be_settled(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry(kind="start-intent", runner_name="linux-2"))
    async with a_journal(path) as journal:
        journal.record(an_entry(kind="start-settled", runner_name="linux-2"))
        assert await journal.open_intents() == []


async def test_the_file_is_its_owners_alone(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry())
        await journal.flush()
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["journal.db", "journal.db-wal", "journal.db-shm"], 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o644)
    async with a_journal(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_old_entries_go_at_the_start(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry("old", age=timedelta(days=14, seconds=1)))
        journal.record(an_entry("recent", age=timedelta(days=13, hours=23)))
    assert await written(path) == ["recent"]


async def test_old_entries_go_once_a_day(path: Path) -> None:
    async with SqliteJournal(path, VirtualClock(), keep=timedelta(hours=36)) as journal:
        journal.record(an_entry("of the first day"))
        await asyncio.sleep(timedelta(hours=47).total_seconds())
        assert await texts(journal) == ["of the first day"]
        await asyncio.sleep(timedelta(hours=1, minutes=2).total_seconds())
        assert await texts(journal) == []


async def test_the_pauses_of_scale_sets_do_not_expire(path: Path) -> None:
    async with a_journal(path) as journal:
        for kind in ("paused", "resumed", "stop"):
            journal.record(an_entry(kind, kind=kind, age=timedelta(days=400)))
    assert await written(path) == ["paused", "resumed"]


async def test_many_old_entries_go_too(path: Path) -> None:
    async with a_journal(path) as journal:
        for _ in range(2500):
            journal.record(an_entry("old", age=timedelta(days=30)))
    assert await written(path) == []


async def test_an_open_intent_stays_however_old_it_is(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry(kind="start-intent", runner_name="linux-2", age=timedelta(days=90)))
    async with a_journal(path) as journal:
        assert [intent.runner_name for intent in await journal.open_intents()] == ["linux-2"]


@pytest.mark.e2e
async def test_a_killed_process_loses_nothing_that_was_flushed(path: Path) -> None:
    writing = """
import asyncio, sys
from pathlib import Path
from core.adapters.journal import SqliteJournal
from core.api.events import EventQuery
from core.ports import JournalEntry
from tests.virtual_time import EPOCH, VirtualClock

async def main():
    async with SqliteJournal(Path(sys.argv[1]), VirtualClock()) as journal:
        for number in range(1_000_000):
            journal.record(JournalEntry(at=EPOCH, kind="start-intent", runner_name=f"linux-{number}", text=str(number)))
            if number % 7 == 0:
                await journal.flush()
                print(number, flush=True)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", writing, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        while int(flushed := writer.stdout.readline()) < 700:
            pass
        writer.send_signal(signal.SIGKILL)
    found = [int(text) for text in await written(path)]
    assert found == list(range(len(found)))
    assert len(found) > int(flushed)
    async with a_journal(path) as journal:
        assert len(await journal.open_intents()) == len(found)


# --- a disk that refuses -------------------------------------------------------------------------------------------


async def test_without_a_disk_the_journal_lives_in_memory_and_says_so(path: Path) -> None:
    path.mkdir(parents=True)
    async with a_journal(path) as journal:
        journal.record(an_entry("stopped"))
        journal.record(an_entry("starting", kind="start-intent", runner_name="linux-2"))
        journal.record(an_entry("starting", kind="start-intent", runner_name="linux-3"))
        journal.record(an_entry("settled", kind="start-settled", runner_name="linux-3"))
        assert await texts(journal) == ["stopped", "starting", "starting", "settled"]
        assert [intent.runner_name for intent in await journal.open_intents()] == ["linux-2"]
        assert journal.state.startswith("The journal is in memory only (")
        assert "4 entries wait; the disk is tried every minute." in journal.state


async def test_flushing_to_a_disk_that_refuses_returns(path: Path) -> None:
    path.mkdir(parents=True)
    async with a_journal(path) as journal:
        journal.record(an_entry())
        await journal.flush()
        assert journal.state != ""


async def test_a_disk_that_is_back_is_used_within_a_minute_and_nothing_is_missing(path: Path) -> None:
    path.mkdir(parents=True)
    async with a_journal(path) as journal:
        journal.record(an_entry("during"))
        path.rmdir()
        await asyncio.sleep(59)
        assert journal.state != ""
        await asyncio.sleep(1.5)
        assert journal.state == ""
        journal.record(an_entry("after"))
    assert await written(path) == ["during", "after"]


async def test_a_disk_that_is_back_is_found_even_when_nothing_waits_for_it(path: Path) -> None:
    path.mkdir(parents=True)
    async with a_journal(path) as journal:
        path.rmdir()
        await asyncio.sleep(61)
        assert journal.state == ""


async def test_a_disk_that_is_back_at_the_end_is_used_once_more(path: Path) -> None:
    path.mkdir(parents=True)
    async with a_journal(path) as journal:
        journal.record(an_entry("during"))
        path.rmdir()
    assert await written(path) == ["during"]


async def test_a_disk_that_fills_up_costs_nothing_once_there_is_room(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry("before"))
        await journal.flush()
        with a_full_disk():
            journal.record(an_entry("during"))
            await journal.flush()
            assert journal.state != ""
            assert await texts(journal) == ["before", "during"]
        await asyncio.sleep(61)
        assert journal.state == ""
    assert await written(path) == ["before", "during"]


async def test_what_is_on_a_full_disk_and_what_waits_for_room_are_found_together(path: Path) -> None:
    async with a_journal(path) as journal:
        journal.record(an_entry("on the disk", age=timedelta(hours=1)))
        journal.record(an_entry("of another kind", kind="command"))
        await journal.flush()
        with a_full_disk():
            journal.record(an_entry("waits"))
            found = await journal.find(EventQuery(kinds=("stop",)))
        assert [entry.text for entry in found] == ["on the disk", "waits"]
        assert journal.state


async def test_what_memory_could_not_hold_is_counted_and_told(path: Path) -> None:
    path.mkdir(parents=True)
    async with a_journal(path, backlog=3) as journal:
        for number in range(5):
            journal.record(an_entry(str(number)))
        assert journal.state.endswith(" 2 entries were lost.")
        path.rmdir()
        await asyncio.sleep(61)
        assert journal.state == ""
    loss = "2 entries before this one were lost: the disk did not take them in time."
    assert await written(path) == ["2", "3", "4", loss]


async def test_a_file_that_is_no_journal_is_moved_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else entirely" * 100)
    async with a_journal(path) as journal:
        journal.record(an_entry("stopped"))
        assert journal.state == ""
        first, second = await texts(journal)
    aside = path.with_name("journal.db.corrupt")
    assert first == f"The journal was damaged and begins anew; what could be left of it is in {aside}."
    assert second == "stopped"
    assert aside.read_bytes().startswith(b"something else")


async def test_damage_that_shows_later_is_moved_aside_within_a_minute(path: Path) -> None:
    async with a_journal(path) as journal:
        for number in range(2000):
            journal.record(an_entry(f"{number} " + "x" * 100))
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (path.stat().st_size - 8192))
    async with a_journal(path) as journal:
        journal.record(an_entry("stopped"))
        assert "stopped" in await texts(journal)
        assert journal.state != ""
        await asyncio.sleep(61)
        assert journal.state == ""
    assert (await written(path))[-1] == "stopped"


async def test_a_journal_of_a_newer_version_is_left_alone(path: Path) -> None:
    async with a_journal(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    async with a_journal(path) as journal:
        journal.record(an_entry())
        await journal.flush()
        assert "it has schema 99, and this program knows 1" in journal.state
    assert path.read_bytes() == before
