"""A list with its heading rule: rows are arranged here, and the rule says what is shown, how, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from textual.containers import Vertical

from tui import ages
from tui.fit import shorten
from tui.listing import Arranged, Listing
from tui.query import Query, QueryError, parse
from tui.rows import RowT
from tui.sorting import Order
from tui.tones import Span, Tone, rule
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

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


class Panel(Vertical, Generic[RowT]):
    """One list of the main screen. The screen tells it what moment to show and what the operator chose."""

    def __init__(self, kind: Kind[RowT]) -> None:
        super().__init__(id=kind.id)
        self.kind = kind
        self.filter = ""  #: the filter in force, as it was typed
        self.order: Order[RowT] = Order()
        self._query: Query[RowT] = Query()
        self.scope = ""  #: to what ``within`` narrows the list, in words
        self.within: Callable[[RowT], bool] = lambda _: True
        self.caption = Caption(kind.number, kind.title, "")
        self.listing: Listing[RowT] = Listing()
        self.table: KeyedTable[RowT] = KeyedTable(kind.columns, heading=kind.heading)
        self._rule = Lines(classes="rule")

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
        now, kind, query, sort = moment.now, self.kind, self._query, self.order.key(self.kind.sort)

        def keep(row: RowT) -> bool:
            return self.within(row) and (not problems_only or kind.problem(row, now)) and query.holds(row, now)

        rows = kind.rows(moment.snapshot) if moment.snapshot else ()
        arranged = self.listing.arrange(
            rows, key=kind.key, sort=lambda row: sort(row, now), keep=keep, cursor=self.table.cursor
        )
        if moment.snapshot is not None:
            nothing = self._nothing(arranged, problems_only=problems_only)
        self.table.show(arranged, now, held=moment.held, nothing=nothing)
        troubled = sum(kind.problem(row, now) for row in rows)
        self.caption = self._caption(arranged, moment, troubled, problems_only=problems_only)
        self._show_rule()

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

    def _nothing(self, arranged: Arranged[RowT], *, problems_only: bool) -> str:
        """Why the list is empty, and the key that helps."""
        if not arranged.total:
            return self.kind.empty
        if self.filter:
            return f"0 of {arranged.total} match {shorten(self.filter, _SHORT)}; esc clears the filter"
        if self.scope:
            return f"none of {shorten(self.scope, _SHORT)}; esc shows all"
        return f"none of {arranged.total} needs a look; ! shows all" if problems_only else ""
