"""Plain text tables that fit a width: the columns are those of the screen, so that both say the same (``tui.rows``).

A column takes what its texts need and no more; what is left over goes to names first, since a name cut short is no good
for the next command, and then to what has no width of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from rich.cells import cell_len

from tui.fit import Cut, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.rows import Column

RowT = TypeVar("RowT")

_GAP: Final = "  "


def table(columns: Sequence[Column[RowT]], rows: Iterable[RowT], now: float, width: int) -> Iterator[str]:
    """The heading and a line for each row, none wider than ``width`` cells."""
    titles = [column.title.removesuffix(" ↓").strip() for column in columns]
    cells = [[column.cell(row, now).text.rstrip() for column in columns] for row in rows]
    widths = _widths(columns, [titles, *cells], width)
    for texts in (titles, *cells):
        fitted = [_fit(text, column, size) for text, column, size in zip(texts, columns, widths, strict=True)]
        yield _GAP.join(fitted).rstrip()


def _widths(columns: Sequence[Column[RowT]], lines: Sequence[Sequence[str]], width: int) -> list[int]:
    """What each column gets, in cells."""
    needs = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    widths = [min(need, column.width) for need, column in zip(needs, columns, strict=True)]
    spare = width - sum(widths) - len(_GAP) * (len(columns) - 1)
    for place in sorted(range(len(columns)), key=lambda place: _claim(columns[place])):
        more = max(0, min(needs[place] - widths[place], spare))
        widths[place] += more
        spare -= more
    return widths


def _claim(column: Column[RowT]) -> int:
    """Who is served first."""
    return 0 if column.cut is Cut.NAME else 1 if column.flexible else 2


def _fit(text: str, column: Column[RowT], width: int) -> str:
    fitted = shorten(text, width, column.cut)
    filler = " " * (width - cell_len(fitted))
    return filler + fitted if column.right else fitted + filler
