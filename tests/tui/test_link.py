"""How well the screen hears the daemon: link states and the safety catch, as values."""

import pytest

from tui.link import LOST_AFTER, RETRY_WAITS, STALE_AFTER, Link, LinkState
from tui.safety import UNLOCKED_FOR, SafetyCatch


def test_before_the_first_message_the_link_connects() -> None:
    assert Link(0.0).state(3.0) is LinkState.CONNECTING


@pytest.mark.parametrize(
    ("silence", "state"),
    [
        (0.0, LinkState.LIVE),
        (STALE_AFTER - 0.1, LinkState.LIVE),
        (STALE_AFTER, LinkState.STALE),
        (LOST_AFTER, LinkState.LOST),
    ],
)
def test_silence_alone_makes_a_link_stale_and_then_lost(silence: float, state: LinkState) -> None:
    assert Link(0.0).heard(10.0).state(10.0 + silence) is state


def test_waits_grow_and_then_stay() -> None:
    link, waits = Link(0.0).heard(0.0), []
    for _ in range(7):
        link = link.lost(100.0, "gone")
        assert link.retry_at is not None
        waits.append(link.retry_at - 100.0)
    assert waits == [*RETRY_WAITS, RETRY_WAITS[-1], RETRY_WAITS[-1]]


def test_the_first_moment_without_a_connection_is_kept() -> None:
    assert Link(0.0).heard(1.0).lost(5.0, "gone").lost(9.0, "gone").lost_at == 5.0


def test_a_message_ends_the_count_of_tries() -> None:
    assert Link(0.0).lost(1.0, "gone").heard(2.0).tries == 0


def test_another_protocol_is_said_and_tried_again_calmly() -> None:
    link = Link(0.0).lost(1.0, "protocol 7", incompatible=True)
    assert link.state(1.0) is LinkState.INCOMPATIBLE
    assert link.retry_at == 1.0 + RETRY_WAITS[-1]


def test_a_screen_starts_locked() -> None:
    assert not SafetyCatch().is_open(0.0)


def test_unlocking_lasts_five_minutes() -> None:
    catch = SafetyCatch().toggled(10.0)
    assert catch.is_open(10.0 + UNLOCKED_FOR - 0.1)
    assert not catch.is_open(10.0 + UNLOCKED_FOR)


def test_the_same_key_locks_again() -> None:
    assert not SafetyCatch().toggled(10.0).toggled(11.0).is_open(11.0)


def test_an_expired_catch_unlocks_anew() -> None:
    later = 10.0 + UNLOCKED_FOR + 1
    assert SafetyCatch().toggled(10.0).toggled(later).is_open(later)


def test_what_is_read_only_cannot_be_unlocked() -> None:
    assert not SafetyCatch(read_only=True).toggled(0.0).is_open(0.0)
