"""What the journal loses when the disk does not keep up: what informs before what matters, and never silently."""

from hypothesis import given
from hypothesis import strategies as st

from core.adapters.journal.backlog import Backlog
from core.ports import JournalEntry
from tests.virtual_time import EPOCH


def an_entry(text: str, kind: str = "task-ended", operator: str = "") -> JournalEntry:
    return JournalEntry(at=EPOCH, kind=kind, text=text, operator=operator)


def filled(limit: int, *entries: JournalEntry) -> Backlog:
    backlog = Backlog(limit)
    for entry in entries:
        backlog.add(entry)
    return backlog


def texts(entries: list[JournalEntry]) -> list[str]:
    return [entry.text for entry in entries]


def test_entries_are_taken_in_the_order_in_which_they_came() -> None:
    backlog = filled(9, an_entry("1"), an_entry("2", "start-intent"), an_entry("3"), an_entry("4", "start-settled"))
    assert texts(backlog.take(3)) == ["1", "2", "3"]
    assert texts(backlog.take(3)) == ["4"]
    assert backlog.take(3) == []


def test_waiting_entries_stay() -> None:
    backlog = filled(9, an_entry("1"), an_entry("2"))
    assert texts(backlog.waiting()) == ["1", "2"]
    assert len(backlog) == 2


def test_the_oldest_entry_that_merely_informs_gives_way_first() -> None:
    backlog = filled(3, an_entry("intent", "start-intent"), an_entry("old"), an_entry("new"), an_entry("newest"))
    assert texts(backlog.waiting()) == ["intent", "new", "newest"]


def test_what_a_person_did_outlives_what_informs() -> None:
    backlog = filled(2, an_entry("stopped", operator="alice"), an_entry("a"), an_entry("b"), an_entry("c"))
    assert texts(backlog.waiting()) == ["stopped", "c"]


def test_where_all_matters_the_oldest_gives_way() -> None:
    backlog = filled(2, *(an_entry(name, "start-intent") for name in "abc"))
    assert texts(backlog.waiting()) == ["b", "c"]


def test_an_entry_that_informs_finds_no_place_among_those_that_matter() -> None:
    backlog = filled(2, *(an_entry(name, "start-intent") for name in "ab"), an_entry("news"))
    assert texts(backlog.waiting()) == ["a", "b"]


def test_losses_are_counted_until_the_count_is_taken() -> None:
    backlog = filled(1, an_entry("a"), an_entry("b"), an_entry("c"))
    assert (backlog.lost, backlog.take_lost(), backlog.lost) == (2, 2, 0)


@given(st.integers(1, 5), st.lists(st.sampled_from(["start-intent", "task-ended"]), max_size=30))
def test_never_more_than_the_limit_and_every_entry_is_kept_or_counted(limit: int, kinds: list[str]) -> None:
    backlog = filled(limit, *(an_entry(str(number), kind) for number, kind in enumerate(kinds)))
    kept = texts(backlog.take(100))
    assert len(kept) <= limit
    assert len(kept) + backlog.lost == len(kinds)
    assert kept == sorted(kept, key=int)
