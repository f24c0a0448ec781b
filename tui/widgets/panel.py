"""A list with its heading rule: rows are arranged here, and the rule says what is shown, how, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from textual.containers import Vertical

from tui import ages
from tui.fit import shorten
from tui.listing import Arranged, Listing
from tui.marks import Marks
from tui.query import Query, QueryError, parse
from tui.rows import RowT
from tui.sorting import Order
from tui.tones import Span, Tone, rule
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from tui.keyboard import Keyboard
    from tui.lists import Kind
    from tui.moment import Moment

#: Cells of a filter or a name that a rule shows.
_SHORT = 32


@dataclass(frozen=True, slots=True)
class Caption:
    """What a list says of itself, for its rule or its tab."""

    number: str
    title: str
    count: str
    troubled: int = 0
    held: bool = False  #: whether the order is held still
    notes: tuple[str, ...] = ()  #: what one has to know of the list, the most important first


def everything(row: object) -> bool:
    """Narrow a list to nothing less than all."""
    del row
    return True


class Panel(Vertical, Generic[RowT]):
    """One list of the main screen. The screen tells it what moment to show and what the operator chose."""

    def __init__(self, kind: Kind[RowT]) -> None:
        super().__init__(id=kind.id)
        self.kind = kind
        self.filter = ""  #: the filter in force, as it was typed
        self.order: Order[RowT] = Order()
        self._query: Query[RowT] = Query()
        self.scope = ""  #: to what ``within`` narrows the list, in words
        self.within: Callable[[RowT], bool] = everything
        self.caption = Caption(kind.number, kind.title, "")
        self.listing: Listing[RowT] = Listing()
        self.marks = Marks()
        self.marked: tuple[RowT, ...] = ()  #: the rows that are marked, whether they are shown or not
        self.lapsed = 0  #: marks whose rows are gone, since somebody was told of it
        self.table: KeyedTable[RowT] = KeyedTable(kind.columns, heading=kind.heading)
        self._rule = Lines(classes="rule")
        self._arranged: Arranged[RowT] = Arranged({}, ())
        self._asked: tuple[object, ...] = (None,) * 5  #: what it was made of
        self._asked_at = self._holds_until = 0.0

    def compose(self) -> ComposeResult:
        """The rule above the table."""
        yield self._rule
        yield self.table

    def ask(self, text: str) -> str:
        """Show only rows for which this filter holds. Returns what is wrong with it; then the last one stays."""
        try:
            self._query = parse(text, self.kind.fields, self.kind.text)
        except QueryError as error:
            return str(error)
        self.filter = text
        return ""

    def show(self, moment: Moment, *, problems_only: bool, nothing: str) -> None:
        """Show the moment. ``nothing`` is what to say while there is no data."""
        now = moment.now
        rows = self.kind.rows(moment.snapshot) if moment.snapshot else ()
        troubled, until = self._standing(rows, now)
        arranged = self._arrange(rows, now, until, problems_only=problems_only)
        if moment.snapshot is not None and not moment.snapshot.controller.waits_for:
            nothing = self._nothing(arranged, moment.keyboard, problems_only=problems_only)
        if moment.snapshot is not None:
            self._keep_marks(rows)
        self.table.show(arranged, now, held=moment.held, nothing=nothing, marked=self.marks)
        self.caption = self._caption(arranged, moment, troubled, problems_only=problems_only)
        self._show_rule()

    def _standing(self, rows: Sequence[RowT], now: float) -> tuple[int, float]:
        """How many rows are problems, and until when that and the order hold while no row changes."""
        if self.kind.survey is None:
            return sum(self.kind.problem(row, now) for row in rows), now
        standing = self.kind.survey(rows, now)
        return standing.troubled, standing.until

    def _arrange(self, rows: Sequence[RowT], now: float, until: float, *, problems_only: bool) -> Arranged[RowT]:
        """The rows as they are to be shown; the same as last time, where nothing can have made a difference."""
        asked = (rows, self._query, self.within, self.order, problems_only)
        same = all(new is old for new, old in zip(asked, self._asked, strict=True))
        if same and self._asked_at <= now < self._holds_until and self.listing.settled:
            return self._arranged
        self._asked, self._asked_at, self._holds_until = asked, now, now if self._query.terms else until
        kind, query, sort = self.kind, self._query, self.order.key(self.kind.sort)

        def keep(row: RowT) -> bool:
            return self.within(row) and (not problems_only or kind.problem(row, now)) and query.holds(row, now)

        chosen = keep if problems_only or query.terms or self.within is not everything else None
        self._arranged = self.listing.arrange(
            rows, key=kind.key, sort=lambda row: sort(row, now), keep=chosen, cursor=self.table.cursor
        )
        return self._arranged

    def _keep_marks(self, rows: Sequence[RowT]) -> None:
        """Forget the marks of rows that are gone; of the others, hold the rows as they are now."""
        if not self.marks:
            self.marked = ()
            return
        known = {key: row for row in rows if (key := self.kind.key(row)) in self.marks}
        self.lapsed += len(self.marks.keep(known))
        self.marked = tuple(known[key] for key in self.marks)

    def _marks_words(self, arranged: Arranged[RowT]) -> str:
        """How many are marked, and how many of them the list does not show now."""
        if not self.marks:
            return ""
        hidden = sum(key not in arranged.rows for key in self.marks)
        return f"{len(self.marks)} marked" + (f", {hidden} of them not shown" if hidden else "")

    @property
    def scope_words(self) -> str:
        """To what the list is narrowed, for its caption; empty when it is not."""
        return f"of {shorten(self.scope, _SHORT)}" if self.scope else ""

    def _show_rule(self) -> None:
        caption, focused = self.caption, self.table.has_focus
        name = Span(f"{caption.number} {caption.title}", Tone.KEY if focused else Tone.STRONG)
        trouble = [Span(f"  ▲ {caption.troubled}", Tone.LATE)] if caption.troubled else []
        notes = Span(" · ".join(caption.notes), Tone.MUTED)
        self._rule.show(rule([name, Span(f" {caption.count}"), *trouble], [notes]))

    def _caption(self, arranged: Arranged[RowT], moment: Moment, troubled: int, *, problems_only: bool) -> Caption:
        notes = [
            self._marks_words(arranged),
            "order held" if arranged.held else "",
            self.scope_words,
            "problems only" if problems_only else "",
            f"filter {shorten(self.filter, _SHORT)}" if self.filter else "",
            f"as of {ages.time_of_day(moment.now)}" if moment.held else "",
            self._position(arranged),
            self.order.words or self.kind.order,
        ]
        shown = tuple(note for note in notes if note)
        return Caption(self.kind.number, self.kind.title, str(arranged.total), troubled, arranged.held, shown)

    def _position(self, arranged: Arranged[RowT]) -> str:
        """How much of the list is in view, when that is not all of it."""
        visible = self.table.visible_rows
        if len(arranged.order) < arranged.total:
            return f"{len(arranged.order)} of {arranged.total}"
        if 0 < visible < len(arranged.order):
            return f"{self.table.top + 1}-{self.table.top + visible} of {len(arranged.order)}"
        return ""

    def _nothing(self, arranged: Arranged[RowT], keyboard: Keyboard, *, problems_only: bool) -> str:
        """Why the list is empty, and the key that helps."""
        back = keyboard.key("back")
        if not arranged.total:
            return self.kind.empty
        if self.filter:
            return f"0 of {arranged.total} match {shorten(self.filter, _SHORT)}; {back} clears the filter"
        if self.scope:
            return f"none of {shorten(self.scope, _SHORT)}; {back} shows all"
        return f"none of {arranged.total} needs a look; {keyboard.key('problems')} shows all" if problems_only else ""
