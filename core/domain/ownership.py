"""Whose things are: what of GitHub and ECS a controller may change (DESIGN.md section 3, Ownership; invariant I5).

Ours is what carries our id. Things of the original carry its mark and no id: they are taken over when our configuration
names them. Everything else is left alone, with a sentence that says why and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.scale_set import MANAGED_LABEL, controller_label

if TYPE_CHECKING:
    from collections.abc import Sequence


def owners(labels: Sequence[str]) -> tuple[str, ...]:
    """The ids of the controllers that a scale set's labels name."""
    mark = controller_label("")
    return tuple(label.removeprefix(mark) for label in labels if label.startswith(mark))


def is_originals(labels: Sequence[str]) -> bool:
    """Whether a scale set was made by the original, and nobody has taken it over yet."""
    return MANAGED_LABEL in labels and not owners(labels)


def foreign_scale_set(name: str, labels: Sequence[str], controller: str) -> str:
    """Why a scale set of that name on GitHub is not ours to change; empty when it is."""
    others = [owner for owner in owners(labels) if owner != controller]
    if others:
        return (
            f"scale set {name} belongs to another controller ({controller_label(others[0])}); it is left alone: "
            "set SCALESET_NAME_PREFIX, or ARCDECK_CONTROLLER_ID if it is the same one"
        )
    if MANAGED_LABEL not in labels and controller not in owners(labels):
        return (
            f"scale set {name} exists on GitHub and was not made by a controller of this kind; "
            "it is left alone: rename the family, or set SCALESET_NAME_PREFIX"
        )
    return ""


def bears_no_marks(name: str, labels: Sequence[str]) -> bool:
    """Whether a scale set has no label but its name: GHES before 3.18 keeps no other, ours among them (section 3.8)."""
    return all(label.lower() == name.lower() for label in labels)


def foreign_definition(family: str, owner: str | None, controller: str, *, managed: bool) -> str:
    """Why a task definition family in ECS is not ours to change; empty when it is. ``owner`` None: no id is on it."""
    if not managed:
        return (
            f"task definition family {family} exists and was not made by a runner controller; "
            f"it is left alone: rename the runner's family, or tag the family ecs-arc:managed=true"
        )
    if owner not in {None, controller}:
        return (
            f"task definition family {family} belongs to controller {owner}; "
            f"it is left alone: rename the runner's family, or set ARCDECK_CONTROLLER_ID"
        )
    return ""
