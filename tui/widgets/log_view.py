"""What a runner printed: the newest lines, drawn by the line API, still while somebody reads.

Lines are numbered from the first one that ever came, so that the view stays on its line when new ones come in below and
old ones go at the top (of more than ``KEPT``). At the end of the log it follows; a step up ends that, ``f`` and ``end``
resume it (tui-patterns.md section 4.9).
"""

from __future__ import annotations

import re
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Final

from textual.message import Message
from textual.strip import Strip

from tui import ages
from tui.actions import Group, bindings
from tui.fit import shorten
from tui.log_text import log_text
from tui.tones import Span, Tone
from tui.widgets.toned import Toned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.binding import BindingType
    from textual.events import MouseScrollDown, MouseScrollUp

    from core.api.logs import LogLine

#: Lines that are kept.
KEPT: Final = 5_000
_NOTCH: Final = 3
_PAN: Final = 16  # cells
_SHORT: Final = 20  # cells of a text that is looked for


class LogView(Toned, can_focus=True):
    """Lines of a log. It is told the lines and what to look for, and says when it shows others."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings([Group.MOVE])]

    class Moved(Message):
        """Another part of the log is in view."""

    def __init__(self, *, follow_key: str, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self._follow_key = follow_key
        self._lines: deque[tuple[str, str]] = deque(maxlen=KEPT)
        self.total = 0  #: lines that ever came
        self.top = 0  #: the number of the first line in view
        self.follows = True
        self.unseen = 0  #: lines that came since it stopped following
        self.nothing = ""  #: what to say while there is no line
        self.needle = ""
        self._hit: int | None = None
        self._searched_from = 0  #: the line in view when somebody began to type
        self._left = 0

    # What it is given

    def add(self, lines: Iterable[LogLine]) -> None:
        """Put new lines at the end."""
        new = [(ages.time_of_day(line.at), log_text(line.text)) for line in lines]
        self._lines.extend(new)
        self.total += len(new)
        self.unseen = 0 if self.follows else self.unseen + len(new)
        if new:
            self._look_from(self.total if self.follows else self.top)

    def say(self, nothing: str) -> None:
        """What to say as long as there is no line."""
        if nothing != self.nothing:
            self.nothing = nothing
            self.refresh()

    def follow(self) -> None:
        """Stay at the newest line from now on."""
        self.follows, self.unseen = True, 0
        self._look_from(self.total)

    def search(self, text: str) -> None:
        """Mark a text, and go to where it is next."""
        if not self.needle:
            self._searched_from = self.top
        self.needle, self._hit = text, None
        if not self.find(1, start=self._searched_from):
            self.refresh()

    def find(self, step: int, *, start: int | None = None) -> bool:
        """Go to the next line that holds the text, or with -1 to the one before; round the end."""
        if not self.needle or not self._lines:
            return False
        first, count = self.first, len(self._lines)
        begin = start if start is not None else (self.top if self._hit is None else self._hit) + step
        needle = self.needle.casefold()
        for offset in range(count):
            number = first + (begin - first + step * offset) % count
            if needle in self._lines[number - first][1].casefold():
                self._hit, self.follows = number, False
                self._look_from(number - self.size.height // 2)
                return True
        return False

    @property
    def kept(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """What one has to know of the view, the most important first."""
        new = f"+{self.unseen} new, " if self.unseen else ""
        state = "FOLLOW" if self.follows else f"{new}{self._follow_key} follows"
        needle = self.needle.casefold()
        hits = sum(needle in text.casefold() for _, text in self._lines) if needle else 0
        found = f"{hits} lines hold {shorten(self.needle, _SHORT)}" if needle else ""
        gone = f"{self.first} older ones are gone" if self.first else ""
        return tuple(note for note in (state, found, gone) if note)

    @property
    def first(self) -> int:
        """The number of the first line that is kept."""
        return self.total - len(self._lines)

    # Moving

    def action_cursor_up(self) -> None:
        """Look one line further up."""
        self._step(-1)

    def action_cursor_down(self) -> None:
        """Look one line further down."""
        self._step(1)

    def action_page_up(self) -> None:
        """Look one screen further up."""
        self._step(1 - max(2, self.size.height))

    def action_page_down(self) -> None:
        """Look one screen further down."""
        self._step(max(2, self.size.height) - 1)

    def action_first_row(self) -> None:
        """The oldest line that is kept."""
        self._step(-self.total)

    def action_last_row(self) -> None:
        """The newest line, and those to come."""
        self.follow()

    def action_pan_left(self) -> None:
        """What is left of the view."""
        self._left = max(0, self._left - _PAN)
        self.refresh()

    def action_pan_right(self) -> None:
        """What is right of the view."""
        self._left += _PAN
        self.refresh()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Look further down."""
        event.stop()
        self._step(_NOTCH)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Look further up."""
        event.stop()
        self._step(-_NOTCH)

    def _step(self, by: int) -> None:
        """Move the view; at the very end it follows again."""
        self._look_from(self.top + by)
        self.follows = self.top >= self.total - self.size.height
        self.unseen = 0 if self.follows else self.unseen
        self.post_message(self.Moved())

    def _look_from(self, top: int) -> None:
        self.top = max(self.first, min(top, self.total - self.size.height))
        self.refresh()
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """Keep the end at the end."""
        self._look_from(self.total if self.follows else self.top)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the widget, as Textual asks for it."""
        at, width, ground = self.top - self.first + y, self.size.width, self.rich_style
        if not self._lines and y == 0:
            spans: Iterable[Span] = (Span(f"  {self.nothing}", Tone.MUTED),)
        elif 0 <= at < len(self._lines):
            spans = self._spans(*self._lines[at], hit=at + self.first == self._hit)
        else:
            return Strip.blank(width, ground)
        return Strip(self.segment(span, ground) for span in spans).simplify().crop_extend(0, width, ground)

    def _spans(self, at: str, text: str, *, hit: bool) -> Iterator[Span]:
        yield Span("> " if hit else "  ", Tone.KEY)
        yield Span(f"{at}  ", Tone.MUTED)
        shown, needle = text[self._left :], self.needle
        if not needle:
            yield Span(shown)
            return
        for piece in islice(re.split(f"({re.escape(needle)})", shown, flags=re.IGNORECASE), 2 * self.size.width):
            if piece:
                yield Span(piece, Tone.LATE if piece.casefold() == needle.casefold() else Tone.NORMAL)
