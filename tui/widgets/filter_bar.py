"""The line in which one types what rows have to hold; it takes the place of the message line while it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult


class FilterBar(Horizontal):
    """Says what is typed as it is typed. Enter keeps it, esc goes back to what was there before."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", show=False)]

    class Typed(Message):
        """The filter is this text now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Nothing more will be typed."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self._before = ""
        self.display = False

    def compose(self) -> ComposeResult:
        """A slash and the field."""
        yield Lines(id="filter-name")
        yield Input(id="filter", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """A field that does not blink."""
        self.query_one(Input).cursor_blink = False
        self.query_one(Lines).show(Row((Span(" / ", Tone.KEY),)))

    def open(self, text: str) -> None:
        """Start typing, from the filter there is."""
        self._before = text
        self.display = True
        field = self.query_one(Input)
        field.value = text
        self.screen.set_focus(field)  # at once: the next letter may be on its way

    def action_give_up(self) -> None:
        """Back to what was there before."""
        self.post_message(self.Typed(self._before))
        self._close()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        if self.display:
            self.post_message(self.Typed(message.value))

    @on(Input.Submitted)
    @on(Input.Blurred)
    def _done(self, message: Input.Submitted | Input.Blurred) -> None:
        message.stop()
        self._close()

    def _close(self) -> None:
        if self.display:
            self.display = False
            self.post_message(self.Closed())
