"""What every key does and what every sign means, made from the tables that the program itself uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen

from core.api.model import RunnerState, ScaleSetState
from tui import looks
from tui.actions import Group
from tui.fit import Cut, shorten, wrap
from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult

    from tui.actions import Action
    from tui.settings import Settings

_KEYS = 11
_WORD = 11
#: Lines that one sentence about the settings may take.
_PROBLEM_LINES = 4


class HelpScreen(ModalScreen[None]):
    """Keys by group, and the legend of states. ``actions`` are those that the screen below has.

    What is wrong with the settings stands above them: who looks for a key that does not work looks here.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal")]  # noqa: RUF012  # as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "close", show=False),
        Binding("question_mark", "close", show=False, id="help"),
        Binding("q", "close", show=False, id="leave"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, actions: Sequence[Action], settings: Settings) -> None:
        super().__init__()
        self._actions = actions
        self._settings = settings

    def compose(self) -> ComposeResult:
        """Keys on the left, signs on the right."""
        with Vertical(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "up and down scroll, esc closes"
            with VerticalScroll():
                yield Lines(id="help-settings")
                with Horizontal():
                    yield Lines(id="help-keys")
                    yield Lines(id="help-signs")

    def on_mount(self) -> None:
        """Fill in the words."""
        for name, rows in (("#help-keys", tuple(self._keys())), ("#help-signs", tuple(_signs()))):
            lines = self.query_one(name, Lines)
            lines.set_height(len(rows))
            lines.show(*rows)

    def on_resize(self) -> None:
        """Break the lines about the settings anew."""
        self.call_after_refresh(self._show_settings)

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss()

    def _show_settings(self) -> None:
        lines = self.query_one("#help-settings", Lines)
        rows = list(_about(self._settings, lines.size.width))
        lines.set_height(len(rows))
        lines.show(*rows)

    def _keys(self) -> Iterator[Row]:
        for group in Group:
            yield Row((Span(group, Tone.STRONG),))
            for action in self._actions:
                if action.group is group:
                    asks = " (asks)" if action.asks else ""
                    keys = shorten(action.all_keys or f": {action.label}", _KEYS - 1)
                    yield Row((Span(f" {keys:<{_KEYS}}", Tone.KEY), Span(f"{action.help}{asks}")))


def _about(settings: Settings, width: int) -> Iterator[Row]:
    if settings.file is not None:
        yield Row((Span("Settings ", Tone.STRONG), Span(shorten(str(settings.file), width - 9, Cut.START))))
    for problem in settings.problems:
        for line in wrap(problem, width - 1, _PROBLEM_LINES):
            yield Row((Span(f" {line}", Tone.LATE),))


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
