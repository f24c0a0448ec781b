"""The queue of one scale set: order, size and identity of its messages."""

from hypothesis import given
from hypothesis import strategies as st

from core.world.github.mailbox import Entry, Mailbox, OpenPoll

NEVER: frozenset[str] = frozenset()
FIRST = 100000001


def numbered(*numbers: int) -> list[Entry]:
    return [Entry("JobAssigned", {"n": number}) for number in numbers]


def drained(mailbox: Mailbox) -> list[list[object]]:
    """Return the numbers of every message, deleting each."""
    seen = []
    while (message := mailbox.next_message(0)) is not None:
        seen.append([entry.fields["n"] for entry in message.entries])
        mailbox.delete(message.id)
    return seen


def test_what_piled_up_travels_together() -> None:
    mailbox = Mailbox()
    mailbox.post(numbered(1), NEVER)
    mailbox.post(numbered(2, 3), NEVER)
    assert drained(mailbox) == [[1, 2, 3]]


def test_a_message_does_not_grow_after_it_was_seen() -> None:
    mailbox = Mailbox()
    mailbox.post(numbered(1), NEVER)
    before = mailbox.next_message(0)
    mailbox.post(numbered(2), NEVER)
    assert mailbox.next_message(0) is before
    assert drained(mailbox) == [[1], [2]]


def test_a_position_skips_what_was_seen_without_deleting_it() -> None:
    mailbox = Mailbox()
    mailbox.post(numbered(1), NEVER)
    assert mailbox.next_message(0) is not None
    assert mailbox.next_message(FIRST) is None
    mailbox.post(numbered(2), NEVER)
    later = mailbox.next_message(FIRST)
    assert later is not None
    assert later.id == FIRST + 1
    assert drained(mailbox) == [[1], [2]]


def test_after_a_restart_of_the_ids_everything_undeleted_comes_again_in_order() -> None:
    mailbox = Mailbox()
    mailbox.post(numbered(1), NEVER)
    mailbox.next_message(0)
    mailbox.post(numbered(2), NEVER)
    mailbox.restart_ids(1)
    message = mailbox.next_message(0)
    assert message is not None
    assert (message.id, [entry.fields["n"] for entry in message.entries]) == (1, [1, 2])


def test_statistics_alone_stand_behind_what_was_posted_before() -> None:
    mailbox = Mailbox()
    mailbox.post(numbered(1), NEVER)
    mailbox.post_statistics()
    assert drained(mailbox) == [[1], []]


def test_a_poll_is_woken_by_waking_kinds_only() -> None:
    mailbox, rings = Mailbox(), []
    mailbox.open(OpenPoll(1, 0, lambda: rings.append(1)))
    mailbox.post(numbered(1), frozenset({"JobAvailable"}))
    assert rings == []
    mailbox.post(numbered(2), frozenset({"JobAssigned"}))
    assert rings == [1]


def test_closing_an_older_poll_leaves_the_newer_one() -> None:
    mailbox = Mailbox()
    older, newer = OpenPoll(1, 0, lambda: None), OpenPoll(2, 0, lambda: None)
    mailbox.open(older)
    mailbox.open(newer)
    mailbox.close(older)
    assert (older.superseded, newer.superseded, mailbox.poll) == (True, False, newer)


@given(st.lists(st.integers(0, 120), max_size=8))
def test_nothing_is_lost_doubled_or_reordered_and_no_message_is_too_long(sizes: list[int]) -> None:
    mailbox, posted = Mailbox(), list(range(sum(sizes)))
    start = 0
    for size in sizes:
        mailbox.post(numbered(*posted[start : start + size]), NEVER)
        start += size
        mailbox.next_message(0)
    assert mailbox.backlog == len(posted)
    messages = drained(mailbox)
    assert [number for message in messages for number in message] == posted
    assert all(0 < len(message) <= 50 for message in messages)
