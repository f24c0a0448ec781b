"""What happened and who did it, from the journal, as it goes on: everything, what was stopped, commands, ended tasks.

One question goes to the daemon, for all that happened since a moment, and is followed; the views are choices among its
answers, so that going from one to another costs nothing. ``t`` looks further back. The question belongs to a worker of
this screen and ends with it; one that broke off is asked again by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on

from tui.actions import Group, Place, bindings, of
from tui.records import ALL, COMMANDS, ENDED, KINDS, STOPS
from tui.screens.detail import DetailScreen
from tui.screens.live import FeedChanged
from tui.screens.tabs import TabsScreen
from tui.story import KEPT, Entry, Story
from tui.tones import Tone
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.lists import Kind
    from tui.moment import Moment
    from tui.session import Session

#: How far back one can look: as the daemon is asked, and in words.
SPANS: Final = (("1h", "the last hour"), ("1d", "the last day"), ("7d", "seven days"), ("14d", "fourteen days"))
#: Ticks (seconds) before a question that broke off is asked again.
_AGAIN_AFTER: Final = 5
_KINDS: Final = (ALL, STOPS, COMMANDS, ENDED)


class HistoryScreen(TabsScreen):
    """The journal. ``view`` is the id of the kind that is shown first, ``span`` the place of its time in ``SPANS``."""

    PLACE = Place.HISTORY
    BINDINGS: ClassVar[list[BindingType]] = [*bindings([Group.ROW, Group.LIST, Group.EVERYWHERE], of(Place.HISTORY))]

    def __init__(self, session: Session, view: str = ALL.id, span: int = 0) -> None:
        self.story = Story(session.client, self._story_changed)
        panels = tuple(self._panel(kind) for kind in _KINDS)
        super().__init__(session, panels, next(panel for panel in panels if panel.id == view))
        self._span = span
        self._waits = 0

    def _panel(self, kind: Kind[Entry]) -> Panel[Any]:
        wanted = KINDS.get(kind.id)

        def rows(_: object) -> tuple[Entry, ...]:
            return tuple(entry for entry in self.story.entries if wanted is None or entry.record.kind in wanted)

        return Panel(replace(kind, rows=rows))

    def on_mount(self) -> None:
        """Start the clock, and ask."""
        super().on_mount()
        self._ask_journal()

    def tick(self) -> None:
        """Once a second: clocks go on, and what broke off is asked again."""
        self._waits += 1
        usable = self.session.feed.link.usable(self.session.clock())
        if usable and not self.story.running and self._waits >= _AGAIN_AFTER:
            self._ask_journal()
        super().tick()

    def paint(self, moment: Moment) -> None:
        """The lists, with the time they are about."""
        _, words = SPANS[self._span]
        most = f", the newest {KEPT:,}".replace(",", " ") if len(self.story.entries) == KEPT else ""
        for panel in self.panels:
            panel.scope = f"{words}{most}"
        super().paint(moment)

    def labels(self) -> dict[str, str]:
        """How far back it looks now is told with the key that changes it; a narrow rule has no room for it."""
        return super().labels() | {"span": f"{SPANS[self._span][0]}, further back"}

    # Where one is

    def action_view_all(self) -> None:
        """Everything."""
        self.go_to(self.panels[0])

    def action_view_stops(self) -> None:
        """What was stopped, and by whom."""
        self.go_to(self.panels[1])

    def action_view_commands(self) -> None:
        """What people asked for."""
        self.go_to(self.panels[2])

    def action_view_ended(self) -> None:
        """Tasks that ended."""
        self.go_to(self.panels[3])

    def action_span(self) -> None:
        """Look further back, and after the furthest at the last hour again."""
        self._span = (self._span + 1) % len(SPANS)
        self._ask_journal()
        self.rearrange()

    @on(KeyedTable.Chosen)
    def action_open(self) -> None:
        """Show all there is to know of the runner that the record is about."""
        if isinstance(self.selected, Entry) and self.selected.record.runner:
            self.app.push_screen(DetailScreen(self.session, self.selected.record.runner))

    def action_back(self) -> None:
        """Undo one thing: first the filter, then the screen."""
        if not self.clear_filter():
            self.app.pop_screen()

    # The question

    def _ask_journal(self) -> None:
        self._waits = 0
        self.run_worker(self.story.follow([("since", SPANS[self._span][0])]), group="story", exclusive=True)

    def _story_changed(self) -> None:
        if self.is_attached:
            if self.story.problem:
                self.say(f"The journal could not be read on: {self.story.problem}", Tone.FAILED)
            self.post_message(FeedChanged())
