"""The looks: two themes that give every meaning its colour, and the choice between them.

Views name meanings (``tui.tones``); ``arcdeck.tcss`` turns meanings into the variables defined here; no colour is named
anywhere else. Good and bad differ in lightness as well as in hue, blue against orange, so that they survive red-green
blindness, 256 and 16 colours (tui-patterns.md sections 9.1 to 9.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.theme import BUILTIN_THEMES, Theme

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        "cursor-ground": "#1f3a57",
        "cursor-ground-quiet": "#1a2129",
        "rule": "#3d4753",
        "field-ground": "#232c36",
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

THEMES: Final = (DARK, ANSI)


def choose(environ: Mapping[str, str]) -> Theme:
    """The theme for a terminal: its own colours when it has sixteen of them, or when NO_COLOR forbids any."""
    if environ.get("NO_COLOR"):
        return ANSI
    rich = "256" in environ.get("TERM", "") or environ.get("COLORTERM", "") in {"truecolor", "24bit"}
    return DARK if rich else ANSI
