"""When a command is refused: an answer with its reason, never an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.target import Target


class Refused(Exception):
    """The present state forbids the command; the text says why."""


def check_ours(targets: Mapping[str, Target], scale_set: str) -> Target:
    """The scale set, if it is ours to change. Raises Refused when it is not ours or only observed."""
    target = targets.get(scale_set)
    if target is None:
        raise Refused("it belongs to no scale set of this controller")
    if not target.leased:
        raise Refused(f"{scale_set} is only observed: its message session is not ours")
    return target
