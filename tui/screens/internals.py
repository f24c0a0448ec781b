"""What lies beneath the overview: mismatches, message sessions, closed placements; each row with its remedy by key.

A mismatch is where GitHub's list, ECS and the controller do not agree about a runner. Ghosts are among them, so this is
where one deregisters them: mark, ``D``, yes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from core.api.trouble import MismatchView
from tui.actions import Group, Place, bindings, of
from tui.internals import MISMATCHES, PLACEMENTS, SESSIONS
from tui.screens.detail import DetailScreen
from tui.screens.tabs import TabsScreen
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.actions import Action
    from tui.session import Session


#: Places in the footer that are others than elsewhere.
_RANKS: Final = {"deregister": 11, "mark_all": 12, "mark": 13}


class InternalsScreen(TabsScreen):
    """Mismatches first; the two others are a key away."""

    PLACE = Place.INTERNALS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings([Group.ROW, Group.LIST, Group.EVERYWHERE], of(Place.INTERNALS))]

    def __init__(self, session: Session) -> None:
        panels = (Panel(MISMATCHES), Panel(SESSIONS), Panel(PLACEMENTS))
        super().__init__(session, panels, panels[0])

    def actions(self) -> tuple[Action, ...]:
        """What can be done here, with the remedies first: they are what one comes for."""
        return tuple(replace(each, rank=_RANKS.get(each.id, each.rank)) for each in super().actions())

    def action_view_mismatches(self) -> None:
        """To the mismatches."""
        self.go_to(self.panels[0])

    def action_view_sessions(self) -> None:
        """To the sessions."""
        self.go_to(self.panels[1])

    def action_view_placements(self) -> None:
        """To the closed placements."""
        self.go_to(self.panels[2])

    @on(KeyedTable.Chosen)
    def action_open(self) -> None:
        """Show all there is to know of the runner that the mismatch is about."""
        if isinstance(self.selected, MismatchView):
            self.app.push_screen(DetailScreen(self.session, self.selected.name))

    def action_back(self) -> None:
        """Undo one thing: first the filter, then the marks, then the screen."""
        if not self.clear_filter() and not self.clear_marks():
            self.app.pop_screen()
