"""A few lines of toned text, painted only when they change.

Header, strip, rules, WHY, messages and footer are all this widget with other words: each is given its lines whenever
something may have changed, and compares before it paints. Nothing here measures or lays out: the style sheet fixes the
height.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual.geometry import Region
from textual.strip import Strip

from tui.tones import Row, Span
from tui.widgets.toned import Toned


class Lines(Toned):
    """Shows rows of toned text. The left part gives way where both do not fit."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()

    @property
    def text(self) -> str:
        """What is shown, for tests and for copying."""
        return "\n".join("".join(span.text for span in (*row.left, *row.right)).rstrip() for row in self._rows)

    def show(self, *rows: Row) -> None:
        """Show these rows instead; lines that stay the same are not painted again."""
        before, self._rows = self._rows, rows
        changed = [
            Region(0, y, self.size.width, 1)
            for y in range(max(len(before), len(rows)))
            if before[y : y + 1] != rows[y : y + 1]
        ]
        if changed:
            self.refresh(*changed)

    def set_height(self, lines: int) -> None:
        """Make room for this many lines; the screen is laid out anew only when that is another number."""
        if self.styles.height is None or self.styles.height.value != lines:
            self.styles.height = lines

    def render_line(self, y: int) -> Strip:
        """One line of the widget, as Textual asks for it."""
        ground, width = self.rich_style, self.size.width
        if y >= len(self._rows):
            return Strip.blank(width, ground)
        row = self._rows[y]
        right = [self.segment(span, ground) for span in row.right if span.text]
        left = Strip(self.segment(span, ground) for span in row.left if span.text)
        room = width - sum(cell_len(segment.text) for segment in right)
        if left.cell_length > room:
            left = left.crop(0, max(0, room - 1))
            filler = Span("…"[: max(0, room)], row.fill_tone)
        else:
            filler = Span(row.fill * (room - left.cell_length), row.fill_tone)
        return Strip([*left, self.segment(filler, ground), *right]).simplify().crop_extend(0, width, ground)
