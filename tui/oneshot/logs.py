"""``logs``: what a runner printed, and what it prints for whoever follows.

The controller reads CloudWatch for whoever asks it, so nobody needs AWS credentials of their own. It answers with what
there is; following is asking again. A runner that has been silent for a while is looked at: when it has ended, so does
the command.
"""

from __future__ import annotations

import argparse
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from core.api.client import Refused
from core.api.logs import MOST_LINES, USUAL_LINES
from tui import ages, exits, looks
from tui.log_text import log_text
from tui.oneshot.find import runner_called
from tui.oneshot.output import plain_data
from tui.oneshot.record import OneShot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.api.logs import LogLine
    from tui.oneshot.output import Output
    from tui.oneshot.record import Call

#: Seconds between two questions of one who follows; CloudWatch itself takes some to show a line.
PAUSE: Final = 2.0
#: Questions without a new line after which the runner is looked at; the last words of one that ended have come by then.
_SILENT: Final = 5


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runner", metavar="RUNNER-OR-ARN", help="the runner's name, or its task's ARN or id")
    parser.add_argument(
        "--tail", type=_number, default=USUAL_LINES, metavar="N", help=f"the newest so many lines ({USUAL_LINES})"
    )
    parser.add_argument("--follow", "-f", action="store_true", help="go on with what it prints, until it ends")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_LINES):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number from 1 to {MOST_LINES}")
    return int(text)


def _logs(call: Call) -> int:
    shown = runner_called(call.controller.snapshot(), call.options.runner)
    runner = shown.name if shown else call.options.runner  # one that has left the screens may still be known
    lines, after = call.controller.logs(runner, limit=call.options.tail)
    printed = LogLines(call.out)
    printed.show(lines)
    if call.options.follow:
        _follow(call, runner, after, printed)
    elif not lines:
        call.out.complain(f"{runner} has printed nothing that can be read yet.")
    return exits.DONE


def _follow(call: Call, runner: str, after: str, printed: LogLines) -> None:
    """Show what comes, until it has been silent for a while and is found to have ended."""
    silent = 0
    while True:
        call.controller.wait(PAUSE)
        try:
            lines, after = call.controller.logs(runner, after=after, limit=MOST_LINES)
        except Refused as refused:
            if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:  # else it is only out of reach for the moment
                raise
            lines = []
        printed.show(lines)
        silent = 0 if lines else silent + 1
        if silent == _SILENT:
            if _has_ended(call, runner):
                call.out.complain(f"{runner} has ended.")
                return
            silent = 0


def _has_ended(call: Call, runner: str) -> bool:
    row = runner_called(call.controller.snapshot(), runner)
    return row is None or row.state in looks.ENDED


class LogLines:
    """Writes the lines of a log under the day on which they were printed."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._day = ""

    def show(self, lines: Iterable[LogLine]) -> None:
        """Write lines, each as JSON on a line of its own where that is asked for."""
        for line in lines:
            if self._out.as_json:
                self._out.json_line(plain_data(line.model_copy(update={"text": log_text(line.text)})))
                continue
            if (day := ages.day(line.at)) != self._day:
                self._day = day
                self._out.line(f"--- {day} UTC")
            self._out.line(f"{ages.time_of_day(line.at)} {log_text(line.text)}")


COMMAND = OneShot(
    "logs",
    "What a runner printed, and with --follow what it prints.",
    """\
The controller reads CloudWatch; no credentials are needed here. It knows the
runners that live, and the last 200 that ended. Colours are left out.

  arcdeck logs build-large-docker-0be1c7f2 --follow
  arcdeck logs build-large-docker-0be1c7f2 --tail 1000 --json
""",
    _arguments,
    _logs,
)
