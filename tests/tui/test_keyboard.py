"""Keys that a user chose: which may be had, and that everything that names a key names those."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.desk import sitting
from tests.tui.world import FakeDaemon
from tui.actions import ACTIONS, BY_ID, Place
from tui.dialogs.confirm import ConfirmDialog
from tui.keyboard import Keyboard, choose
from tui.keys import REFLEXES, SWALLOWED, named, types_text, written
from tui.screens.help import HelpScreen
from tui.settings import Settings, read
from tui.widgets.lines import Lines

FILE = Path("screen.toml")


def with_keys(text: str) -> Settings:
    found = read(f"[keys]\n{text}", FILE)
    assert found.problems == ()
    return found


def refusal(name: str, *keys: str, **others: tuple[str, ...]) -> str:
    """Why these keys cannot be had; the action keeps its own."""
    keyboard, refused = choose({name: keys, **others})
    if name in BY_ID:
        assert keyboard.key(name) == BY_ID[name].key
    return refused[name]


# Names


@pytest.mark.parametrize(
    "text", ["a", "A", "?", "/", "f5", "delete", "ctrl+x", "esc", "pgup", "ctrl+space", "space", "+"]
)
def test_a_key_is_written_as_it_was_named(text: str) -> None:
    key = named(text)
    assert key is not None
    assert written(key) == text


@pytest.mark.parametrize("text", ["", "ab", "ctrl+", "hyper+x", "\t", "\x1b"])
def test_what_is_no_key_has_no_name(text: str) -> None:
    assert named(text) is None


def test_letters_and_signs_type_text_and_others_do_not() -> None:
    assert all(types_text(key) for key in ("a", "D", "slash", "space"))
    assert not any(types_text(key) for key in ("enter", "delete", "f5", "ctrl+x", "escape"))


# What may be had


def test_keys_are_taken_one_or_several() -> None:
    keyboard, refused = choose({"logs": ("L",), "cursor_up": ("up", "ctrl+p")})
    assert refused == {}
    assert keyboard.key("logs") == "L"
    assert next(action for action in keyboard.of(Place.MAIN) if action.id == "cursor_up").all_keys == "up ctrl+p"


def test_two_actions_can_change_their_keys() -> None:
    keyboard, refused = choose({"sort": ("/",), "filter": ("s",), "find": ("f7",)})
    assert refused == {}
    assert (keyboard.key("sort"), keyboard.key("filter")) == ("/", "s")


def test_a_key_that_another_action_has_is_refused_with_its_name() -> None:
    assert refusal("logs", "e") == "e is events already; choose another, or other keys for history"


def test_of_two_actions_that_want_one_key_at_most_one_has_it() -> None:
    keyboard, refused = choose({"logs": ("f6",), "copy": ("f6",)})
    assert len(refused) == 1
    assert [keyboard.key("logs"), keyboard.key("copy")].count("f6") == 1


def test_a_refusal_frees_nothing_for_others() -> None:
    keyboard, refused = choose({"sort": ("ctrl+i",), "turn": ("s",)})
    assert set(refused) == {"sort", "turn"}
    assert keyboard == Keyboard()


def test_an_action_there_is_not_is_answered_with_the_nearest() -> None:
    assert "there is no such action, but stop" in refusal("stpo", "f5")


def test_a_key_there_is_not_is_refused() -> None:
    assert refusal("logs", "hyper+l").startswith("hyper+l is no key; keys are written as a, A, ?, f5, delete, ctrl+x")


def test_an_action_needs_a_key() -> None:
    assert refusal("leave") == "an action needs a key"


@pytest.mark.parametrize("key", SWALLOWED)
def test_what_terminals_keep_for_themselves_cannot_be_had(key: str) -> None:
    assert refusal("logs", key).startswith(f"{key} cannot be had: ")


@pytest.mark.parametrize("action", [action.id for action in ACTIONS if action.dangerous])
@pytest.mark.parametrize("key", [*(written(key) for key in sorted(REFLEXES)), "b", "?", "5"])
def test_nothing_that_changes_something_is_put_where_a_finger_slips(action: str, key: str) -> None:
    assert "changes something; take one as delete, f5, ctrl+x" in refusal(action, key)


def test_what_changes_something_may_keep_its_own_letter_beside_another_key() -> None:
    keyboard, refused = choose({"stop": ("delete", "x")})
    assert refused == {}
    assert keyboard.key("stop") == "delete"


@pytest.mark.parametrize("place", Place)
def test_whatever_is_chosen_no_key_means_two_things_on_one_screen(place: Place) -> None:
    keyboard, _ = choose({action.id: ("f9",) for action in ACTIONS})
    keys = [key for action in keyboard.of(place) for key in action.keys]
    assert len(keys) == len(set(keys))


# On the screen


async def test_a_chosen_key_does_what_the_usual_one_did_and_that_one_does_nothing() -> None:
    async with sitting(unlocked=True, settings=with_keys('stop = "delete"')) as desk:
        await desk.press("x")
        assert not isinstance(desk.pilot.app.screen, ConfirmDialog)
        await desk.press("delete")
        assert isinstance(desk.pilot.app.screen, ConfirmDialog)


async def test_keys_can_change_places() -> None:
    async with sitting(settings=with_keys('sort = "!"\nproblems = "s"')) as desk:
        await desk.press("s")
        assert "problems only" in desk.rule("runners")


async def test_moving_can_have_other_keys() -> None:
    async with sitting(settings=with_keys('cursor_down = ["down", "ctrl+n"]')) as desk:
        first = desk.screen.runners.table.cursor
        await desk.press("ctrl+n")
        assert desk.screen.runners.table.cursor != first


async def test_what_has_no_key_by_itself_can_have_one() -> None:
    async with sitting(unlocked=True, settings=with_keys('reload = "f5"')) as desk:
        await desk.press("f5")
        assert [command.kind for command in desk.daemon.commands] == ["reload"]


async def test_footer_help_and_palette_name_the_chosen_key() -> None:
    async with sitting(settings=with_keys('filter = "f3"\nhelp = "f1"\nfind = "f3"')) as desk:
        before = len(desk.pilot.app.screen_stack)
        assert "f3 filter" in desk.text("footer")
        assert "f1 help" in desk.text("footer")
        await desk.press("colon", *"filter")
        assert "f3" in desk.pilot.app.screen.query_one("#palette-list", Lines).text.splitlines()[0]
        await desk.press("escape", "f1")
        assert isinstance(desk.pilot.app.screen, HelpScreen)
        assert " f3 " in desk.pilot.app.screen.query_one("#help-keys", Lines).text
        await desk.press("f1")
        assert len(desk.pilot.app.screen_stack) == before


async def test_sentences_name_the_chosen_key() -> None:
    async with sitting(settings=with_keys('unlock = "f2"\nback = "f12"')) as desk:
        await desk.press("x")
        assert "f2 unlocks for 5 minutes" in desk.text("message")
        await desk.press("slash", *"dokcer", "enter")
        assert any("0 of 23 match dokcer; f12 clears the filter" in line for line in desk.lines())
        await desk.press("f12")
        assert desk.screen.runners.filter == ""


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q", "f10"])
async def test_a_way_to_leave_always_stays(key: str) -> None:
    async with sitting(daemon=FakeDaemon(), settings=with_keys('leave = "f10"')) as desk:
        await desk.press(key)
        assert desk.pilot.app._exit
