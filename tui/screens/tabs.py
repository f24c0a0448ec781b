"""A screen of lists that are tabs at every size: one is seen, the others are a key away, and WHY stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.containers import Vertical

from tui import headline
from tui.rows import WIDE
from tui.screens.lists import ListsScreen
from tui.widgets.filter_bar import FilterBar
from tui.widgets.parts import BannerLines, FooterLine, HeaderLine, MessageLine, WhyLines
from tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.moment import Moment
    from tui.session import Session
    from tui.widgets.panel import Panel


class TabsScreen(ListsScreen):
    """The panels, and which of them is seen first."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-normal")]  # noqa: RUF012  # as Textual has it
    AUTO_FOCUS = "Panel.-active KeyedTable"

    def __init__(self, session: Session, panels: tuple[Panel[Any], ...], active: Panel[Any]) -> None:
        super().__init__(session, panels, active)
        self.active.add_class("-active")

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield HeaderLine(id="header")
        yield BannerLines(id="banner")
        yield TabBar(id="tabs")
        with Vertical(id="lists"):
            yield from self.panels
        yield WhyLines(id="why")
        yield MessageLine(id="message")
        yield FilterBar(id="filter-bar")
        yield FooterLine(id="footer")

    def nothing(self, moment: Moment) -> str:
        """What the lists wait for."""
        return headline.waiting(moment)
