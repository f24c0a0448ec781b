"""Where GitHub, ECS and the controller disagree, and where there is no room: parts of a snapshot."""

from __future__ import annotations

from enum import StrEnum

from core.api.view import View


class MismatchKind(StrEnum):
    """How GitHub's list, ECS and the controller disagree about a runner; those that need somebody come first."""

    GHOST = "ghost"  #: registered and offline, with no task behind it
    UNTRACKED = "untracked"  #: online at GitHub for a scale set of ours, and no task of it is known here
    UNREGISTERED = "unregistered"  #: its task runs, and GitHub does not list it
    OFFLINE = "offline"  #: its task runs, and GitHub lists it as offline
    BUSY_THERE = "busy there"  #: idle by its job messages, busy by GitHub's list
    IDLE_THERE = "idle there"  #: busy by its job messages, idle by GitHub's list
    ORPHAN = "orphan"  #: a task with our mark whose scale set is not configured


class Remedy(StrEnum):
    """What an operator can do about a mismatch."""

    NONE = ""  #: nothing but to look again: it settles by itself
    DEREGISTER = "deregister"
    STOP = "stop"


class MismatchView(View):
    """One thing on which GitHub, ECS and the controller do not agree."""

    name: str  #: of the runner; of an orphan, its task's ARN where it has none
    kind: MismatchKind
    scale_set: str = ""
    github: str = ""  #: what GitHub's list says: ``offline``, ``online``, ``busy``, ``not listed``
    ecs: str = ""  #: the task's status; ``no task``
    ours: str = ""  #: what the controller holds of it; ``unknown``
    since: float | None = None  #: when we first saw it so
    limit: float | None = None  #: seconds after which the controller does something about it by itself
    remedy: Remedy = Remedy.NONE
    why: str = ""  #: one sentence: what it means, and what happens by itself


class PlacementView(View):
    """A class of placement that is closed."""

    placement: str  #: the class in words
    failures: int
    since: float
    until: float  #: when one probing start is made; over = it is due
    probing: bool = False  #: that start is under way
    reason: str
    waiting: tuple[str, ...] = ()  #: the scale sets that start nothing because of it
