"""The command palette: everything that can be done here, found by a few letters of its name.

Ours rather than Textual's: what cannot be done now stays in the list with its reason, nothing is searched in the
background, and it is three widgets, so that opening it costs one paint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.fit import Cut, shorten
from tui.palette import Choice, matching
from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

#: Lines of the list.
_SHOWN: Final = 12
_NAME: Final = 34
_KEY: Final = 9


class PaletteScreen(ModalScreen[Choice]):
    """Returns the choice that was made, or nothing. It carries nothing out itself."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}
    AUTO_FOCUS = "#palette-field"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("enter", "choose", show=False),
        Binding("down,ctrl+n", "move(1)", show=False),
        Binding("up,ctrl+p", "move(-1)", show=False),
        Binding("pagedown", f"move({_SHOWN})", show=False),
        Binding("pageup", f"move({-_SHOWN})", show=False),
    ]

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._choices = choices
        self._found: list[Choice] = []
        self._at = 0
        self._early = ""

    def compose(self) -> ComposeResult:
        """The field above the list."""
        with Vertical(id="palette") as box:
            box.border_title = "Do"
            box.border_subtitle = "up and down choose · enter does it · esc leaves"
            yield Input(self._early, id="palette-field", compact=True, select_on_focus=False, placeholder="type a name")
            yield Lines(id="palette-list")

    def on_mount(self) -> None:
        """A field that does not blink, and everything there is."""
        self.query_one(Input).cursor_blink = False
        self._search(self.query_one(Input).value)

    def on_resize(self) -> None:
        """Fit the lines anew."""
        self.call_after_refresh(self._show)

    def type_early(self, letter: str) -> None:
        """Take a letter that came in one burst with the key that opened the palette."""
        fields = self.query(Input)
        if fields:
            fields.first().insert_text_at_cursor(letter)
        else:
            self._early += letter

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self._search(message.value)

    @on(Input.Submitted)
    def action_choose(self) -> None:
        """Do what is marked, unless it cannot be done now."""
        if self._found and not self._found[self._at].reason:
            self.dismiss(self._found[self._at])

    def action_close(self) -> None:
        """Leave everything as it is."""
        self.dismiss()

    def action_move(self, by: int) -> None:
        """Mark another one."""
        self._at = max(0, min(self._at + by, len(self._found) - 1))
        self._show()

    def _search(self, typed: str) -> None:
        self._found, self._at = matching(self._choices, typed), 0
        self._show()

    def _show(self) -> None:
        lines = self.query_one(Lines)
        top = max(0, min(self._at - _SHOWN // 2, len(self._found) - _SHOWN))
        shown = self._found[top : top + _SHOWN]
        rows = [_row(choice, lines.size.width, marked=top + n == self._at) for n, choice in enumerate(shown)]
        more = len(self._found) - top - len(shown)
        left = f"  {more} more" if more else "" if rows else "  nothing is called that"
        lines.show(*rows, *[Row()] * (_SHOWN - len(rows)), Row((Span(left, Tone.MUTED),)))


def _row(choice: Choice, width: int, *, marked: bool) -> Row:
    name = shorten(choice.name, _NAME, Cut.NAME)
    tone = Tone.MUTED if choice.reason else Tone.STRONG if marked else Tone.NORMAL
    room = width - 2 - max(_NAME, 0) - 2 - _KEY
    said = Span(choice.reason, Tone.LATE) if choice.reason else Span(choice.about, Tone.MUTED)
    return Row(
        (
            Span("> " if marked else "  ", Tone.KEY),
            Span(name, tone),
            Span(" " * (_NAME - cell_len(name) + 2)),
            Span(shorten(said.text, max(1, room)), said.tone),
        ),
        (Span(choice.key, Tone.KEY),),
    )
