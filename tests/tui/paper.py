"""A screen as text: what is written in each cell, and below it how, so that pictures are read and compared in lines.

How a line is written is told in runs, ``7l! 2.`` for seven cells in the tone of what is late, bold, then two ordinary
ones. A letter is a colour of the theme, the marks behind it are styles, and ``/`` and a letter the ground.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len

from tui import theme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.color import Color
    from rich.segment import Segment
    from rich.style import Style
    from textual.app import App
    from textual.strip import Strip

#: Colours by their names in the theme; those that look alike have one letter.
_LETTERS: Final[Mapping[str, str]] = {
    "text-strong": "S",
    "text-quiet": "m",
    "state-info": "i",
    "state-busy": "b",
    "state-ending": "e",
    "state-late": "l",
    "state-error": "f",
    "state-error-ground": "F",
    "on-error-ground": "o",
    "key-name": "k",
    "bar-ground": "h",
    "cursor-ground": "c",
    "rule": "r",
    "field-ground": "d",
}
_MARKS: Final = {"bold": "!", "dim": "~", "reverse": "%", "underline": "_", "strike": "-", "italic": "/"}


def _letters() -> dict[str, str]:
    """The letters by the colours of the dark theme."""
    named = {theme.DARK.variables[name]: letter for name, letter in _LETTERS.items()}
    return {str(theme.DARK.foreground): ".", str(theme.DARK.background): " "} | named


_BY_COLOUR: Final = _letters()


def seen(app: App[Any]) -> tuple[str, str]:
    """What is written on the screen, and how; a line for each line of it."""
    strips: Sequence[Strip] = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips), "\n".join(_runs(strip) for strip in strips)


def _runs(strip: Strip) -> str:
    told = ((_look(segment.style), cell_len(segment.text)) for segment in strip)
    runs = [(look, sum(cells for _, cells in run)) for look, run in groupby(told, key=lambda each: each[0])]
    return " ".join(f"{cells}{look}" for look, cells in runs)


def _look(style: Style | None) -> str:
    if style is None:
        return "."
    marks = "".join(mark for name, mark in _MARKS.items() if getattr(style, name))
    ground = _letter(style.bgcolor, " ")
    return _letter(style.color, ".") + marks + (f"/{ground}" if ground != " " else "")


def _letter(colour: Color | None, usual: str) -> str:
    if colour is None or colour.is_default:
        return usual
    name = colour.get_truecolor().hex
    return _BY_COLOUR.get(name, name)


def colours(app: App[Any]) -> Iterator[Segment]:
    """The pieces of the screen that have a colour of their own."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if style and any(colour is not None and not colour.is_default for colour in (style.color, style.bgcolor)):
                yield segment
