"""The looks: themes that give every meaning its colour, and the choice between them.

Views name meanings (``tui.tones``); ``arcdeck.tcss`` turns meanings into the variables defined here; no colour is named
anywhere else. Good and bad differ in lightness as well as in hue, blue against orange, so that they survive red-green
blindness, 256 and 16 colours (tui-patterns.md sections 9.1 to 9.5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.theme import BUILTIN_THEMES, Theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.settings import ThemeName

#: For terminals of 256 colours and more.
DARK: Final = Theme(
    name="arcdeck-dark",
    dark=True,
    primary="#5fafff",
    secondary="#87afd7",
    accent="#5fafff",
    warning="#ffaf5f",
    error="#ff5f5f",
    success="#87d7d7",
    foreground="#c6cbd1",
    background="#101419",
    surface="#101419",
    panel="#1a2129",
    boost="#1a2129",
    variables={
        "text-strong": "#f2f5f8",
        "text-quiet": "#76818d",
        "state-info": "#87d7d7",
        "state-good": "#87d7d7",
        "state-busy": "#5fafff",
        "state-ending": "#8787d7",
        "state-late": "#ffaf5f",
        "state-error": "#ff5f5f",
        "state-error-ground": "#d7303a",
        "on-error-ground": "#ffffff",
        "key-name": "#87afd7",
        "bar-ground": "#1a2129",
        "cursor-ground": "#1a2f47",
        "cursor-ground-quiet": "#1a2129",
        "rule": "#3d4753",
        "field-ground": "#232c36",
    },
)

#: The same meanings on a light ground: darker, not other, hues.
LIGHT: Final = Theme(
    name="arcdeck-light",
    dark=False,
    primary="#005fd7",
    secondary="#3a5f87",
    accent="#005fd7",
    warning="#af5f00",
    error="#c40030",
    success="#00707a",
    foreground="#262b31",
    background="#fbfbf9",
    surface="#fbfbf9",
    panel="#e9ecef",
    boost="#e9ecef",
    variables={
        "text-strong": "#000000",
        "text-quiet": "#66707a",
        "state-info": "#00666f",
        "state-good": "#00666f",
        "state-busy": "#005fd7",
        "state-ending": "#6a3fb5",
        "state-late": "#944a00",
        "state-error": "#c40030",
        "state-error-ground": "#c40030",
        "on-error-ground": "#ffffff",
        "key-name": "#004a9f",
        "bar-ground": "#e9ecef",
        "cursor-ground": "#d6e6fa",
        "cursor-ground-quiet": "#e9ecef",
        "rule": "#b4bbc3",
        "field-ground": "#e2e6ea",
    },
)

#: The terminal's own sixteen colours; with NO_COLOR only its defaults are left, and text styles speak instead.
ANSI: Final = Theme(
    name="arcdeck-ansi",
    ansi=True,
    dark=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_bright_blue",
    warning="ansi_yellow",
    error="ansi_bright_red",
    success="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,  # what Textual's own widgets ask of such a theme
        "text-strong": "ansi_default",
        "text-quiet": "ansi_bright_black",
        "state-info": "ansi_cyan",
        "state-good": "ansi_cyan",
        "state-busy": "ansi_bright_blue",
        "state-ending": "ansi_blue",
        "state-late": "ansi_bright_yellow",
        "state-error": "ansi_bright_red",
        "state-error-ground": "ansi_red",
        "on-error-ground": "ansi_bright_white",
        "key-name": "ansi_cyan",
        "bar-ground": "ansi_default",
        "cursor-ground": "ansi_default",
        "cursor-ground-quiet": "ansi_default",
        "rule": "ansi_bright_black",
        "field-ground": "ansi_default",
    },
)

THEMES: Final = (DARK, LIGHT, ANSI)
_BY_NAME: Final[Mapping[ThemeName, Theme]] = {"dark": DARK, "light": LIGHT, "ansi": ANSI}
#: Terminals that have no colours at all, by the names that terminfo gives them.
_COLOURLESS: Final = re.compile(r"(vt\d+.*|.*-(m|mono|nocolor))")
#: The grounds among the sixteen colours that are light: white, and bright white.
_LIGHT_GROUNDS: Final = frozenset({"7", "15"})


@dataclass(frozen=True, slots=True)
class Looks:
    """A theme, and whether even its colours are left out."""

    theme: Theme
    colourless: bool = False


def choose(environ: Mapping[str, str], wanted: ThemeName = "auto") -> Looks:
    """The looks for a terminal.

    No colour where NO_COLOR is set to something or the terminal has none; then the theme that was asked for; by itself
    the terminal's own colours when it has but sixteen, else light or dark after its ground, which COLORFGBG tells where
    anything does, and dark where nothing does.
    """
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR") or _COLOURLESS.fullmatch(term):
        return Looks(ANSI, colourless=True)
    if wanted != "auto":
        return Looks(_BY_NAME[wanted])
    if "256" not in term and environ.get("COLORTERM", "") not in {"truecolor", "24bit"}:
        return Looks(ANSI)
    return Looks(LIGHT if environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_GROUNDS else DARK)


def after(name: str) -> str:
    """The name of the theme that comes after the one of this name."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)]
