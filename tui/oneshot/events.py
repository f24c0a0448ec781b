"""``events``: what happened and who did it, from the journal, and what happens for whoever follows.

The filters go to the controller as they were typed, which alone knows what they mean and says what is wrong with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import ages, exits
from tui.oneshot.output import plain_data
from tui.oneshot.record import OneShot
from tui.records import record_text

if TYPE_CHECKING:
    import argparse

    from core.api.events import EventRecord
    from tui.oneshot.output import Output
    from tui.oneshot.record import Call

_FILTERS = ("since", "until", "scale_set", "runner", "job", "operator", "limit")
_USUAL_SINCE = "1h"
_KIND = 14  # cells of the kind


def _arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--since", metavar="WHEN", help=f"from then on: 90s, 2h, 3d, or 2031-05-06T07:08:09Z (default {_USUAL_SINCE})")
    add("--until", metavar="WHEN", help="up to then")
    add("--kind", action="append", default=[], metavar="KIND", help="only these, as stop or command; may be repeated")
    add("--scale-set", metavar="NAME", help="only what is about this scale set")
    add("--runner", metavar="NAME", help="only what is about this runner")
    add("--job", metavar="ID", help="only what is about this job")
    add("--operator", metavar="NAME", help="only what this person did")
    add("--limit", metavar="N", help="the newest so many (1000)")
    add("--follow", "-f", action="store_true", help="go on with what happens, until Ctrl-C")


def _events(call: Call) -> int:
    options = vars(call.options)
    asked = [(name, options[name]) for name in _FILTERS if options[name]]
    asked += [("kind", kind) for kind in call.options.kind]
    if not (options["since"] or options["until"]):
        asked.append(("since", _USUAL_SINCE))
    call.controller.each_event(asked, EventLines(call.out).show, follow=call.options.follow)
    return exits.DONE


class EventLines:
    """Writes events under the day on which they happened."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._day = ""

    def show(self, event: EventRecord) -> None:
        """Write one event, as JSON on a line of its own where that is asked for."""
        if self._out.as_json:
            self._out.json_line(plain_data(event))
            return
        if (day := ages.day(event.at)) != self._day:
            self._day = day
            self._out.line(f"--- {day} UTC")
        self._out.sentence(record_text(event), first=f"{ages.time_of_day(event.at)} {event.kind.ljust(_KIND)} ")


COMMAND = OneShot(
    "events",
    "What happened and who did it, oldest first.",
    """\
On a terminal lines are folded to fit. In a pipe an event is a line, and with
--json an object with all its data. What was done is known for as long as the
journal keeps it, what only passed by until the controller ends.

  arcdeck events --since 2h --scale-set build-large-docker --follow
  arcdeck events --since 3d --operator alice --kind command
""",
    _arguments,
    _events,
)
