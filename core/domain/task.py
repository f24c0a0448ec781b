"""An ECS task as we see it: the few facts of DescribeTasks that anything here depends on.

Adapters project each page to these at once and drop the rest, the overrides above all: they hold the JIT config in
clear (ecs-api.md A1, DESIGN.md section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class TaskStatus(StrEnum):
    """``lastStatus`` of a task (ecs-api.md A5)."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    ACTIVATING = "ACTIVATING"
    RUNNING = "RUNNING"
    DEACTIVATING = "DEACTIVATING"
    STOPPING = "STOPPING"
    DEPROVISIONING = "DEPROVISIONING"
    STOPPED = "STOPPED"
    DELETED = "DELETED"
    UNKNOWN = "UNKNOWN"  #: a word ECS did not have when this was written; treated as alive

    @property
    def starting(self) -> bool:
        """Accepted by ECS, not yet running: these are looked at more often (DESIGN.md, watcher)."""
        return self in _STARTING

    @property
    def ending(self) -> bool:
        """On its way to STOPPED."""
        return self in _ENDING

    @property
    def ended(self) -> bool:
        """Nothing of it runs any more."""
        return self in _ENDED


_STARTING = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING})
_ENDING = frozenset({TaskStatus.DEACTIVATING, TaskStatus.STOPPING, TaskStatus.DEPROVISIONING})
_ENDED = frozenset({TaskStatus.STOPPED, TaskStatus.DELETED})


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a task."""

    name: str
    status: str = ""
    exit_code: int | None = None  #: None until it ended, and for ever when it never started
    reason: str = ""  #: cleaned outside text


@dataclass(frozen=True, slots=True)
class Task:
    """A task at one look. Times are aware UTC and None until they happened; texts are cleaned."""

    arn: str
    status: TaskStatus
    desired_stopped: bool = False  #: desiredStatus STOPPED: it leaves the default listing long before it is STOPPED
    scale_set: str | None = None  #: tag ``ecs-arc:scale-set``
    runner_name: str | None = None  #: tag ``ecs-arc:runner-name``, else the override ``ARCDECK_RUNNER_NAME``
    runner_id: int | None = None  #: tag ``arcdeck:runner-id``
    controller: str | None = None  #: tag ``arcdeck:controller``; None on tasks of the original
    launch: str = ""  #: capacity provider, else launch type
    definition: str = ""  #: task definition as ``family:revision``
    created_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    containers: tuple[Container, ...] = ()

    @property
    def ran_for(self) -> float | None:
        """Seconds from its start to its end, both by ECS's clock; None until both are known.

        ``startedAt`` can be missing for good, of a task that never ran or whose host died (ecs-api.md A5).
        """
        ended_at = self.stopping_at or self.stopped_at
        return None if self.started_at is None or ended_at is None else (ended_at - self.started_at).total_seconds()

    @property
    def exit_code(self) -> int | None:
        """Exit code of the runner's container; None while it runs or when it never started."""
        return next((c.exit_code for c in self.containers if c.name == "runner"), None)


@dataclass(frozen=True, slots=True)
class Described:
    """One complete answer of DescribeTasks for the ARNs asked."""

    tasks: tuple[Task, ...]
    missing: tuple[str, ...] = ()  #: ARNs answered with MISSING: not visible now, which is no proof of being gone
