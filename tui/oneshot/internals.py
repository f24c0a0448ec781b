"""``mismatches``, ``sessions`` and ``placements``: what lies beneath the overview, answered once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tui import exits
from tui.internals import MISMATCHES, PLACEMENTS, SESSIONS, SessionRow
from tui.oneshot.output import plain_data
from tui.oneshot.record import OneShot

if TYPE_CHECKING:
    import argparse

    from tui.lists import Kind
    from tui.oneshot.record import Call


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    return


def _list(call: Call, kind: Kind[Any]) -> int:
    """Print the rows of a kind as the screen sorts them; nothing to show is a sentence, and well."""
    snapshot = call.controller.snapshot()
    found = sorted(kind.rows(snapshot), key=lambda row: kind.sort(row, snapshot.now))
    if call.out.as_json:
        call.out.json([_plain(row) for row in found])
    elif found:
        call.out.table(kind.columns(call.out.width), found, snapshot.now)
    else:
        call.out.line(f"{kind.empty[:1].upper()}{kind.empty[1:]}.")
    return exits.DONE


def _plain(row: Any) -> object:
    if isinstance(row, SessionRow):
        return {"scale_set": row.scale_set.name} | plain_data(row.scale_set.session)
    return plain_data(row)


COMMANDS: Final = (
    OneShot(
        "mismatches",
        "Where GitHub, ECS and the controller do not agree about a runner: ghosts, lost tasks, offline runners.",
        """\
A ghost is a registration with nothing behind it; it goes by itself after an
hour, or at once:

  arcdeck mismatches
  arcdeck mismatches --json | jq -r '.[] | select(.kind == "ghost") | .name' \\
    | xargs -n1 arcdeck deregister
""",
        _no_arguments,
        partial(_list, kind=MISMATCHES),
    ),
    OneShot(
        "sessions",
        "The message session of each scale set: who holds it, how often it was opened, what ails it.",
        "  arcdeck sessions\n",
        _no_arguments,
        partial(_list, kind=SESSIONS),
    ),
    OneShot(
        "placements",
        "Where there is no room: each closed placement, until when, and which scale sets wait for it.",
        """\
When somebody made room, nobody has to wait any longer:

  arcdeck placements
  arcdeck retry build-large-docker
""",
        _no_arguments,
        partial(_list, kind=PLACEMENTS),
    ),
)
