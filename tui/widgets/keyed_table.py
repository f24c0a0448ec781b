"""A table that holds still: rows and cursor are keys, never positions, and only what changed is painted.

Textual's DataTable repaints itself whole for one changed cell and keeps its cursor by position; both are wrong here
(tui-patterns.md sections 5.1, 5.3 and 11.1). This one draws by the line API. It remembers what each visible line shows;
whatever happens (new values, another order, a tick, a step of the cursor) it works out the lines anew, compares, and
repaints a line up to the last cell that differs. Costs depend on the visible lines, not on the number of rows.

Promises: from the moment somebody uses it the cursor stays on its key through every change of order, on its line of the
screen where it can; when its row leaves, the neighbour takes over and ``CursorMoved`` says that nobody chose it. Before
that, and after ``home``, it rests on the first row, whichever that is: a screen that only hangs on a wall shows the
worst. The table never sorts or filters: it shows what it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Generic

from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from tui.actions import Group, bindings
from tui.listing import Arranged
from tui.rows import RowT
from tui.table_lines import Shown, aligned, headings, last_difference, place
from tui.tones import Span, Tone
from tui.widgets.toned import Toned

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from rich.style import Style
    from textual.binding import BindingType
    from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize

    from tui.rows import Column
    from tui.table_lines import Placed
    from tui.tones import Line

#: Rows that one notch of the wheel moves.
_NOTCH: Final = 3


class KeyedTable(Toned, Generic[RowT], can_focus=True):
    """Rows by key under a heading. ``columns`` gives the columns for a width in cells."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keyed-table--heading", "keyed-table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings([Group.MOVE])]

    class CursorMoved(Message):
        """Another row is selected; ``by_hand`` is false when the row before it had left."""

        def __init__(self, table: KeyedTable[RowT], *, by_hand: bool) -> None:
            super().__init__()
            self.table = table
            self.by_hand = by_hand

    class Chosen(Message):
        """A row was clicked twice."""

    class Viewed(Message):
        """Another part of the list is in view."""

    def __init__(
        self,
        columns: Callable[[int], Sequence[Column[RowT]]],
        *,
        heading: bool = True,
        id: str | None = None,  # noqa: A002  # Textual's own name
    ) -> None:
        super().__init__(id=id)
        self.cursor: str | None = None
        self._follows = True  # whether the cursor rests on the first row, whichever that is
        self.top = 0  #: how many rows are above the first visible one
        self._columns_for = columns
        self._placed: tuple[Placed, ...] = ()
        self._heading_lines = int(heading)
        self._arranged: Arranged[RowT] = Arranged({}, ())
        self._now = 0.0
        self._held = False
        self._marked: Container[str] = ()
        self._nothing = ""
        self._shown: list[Shown] = []

    # What it is given

    def show(
        self,
        arranged: Arranged[RowT],
        now: float,
        *,
        held: bool = False,
        nothing: str = "",
        marked: Container[str] = (),
    ) -> None:
        """Show these rows as of ``now`` (seconds in the daemon's clock).

        ``held`` says that clocks stand still, ``nothing`` what to write when there is no row, and ``marked`` which rows
        somebody has marked.
        """
        before, self._arranged = self._arranged, arranged
        self._now, self._nothing, self._marked = now, nothing, marked
        if held != self._held:
            self._held = held
            self.refresh(Region(0, 0, self.size.width, self._heading_lines))
        if arranged.order != before.order:
            self._keep_place(before.order)
        if len(arranged.order) != len(before.order) and self.styles.auto_dimensions:
            self.refresh(layout=True)
        self._paint()

    @property
    def selected(self) -> RowT | None:
        """The row under the cursor; None in an empty table, and for a row that is gone and only stays struck out."""
        if self.cursor is None or self.cursor == self._arranged.ghost:
            return None
        return self._arranged.rows.get(self.cursor)

    @property
    def shown_keys(self) -> Sequence[str]:
        """The keys of all its rows, in their order, but for one that is gone and only stays struck out."""
        return [key for key in self._arranged.order if key != self._arranged.ghost]

    @property
    def visible_rows(self) -> int:
        """How many rows are on the screen."""
        return min(len(self._arranged.order) - self.top, self._body)

    # The cursor

    def action_cursor_up(self) -> None:
        """Select the row above."""
        self._step(-1)

    def action_cursor_down(self) -> None:
        """Select the row below."""
        self._step(1)

    def action_page_up(self) -> None:
        """Select the row one screen above."""
        self._step(1 - max(2, self._body))

    def action_page_down(self) -> None:
        """Select the row one screen below."""
        self._step(max(2, self._body) - 1)

    def action_first_row(self) -> None:
        """Select the first row, and stay with whichever that is."""
        self._step(-len(self._arranged.order))
        self._follows = True

    def action_last_row(self) -> None:
        """Select the last row."""
        self._step(len(self._arranged.order))

    def on_click(self, event: Click) -> None:
        """Select the row that was clicked; twice chooses it."""
        at = self.top + event.y - self._heading_lines
        if event.y < self._heading_lines or at >= len(self._arranged.order):
            return
        self._select(at)
        if event.chain == 2:  # noqa: PLR2004  # a double click
            self.post_message(self.Chosen())

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Look further down; the cursor stays on its row."""
        event.stop()
        self._look_from(self.top + _NOTCH)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Look further up; the cursor stays on its row."""
        event.stop()
        self._look_from(self.top - _NOTCH)

    def _step(self, by: int) -> None:
        order = self._arranged.order
        if order:
            at = order.index(self.cursor) if self.cursor in self._arranged.rows else 0
            self._select(min(max(0, at + by), len(order) - 1))

    def stay(self) -> None:
        """Keep the cursor on its row from now on: somebody is about to use it."""
        self._follows = False

    def _select(self, at: int) -> None:
        self.stay()
        moved = self.cursor != self._arranged.order[at]
        self.cursor = self._arranged.order[at]
        self._look_from(min(max(self.top, at - self._body + 1), at))
        if moved:
            self.post_message(self.CursorMoved(self, by_hand=True))

    def _keep_place(self, before: Sequence[str]) -> None:
        """Keep the cursor on its key, and on its line of the screen.

        At the very top of the list the view stays there instead as long as the cursor is in view: what comes in above
        it is what one has to see.
        """
        order, rows = self._arranged.order, self._arranged.rows
        if not order:
            self.cursor, self.top = None, 0
            return
        at = before.index(self.cursor) if self.cursor in before else 0
        line = at - self.top
        if self.cursor not in rows or self._follows:
            self._hand_over(order[0 if self._follows else min(at, len(order) - 1)])
        now_at = order.index(self.cursor)
        if self._body and (self.top or now_at >= self._body):
            self.top = now_at - line
        self.top = self._limited(self.top)

    def _hand_over(self, key: str) -> None:
        """Put the cursor on a row that nobody chose."""
        if key != self.cursor:
            first, self.cursor = self.cursor is None, key
            self.post_message(self.CursorMoved(self, by_hand=first))

    def _look_from(self, top: int) -> None:
        before, self.top = self.top, self._limited(top)
        self._paint()
        if self.top != before:
            self.post_message(self.Viewed())

    def _limited(self, top: int) -> int:
        return max(0, min(top, len(self._arranged.order) - self._body))

    # Drawing

    @property
    def _body(self) -> int:
        """Lines below the heading."""
        return max(0, self.size.height - self._heading_lines)

    def on_resize(self, event: Resize) -> None:
        """Choose the columns for the new width, and keep the cursor in view."""
        self._placed = place(self._columns_for(event.size.width), event.size.width)
        if self.cursor is not None:
            at = self._arranged.order.index(self.cursor)
            self.top = min(max(self.top, at - self._body + 1), at)
        self.top = self._limited(self.top)
        self._shown = [self._work_out(line) for line in range(self._body)]
        self.refresh()
        self.post_message(self.Viewed())

    def on_focus(self) -> None:
        """Mark the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Step back."""
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Every row and the heading, where the style sheet asks for the content's own height."""
        del container, viewport, width
        return self._heading_lines + max(1, len(self._arranged.order))

    def render_line(self, y: int) -> Strip:
        """One line of the widget, as Textual asks for it."""
        width, ground = self.size.width, self.rich_style
        if y < self._heading_lines:
            style, spans = self._over(ground, "heading"), headings(self._placed, held=self._held)
        else:
            shown = self._work_out(y - self._heading_lines)
            style, spans = self._over(ground, "cursor") if shown.under_cursor else ground, self._spans(shown)
        return Strip(self.segment(span, style) for span in spans).simplify().crop_extend(0, width, ground)

    def _over(self, ground: Style, part: str) -> Style:
        """The ground with the looks of a part of the table on it."""
        return ground + self.get_component_rich_style(f"keyed-table--{part}", partial=True)

    def _paint(self) -> None:
        """Repaint each line that shows something else than it did, up to its last cell that differs."""
        regions = []
        for line, before in enumerate(self._shown):
            after = self._work_out(line)
            if after != before:
                self._shown[line] = after
                end = last_difference(before, after, self._placed, self.size.width)
                regions.append(Region(0, line + self._heading_lines, end, 1))
        if regions:  # without regions it would repaint everything
            self.refresh(*regions)

    def _work_out(self, line: int) -> Shown:
        """What a line of the body has to show now."""
        at = self.top + line
        if at >= len(self._arranged.order):
            return Shown(instead=self._nothing if at == 0 else "")
        key = self._arranged.order[at]
        row = self._arranged.rows[key]
        cells = tuple(column.cell(row, self._now) for column, _ in self._placed)
        if key == self._arranged.ghost:
            cells = tuple(Span(cell.text, Tone.GONE) for cell in cells)
        return Shown(key, key == self.cursor, key in self._marked, cells)

    def _spans(self, shown: Shown) -> Line:
        if shown.instead:
            return (Span(f"  {shown.instead}", Tone.MUTED),)
        if shown.key is None:
            return ()
        cursor = ">" if shown.under_cursor and self.has_focus else " "
        return aligned(shown.cells, self._placed, cursor + ("+" if shown.marked else " "))
