"""What every key does and what every sign means, made from the tables that the program itself uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen

from core.api.model import RunnerState, ScaleSetState
from tui import looks
from tui.actions import Group
from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult

    from tui.actions import Action

_KEYS = 10
_WORD = 11


class HelpScreen(ModalScreen[None]):
    """Keys by group, and the legend of states. ``actions`` are those that the screen below has."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal")]  # noqa: RUF012  # as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "close", show=False),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = actions

    def compose(self) -> ComposeResult:
        """Keys on the left, signs on the right."""
        with Vertical(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "↑ ↓ scroll, esc closes"
            with VerticalScroll(), Horizontal():
                yield Lines(id="help-keys")
                yield Lines(id="help-signs")

    def on_mount(self) -> None:
        """Fill in the words."""
        for name, rows in (("#help-keys", tuple(self._keys())), ("#help-signs", tuple(_signs()))):
            lines = self.query_one(name, Lines)
            lines.set_height(len(rows))
            lines.show(*rows)

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss()

    def _keys(self) -> Iterator[Row]:
        for group in Group:
            yield Row((Span(group, Tone.STRONG),))
            for action in self._actions:
                if action.group is group:
                    asks = " (asks)" if action.asks else ""
                    yield Row((Span(f" {action.all_keys:<{_KEYS}}", Tone.KEY), Span(f"{action.help}{asks}")))


def _signs() -> Iterator[Row]:
    yield Row((Span("Runners", Tone.STRONG),))
    for state in RunnerState:
        yield _sign(looks.runner_word(state))
    yield _sign(looks.LATE_RUNNER)
    yield _sign(looks.OVERDUE_RUNNER)
    yield Row((Span("Scale sets", Tone.STRONG),))
    for condition in ScaleSetState:
        yield _sign(looks.scale_set_word(condition))
    yield _sign(looks.DRAINING_SET)


def _sign(look: looks.Look) -> Row:
    pad = " " * (_WORD - len(look.word))
    return Row((Span(" "), look.span, Span(pad), Span(look.meaning)))
