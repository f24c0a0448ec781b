"""The last step before a line is written: no colours where there are none, and no signs but ASCII where asked for.

Done here, for whole lines of every widget, nothing can be forgotten: borders, fields and buttons pass by too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

from tui.signs import in_ascii

if TYPE_CHECKING:
    from textual.color import Color


class AsciiOnly(LineFilter):
    """Draws our own signs in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells with other signs in them."""
        del background
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
