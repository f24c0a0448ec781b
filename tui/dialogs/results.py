"""What came of each of several commands, as the answers come in: a line for each target, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from core.api.commands import Outcome
from tui.fit import Cut, shorten, wrap
from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from textual.app import ComposeResult

#: What a command can come to, the worst first; None: it is not answered yet.
_ORDER: Final = (Outcome.FAILED, Outcome.REFUSED, None, Outcome.DONE, Outcome.ALREADY)
TONES_OF: Final = {
    Outcome.DONE: Tone.GOOD,
    Outcome.ALREADY: Tone.NORMAL,
    Outcome.REFUSED: Tone.LATE,
    Outcome.FAILED: Tone.FAILED,
}
#: Cells of an outcome and of a name, and lines of what was said.
_WORD: Final = 9
_NAME: Final = 46
_SAID: Final = 3


class Result:
    """One command's target, its outcome once it is there, and what was said."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.outcome: Outcome | None = None
        self.text = "asked the daemon, waiting for its answer"


def summary(results: Mapping[str, Result]) -> str:
    """How many came to what: ``3 done, 1 refused``."""
    counts = [(outcome, sum(each.outcome is outcome for each in results.values())) for outcome in _ORDER]
    return ", ".join(f"{count} {outcome.value if outcome else 'waiting'}" for outcome, count in counts if count)


class ResultsDialog(ModalScreen[None]):
    """Shows results by command id while they come in. ``look_again`` when one has."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}
    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012  # as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "close", show=False),
        Binding("pagedown,down,j", "scroll_list(1)", show=False),
        Binding("pageup,up,k", "scroll_list(-1)", show=False),
    ]

    def __init__(self, about: str, results: Mapping[str, Result]) -> None:
        super().__init__()
        self._about = about
        self._results = results
        self._top = 0

    def compose(self) -> ComposeResult:
        """The list, and how it is left."""
        with Vertical(id="dialog"):
            yield Lines(id="question")
            yield Lines(id="listed")

    def on_mount(self) -> None:
        """Show what there is."""
        self.look_again()

    def on_resize(self) -> None:
        """Another number of lines fits."""
        self.call_after_refresh(self.look_again)

    def action_scroll_list(self, lines: int) -> None:
        """Show other lines."""
        self._top += lines
        self.look_again()

    def look_again(self) -> None:
        """Draw it anew: an answer has come. Nothing happens when it was closed."""
        if not (self.is_mounted and self.is_attached):
            return
        self.query_one("#dialog").border_title = self._about[:1].upper() + self._about[1:]
        head, box = self.query_one("#question", Lines), self.query_one("#listed", Lines)
        head.set_height(2)
        head.show(Row((Span(summary(self._results), Tone.STRONG),), (Span("esc closes", Tone.MUTED),)), Row())
        width = head.size.width or self.size.width
        worst_first = sorted(self._results.values(), key=lambda result: _ORDER.index(result.outcome))
        rows = [row for result in worst_first for row in _rows(result, width)]
        room = max(3, self.size.height - self.query_one("#dialog").gutter.height - 2)
        self._top = max(0, min(self._top, len(rows) - room))
        box.display = True
        box.set_height(min(room, len(rows)))
        box.show(*rows[self._top :][:room])


def _rows(result: Result, width: int) -> Iterator[Row]:
    """The outcome with the name, and what was said: beside them where it fits, else below."""
    tone = TONES_OF[result.outcome] if result.outcome else Tone.INFO
    word = f"{result.outcome.value if result.outcome else '…':{_WORD}}"
    name = shorten(result.target, min(_NAME, width - _WORD), Cut.NAME)
    if _WORD + cell_len(name) + 2 + cell_len(result.text) <= width:
        yield Row((Span(word, tone), Span(name, Tone.STRONG), Span(f"  {result.text}")))
        return
    yield Row((Span(word, tone), Span(name, Tone.STRONG)))
    for line in wrap(result.text, width - _WORD, _SAID):
        yield Row((Span(" " * _WORD), Span(line)))
