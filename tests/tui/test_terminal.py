"""What a terminal can do: refusals, the clipboard, the theme, and who sits there."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.color import ColorSystem
from textual.color import Color

from tests.tui.desk import sitting
from tests.tui.paper import colours
from tests.tui.world import ENVIRON, FakeDaemon, screen, settle
from tui import theme
from tui.terminal import clipboard_sequences, operator, terminal_problem

if TYPE_CHECKING:
    from textual.theme import Theme


class Terminal(io.StringIO):
    """A stream that is a terminal, or is not."""

    def __init__(self, *, tty: bool = True) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


STATES = ("state-good", "state-busy", "state-late", "state-error", "text-quiet")
XTERM = {"TERM": "xterm-256color"}
PIPE = Terminal(tty=False)


def test_an_ordinary_terminal_is_no_problem() -> None:
    assert terminal_problem(Terminal(), Terminal(), XTERM, Terminal()) is None


@pytest.mark.parametrize(
    ("streams", "environ", "words"),
    [
        ((PIPE, Terminal(), Terminal()), XTERM, "standard input is none"),
        ((Terminal(), PIPE, Terminal()), XTERM, "standard output is none"),
        ((Terminal(), Terminal(), PIPE), XTERM, "standard error is none"),
        ((Terminal(), Terminal(), Terminal()), {"TERM": "dumb"}, "TERM is dumb"),
        ((Terminal(), Terminal(), Terminal()), {}, "TERM is not set"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(
    streams: tuple[Terminal, Terminal, Terminal], environ: dict[str, str], words: str
) -> None:
    stdin, stdout, stderr = streams
    problem = terminal_problem(stdin, stdout, environ, stderr)
    assert problem is not None
    assert words in problem
    assert "arcdeck status" in problem


def test_the_clipboard_is_asked_in_the_bare_form() -> None:
    assert list(clipboard_sequences("why", {})) == ["\x1b]52;c;d2h5\a"]


@pytest.mark.parametrize(
    ("environ", "wrapped"),
    [
        ({"TMUX": "/tmp/tmux"}, "\x1bPtmux;\x1b\x1b]52;c;d2h5\a\x1b\\"),  # noqa: S108  # only a value
        ({"STY": "1.pts"}, "\x1bP\x1b]52;c;d2h5\a\x1b\\"),
    ],
    ids=["tmux", "screen"],
)
def test_inside_a_multiplexer_it_is_also_asked_to_pass_on(environ: dict[str, str], wrapped: str) -> None:
    assert list(clipboard_sequences("why", environ))[1] == wrapped


def test_what_is_too_long_for_a_clipboard_is_cut_between_characters() -> None:
    sequence = next(clipboard_sequences("é" * 60_000, {}))
    encoded = sequence.removeprefix("\x1b]52;c;").removesuffix("\a")
    assert len(encoded) <= 74_994
    assert set(base64.b64decode(encoded).decode()) == {"é"}


def test_the_operator_is_who_ran_sudo_and_where_from() -> None:
    assert operator(ENVIRON) == "alice from 10.4.2.17"


def test_without_sudo_the_operator_is_the_user_of_the_process() -> None:
    assert operator({}) not in {"", "alice"}


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "arcdeck-dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "arcdeck-dark"),
        ({"TERM": "xterm"}, "arcdeck-ansi"),
        ({"TERM": "linux"}, "arcdeck-ansi"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "arcdeck-ansi"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "arcdeck-dark"),
        ({"TERM": "vt220"}, "arcdeck-ansi"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "arcdeck-light"),
        ({"TERM": "xterm-256color", "COLORFGBG": "15;default;0"}, "arcdeck-dark"),
        ({"TERM": "xterm", "COLORFGBG": "0;15"}, "arcdeck-ansi"),
    ],
)
def test_the_theme_follows_the_terminal(environ: dict[str, str], name: str) -> None:
    assert theme.choose(environ).theme.name == name


@pytest.mark.parametrize(
    ("environ", "colourless"),
    [
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, False),
        ({"TERM": "vt100"}, True),
        ({"TERM": "xterm-mono"}, True),
        ({"TERM": "screen"}, False),
        ({"TERM": "linux"}, False),
    ],
)
def test_there_is_no_colour_where_none_is_wanted_or_there_is_none(environ: dict[str, str], colourless: bool) -> None:
    assert theme.choose(environ).colourless is colourless
    assert theme.choose(environ, "light").colourless is colourless


def test_the_theme_that_was_asked_for_wins_over_the_terminal() -> None:
    assert theme.choose({"TERM": "linux"}, "light").theme is theme.LIGHT


def test_all_themes_give_every_meaning_a_colour() -> None:
    assert set(theme.DARK.variables) == set(theme.LIGHT.variables) <= set(theme.ANSI.variables)


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda look: look.name)
@pytest.mark.parametrize("ground", ["background", "bar-ground", "cursor-ground", "field-ground"])
def test_what_matters_is_legible_on_every_ground(look: Theme, ground: str) -> None:
    under = Color.parse(look.variables.get(ground) or str(look.background))
    for name in ("text-strong", "state-info", "state-busy", "state-late", "state-error"):
        assert contrast(Color.parse(look.variables[name]), under) >= 4.5, name


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda look: look.name)
def test_good_busy_late_and_bad_stay_apart_in_256_colours(look: Theme) -> None:
    shades = [Color.parse(look.variables[name]).rich_color.downgrade(ColorSystem.EIGHT_BIT).number for name in STATES]
    assert len(set(shades)) == len(STATES)


def test_good_busy_late_and_bad_stay_apart_in_sixteen_colours() -> None:
    assert len({theme.ANSI.variables[name] for name in STATES}) == len(STATES)


def contrast(one: Color, other: Color) -> float:
    """The ratio of luminances as WCAG 2 has it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_no_colour_is_named_outside_the_theme() -> None:
    home = Path(theme.__file__).parent
    named = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgb\(|\bansi_\w+")
    sources = [
        path for path in home.parent.rglob("*") if path.suffix in {".py", ".tcss"} and path != home / "__init__.py"
    ]
    assert [path.name for path in sources if named.search(path.read_text().replace("ansi_color", ""))] == []


async def test_an_empty_no_color_leaves_the_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    app = screen(FakeDaemon(), environ={**ENVIRON, "NO_COLOR": ""})
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shades = {segment.style.color.triplet for segment in colours(app) if segment.style and segment.style.color}
        assert any(shade and len(set(shade)) > 1 for shade in shades)


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "vt220"}], ids=["NO_COLOR", "vt220"])
async def test_no_colour_means_none(environ: dict[str, str]) -> None:
    app = screen(FakeDaemon(), unlocked=True, environ={**ENVIRON, **environ})
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert next(colours(app), None) is None


async def test_themes_can_be_tried_one_after_the_other() -> None:
    async with sitting() as desk:
        tried = [desk.pilot.app.theme]
        for _ in theme.THEMES:
            await desk.press("T")
            tried.append(desk.pilot.app.theme)
        assert tried == ["arcdeck-dark", "arcdeck-light", "arcdeck-ansi", "arcdeck-dark"]
        assert "arcdeck-dark: T tries the next" in desk.text("message")
