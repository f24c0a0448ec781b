"""The main screen: is it healthy, what waits and why, what is stuck and for how long, what is in backoff.

Scale sets over runners over WHY over events; where there is little room the three lists become tabs. The screen draws a
``Moment`` and nothing else: it is worked out from the feed at most four times a second and once each tick, and every
widget paints only what differs. What an operator chose (filters, the narrowed scale set, the frozen picture) lives here
and in the panels; what is true lives in the feed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.containers import Vertical
from textual.message import Message

from core.api.model import RunnerView, ScaleSetView
from tui import headline, why
from tui.actions import ACTIONS, BY_ID, Group, bindings
from tui.lists import EVENTS, RUNNERS, SETS
from tui.rows import WIDE
from tui.screens.acting import ActingScreen
from tui.screens.help import HelpScreen
from tui.screens.sort import SortScreen
from tui.widgets.filter_bar import FilterBar
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.panel import Panel
from tui.widgets.parts import BannerLines, FooterLine, HeaderLine, MessageLine, PulseLine, WhyLines
from tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import DescendantFocus, Key, Resize
    from textual.timer import Timer

    from tui.moment import Moment
    from tui.session import Session

#: Seconds between two paints, at least: the eye reads no more, and the link pays for all.
_PAINT_EVERY: Final = 0.25


class FeedChanged(Message):
    """The feed holds something new; of many that wait, one is enough."""

    def can_replace(self, message: Message) -> bool:
        """Whether the other one is needless beside this one."""
        return isinstance(message, FeedChanged)


class OverviewScreen(ActingScreen):
    """All scale sets, all runners, what happened last, and why the selected row is as it is."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-normal"), (140, "-wide")]  # noqa: RUF012  # as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012  # as Textual has it
    AUTO_FOCUS = "#runners KeyedTable"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings([Group.ROW, Group.LIST, Group.EVERYWHERE])]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.sets, self.runners, self.events = Panel(SETS), Panel(RUNNERS), Panel(EVENTS)
        self.panels: tuple[Panel[Any], ...] = (self.sets, self.runners, self.events)
        self.active: Panel[Any] = self.runners
        self._problems_only = False
        self._frozen: Moment | None = None
        self._frozen_updates = 0
        self._typing_problem = ""  #: why the filter that is being typed is not understood
        self._pending: Timer | None = None
        self._painted_at = float("-inf")

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield HeaderLine(id="header")
        yield PulseLine(id="pulse")
        yield BannerLines(id="banner")
        yield TabBar(id="tabs")
        with Vertical(id="lists"):
            yield self.sets
            yield self.runners
            yield WhyLines(id="why")
            yield self.events
        yield MessageLine(id="message")
        yield FilterBar(id="filter-bar")
        yield FooterLine(id="footer")

    def on_mount(self) -> None:
        """Start the one clock of the screen."""
        self.set_interval(1.0, self.tick)

    # The picture

    def moment(self) -> Moment:
        """What is to be drawn: what is known now, or what was known when the picture was frozen."""
        live = self.session.moment()
        if self._frozen is None:
            return live
        missed = self.session.feed.updates - self._frozen_updates
        then = self._frozen
        return replace(live, snapshot=then.snapshot, now=then.now, frozen_at=then.local, missed=missed)

    @on(KeyedTable.Viewed)
    def on_feed_changed(self) -> None:
        """Draw soon, but not more often than four times a second."""
        wait = self._painted_at + _PAINT_EVERY - self.session.clock()
        if wait <= 0:
            self.draw()
        elif self._pending is None:
            self._pending = self.set_timer(wait, self.draw)

    def on_resize(self, event: Resize) -> None:
        """Every line has another length now."""
        del event
        self.call_after_refresh(self.draw)

    def tick(self) -> None:
        """Once a second: clocks go on, and a list that nobody uses may sort itself."""
        for panel in self.panels:
            panel.listing.tick()
        self.draw()

    def draw(self) -> None:
        """Draw the present moment. Everything compares before it paints."""
        if self._pending is not None:
            self._pending.stop()
            self._pending = None
        self._painted_at = self.session.clock()
        moment = self.moment()
        for panel in self.panels:
            panel.show(moment, problems_only=self._problems_only, nothing=headline.waiting(moment))
        self.query_one(TabBar).show_tabs([panel.caption for panel in self.panels], self.active.caption)
        self.query_one(HeaderLine).show_moment(moment)
        self.query_one(PulseLine).show_moment(moment)
        self.query_one(BannerLines).show_moment(moment)
        self.query_one(MessageLine).show_moment(moment)
        self.set_class(moment.lost, "-lost")
        self._draw_selection(moment)

    def _draw_selection(self, moment: Moment) -> None:
        self.query_one(WhyLines).show_row(self.active.table.selected, moment)
        allowed = [action for action in ACTIONS if self.check_action(action.id, ())]
        footer = self.query_one(FooterLine)
        if self.query_one(FilterBar).display:
            footer.show_typing(self._typing_problem)
        else:
            footer.show_actions(allowed, moment)

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
        self._draw_selection(self.moment())

    @on(TabBar.Chosen)
    def _tab_clicked(self, message: TabBar.Chosen) -> None:
        self._go_to(self.panels[message.index])

    def action_show_sets(self) -> None:
        """To the scale sets."""
        self._go_to(self.sets)

    def action_show_runners(self) -> None:
        """To the runners."""
        self._go_to(self.runners)

    def action_show_events(self) -> None:
        """To the events."""
        self._go_to(self.events)

    def action_next_panel(self) -> None:
        """To the next list."""
        self._go_to(self.panels[(self.panels.index(self.active) + 1) % len(self.panels)])

    def action_previous_panel(self) -> None:
        """To the list before."""
        self._go_to(self.panels[self.panels.index(self.active) - 1])

    def _go_to(self, panel: Panel[Any]) -> None:
        panel.add_class("-active")  # what is not displayed cannot have the focus
        panel.table.focus()

    # What is shown

    @on(KeyedTable.Chosen)
    def action_open(self) -> None:
        """Narrow the runners to the selected scale set."""
        row = self.active.table.selected
        if isinstance(row, ScaleSetView):
            self._narrow(row.name)
            self._go_to(self.runners)

    def action_back(self) -> None:
        """Undo one thing: first the filter, then the narrowing."""
        if self.active.filter:
            self.active.ask("")
            self._rearrange()
        elif self.runners.scope:
            self._narrow("")
            self._go_to(self.sets)

    def action_problems(self) -> None:
        """Only what needs a look, or everything again."""
        self._problems_only = not self._problems_only
        self._rearrange()

    def action_freeze(self) -> None:
        """Hold the picture still, or let it go on."""
        self._frozen = self.moment() if self._frozen is None else None
        self._frozen_updates = self.session.feed.updates
        self.draw()

    def action_sort(self) -> None:
        """Choose by what the list is sorted."""
        panel = self.active

        def chosen(letter: str | None) -> None:
            panel.order = panel.order.after(letter or "", panel.kind.sorts)
            self._rearrange()

        self.app.push_screen(SortScreen(panel.kind.sorts, panel.kind.order), chosen)

    def action_turn(self) -> None:
        """Sort the other way round."""
        self.active.order = self.active.order.round()
        self._rearrange()

    def action_filter(self) -> None:
        """Type what rows have to hold."""
        self._typing_problem = ""
        self.query_one(MessageLine).display = False
        self.query_one(FilterBar).open(self.active.filter)
        self.draw()

    @on(FilterBar.Typed)
    def _filter_typed(self, message: FilterBar.Typed) -> None:
        self._typing_problem = self.active.ask(message.text)
        self._rearrange()

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.query_one(MessageLine).display = True
        self.active.table.focus()

    def _narrow(self, scale_set: str) -> None:
        """Show the runners of one scale set, or of all when the name is empty."""
        self.runners.scope = scale_set
        self.runners.within = lambda row: not scale_set or row.scale_set == scale_set
        self._rearrange()

    def _rearrange(self) -> None:
        """What is shown changed by choice, so positions may change too."""
        for panel in self.panels:
            panel.listing.release()
        self.draw()

    # What is done

    def selected_runner(self) -> RunnerView | None:
        """The runner under the cursor, when the list of runners has the focus."""
        row = self.active.table.selected
        return row if isinstance(row, RunnerView) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something now: False = not here, None = not at the moment."""
        del parameters
        record, moment = BY_ID.get(action), self.moment()
        if record is None:
            return True
        if moment.forbidden and (record.dangerous or action == "unlock"):
            return False
        if record.needs_connection and (moment.snapshot is None or not moment.link.usable(moment.local)):
            return None
        if action == "refresh" and moment.link.usable(moment.local) and not self.active.caption.held:
            return False
        return record.applies(self.active.table.selected)

    def action_refresh(self) -> None:
        """Try the connection now, and let a held list sort itself."""
        self.session.feed.retry()
        self._rearrange()

    def action_copy(self) -> None:
        """Send the WHY of the selected row to the operator's own terminal."""
        row = self.active.table.selected
        self.app.copy_to_clipboard(f"{why.subject(row)}: {why.sentence(row)}")
        self.say(f"WHY of {why.subject(row)} sent to your terminal (OSC 52)")

    def action_help(self) -> None:
        """What the keys and signs mean."""
        hidden = {action.id for action in ACTIONS if self.check_action(action.id, ()) is False and action.dangerous}
        self.app.push_screen(HelpScreen(hidden if self.moment().forbidden else ()))

    async def action_leave(self) -> None:
        """Leave the screen; the daemon goes on."""
        await self.run_action("app.leave")
