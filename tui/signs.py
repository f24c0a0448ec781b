"""Every sign of ours in ASCII, for terminals and fonts that have no others (tui-patterns.md sections 9.2 and 13.1).

One sign becomes one sign, so that nothing moves. What comes from outside keeps its letters: a name in another script is
that name. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNS: Final = {
    "◦": ".",
    "►": ">",
    "▲": "!",
    "○": "o",
    "●": "*",
    "▼": "v",
    "■": "#",
    "\N{MULTIPLICATION SIGN}": "x",
    "◊": "h",
    "▬": "=",
    "·": "-",
    "…": "~",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    "\N{REPLACEMENT CHARACTER}": "?",
}
_HORIZONTAL: Final = dict.fromkeys("─━┄┅┈┉╌╍╴╶╸╺", "-") | {"═": "="}
_VERTICAL: Final = dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻", "|")
_PICTURES_OF_CONTROLS: Final = dict.fromkeys(range(0x2400, 0x2422), "?")
_BOXES: Final = dict.fromkeys(range(0x2500, 0x2580), "+")
_BLOCKS: Final = dict.fromkeys(range(0x2580, 0x25A0), "#")
_TABLE: Final[Mapping[int, str]] = {
    **_PICTURES_OF_CONTROLS,
    **_BOXES,
    **_BLOCKS,
    **{ord(sign): counterpart for sign, counterpart in {**_HORIZONTAL, **_VERTICAL, **_SIGNS}.items()},
}


def in_ascii(text: str) -> str:
    """The text with our own signs in ASCII; as many cells wide as before."""
    return text if text.isascii() else text.translate(_TABLE)


def is_wanted(asked: bool | None, environ: Mapping[str, str]) -> bool:  # noqa: FBT001  # a setting that may be unset
    """Whether to draw in ASCII: as it was asked for, else where the locale names another encoding than UTF-8.

    A locale that names none, as C or none at all, is what a container or a bare SSH session has before a terminal that
    takes UTF-8 all the same; Python itself assumes UTF-8 there.
    """
    if asked is not None:
        return asked
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environ.get(name))), "")
    _, named, encoding = locale.partition(".")
    return bool(named) and encoding.partition("@")[0].lower().replace("-", "") != "utf8"
