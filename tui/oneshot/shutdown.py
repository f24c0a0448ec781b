"""``arcdeck shutdown``: stop the controller in order, and return when it has ended.

It is asked first, since no job gets a runner while no controller runs; without a terminal it takes ``--yes``. The start
of the controller that was looked at is the one that is meant: a successor goes on.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from core.api.commands import StopDaemon
from tui import exits, looks
from tui.oneshot.acting import add_reason
from tui.oneshot.answers import tell
from tui.oneshot.controller import new_id
from tui.oneshot.record import OneShot

if TYPE_CHECKING:
    import argparse

    from core.api.model import Snapshot
    from tui.oneshot.record import Call

#: Seconds that an orderly stop may take, and some for the way.
_ENDED_WITHIN: Final = 12.0


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="agree without being asked")
    add_reason(parser, "why, for the journal")


def _shutdown(call: Call) -> int:
    seen = call.controller.snapshot()
    if not call.options.yes and (refused := _agreed(call, seen)) is not None:
        return refused
    instance = seen.controller.instance
    answer = call.controller.execute(StopDaemon(id=new_id(), instance=instance, reason=call.options.reason))
    code = tell(call.out, answer)
    if code == exits.DONE and not call.controller.has_ended(instance, within=_ENDED_WITHIN):
        call.out.complain(f"it was told to stop, and still runs after {_ENDED_WITHIN:.0f} s; its log says why")
        return exits.FAILED
    return code


def _agreed(call: Call, seen: Snapshot) -> int | None:
    """Ask whether it is meant; None for a yes, else the exit code."""
    name = seen.controller.id
    live = [row for row in seen.runners if row.state not in looks.ENDED]
    busy = sum(row.state in looks.SERVING for row in live)
    count = f"{len(live)} runner{'' if len(live) == 1 else 's'}, {busy} busy"
    story = f"{name} looks after {count}; all stay, but nothing starts for waiting jobs until a controller runs again."
    said = call.out.ask(f"{story} Type yes to stop it:", sys.stdin)
    if said is None:
        call.out.complain(f"{story} Say --yes to stop it.")
        return exits.USAGE
    if said.lower() == "yes":
        return None
    call.out.complain(f"{name} was not stopped.")
    return exits.FAILED


COMMAND: Final = OneShot(
    "shutdown",
    "Stop the controller in order; runners and scale sets stay as they are.",
    """\
As SIGTERM does, but with your name in the journal; it returns when the
controller has ended. Started again, it takes up what it left.

  arcdeck shutdown --reason 'a new version'
""",
    _arguments,
    _shutdown,
)
