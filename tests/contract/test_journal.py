"""What every journal promises (``core.ports.Journal``): the one on disk and the one that tests use."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.journal import SqliteJournal
from core.api.events import EventQuery
from core.ports import Journal, JournalEntry
from tests.fakes.journal import MemoryJournal
from tests.virtual_time import EPOCH, VirtualClock

pytestmark = pytest.mark.virtual_time


@pytest.fixture(params=["sqlite", "memory"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteJournal | MemoryJournal]:
    made = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "journal.db", VirtualClock())
    async with made:
        yield made


def an_entry(text: str = "", kind: str = "stop", **fields: object) -> JournalEntry:
    return JournalEntry(**{"at": EPOCH, "kind": kind, "text": text} | fields)  # type: ignore[arg-type]  # test data


def an_intent(runner_name: str) -> JournalEntry:
    return an_entry(kind="start-intent", runner_name=runner_name, data={"runner_id": 7})


def a_settlement(runner_name: str) -> JournalEntry:
    return an_entry(kind="start-settled", runner_name=runner_name)


def record(journal: Journal, *entries: JournalEntry) -> None:
    for entry in entries:
        journal.record(entry)


async def test_a_new_journal_is_empty_and_well(journal: SqliteJournal | MemoryJournal) -> None:
    assert (await journal.recent(10), await journal.open_intents(), journal.state) == ([], [], "")


async def test_an_entry_comes_back_as_it_was_recorded(journal: Journal) -> None:
    entry = JournalEntry(
        at=datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC),
        kind="task-ended",
        scale_set="linux",
        runner_name="linux-a1",
        task_arn="arn:aws:ecs:eu-west-1:123456789012:task/ci/a1",
        operator="alice",
        text="Ended with exit code 1: größer als ␛.",
        data={"exit_codes": {"runner": 1}, "pending_seconds": 41.5, "job": None, "tries": [1, 2]},
    )
    journal.record(entry)
    assert await journal.recent(1) == [entry]


async def test_the_newest_entries_come_first(journal: Journal) -> None:
    record(journal, *(an_entry(str(number)) for number in range(1200)))
    assert [entry.text for entry in await journal.recent(3)] == ["1199", "1198", "1197"]


async def test_the_order_is_that_of_recording_even_when_the_clock_jumps_back(journal: Journal) -> None:
    record(journal, an_entry("first"), an_entry("second", at=EPOCH - timedelta(hours=1)))
    assert [entry.text for entry in await journal.recent(2)] == ["second", "first"]


@pytest.mark.parametrize("limit", [0, -1])
async def test_none_are_given_when_none_are_asked_for(journal: Journal, limit: int) -> None:
    journal.record(an_entry())
    assert await journal.recent(limit) == []


async def test_more_than_there_are_is_all_of_them(journal: Journal) -> None:
    record(journal, an_entry("a"), an_entry("b"))
    assert len(await journal.recent(1000)) == 2


async def test_the_time_of_another_zone_is_the_same_moment(journal: Journal) -> None:
    at = datetime(2031, 1, 1, 12, tzinfo=timezone(timedelta(hours=9)))
    journal.record(an_entry(at=at))
    assert (await journal.recent(1))[0].at == at


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (EventQuery(), ["a", "b", "c"]),
        (EventQuery(limit=2), ["b", "c"]),
        (EventQuery(since=EPOCH.timestamp() + 1), ["b", "c"]),
        (EventQuery(until=EPOCH.timestamp() + 1), ["a", "b"]),
        (EventQuery(kinds=("stop", "nothing")), ["a"]),
        (EventQuery(scale_set="linux"), ["b", "c"]),
        (EventQuery(scale_set="linux", operator="alice"), ["c"]),
        (EventQuery(runner="linux-1"), ["b"]),
        (EventQuery(job="7"), ["b"]),
        (EventQuery(job="' OR 1=1 --"), []),
        (EventQuery(runner="\ud800"), []),
    ],
    ids=str,
)
async def test_what_answers_a_query_is_found_oldest_first(
    journal: Journal, query: EventQuery, found: list[str]
) -> None:
    record(
        journal,
        an_entry("c", "command", at=EPOCH + timedelta(seconds=2), scale_set="linux", operator="alice"),
        an_entry("a"),
        an_entry(
            "b", "job", at=EPOCH + timedelta(seconds=1), scale_set="linux", runner_name="linux-1", data={"job": "7"}
        ),
    )
    assert [entry.text for entry in await journal.find(query)] == found


async def test_data_that_is_no_json_stands_in_no_querys_way(journal: SqliteJournal | MemoryJournal) -> None:
    record(journal, an_entry("a", data={"seconds": float("nan")}), an_entry("b", data={"job": "7"}))
    assert [entry.text for entry in await journal.find(EventQuery(job="7"))] == ["b"]
    assert journal.state == ""


async def test_intents_stay_open_until_they_are_settled_by_name(journal: Journal) -> None:
    record(journal, an_intent("a"), an_intent("b"), an_intent("c"), a_settlement("b"))
    assert [intent.runner_name for intent in await journal.open_intents()] == ["a", "c"]


async def test_an_open_intent_carries_what_was_recorded_with_it(journal: Journal) -> None:
    journal.record(an_intent("a"))
    assert await journal.open_intents() == [an_intent("a")]


async def test_an_end_without_an_intent_is_nothing(journal: Journal) -> None:
    record(journal, a_settlement("a"), an_intent("b"))
    assert [intent.runner_name for intent in await journal.open_intents()] == ["b"]


async def test_a_name_used_again_is_one_intent_and_the_newest(journal: Journal) -> None:
    record(journal, an_intent("a"), an_intent("b"), an_entry(kind="start-intent", runner_name="a", text="again"))
    assert [intent.text for intent in await journal.open_intents()] == ["", "again"]


@given(st.lists(st.tuples(st.sampled_from([an_intent, a_settlement]), st.sampled_from("abcd")), max_size=40))
@settings(max_examples=40, deadline=None)
async def test_both_journals_agree_on_what_is_open(steps: list[tuple[type, str]]) -> None:
    fake = MemoryJournal()
    with tempfile.TemporaryDirectory() as directory:
        async with SqliteJournal(Path(directory) / "journal.db", VirtualClock()) as real:
            for make, name in steps:
                record(fake, make(name))
                record(real, make(name))
            assert await real.open_intents() == await fake.open_intents()


async def test_flushing_takes_everything_that_was_recorded(journal: SqliteJournal | MemoryJournal) -> None:
    record(journal, *(an_entry(str(number)) for number in range(100)))
    await journal.flush()
    assert journal.state == ""


@pytest.mark.parametrize(
    "data",
    [{"at": EPOCH}, {"path": Path("x")}, {1: "a number as key"}, {"text": "\ud800"}, {"inner": {"set": {1, 2}}}],
    ids=["a time", "a path", "a number as key", "a lone surrogate", "a set"],
)
async def test_data_that_is_no_json_does_not_stand_in_the_way(
    journal: SqliteJournal | MemoryJournal, data: dict[str, object]
) -> None:
    record(journal, an_entry("odd \ud800", data=data), an_entry("next"))
    assert (await journal.recent(1))[0].text == "next"
    assert journal.state == ""


async def test_what_is_recorded_after_closing_is_not_kept_and_harms_nothing(
    journal: SqliteJournal | MemoryJournal,
) -> None:
    await journal.close()
    journal.record(an_entry())
    await journal.close()


async def test_many_may_ask_at_once(journal: Journal) -> None:
    journal.record(an_entry("a"))
    answers = await asyncio.gather(*(journal.recent(1) for _ in range(20)))
    assert answers == [[an_entry("a")]] * 20
