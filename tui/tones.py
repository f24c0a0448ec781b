"""Text with a meaning: what a piece of it is to the eye, apart from how any theme draws it.

Views name a tone; the theme alone knows colours (tui-patterns.md section 9.1). A tone never carries meaning by itself:
glyph and word come first, so that everything reads without colour too (section 9.2).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Tone(StrEnum):
    """The meanings a text can have; each is one component class, ``tone--<value>``."""

    NORMAL = "normal"
    STRONG = "strong"  #: what a line is about
    MUTED = "muted"  #: present, but not what one looks for
    INFO = "info"  #: under way, in time
    GOOD = "good"  #: as it should be
    BUSY = "busy"  #: a job runs
    ENDING = "ending"  #: on its way out, as intended
    LATE = "late"  #: needs a look soon
    OVERDUE = "overdue"  #: past its limit
    FAILED = "failed"  #: ended or stands in the way
    HELD = "held"  #: kept from all rules by a person
    GONE = "gone"  #: struck out: it is no longer there
    KEY = "key"  #: a key one can press
    RULE = "rule"  #: lines that separate


class Span(NamedTuple):
    """A text and its tone: a table cell, or a part of a line."""

    text: str
    tone: Tone = Tone.NORMAL


#: One painted line: its parts from left to right.
Line = tuple[Span, ...]


class Row(NamedTuple):
    """One line: parts from the left, parts at the right edge, and what fills the room between them."""

    left: Line = ()
    right: Line = ()
    fill: str = " "  #: one cell wide
    fill_tone: Tone = Tone.RULE


def component_class(tone: Tone) -> str:
    """The name under which the style sheet knows a tone."""
    return f"tone--{tone.value}"


def rule(left: Sequence[Span], right: Sequence[Span] = ()) -> Row:
    """A line across the screen with a heading in it: ``── WHY ───────────── 6 of 51 ──``."""
    ends = (Span(" "), *right, Span(" ──", Tone.RULE)) if right else ()
    return Row((Span("── ", Tone.RULE), *left, Span(" ")), ends, fill="─")
