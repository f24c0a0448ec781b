"""The palette: everything by its name, with the reason where it cannot be done."""

from __future__ import annotations

from core.api.commands import SteerScaleSet
from tests.tui.desk import Desk, sitting
from tui.dialogs.confirm import ConfirmDialog
from tui.palette import Choice, matching
from tui.screens.palette import PaletteScreen
from tui.widgets.lines import Lines


def choice(name: str, about: str = "", reason: str = "") -> Choice:
    return Choice(name, about, "", reason, lambda: None)


def names(typed: str, *choices: Choice) -> list[str]:
    return [found.name for found in matching(choices, typed)]


def listed(desk: Desk) -> str:
    palette = desk.pilot.app.screen
    assert isinstance(palette, PaletteScreen)
    return palette.query_one("#palette-list", Lines).text


def test_every_word_has_to_be_found_in_any_order_and_any_case() -> None:
    assert names("SMALL pa", choice("pause small"), choice("pause large"), choice("drain small")) == ["pause small"]


def test_what_begins_with_the_text_comes_first_and_what_can_be_done_before_what_cannot() -> None:
    found = names("so", choice("also"), choice("sort", reason="no"), choice("soon"), choice("x", "so it is"))
    assert found == ["soon", "sort", "also", "x"]


def test_the_whole_name_wins_over_longer_ones() -> None:
    assert names("pause a", choice("pause ab"), choice("pause a")) == ["pause a", "pause ab"]


async def test_typed_text_narrows_the_list_and_enter_does_it() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.press("colon")
        await desk.type("retry runner-large")
        assert listed(desk).splitlines()[0].startswith("> retry runner-large-docker")
        await desk.press("enter")
        assert desk.daemon.commands == [SteerScaleSet(kind="retry", id="command-1", scale_set="runner-large-docker")]


async def test_an_action_runs_as_its_key_would() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.press("colon")
        await desk.type("stop")
        await desk.press("enter")
        assert isinstance(desk.pilot.app.screen, ConfirmDialog)


async def test_moving_in_the_list_is_an_action_like_any_other() -> None:
    async with sitting() as desk:
        first = desk.screen.runners.table.cursor
        await desk.press("colon")
        await desk.type("down")
        await desk.press("enter")
        assert desk.screen.runners.table.cursor != first


async def test_what_cannot_be_done_says_why_and_enter_leaves_it() -> None:
    async with sitting() as desk:
        await desk.press("colon")
        await desk.type("sweep")
        await desk.press("enter")
        assert "locked, u unlocks" in listed(desk)
        await desk.press("escape", "1", "colon")
        await desk.type("stop")
        assert "only for a running task" in listed(desk)
        await desk.press("escape")
        assert desk.pilot.app.screen is desk.screen
        assert desk.daemon.commands == []


async def test_read_only_does_not_even_name_what_changes_something() -> None:
    async with sitting(read_only=True) as desk:
        await desk.press("colon")
        await desk.type("pause")
        assert "nothing is called that" in listed(desk)


async def test_the_mark_moves_and_stays_within_the_list() -> None:
    async with sitting() as desk:
        await desk.press("colon")
        await desk.type("runner-small-docker")
        await desk.press("down", "down", "down", "down", "up")
        marked = [line for line in listed(desk).splitlines() if line.startswith(">")]
        assert len(marked) == 1


async def test_a_name_typed_in_one_burst_with_the_colon_is_not_lost_and_is_no_key() -> None:
    async with sitting(unlocked=True) as desk:
        await desk.type(":pause runner-xxlarge-docker")
        assert "pause runner-xxlarge-docker" in listed(desk).splitlines()[0]
        assert desk.daemon.commands == []
