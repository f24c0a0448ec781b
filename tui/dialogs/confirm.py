"""The question before a command. Cancel has the focus, and enter alone never confirms what needs a typed phrase.

It answers yes or no and sends nothing itself. What it asks about goes on living while it is open: each second it asks
for the question anew, so clocks run, and a runner that becomes busy under one's hands asks for its phrase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from tui.fit import Cut, shorten, wrap
from tui.plain import plain
from tui.tones import Line, Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from tui.questions import Question

#: The longest reason the journal takes.
_MAX_REASON = 200
_MAX_PHRASE = 40
#: Lines that one sentence of the question may take.
_LONGEST_SENTENCE = 3
#: Lines of the two answers, with the air above them.
_ANSWERS = 2
#: Lines that a list has at least, the one that counts included, and cells that a name in it keeps.
_SHORTEST_LIST = 3
_SHORTEST_NAME = 14


class ConfirmDialog(ModalScreen[bool]):
    """Asks a question; True means that it was meant. ``question`` and ``reason`` are what was agreed to."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}
    AUTO_FOCUS = "#cancel"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012  # as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("y", "agree", "agree", show=False),  # a letter while somebody types
        Binding("right,down", "app.focus_next", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("pagedown", "scroll_list(1)", show=False),
        Binding("pageup", "scroll_list(-1)", show=False),
    ]

    def __init__(self, ask: Callable[[], Question]) -> None:
        super().__init__()
        self._ask = ask
        self.question = ask()
        self._above = 0  # lines of the question
        self._top = 0  # the first line of the list that is shown
        self._shown = 0  # how many are

    @property
    def reason(self) -> str:
        """Why, in the operator's words; empty when nothing was said."""
        return self.query_one("#reason", Input).value.strip()

    def compose(self) -> ComposeResult:
        """The question, the two fields it may need, and the two answers."""
        with Vertical(id="dialog"):
            yield Lines(id="question")
            yield Lines(id="listed")
            with Horizontal(id="reason-row"):
                yield Lines(classes="field-name")
                yield Input(id="reason", placeholder="optional", compact=True, max_length=_MAX_REASON)
            with Horizontal(id="phrase-row"):
                yield Lines(classes="field-name")
                yield Input(id="phrase", placeholder="type here", compact=True, max_length=_MAX_PHRASE)
            with Horizontal(id="answers"):
                yield Button(_label("Cancel"), id="cancel", compact=True)
                yield Button(_label(self.question.verb), id="confirm", compact=True)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self._update)

    def on_mount(self) -> None:
        """Fill in the words, and go on doing so each second."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.query_one("#reason-row .field-name", Lines).show(Row((Span("Reason for the journal"),)))
        self._update()
        self.set_interval(1.0, self._update)

    def look_again(self) -> None:
        """Ask anew at once: something has become known. Nothing happens when the question has been answered."""
        if self.is_mounted and self.is_attached:
            self._update()

    def action_scroll_list(self, pages: int) -> None:
        """Show other lines of a list that is longer than the screen."""
        self._top += pages * self._shown
        self._show_list()

    def action_cancel(self) -> None:
        """No."""
        self.dismiss(False)  # noqa: FBT003  # the answer is a bool

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(False)  # noqa: FBT003  # the answer is a bool

    @on(Button.Pressed, "#confirm")
    def action_agree(self) -> None:
        """Yes, if nothing is missing for it."""
        self._update()
        if self._meant():
            self.dismiss(True)  # noqa: FBT003

    @on(Input.Changed, "#phrase")
    def _typed(self) -> None:
        self._update()

    @on(Input.Submitted)
    def _done_typing(self) -> None:
        self.focus_next()

    def _meant(self) -> bool:
        """Whether nothing is missing for a yes."""
        question = self.question
        typed = " ".join(self.query_one("#phrase", Input).value.split())
        return question.possible and (not question.phrase or typed == question.phrase)

    def _update(self) -> None:
        question = self.question = self._ask()
        self.query_one("#dialog").border_title = question.title
        words = self.query_one("#question", Lines)
        lines = [piece for line in question.lines for piece in _wrapped(line, words.size.width)]
        words.set_height(len(lines))
        words.show(*(Row(line) for line in lines))
        self._above = len(lines)
        self._show_list()
        self.query_one("#reason-row").display = question.wants_reason
        self.query_one("#phrase-row").display = bool(question.phrase)
        self.query_one("#phrase-row .field-name", Lines).show(
            Row((Span("To allow it, type "), Span(question.phrase, Tone.STRONG)))
        )
        confirm = self.query_one("#confirm", Button)
        meant = self._meant()
        confirm.disabled = not meant
        hint = " (y)" if meant else " (type first)" if question.possible else ""
        if confirm.label != (label := _label(f"{question.verb}{hint}")):
            confirm.label = label
            confirm.refresh(layout=True)  # it is as wide as its words, and Textual does not look again by itself

    def _show_list(self) -> None:
        """As much of the list as there is room for, and a line that counts where that is not all."""
        box, listed = self.query_one("#listed", Lines), self.question.listed
        width = self.query_one("#question").size.width  # its own is not known before it is seen
        taken = self.query_one("#dialog").gutter.height + self._above + _ANSWERS
        room = max(_SHORTEST_LIST, self.size.height - taken)
        whole = len(listed) <= room
        self._shown = len(listed) if whole else room - 1
        self._top = max(0, min(self._top, len(listed) - self._shown))
        rows = [Row(_fitted(line, width)) for line in listed[self._top :][: self._shown]]
        if not whole:
            part = f"{self._top + 1} to {self._top + self._shown} of {len(listed)}, pgup and pgdn scroll"
            rows.append(Row((Span(part, Tone.MUTED),)))
        box.display = bool(rows)
        box.set_height(len(rows))
        box.show(*rows)


def _label(text: str) -> Content:
    """The words of a button; brackets make it one where there are no colours."""
    return Content(f"[ {text} ]")


def _wrapped(line: Line, width: int) -> list[Line]:
    """The line, broken where it is a sentence; a line of several spans is short by its making."""
    if len(line) != 1 or not width:
        return [line]
    return [(Span(part, line[0].tone),) for part in wrap(line[0].text, width, _LONGEST_SENTENCE)]


def _fitted(line: Line, width: int) -> Line:
    """The line of a list in so many cells: its first span, a name, gives way to the rest."""
    name, *rest = line
    room = width - sum(cell_len(plain(span.text)) for span in rest)
    return Span(shorten(name.text, max(_SHORTEST_NAME, room), Cut.NAME), name.tone), *rest
