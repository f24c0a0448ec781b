"""What a runner printed, for those who ask: lines, and where to go on."""

from __future__ import annotations

from core.api.view import View

#: Most lines in one answer.
MOST_LINES = 1_000
#: As many are given when nobody says how many.
USUAL_LINES = 100


class LogLine(View):
    """One line that a runner printed."""

    at: float  #: seconds since the epoch, as its host stamped it
    text: str


class LogEnd(View):
    """The last line of an answer."""

    next: str  #: ask with it as ``after`` for what comes behind; empty while nothing was written
