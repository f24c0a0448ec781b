"""The table of actions and what is made of it."""

import pytest

from tests.tui.samples import NOW, fleet
from tests.tui.world import FakeDaemon, HandClock, screen
from tui.actions import ACTIONS, BY_ID, Group, Place, bindings, footer, of
from tui.footer import footer_row
from tui.keys import SWALLOWED
from tui.screens.detail import DetailScreen
from tui.screens.history import HistoryScreen
from tui.screens.internals import InternalsScreen
from tui.screens.overview import OverviewScreen
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.log_view import LogView

SCREENS = {
    Place.MAIN: OverviewScreen,
    Place.DETAIL: DetailScreen,
    Place.HISTORY: HistoryScreen,
    Place.INTERNALS: InternalsScreen,
}
MOVES = dict.fromkeys(Place, KeyedTable) | {Place.DETAIL: LogView}


def words(*names: str, note: str = "", width: int = 80) -> str:
    row = footer_row([BY_ID[name] for name in names], {}, note, width)
    return "".join(span.text for span in (*row.left, *row.right))


@pytest.mark.parametrize("place", Place)
def test_no_key_means_two_things_on_one_screen(place: Place) -> None:
    keys = [key for action in of(place) for key in action.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("place", Place)
def test_every_action_is_carried_out_by_somebody(place: Place) -> None:
    for action in of(place):
        owner = (MOVES if action.group is Group.MOVE else SCREENS)[place]
        assert callable(getattr(owner, f"action_{action.id}")), action.id


def test_what_asks_is_dangerous_and_what_applies_to_some_rows_says_to_which() -> None:
    for action in ACTIONS:
        assert action.dangerous or not action.asks
        assert action.suits or action.applies(None)


def test_nothing_dangerous_has_priority_or_works_without_a_connection() -> None:
    made = {binding.id: binding for binding in bindings(Group) if not isinstance(binding, tuple)}
    for action in ACTIONS:
        assert not action.keys or not made[action.id].priority
        if action.dangerous:
            assert action.needs_connection


def test_keys_that_terminals_swallow_are_not_used() -> None:
    assert not SWALLOWED.keys() & {key for action in ACTIONS for key in action.keys}


def test_the_help_has_room_for_what_each_action_does() -> None:
    too_long = [action.id for action in ACTIONS if action.keys and len(action.help) + 7 * action.asks > 26]
    assert too_long == []


def test_the_footer_begins_with_what_is_most_useful() -> None:
    ranks = [action.rank for action in footer(ACTIONS)]
    assert ranks == sorted(rank for rank in ranks if rank is not None)


def test_the_footer_ends_with_help_and_leave() -> None:
    assert words("leave", "filter", "help", "copy").rstrip().endswith("? help  q leave")


def test_what_does_not_fit_is_left_to_the_help() -> None:
    everything = [action.id for action in ACTIONS]
    assert "freeze" not in words(*everything, width=60)
    assert "? help  q leave" in words(*everything, width=60)


def test_the_footer_says_why_keys_are_missing() -> None:
    assert "off: not connected  ? help" in words("filter", "help", note="off: not connected")


def test_a_screen_is_made_without_a_terminal() -> None:
    app = screen(FakeDaemon(fleet(NOW)), HandClock())
    assert app.session.who == "alice from 10.4.2.17"
