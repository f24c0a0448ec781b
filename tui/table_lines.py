"""The lines of a table as values: what each shows, how columns share the width, and how far two lines differ. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.cells import cell_len

from tui.fit import shorten
from tui.tones import Line, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.rows import Column

#: Cells before the first column: that of the cursor, and that of a mark.
MARGIN: Final = 2


class Placed(NamedTuple):
    """A column with the width it got, in cells."""

    column: Column[Any]
    width: int


class Shown(NamedTuple):
    """What one line of the screen shows; ``key`` is None below the last row."""

    key: str | None = None
    under_cursor: bool = False
    marked: bool = False
    cells: tuple[Span, ...] = ()
    instead: str = ""  #: what the first line of an empty table says


def place(columns: Sequence[Column[Any]], width: int) -> tuple[Placed, ...]:
    """The columns in a width: the flexible one takes what the others leave, at least its own."""
    fixed = MARGIN + sum(column.width + 1 for column in columns if not column.flexible)
    rest = width - fixed - 1
    return tuple(Placed(column, max(column.width, rest) if column.flexible else column.width) for column in columns)


def last_difference(before: Shown, after: Shown, placed: Sequence[Placed], width: int) -> int:
    """Where the repaint of a line may end: the right edge of its last changed cell, or the whole ``width``."""
    if before._replace(cells=()) != after._replace(cells=()):
        return width
    end, edge = MARGIN, MARGIN
    for column, old, new in zip(placed, before.cells, after.cells, strict=True):
        edge += column.width + 1
        end = edge if old != new else end
    return min(end, width)


def aligned(cells: Sequence[Span], placed: Sequence[Placed], margin: str = "  ") -> Line:
    """Cells in their columns, behind cursor and mark; padding has no tone, so that only words carry one."""
    spans = [Span(margin, Tone.STRONG if margin.strip() else Tone.NORMAL)]
    for (column, width), cell in zip(placed, cells, strict=True):
        text = shorten(cell.text, width, column.cut)
        pad = " " * (width - cell_len(text))
        before, after = (pad, " ") if column.right else ("", f"{pad} ")
        spans += (Span(before), Span(text, cell.tone), Span(after))
    return tuple(span for span in spans if span.text)  # an empty one would still cost its colours on the link


def headings(placed: Sequence[Placed], *, held: bool) -> Line:
    """The titles in their columns; ``held`` says that clocks stand still."""
    titles = [column.held_title if held and column.held_title else column.title for column, _ in placed]
    return aligned([Span(title) for title in titles], placed)
