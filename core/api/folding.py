"""Snapshots and what lies between them: making a difference, and applying it; for both sides of the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import Delta, Heartbeat, Snapshot

if TYPE_CHECKING:
    from core.api.model import Update
    from core.api.view import View


def apply(snapshot: Snapshot, update: Update, *, keep_events: int = 500) -> Snapshot | None:
    """The snapshot after the update; None when the update does not follow it and a whole one must be asked for."""
    match update:
        case Snapshot():
            return update
        case Heartbeat():
            return snapshot.model_copy(update={"now": update.now}) if update.version == snapshot.version else None
        case Delta():
            if update.base != snapshot.version:
                return None
    scale_sets = {row.name: row for row in snapshot.scale_sets} | {row.name: row for row in update.scale_sets}
    runners = {row.name: row for row in snapshot.runners} | {row.name: row for row in update.runners}
    for gone in update.scale_sets_gone:
        scale_sets.pop(gone, None)
    for gone in update.runners_gone:
        runners.pop(gone, None)
    return Snapshot(
        version=update.version,
        now=update.now,
        controller=update.controller or snapshot.controller,
        scale_sets=tuple(scale_sets.values()),
        runners=tuple(runners.values()),
        events=(*snapshot.events, *update.events)[-keep_events:],
        mismatches=snapshot.mismatches if update.mismatches is None else update.mismatches,
        placements=snapshot.placements if update.placements is None else update.placements,
    )


def difference(before: Snapshot, after: Snapshot) -> Delta | Heartbeat:
    """What turns ``before`` into ``after``; ``apply`` is its inverse up to the order of rows."""
    if before.version == after.version:
        return Heartbeat(version=after.version, now=after.now)
    old_sets = {row.name: row for row in before.scale_sets}
    old_runners = {row.name: row for row in before.runners}
    new_sets = {row.name for row in after.scale_sets}
    new_runners = {row.name for row in after.runners}
    seen = before.events[-1].id if before.events else 0
    return Delta(
        base=before.version,
        version=after.version,
        now=after.now,
        controller=after.controller if after.controller != before.controller else None,
        scale_sets=tuple(row for row in after.scale_sets if _changed(old_sets.get(row.name), row)),
        scale_sets_gone=tuple(name for name in old_sets if name not in new_sets),
        runners=tuple(row for row in after.runners if _changed(old_runners.get(row.name), row)),
        runners_gone=tuple(name for name in old_runners if name not in new_runners),
        events=tuple(event for event in after.events if event.id > seen),
        mismatches=after.mismatches if after.mismatches != before.mismatches else None,
        placements=after.placements if after.placements != before.placements else None,
    )


def _changed(before: View | None, after: View) -> bool:
    """Whether a row differs; most are the very same object as before, and comparing values costs."""
    return before is not after and before != after
