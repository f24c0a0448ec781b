"""The line in which one chooses by what a list is sorted: ``s``, then one letter (tui-patterns.md section 3.1).

The letters are bindings: a key that came in one burst with ``s`` was on its way to the screen below, and its bindings
are asked for when it gets to the application, where this screen is on top by then.
"""

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
        for letter in (*sorts, OWN):
            self._bindings.bind(_key(letter), f"choose({letter!r})", show=False)

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
        """Any other key changes nothing."""
        if event.key not in self._bindings.key_to_bindings:
            event.stop()
            self.dismiss("")

    def action_choose(self, letter: str) -> None:
        """Sort by that."""
        self.dismiss(letter)


def _key(letter: str) -> str:
    """The letter as Textual names its key."""
    return "full_stop" if letter == OWN else letter
