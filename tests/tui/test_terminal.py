"""What a terminal can do: refusals, the clipboard, the theme, and who sits there."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.world import ENVIRON, FakeDaemon, screen, settle
from tui import theme
from tui.terminal import clipboard_sequences, operator, terminal_problem

if TYPE_CHECKING:
    from rich.style import Style


class Terminal(io.StringIO):
    """A stream that is a terminal, or is not."""

    def __init__(self, *, tty: bool = True) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


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
    ],
)
def test_the_theme_follows_the_terminal(environ: dict[str, str], name: str) -> None:
    assert theme.choose(environ).name == name


def test_both_themes_give_every_meaning_a_colour() -> None:
    assert set(theme.DARK.variables) <= set(theme.ANSI.variables)


def test_no_colour_is_named_outside_the_theme() -> None:
    home = Path(theme.__file__).parent
    named = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgb\(|\bansi_\w+")
    sources = [
        path for path in home.parent.rglob("*") if path.suffix in {".py", ".tcss"} and path != home / "__init__.py"
    ]
    assert [path.name for path in sources if named.search(path.read_text().replace("ansi_color", ""))] == []


async def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = screen(FakeDaemon(), unlocked=True, environ={**ENVIRON, "NO_COLOR": "1"})
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for keys in ([], ["down", "x"], ["tab", "tab"]):
            await pilot.press(*keys)
            await settle(pilot)
            styles = {segment.style for strip in app.screen._compositor.render_strips() for segment in strip}
            assert not {style for style in styles if style and _is_coloured(style)}


def _is_coloured(style: Style) -> bool:
    return any(color is not None and not color.is_default for color in (style.color, style.bgcolor))
