"""What screens share that consist of lists: which one has the focus, sorting, filtering, only problems.

Where there is little room the lists are tabs. What an operator chose lives in the panels; what is true lives elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import on

from tui import why
from tui.screens.live import LiveScreen
from tui.screens.sort import SortScreen
from tui.widgets.filter_bar import FilterBar
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.parts import FooterLine, MessageLine, WhyLines
from tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from textual.events import DescendantFocus, Key

    from tui.moment import Moment
    from tui.session import Session
    from tui.widgets.panel import Panel


class ListsScreen(LiveScreen):
    """Some panels, one of which is active: keys are about that one."""

    def __init__(self, session: Session, panels: tuple[Panel[Any], ...], active: Panel[Any]) -> None:
        super().__init__(session)
        self.panels = panels
        self.active = active
        self.problems_only = False
        self._typing_problem = ""  #: why the filter that is being typed is not understood

    def nothing(self, moment: Moment) -> str:
        """What a list says while there is no data."""
        raise NotImplementedError

    @property
    def selected(self) -> object:
        """The row under the cursor of the list that has the focus."""
        return self.active.table.selected

    @property
    def marked(self) -> tuple[object, ...]:
        """The marked rows of the list that has the focus, whether it shows them or not."""
        return self.active.marked

    @property
    def hidden_marks(self) -> int:
        """How many of them it does not show."""
        return sum(key not in self.active.table.shown_keys for key in self.active.marks)

    @property
    def waits(self) -> bool:
        """Whether the order of the list that has the focus is held."""
        return self.active.caption.held

    def tick(self) -> None:
        """Once a second: clocks go on, and a list that nobody uses may sort itself."""
        for panel in self.panels:
            panel.listing.tick()
        super().tick()

    def paint(self, moment: Moment) -> None:
        """The lists, and what there is to say of the selected row."""
        nothing = self.nothing(moment)
        for panel in self.panels:
            panel.show(moment, problems_only=self.problems_only, nothing=nothing)
            if panel.lapsed:
                self.say(f"{panel.lapsed} marked of {panel.kind.title.lower()} are gone, and no longer marked.")
                panel.lapsed = 0
        self.query_one(TabBar).show_tabs([panel.caption for panel in self.panels], self.active.caption)
        self.draw_selection(moment)

    def draw_selection(self, moment: Moment) -> None:
        """What there is to say of the selected row, and what keys do with it."""
        self.query_one(WhyLines).show_row(self.selected, moment)
        if self.query_one(FilterBar).display:
            self.query_one(FooterLine).show_typing(self._typing_problem)
        else:
            self.show_footer(moment)

    # Where one is

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The list that has the focus is the one that keys are about."""
        if isinstance(event.widget, KeyedTable):
            self.active = next(panel for panel in self.panels if panel.table is event.widget)
            for panel in self.panels:
                panel.set_class(panel is self.active, "-active")
            self.draw()

    def on_key(self, event: Key) -> None:
        """While keys arrive the list they are meant for holds still, and its cursor stays where it is."""
        del event
        self.active.listing.touch()
        self.active.table.stay()

    @on(KeyedTable.CursorMoved)
    def _cursor_moved(self, message: KeyedTable.CursorMoved) -> None:
        if not message.by_hand:
            self.came_by_itself_at = self.session.clock()
        self.draw_selection(self.moment())

    @on(TabBar.Chosen)
    def _tab_clicked(self, message: TabBar.Chosen) -> None:
        self.go_to(self.panels[message.index])

    def go_to(self, panel: Panel[Any]) -> None:
        """Give a list the focus."""
        panel.add_class("-active")  # what is not displayed cannot have the focus
        panel.table.focus()

    def action_next_panel(self) -> None:
        """To the next list."""
        self.go_to(self.panels[(self.panels.index(self.active) + 1) % len(self.panels)])

    def action_previous_panel(self) -> None:
        """To the list before."""
        self.go_to(self.panels[self.panels.index(self.active) - 1])

    # Marks

    def action_mark(self) -> None:
        """Mark the row under the cursor, or no longer, and go on to the next."""
        if (key := self.active.table.cursor) is not None and self.selected is not None:
            self.active.marks.toggle(key)
            self.active.table.action_cursor_down()
            self.draw()

    def action_mark_range(self) -> None:
        """Mark everything from the last mark to the row under the cursor."""
        if (key := self.active.table.cursor) is not None:
            self.active.marks.up_to(key, self.active.table.shown_keys)
            self.draw()

    def action_mark_all(self) -> None:
        """Mark all rows that the list shows; none when all are marked."""
        self.active.marks.all_of(self.active.table.shown_keys)
        self.draw()

    def action_unmark(self) -> None:
        """Take all marks off."""
        self.clear_marks()

    def clear_marks(self) -> bool:
        """Take all marks of the list off; whether there were any."""
        had = self.active.marks.clear()
        self.draw()
        return had

    # What is shown

    def action_problems(self) -> None:
        """Only what needs a look, or everything again."""
        self.problems_only = not self.problems_only
        self.rearrange()

    def action_sort(self) -> None:
        """Choose by what the list is sorted."""
        panel = self.active

        def chosen(letter: str | None) -> None:
            panel.order = panel.order.after(letter or "", panel.kind.sorts)
            self.rearrange()

        self.app.push_screen(SortScreen(panel.kind.sorts, panel.kind.order), chosen)

    def action_turn(self) -> None:
        """Sort the other way round."""
        self.active.order = self.active.order.round()
        self.rearrange()

    def action_filter(self) -> None:
        """Type what rows have to hold."""
        self._typing_problem = ""
        self.query_one(MessageLine).display = False
        self.query_one(FilterBar).open(self.active.filter)
        self.draw()

    @on(FilterBar.Typed)
    def _filter_typed(self, message: FilterBar.Typed) -> None:
        self._typing_problem = self.active.ask(message.text)
        self.rearrange()

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.query_one(MessageLine).display = True
        self.active.table.focus()

    def clear_filter(self) -> bool:
        """Take the filter off; whether there was one."""
        if not self.active.filter:
            return False
        self.active.ask("")
        self.rearrange()
        return True

    def rearrange(self) -> None:
        """What is shown changed by choice, so positions may change too."""
        for panel in self.panels:
            panel.listing.release()
        self.draw()

    def action_refresh(self) -> None:
        """Try the connection now, and let a held list sort itself."""
        self.session.feed.retry()
        self.rearrange()

    def action_copy(self) -> None:
        """Send what there is to say of the selected row to the operator's own terminal."""
        row = self.selected
        self.app.copy_to_clipboard(f"{why.subject(row)}: {why.sentence(row)}")
        self.say(f"WHY of {why.subject(row)} sent to your terminal (OSC 52)")
