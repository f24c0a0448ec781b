"""A crash of the screen: a report for whoever mends it, one line for whoever sits there, and no secrets in either.

Textual's own report prints local variables, where anything may be (tui-patterns.md section 8.3). Ours has the frames
with their source lines, the kinds of the errors and the first line of their texts. The file is readable by its owner
only.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from tui.fit import shorten
from tui.keep import keep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LONGEST_TEXT: Final = 200


def write_report(error: BaseException, environ: Mapping[str, str]) -> Path | None:
    """Write the report of an error and say where it is; None when no place takes it."""
    return keep("\n".join(report(error)) + "\n", environ, prefix="screen-crash-", suffix=".txt")


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
