"""A line of a runner's log as text: without the colours that its program gave it, which say nothing here."""

from __future__ import annotations

import re
from typing import Final

from tui.plain import plain

#: A terminal's colour sequence; the daemon has made its escape visible by now.
_COLOURS: Final = re.compile("[\x1b␛]\\[[0-9;]*m")


def log_text(printed: str) -> str:
    """One line, safe to show, its tabs as spaces."""
    return plain(_COLOURS.sub("", printed.expandtabs()))
