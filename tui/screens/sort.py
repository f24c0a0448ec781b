"""The line in which one chooses by what a list is sorted: ``s``, then one letter (tui-patterns.md section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.screen import ModalScreen

from tui.sorting import OWN
from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.events import Key

    from tui.sorting import Sort


class SortScreen(ModalScreen[str]):
    """Waits for one key: the letter of a sort, or anything else, which changes nothing. Returns the letter."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}

    def __init__(self, sorts: Mapping[str, Sort[Any]], own: str) -> None:
        super().__init__()
        self._sorts = sorts
        self._own = own

    def compose(self) -> ComposeResult:
        """One line, in the place of the footer."""
        yield Lines(id="sorts")

    def on_mount(self) -> None:
        """Fill in the letters."""
        choices = [(letter, sort.name) for letter, sort in self._sorts.items()]
        spans = [Span(" sort by  ")]
        for letter, name in [*choices, (OWN, self._own)]:
            spans += [Span(letter, Tone.KEY), Span(f" {name}  ", Tone.MUTED)]
        self.query_one(Lines).show(Row(tuple(spans)))

    def on_key(self, event: Key) -> None:
        """Any key answers."""
        event.stop()
        self.dismiss(event.character or "")
