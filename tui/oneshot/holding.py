"""``hold`` and ``release``: keep every rule away from a runner while somebody looks into its task, and let go of it."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final

from core.api.commands import HoldRunner, ReleaseRunner
from tui.oneshot.answers import tell
from tui.oneshot.controller import new_id
from tui.oneshot.find import runner_called
from tui.oneshot.record import OneShot

if TYPE_CHECKING:
    from tui.oneshot.record import Call

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
#: What the controller takes, in seconds.
_SHORTEST, _LONGEST = 60, 86_400


def _duration(text: str) -> int:
    """Seconds of ``90m`` or ``1h30m``. ArgumentTypeError for what is none, or shorter or longer than may be."""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; say it as 90m, 2h or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    whole = hours * _UNITS["h"] + minutes * _UNITS["m"] + seconds
    if not _SHORTEST <= whole <= _LONGEST:
        raise argparse.ArgumentTypeError("a hold lasts from 1m to 24h")
    return whole


def _hold_arguments(parser: argparse.ArgumentParser) -> None:
    _runner_argument(parser)
    about = "for how long from now, 1m to 24h; an hour unless told"
    parser.add_argument("--for", dest="seconds", type=_duration, default=3600, metavar="DURATION", help=about)


def _runner_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runner", metavar="RUNNER-OR-ARN", help="the runner's name, or its task's ARN or id")


def _name(call: Call) -> str:
    """The runner that is meant; a name that nobody knows goes to the controller, which says so."""
    named: str = call.options.runner
    found = runner_called(call.controller.snapshot(), named)
    return found.name if found else named


def _hold(call: Call) -> int:
    command = HoldRunner(id=new_id(), runner=_name(call), seconds=call.options.seconds)
    return tell(call.out, call.controller.execute(command))


def _release(call: Call) -> int:
    return tell(call.out, call.controller.execute(ReleaseRunner(id=new_id(), runner=_name(call))))


COMMANDS: Final = (
    OneShot(
        "hold",
        "Keep every rule away from a runner for a while, so that somebody can look into its task.",
        """\
It is not stopped for its age or its limits, and not drained; a container whose
process ends still ends. The hold ends by itself, and outlasts a restart.

  arcdeck hold build-large-docker-0be1c7f2 --for 2h
""",
        _hold_arguments,
        _hold,
    ),
    OneShot(
        "release",
        "Let go of a runner that is held; the ordinary rules hold for it again.",
        "  arcdeck release build-large-docker-0be1c7f2\n",
        _runner_argument,
        _release,
    ),
)
