"""Text cut and wrapped to a number of terminal cells.

Widths are cells, not characters: job names hold ideographs and emoji (tui-patterns.md section 5.4). Everything here
cleans its text first (``plain``), so that whoever cuts a text need not think of it.
"""

from __future__ import annotations

from enum import Enum, auto

from rich.cells import cell_len, set_cell_size

from tui.plain import plain

_ELLIPSIS = "…"
#: What stays of a name's end when it is cut: the dash and the eight hex digits that tell runners apart.
_TAIL = 9


class Cut(Enum):
    """Where a text that is too long loses its letters."""

    END = auto()
    MIDDLE = auto()  #: for what says something at both ends
    NAME = auto()  #: in the middle too, but the eight hex digits of a runner's name survive
    START = auto()  #: for what differs at its end, such as an ARN


def shorten(text: str, width: int, cut: Cut = Cut.END) -> str:
    """The text in at most ``width`` cells, with an ellipsis where something is left out."""
    cleaned = plain(text)
    if cell_len(cleaned) <= width:
        return cleaned
    room = width - 1
    if room <= 0:
        return _ELLIPSIS[: max(0, width)]
    half = room // 2
    tail = {Cut.END: 0, Cut.START: room, Cut.MIDDLE: half, Cut.NAME: min(room, max(_TAIL, half))}[cut]
    head = room - tail
    return set_cell_size(cleaned, head).rstrip() + _ELLIPSIS + (_last_cells(cleaned, tail) if tail else "")


def wrap(text: str, width: int, lines: int) -> list[str]:
    """The text as at most ``lines`` lines of at most ``width`` cells, broken at spaces; the last one may be cut."""
    wrapped: list[str] = []
    current = ""
    for word in plain(text).split():
        longer = f"{current} {word}" if current else word
        if current and cell_len(longer) > width and len(wrapped) < lines - 1:
            wrapped.append(shorten(current, width))
            current = word
        else:
            current = longer
    return [*wrapped, shorten(current, width)] if current else wrapped


def _last_cells(text: str, width: int) -> str:
    return set_cell_size(text[::-1], width)[::-1]
