"""One line that stands for the headings of all lists where only one of them can be shown."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual.message import Message

from tui.tones import Span, Tone, rule
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.events import Click

    from tui.widgets.panel import Caption

#: Cells of a rule before its heading.
_RULE_START: Final = 3
#: Cells that a rule needs after its heading and around its notes.
_RULE_END: Final = 6


class TabBar(Lines):
    """The lists by name; the open one in brackets, with its notes at the right."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self._ends: list[int] = []

    def show_tabs(self, captions: Sequence[Caption], active: Caption) -> None:
        """Show the lists by name, the active one open."""
        left: list[Span] = []
        self._ends = []
        for caption in captions:
            left += _tab(caption, is_open=caption is active)
            self._ends.append(_RULE_START + sum(cell_len(span.text) for span in left))
        room = self.size.width - self._ends[-1] - _RULE_END
        notes = active.notes
        while notes and cell_len(" · ".join(notes)) > room:
            notes = notes[:-1]
        self.show(rule(left, [Span(" · ".join(notes), Tone.MUTED)] if notes else []))

    def on_click(self, event: Click) -> None:
        """Open the tab that was clicked."""
        if (index := bisect_right(self._ends, event.x)) < len(self._ends):
            self.post_message(self.Chosen(index))


def _tab(caption: Caption, *, is_open: bool) -> list[Span]:
    trouble = [Span(f" ▲{caption.troubled}", Tone.LATE)] if caption.troubled else []
    if is_open:
        name = Span(f"{caption.number} {caption.title} {caption.count}".rstrip(), Tone.KEY)
        return [Span("[", Tone.KEY), name, *trouble, Span("]", Tone.KEY), Span(" ")]
    name = Span(f"{caption.number} {caption.title.capitalize()} {caption.count}".rstrip(), Tone.MUTED)
    return [Span(" "), name, *trouble, Span("  ")]
