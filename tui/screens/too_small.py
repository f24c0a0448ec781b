"""What is shown instead of a broken layout: the size there is, the size that is needed, and what still works."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize
    from textual.geometry import Size

#: The least columns and rows in which the main screen tells the truth.
LEAST: Final = (60, 18)


def fits(size: Size) -> bool:
    """Whether the main screen can be shown in this size."""
    return size.width >= LEAST[0] and size.height >= LEAST[1]


class TooSmallScreen(Screen[None]):
    """Covers everything until the terminal is large enough again; nothing underneath is lost. ``leave`` is a key."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", show=False, id="leave")]

    def __init__(self, leave: str) -> None:
        super().__init__()
        self._leave = leave

    def compose(self) -> ComposeResult:
        """A few lines, from the top left, where there is always room."""
        yield Lines(id="too-small")

    def on_resize(self, event: Resize) -> None:
        """Say how large the terminal is now."""
        self.query_one(Lines).show(
            Row((Span("This terminal is too small.", Tone.STRONG),)),
            Row((Span(f"It has {event.size.width}x{event.size.height},"),)),
            Row((Span(f"the screen needs {LEAST[0]}x{LEAST[1]}."),)),
            Row((Span("Make it larger, or "), Span(self._leave, Tone.KEY), Span(" leaves;"))),
            Row((Span("the daemon goes on."),)),
        )
