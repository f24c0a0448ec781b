"""The settings of the screen in their file: what it can say, and that nothing in it keeps the screen away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.desk import sitting
from tests.tui.world import FakeDaemon, screen, settle
from tui.lists import RUNNERS
from tui.screens.help import HelpScreen
from tui.screens.overview import OverviewScreen
from tui.settings import Settings, default_file, load, read
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path("/home/alice/.config/arcdeck/screen.toml")


def settings(text: str) -> Settings:
    return read(text, FILE)


def placed(folder: Path, text: str) -> Mapping[str, str]:
    """The environment of somebody whose file is in its usual place."""
    file = folder / "arcdeck" / "screen.toml"
    file.parent.mkdir()
    file.write_text(text)
    return {"XDG_CONFIG_HOME": str(folder)}


def test_the_file_is_looked_for_where_xdg_says() -> None:
    assert default_file({"XDG_CONFIG_HOME": "/etc/xdg", "HOME": "/root"}) == Path("/etc/xdg/arcdeck/screen.toml")
    assert default_file({"HOME": "/root"}) == Path("/root/.config/arcdeck/screen.toml")
    assert default_file({}) is None


def test_without_a_file_all_is_as_usual(tmp_path: Path) -> None:
    assert load({"HOME": str(tmp_path)}) == Settings()


def test_the_file_in_its_usual_place_is_read(tmp_path: Path) -> None:
    assert load(placed(tmp_path, 'theme = "light"')).theme == "light"


def test_a_file_that_is_named_wins(tmp_path: Path) -> None:
    (named := tmp_path / "mine.toml").write_text('theme = "ansi"')
    environ = {**placed(tmp_path, 'theme = "light"'), "ARCDECK_SCREEN_SETTINGS": str(named)}
    assert load(environ).theme == "ansi"


def test_a_file_that_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    found = load({"ARCDECK_SCREEN_SETTINGS": str(tmp_path / "gone.toml")})
    assert found.told == "gone.toml: there is no such file; all is as usual"


def test_asking_for_ascii_wins_over_the_file(tmp_path: Path) -> None:
    assert load({**placed(tmp_path, "ascii = false"), "ARCDECK_ASCII": "1"}).ascii is True


@pytest.mark.parametrize("text", ["theme = ", "\0", "[keys]\n[keys]\n"])
def test_what_is_no_toml_costs_a_sentence_and_nothing_else(text: str) -> None:
    found = settings(text)
    (problem,) = found.problems
    assert problem.startswith("it is no TOML: ")
    assert found == Settings(file=FILE, problems=found.problems)


def test_a_file_that_cannot_be_read_costs_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "arcdeck" / "screen.toml").mkdir(parents=True)
    assert "it cannot be read (Is a directory)" in load({"XDG_CONFIG_HOME": str(tmp_path)}).told
    (latin := tmp_path / "latin.toml").write_bytes(b"theme = '\xe4'")
    assert "it cannot be read (it is no UTF-8)" in load({"ARCDECK_SCREEN_SETTINGS": str(latin)}).told


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('theme = "drak"', 'theme = "drak" is not one of auto, dark, light, ansi; auto is taken'),
        ('ascii = "yes"', 'ascii = "yes" is neither true nor false; it stays as usual'),
        ("mouse = 1", "mouse = 1 is neither true nor false; it stays as usual"),
        ("colour = true", "colour is not known; there are theme, ascii, mouse, [keys] and [lists]"),
        ('keys = "vim"', 'keys = "vim" is no table; write [keys]'),
        ("[keys]\nstop = 5", "keys.stop = 5 is neither a key nor a list of keys; usual keys stay"),
        ("lists.ended = {}", "lists.ended is not known; there are sets, runners, events"),
        ("[lists]\nrunners = true", "lists.runners = true is no table; write [lists.runners]"),
        ("[lists.sets]\nfilter = 3", "lists.sets.filter = 3 is no text; nothing is filtered"),
        ("lists.sets.filter = 'stat:'", 'lists.sets.filter = "stat:": no field stat here; state?; nothing is filtered'),
        ("lists.events.sort = 'x'", 'lists.events.sort = "x" is not one of kind, runner, operator; newest first stays'),
        ("[lists.events]\nturned = 1", "lists.events.turned = 1 is neither true nor false; it stays as usual"),
        ("[lists.events]\nheight = 5", "lists.events.height is not known; there are filter, sort and turned"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_its_key_and_what_is_allowed(text: str, problem: str) -> None:
    assert settings(text).problems == (problem,)


def test_the_rest_of_a_file_holds_whatever_is_wrong_in_it() -> None:
    found = settings('theme = "drak"\nmouse = false\n[keys]\nstop = "a"\nlogs = "L"\n[lists.sets]\nsort = "name"\n')
    assert (found.theme, found.mouse, found.keyboard.key("logs"), found.keyboard.key("stop")) == (
        "auto",
        False,
        "L",
        "x",
    )
    assert found.lists["sets"].order.words == "by NAME ↑"


def test_what_is_wrong_is_only_text() -> None:
    assert "\x1b" not in settings('theme = "\\u001b]52;c;x\\u0007"').told


def test_several_mistakes_are_counted() -> None:
    assert settings('theme = "x"\nascii = 1').told.startswith(
        "screen.toml: 2 mistakes, ? has them; the first: theme = "
    )


async def test_the_screen_says_what_is_wrong_and_help_has_all_of_it() -> None:
    async with sitting(settings=settings('theme = "drak"\nascii = 1')) as desk:
        assert 'screen.toml: 2 mistakes, ? has them; the first: theme = "drak"' in desk.text("message")
        await desk.press("question_mark")
        assert isinstance(desk.pilot.app.screen, HelpScreen)
        said = desk.pilot.app.screen.query_one("#help-settings", Lines).text
        assert str(FILE) in said
        assert "ascii = 1 is neither true nor false" in said


async def test_lists_are_shown_as_they_were_asked_for() -> None:
    wanted = settings('[lists.runners]\nsort = "name"\nturned = true\nfilter = "docker !state:stopped"\n')
    async with sitting(settings=wanted) as desk:
        assert "filter docker !state:stopped" in desk.rule("runners")
        assert "by NAME ↓" in desk.rule("runners")
        names = list(desk.screen.runners.table._arranged.order)
        assert names == sorted(names, reverse=True)
        assert all("docker" in name for name in names)


async def test_the_order_that_was_asked_for_can_be_changed() -> None:
    async with sitting(settings=settings('[lists.runners]\nsort = "name"')) as desk:
        await desk.press("s", "full_stop")
        assert RUNNERS.order in desk.rule("runners")


@pytest.mark.parametrize(
    ("wanted", "name"), [("dark", "arcdeck-dark"), ("light", "arcdeck-light"), ("ansi", "arcdeck-ansi")]
)
async def test_the_theme_is_the_one_that_was_asked_for(wanted: str, name: str) -> None:
    app = screen(FakeDaemon(), settings=settings(f'theme = "{wanted}"'))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.theme == name
        assert isinstance(app.screen, OverviewScreen)
