"""A crash of the screen: a report for whoever mends it, one line for whoever sits there, and no secrets in either.

Textual's own report prints local variables, where anything may be (tui-patterns.md section 8.3). Ours has the frames
with their source lines, the kinds of the errors and the first line of their texts. The file is readable by its owner
only.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.fit import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_TEXT: Final = 200


def write_report(error: BaseException, environ: Mapping[str, str]) -> Path | None:
    """Write the report of an error and say where it is; None when no place takes it."""
    text = "\n".join(report(error)) + "\n"
    for folder in _folders(environ):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="screen-crash-", suffix=".txt", dir=folder)  # of mode 0600
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        return Path(name)
    return None


def report(error: BaseException) -> Iterator[str]:
    """The lines of the report: causes first, each with its frames, never with their variables."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from report(cause)
        yield ""
        yield "and after that:"
        yield ""
    for line in traceback.format_list(traceback.extract_tb(error.__traceback__)):
        yield line.rstrip()
    first_line = str(error).partition("\n")[0]
    yield f"{type(error).__name__}: {shorten(first_line, _LONGEST_TEXT)}"


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    if state := environ.get("XDG_STATE_HOME"):
        yield Path(state) / "arcdeck"
    elif home := environ.get("HOME"):
        yield Path(home) / ".local" / "state" / "arcdeck"
    yield Path(tempfile.gettempdir())
