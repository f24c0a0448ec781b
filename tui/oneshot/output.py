"""What a one-shot command writes: lines and tables for people, JSON for scripts, complaints on standard error.

Every text passes ``plain`` on its way out, so that no name that somebody gave a job moves a cursor. A terminal gets
lines that fit it; a pipe gets tables of 80 columns and whole sentences, so that ``grep`` finds what it looks for. Our
signs are ASCII where that was asked for, and where the encoding has no others. JSON is pure ASCII: what is odd in a
text is escaped, not lost.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from tui import wishes
from tui.fit import wrap
from tui.oneshot.tables import table
from tui.plain import plain
from tui.signs import in_ascii

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from core.api.view import View
    from tui.oneshot.tables import RowT
    from tui.rows import Column

_USUAL_WIDTH: Final = 80
_LEAST_WIDTH: Final = 60
_MOST_LINES: Final = 100


class Output:
    """Where a command answers. ``width`` is in cells; None asks the terminal."""

    def __init__(self, out: TextIO, errors: TextIO, *, as_json: bool, width: int | None = None) -> None:
        _never_fail(out)
        self._out = out
        self._errors = errors
        self._ascii = bool(os.environ.get(wishes.ASCII)) or not _takes_signs(out)
        self.as_json = as_json
        self.on_terminal = out.isatty() if width is None else True
        self.width = max(_LEAST_WIDTH, width or self._measured())

    def line(self, text: str = "") -> None:
        """Write one line, whatever its length."""
        print(self._drawn(text), file=self._out, flush=True)

    def sentence(self, text: str, *, first: str = "") -> None:
        """Write a text: folded under the end of ``first`` on a terminal, in one line elsewhere."""
        if self.on_terminal:
            self.folded(text, first=first)
        else:
            self.line(first + text)

    def folded(self, text: str, *, first: str = "") -> None:
        """Write a text in lines that fit, all of them under the end of ``first``."""
        lines = wrap(text, self.width - len(first), _MOST_LINES) or [""]
        for number, line in enumerate(lines):
            self.line((" " * len(first) if number else first) + line)

    def table(self, columns: Sequence[Column[RowT]], rows: Iterable[RowT], now: float) -> None:
        """Write rows under headings, cut to fit; cells are made for ``now``."""
        for line in table(columns, rows, now, self.width):
            self.line(line)

    def json(self, value: object) -> None:
        """Write one document, on one line in a pipe."""
        self.line(json.dumps(value, indent=2 if self.on_terminal else None))

    def json_line(self, value: object) -> None:
        """Write one of many documents, on a line of its own, at once."""
        print(json.dumps(value), file=self._out, flush=True)

    def ask(self, question: str, answers: TextIO) -> str | None:
        """Ask on standard error, so that a redirected answer stays pure; None when nobody is there to be asked."""
        if not (answers.isatty() and self._errors.isatty()):
            return None
        for line in wrap(question, self.width, _MOST_LINES):
            print(self._drawn(line), file=self._errors, flush=True)
        return answers.readline().strip()

    def complain(self, sentence: str) -> None:
        """Say what went wrong, on standard error."""
        print(f"arcdeck: {self._drawn(sentence)}", file=self._errors)

    def _drawn(self, text: str) -> str:
        return in_ascii(plain(text)) if self._ascii else plain(text)

    def _measured(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns if self.on_terminal else _USUAL_WIDTH
        except (OSError, ValueError):
            return _USUAL_WIDTH


def plain_data(view: View) -> dict[str, Any]:
    """A view as JSON values."""
    return view.model_dump(mode="json")


def _takes_signs(out: TextIO) -> bool:
    """Whether our signs can be written there; what has no encoding is text and takes all."""
    try:
        "●▲…".encode(out.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _never_fail(out: TextIO | io.TextIOWrapper) -> None:
    """Let a sign that the terminal's encoding lacks become a question mark."""
    if (reconfigure := getattr(out, "reconfigure", None)) is not None:
        reconfigure(errors="replace")
