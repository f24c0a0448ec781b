"""Samples of what lies beneath the overview: ghosts and lost tasks, sessions in conflict, placements without room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.api.model import HoldView, SessionView
from core.api.trouble import MismatchKind, MismatchView, PlacementView, Remedy
from tests.tui.samples import HOUR, MINUTE, NOW, fleet, runner, scale_set, snapshot

if TYPE_CHECKING:
    from core.api.model import Snapshot

SMALL: Final = "runner-small-plain"
LARGE: Final = "runner-large-docker"
GHOST: Final = f"{SMALL}-dead0001"
LOST: Final = f"{SMALL}-5a90d3e7"


def a_ghost(name: str = GHOST, **fields: Any) -> MismatchView:
    given = {"github": "offline", "ecs": "no task", "ours": "unknown", "since": NOW - 30 * MINUTE, "limit": HOUR}
    given |= {"remedy": Remedy.DEREGISTER, "why": "serves nobody"}
    return MismatchView(name=name, kind=MismatchKind.GHOST, scale_set=SMALL, **(given | fields))


def lost(remedy: Remedy = Remedy.STOP) -> MismatchView:
    return a_ghost(LOST).model_copy(
        update={
            "kind": MismatchKind.UNREGISTERED,
            "github": "not listed",
            "ecs": "RUNNING",
            "ours": "idle",
            "limit": None,
            "remedy": remedy,
        }
    )


def full(**fields: Any) -> PlacementView:
    given = {"failures": 3, "since": NOW - 90, "until": NOW + 47, "reason": "RESOURCE:CPU", "waiting": (LARGE,)}
    return PlacementView(placement="EXTERNAL for 4096 cpu and more", **(given | fields))


def trouble() -> Snapshot:
    conflict = SessionView(state="conflict", since=NOW - 60, tries=3, retry_at=NOW + 28, problem="host build-7 has it")
    return snapshot(
        scale_sets=(scale_set(SMALL), scale_set(LARGE, session=conflict)),
        runners=(runner(LOST),),
        mismatches=(lost(), a_ghost()),
        placements=(full(),),
    )


def haunted() -> Snapshot:
    """The fleet of the pictures with all of it: four ghosts, a lost task, a conflict, and no room in two places."""
    whole = fleet()
    ghosts = tuple(a_ghost(f"{SMALL}-dead{number:04x}", since=NOW - (50 - 9 * number) * MINUTE) for number in range(4))
    memory = full(failures=1, until=NOW + 12, reason="RESOURCE:MEMORY", waiting=()).model_copy(
        update={"placement": "ci-gpu for 61440 MiB and more"}
    )
    sets = tuple(
        row.model_copy(update={"session": row.session.model_copy(update={"opened": 1, "owner": "build-7"})})
        for row in whole.scale_sets
    )
    return whole.model_copy(
        update={"mismatches": (*ghosts, lost()), "placements": (full(), memory), "scale_sets": sets}
    )


def held_fleet() -> Snapshot:
    """The fleet of the pictures, one busy runner of which somebody looks into."""
    hold, whole = HoldView(by="alice", since=NOW - 4 * MINUTE, until=NOW + 56 * MINUTE), fleet()
    why = "held by alice until 14:58:31Z: no rule stops it, and nobody drains it"
    rows = tuple(
        row.model_copy(update={"hold": hold, "limit": None, "why": why}) if row.name.endswith("0be1c7f2") else row
        for row in whole.runners
    )
    return whole.model_copy(update={"runners": rows})
