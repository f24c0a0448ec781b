"""The main screen: is it healthy, what waits and why, what is stuck and for how long, what is in backoff.

Scale sets over runners over WHY over events; where there is much room the latter stand at the right, with the facts of
the selected runner between them; where there is little the three lists become tabs. What an operator
chose (filters, the narrowed set, the frozen picture) lives here and in the panels; what is true lives in the feed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical

from core.api.model import EventView, RunnerView, ScaleSetView
from tui import headline, looks, rows
from tui.actions import Group, Place, bindings, of
from tui.lists import EVENTS, RUNNERS, SETS
from tui.palette import Choice
from tui.records import ENDED
from tui.rows import WIDE
from tui.screens.detail import DetailScreen
from tui.screens.history import HistoryScreen
from tui.screens.internals import InternalsScreen
from tui.screens.lists import ListsScreen
from tui.widgets.filter_bar import FilterBar
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.panel import Panel, everything
from tui.widgets.parts import (
    BannerLines,
    FooterLine,
    HeaderLine,
    MessageLine,
    PreviewLines,
    PulseLine,
    WhyLines,
)
from tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.actions import Action
    from tui.moment import Moment
    from tui.session import Session


class OverviewScreen(ListsScreen):
    """All scale sets, all runners, what happened last, and why the selected row is as it is."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-normal"), (140, "-wide")]  # noqa: RUF012  # as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012  # as Textual has it
    AUTO_FOCUS = "#runners KeyedTable"
    PLACE = Place.MAIN
    BINDINGS: ClassVar[list[BindingType]] = [*bindings([Group.ROW, Group.LIST, Group.EVERYWHERE], of(Place.MAIN))]

    def __init__(self, session: Session) -> None:
        self.sets, self.runners, self.events = Panel(SETS), Panel(RUNNERS), Panel(EVENTS)
        super().__init__(session, (self.sets, self.runners, self.events), self.runners)
        self._frozen: Moment | None = None
        self._frozen_updates = 0
        for panel in self.panels:
            if (arrangement := session.settings.lists.get(panel.kind.id)) is not None:
                panel.order = arrangement.order
                panel.ask(arrangement.filter)

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield HeaderLine(id="header")
        yield PulseLine(id="pulse")
        yield BannerLines(id="banner")
        yield TabBar(id="tabs")
        with Vertical(id="lists"):
            yield self.sets
            yield self.runners
            with Vertical(id="side"):
                yield WhyLines(id="why")
                yield PreviewLines(id="preview")
                yield self.events
        yield MessageLine(id="message")
        yield FilterBar(id="filter-bar")
        yield FooterLine(id="footer")

    def moment(self) -> Moment:
        """What is to be drawn: what is known now, or what was known when the picture was frozen."""
        live = self.session.moment()
        if self._frozen is None:
            return live
        missed = self.session.feed.updates - self._frozen_updates
        then = self._frozen
        return replace(live, snapshot=then.snapshot, now=then.now, frozen_at=then.local, missed=missed)

    def nothing(self, moment: Moment) -> str:
        """What the lists wait for."""
        return headline.waiting(moment)

    def paint(self, moment: Moment) -> None:
        """The lists, what the selected row waits for, and the counts."""
        super().paint(moment)
        self.query_one("#side").set_class(self.active is self.events, "-active")
        self.query_one(PulseLine).show_moment(moment)

    def draw_selection(self, moment: Moment) -> None:
        """What there is to say of the selected row, and where there is room, what is known of a runner."""
        super().draw_selection(moment)
        self.query_one(PreviewLines).show_row(self.selected, moment)

    def action_show_sets(self) -> None:
        """To the scale sets."""
        self.go_to(self.sets)

    def action_show_runners(self) -> None:
        """To the runners."""
        self.go_to(self.runners)

    def action_show_events(self) -> None:
        """To the events."""
        self.go_to(self.events)

    @on(KeyedTable.Chosen)
    def action_open(self) -> None:
        """Narrow the runners to the selected scale set, or show all there is to know of a runner."""
        match self.selected:
            case ScaleSetView() as row:
                self._narrow(row.name)
                self.go_to(self.runners)
            case RunnerView() as row:
                self.app.push_screen(DetailScreen(self.session, row.name))
            case EventView() as row if row.runner:
                self.app.push_screen(DetailScreen(self.session, row.runner))

    def choices(self) -> Iterator[Choice]:
        """What can be done, and the log of each job that runs, by its runner or by its own name."""
        yield from super().choices()
        snapshot = self.session.feed.snapshot
        for row in snapshot.runners if snapshot is not None else ():
            if row.state in looks.SERVING:
                show = partial(self._show_log, row.name)
                yield Choice(f"log {row.name}", rows.job_text(row.job) if row.job else "", "", "", show)

    def _show_log(self, runner: str) -> None:
        self.app.push_screen(DetailScreen(self.session, runner, logs=True))

    def action_logs(self) -> None:
        """Show what the selected runner prints."""
        if (runner := self.selected_runner()) is not None:
            self._show_log(runner.name)

    def action_history(self) -> None:
        """What happened and who did it, in the last hour."""
        self.app.push_screen(HistoryScreen(self.session))

    def action_internals(self) -> None:
        """Where GitHub, ECS and the controller disagree; its sessions; where there is no room."""
        self.app.push_screen(InternalsScreen(self.session))

    def action_ended(self) -> None:
        """Tasks that ended in the last day."""
        self.app.push_screen(HistoryScreen(self.session, ENDED.id, span=1))

    def reason_against(self, action: Action, moment: Moment) -> str:
        """Why an action cannot be carried out now; here there may be nothing to go back from."""
        if action.id == "back" and not (self.active.filter or self.active.marks or self.runners.scope):
            return "nothing to undo"
        return super().reason_against(action, moment)

    def action_back(self) -> None:
        """Undo one thing: first the filter, then the marks, then the narrowing."""
        if not self.clear_filter() and not self.clear_marks() and self.runners.scope:
            self._narrow("")
            self.go_to(self.sets)

    def action_freeze(self) -> None:
        """Hold the picture still, or let it go on."""
        self._frozen = self.moment() if self._frozen is None else None
        self._frozen_updates = self.session.feed.updates
        self.draw()

    def _narrow(self, scale_set: str) -> None:
        """Show the runners of one scale set, or of all when the name is empty."""
        self.runners.scope = scale_set
        self.runners.within = (lambda row: row.scale_set == scale_set) if scale_set else everything
        self.rearrange()
