"""What a series of runner lists says about one runner (behaviour.md rows 7, 27, 28)."""

import pytest

from core.domain.messages import Registration
from core.domain.presence import NEVER_LISTED, Presence

ONLINE = Registration(7, "small-0000000a", online=True, busy=False)
OFFLINE = Registration(7, "small-0000000a", online=False, busy=False)
BUSY = Registration(7, "small-0000000a", online=True, busy=True)


def after(*looks: tuple[float, Registration | None]) -> Presence:
    presence = NEVER_LISTED
    for now, registration in looks:
        presence = presence.seen(registration, now)
    return presence


def test_three_looks_over_five_minutes_make_a_runner_surely_idle() -> None:
    assert after((0, ONLINE), (150, ONLINE), (300, ONLINE)).surely_idle


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([(0, ONLINE), (300, ONLINE)], id="two looks"),
        pytest.param([(0, ONLINE), (60, ONLINE), (120, ONLINE)], id="two minutes"),
        pytest.param([(0, ONLINE), (100, ONLINE), (200, BUSY), (300, ONLINE)], id="busy in between"),
        pytest.param([(0, ONLINE), (100, ONLINE), (200, OFFLINE), (300, ONLINE)], id="offline in between"),
        pytest.param([(0, ONLINE), (100, ONLINE), (200, None), (300, ONLINE)], id="absent in between"),
    ],
)
def test_less_than_that_does_not(looks: list[tuple[float, Registration | None]]) -> None:
    assert not after(*looks).surely_idle


def test_absent_from_two_lists_a_minute_apart_is_unknown_to_github() -> None:
    assert after((0, None), (60, None)).unknown_to_github


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([(0, None)], id="one list"),
        pytest.param([(0, None), (30, None)], id="too close together"),
        pytest.param([(0, None), (30, ONLINE), (60, None)], id="seen in between"),
    ],
)
def test_less_absence_proves_nothing(looks: list[tuple[float, Registration | None]]) -> None:
    assert not after(*looks).unknown_to_github


@pytest.mark.parametrize("registration", [OFFLINE, None])
def test_a_list_that_shows_it_neither_online_nor_busy_is_remembered(registration: Registration | None) -> None:
    assert after((200, registration)).not_serving_at == 200


@pytest.mark.parametrize("registration", [ONLINE, BUSY])
def test_one_that_shows_it_serving_takes_that_back(registration: Registration) -> None:
    assert after((200, OFFLINE), (210, registration)).not_serving_at is None
