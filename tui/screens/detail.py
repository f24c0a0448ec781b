"""One runner in full: what is known of it, what happened to it, and what it prints, as it prints it.

Facts over events over the log; where there is little room they are tabs. The runner is fixed by its name. Its past
comes from the journal, which is followed; its log is asked for every two seconds, and only while it can be seen. Both
waits belong to workers of this screen and end with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Vertical

from core.api.client import ControlError
from core.api.logs import MOST_LINES
from core.api.model import RunnerView
from tui import detail_lines, why
from tui.actions import Group, Place, bindings, of
from tui.detail import Known
from tui.records import ALL
from tui.rows import WIDE
from tui.screens.live import FeedChanged, LiveScreen
from tui.story import Story
from tui.tones import Row, Span, Tone, rule
from tui.widgets.filter_bar import FilterBar
from tui.widgets.lines import Lines
from tui.widgets.log_view import LogView
from tui.widgets.panel import Caption, Panel
from tui.widgets.parts import BannerLines, FooterLine, HeaderLine, MessageLine
from tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import DescendantFocus, Key

    from tui.actions import Action
    from tui.moment import Moment
    from tui.session import Session
    from tui.story import Entry

#: Ticks (seconds) between two questions for new lines, and before what broke off is begun anew.
_LOG_EVERY: Final = 2
_AGAIN_AFTER: Final = 5
#: How far back the journal is asked; it keeps no more by default.
_SINCE: Final = "14d"
_FACTS, _EVENTS, _LOG = range(3)


class DetailScreen(LiveScreen):
    """All about the runner of this name; with ``logs`` its log first."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-normal"), (190, "-wide")]  # noqa: RUF012  # as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012  # as Textual has it
    AUTO_FOCUS = ""
    PLACE = Place.DETAIL
    BINDINGS: ClassVar[list[BindingType]] = [*bindings([Group.ROW, Group.LIST, Group.EVERYWHERE], of(Place.DETAIL))]

    def __init__(self, session: Session, name: str, *, logs: bool = False) -> None:
        super().__init__(session)
        self.runner_name = name
        self.story = Story(session.client, self._story_changed)
        self.events: Panel[Entry] = Panel(
            replace(ALL, id="detail-events", number="2", title="EVENTS", rows=lambda _: tuple(self.story.entries))
        )
        self.printed = LogView(id="log", follow_key=session.settings.keyboard.key("follow"))
        self._tab = _LOG if logs else _FACTS
        self._after = ""
        self._asking = False
        self._log_waits = 0
        self._story_waits = 0
        self._log_problem = ""
        self._answered = False  #: whether the log was ever told

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield HeaderLine(id="header")
        yield Lines(id="crumb")
        yield BannerLines(id="banner")
        yield TabBar(id="tabs")
        with Vertical(id="detail"):
            with Vertical(id="facts-panel", classes="pane"):
                yield Lines(id="facts-rule", classes="rule")
                yield Lines(id="facts")
            yield self.events
            with Vertical(id="log-panel", classes="pane"):
                yield Lines(id="log-rule", classes="rule")
                yield self.printed
        yield MessageLine(id="message")
        yield FilterBar(id="filter-bar")
        yield FooterLine(id="footer")

    def on_mount(self) -> None:
        """Start the clock, the story and the log."""
        super().on_mount()
        self.events.add_class("pane")
        self._follow()
        self._show_tab(self._tab)
        self.call_after_refresh(self._ask_for_lines)  # it may be in view from the start

    @property
    def selected(self) -> object:
        """The runner as the snapshot has it; None when that has it no more."""
        snapshot = self.session.feed.snapshot
        return next((row for row in snapshot.runners if row.name == self.runner_name), None) if snapshot else None

    # The picture

    def tick(self) -> None:
        """Once a second: clocks go on, the log is asked for, and what broke off begins anew."""
        self.events.listing.tick()
        self._log_waits += 1
        self._story_waits += 1
        if self._log_waits >= _LOG_EVERY:
            self._ask_for_lines()
        usable = self.session.feed.link.usable(self.session.clock())
        if usable and not self.story.running and self._story_waits >= _AGAIN_AFTER:
            self._follow()
        super().tick()

    def paint(self, moment: Moment) -> None:
        """The three parts, and what keys do."""
        self.query_one("#crumb", Lines).show(self._crumb())
        self.events.show(moment, problems_only=False, nothing="asking the journal")
        self._paint_facts(moment)
        captions = (
            Caption("1", "FACTS", ""),
            self.events.caption,
            Caption("3", "LOG", str(self.printed.kept), notes=self.printed.notes),
        )
        self.query_one(TabBar).show_tabs(captions, captions[self._tab])
        log = captions[_LOG]
        name = Span(f"{log.number} {log.title}", Tone.KEY if self._tab == _LOG else Tone.STRONG)
        self.query_one("#log-rule", Lines).show(
            rule([name, Span(f" {log.count}")], [Span(" · ".join(log.notes), Tone.MUTED)])
        )
        self.printed.say(self._log_problem or ("nothing printed yet" if self._answered else "asking for its log"))
        if self.query_one(FilterBar).display:
            keys = moment.keyboard
            along = f"{keys.key('next_hit')} and {keys.key('previous_hit')} go from line to line"
            self.query_one(FooterLine).show_typing("", f"in any case; {along}")
        else:
            self.show_footer(moment)

    def _crumb(self) -> Row:
        runner = self.selected
        scale_set = f"{runner.scale_set} · " if isinstance(runner, RunnerView) else ""
        return Row((Span(f" {scale_set}", Tone.MUTED), Span(self.runner_name, Tone.STRONG)))

    def _paint_facts(self, moment: Moment) -> None:
        if moment.snapshot is None:
            return
        runner = self.selected
        known = Known(
            self.runner_name,
            runner if isinstance(runner, RunnerView) else None,
            moment.snapshot,
            [entry.record for entry in self.story.entries],
            moment.now,
        )
        words = self.query_one("#facts", Lines)
        name = Span("1 FACTS", Tone.KEY if self._tab == _FACTS else Tone.STRONG)
        self.query_one("#facts-rule", Lines).show(rule([name], [Span("TIMELINE", Tone.MUTED)]))
        lines = detail_lines.page(known, words.size.width)
        words.set_height(len(lines))
        words.show(*lines)

    # Where one is

    def _show_tab(self, tab: int) -> None:
        """Open one of the three; it has the focus, if it can have one."""
        self._tab = tab
        for number, pane in enumerate(self.query(".pane")):
            pane.set_class(number == tab, "-active")
        self.set_focus({_FACTS: None, _EVENTS: self.events.table, _LOG: self.printed}[tab])
        if tab == _LOG:
            self._ask_for_lines()
        self.draw()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """What was clicked has the keys."""
        tab = _LOG if event.widget is self.printed else _EVENTS if event.widget is self.events.table else self._tab
        if tab != self._tab:
            self._show_tab(tab)

    def on_key(self, event: Key) -> None:
        """While keys arrive the list of events holds still."""
        del event
        self.events.listing.touch()

    @on(TabBar.Chosen)
    def _tab_clicked(self, message: TabBar.Chosen) -> None:
        self._show_tab(message.index)

    def action_show_facts(self) -> None:
        """To the facts."""
        self._show_tab(_FACTS)

    def action_show_story(self) -> None:
        """To the events."""
        self._show_tab(_EVENTS)

    def action_show_log(self) -> None:
        """To the log."""
        self._show_tab(_LOG)

    def action_logs(self) -> None:
        """To the log."""
        self._show_tab(_LOG)

    def action_next_part(self) -> None:
        """To the next of the three."""
        self._show_tab((self._tab + 1) % 3)

    def action_previous_part(self) -> None:
        """To the one before."""
        self._show_tab((self._tab - 1) % 3)

    def action_back(self) -> None:
        """First end the search, then go back to the row one came from."""
        if self.printed.needle:
            self.printed.search("")
            self.draw()
        else:
            self.app.pop_screen()

    # The log

    def reason_against(self, action: Action, moment: Moment) -> str:
        """Why an action cannot be carried out now; here there may be nothing that is looked for."""
        if action.id in {"next_hit", "previous_hit"} and not self.printed.needle:
            return "nothing is looked for"
        return super().reason_against(action, moment)

    def action_find(self) -> None:
        """Type what to look for in the log."""
        self._show_tab(_LOG)
        self.query_one(MessageLine).display = False
        self.query_one(FilterBar).open(self.printed.needle)
        self.draw()

    def action_next_hit(self) -> None:
        """To the next line that holds what was looked for."""
        self.printed.find(1)

    def action_previous_hit(self) -> None:
        """To the line before that holds it."""
        self.printed.find(-1)

    def action_follow(self) -> None:
        """Stay at the newest line."""
        self._show_tab(_LOG)
        self.printed.follow()
        self.draw()

    @on(FilterBar.Typed)
    def _search_typed(self, message: FilterBar.Typed) -> None:
        self.printed.search(message.text)
        self.draw()

    @on(FilterBar.Closed)
    def _search_closed(self) -> None:
        self.query_one(MessageLine).display = True
        self.printed.focus()
        self.draw()

    @on(LogView.Moved)
    def _moved(self) -> None:
        self.draw()

    def _ask_for_lines(self) -> None:
        """Ask for new lines, unless an answer is awaited or nobody would see them."""
        self._log_waits = 0
        visible = self.is_current and self.printed.is_attached and bool(self.printed.region or self._tab == _LOG)
        if not self._asking and visible and self.session.feed.link.usable(self.session.clock()):
            self._asking = True
            self.run_worker(self._fetch_lines(), group="log")

    async def _fetch_lines(self) -> None:
        try:
            lines, self._after = await self.session.client.logs(self.runner_name, after=self._after, limit=MOST_LINES)
        except ControlError as error:
            self._log_problem = str(error)
        else:
            self._log_problem, self._answered = "", True
            self.printed.add(lines)
        finally:
            self._asking = False
        self.draw()

    # The story

    def _follow(self) -> None:
        self._story_waits = 0
        asked = (("runner", self.runner_name), ("since", _SINCE))
        self.run_worker(self.story.follow(asked), group="story", exclusive=True)

    def _story_changed(self) -> None:
        if self.is_attached:
            self.post_message(FeedChanged())

    def action_refresh(self) -> None:
        """Try the connection now."""
        self.session.feed.retry()

    def action_copy(self) -> None:
        """Send why the runner is as it is to the operator's own terminal."""
        self.app.copy_to_clipboard(f"{self.runner_name}: {why.sentence(self.selected)}")
        self.say(f"WHY of {self.runner_name} sent to your terminal (OSC 52)")
