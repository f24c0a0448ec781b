"""The port ``Meter``: what the engine tells whoever counts (README, Metrics).

It has a file of its own beside ``ports`` because it is a class and no Protocol: one that counts nothing is whole, so
that nobody who tells it something asks first whether somebody listens. Who counts overrides what it cares for.

Promises asked of whoever does: a call returns at once and never raises; it is made in the engine's loop, once for each
thing that happened, when it has happened. Seconds are those of the engine's clock unless a method says otherwise.
What can be read from a snapshot is not told here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.errors import ArcdeckError
    from core.domain.messages import JobMessage
    from core.domain.task import Task, TaskStatus


class StartStep(StrEnum):
    """The call that decided what came of a start."""

    JIT_CONFIG = "jit-config"  #: GitHub's: the runner is registered
    RUN_TASK = "run-task"  #: ECS's


class SessionCause(StrEnum):
    """Why a message session was opened."""

    FIRST = "first"  #: the scale set had none in this run of the controller
    LOST = "lost"  #: GitHub no longer knew the one before
    UNHEARD = "unheard"  #: GitHub could not be heard for too long, or ECS not be looked at before we listened
    FAULT = "fault"  #: whatever else ended the one before
    CONFLICT = "conflict"  #: somebody else had it, and we stood by until it was free
    TURNED = "turned"  #: the scale set was retired, or is configured again


class Meter:
    """Hears what happened and keeps nothing of it."""

    def registration_made(self, scale_set: str) -> None:
        """GitHub registered a runner: it gave a JIT config."""

    def start_ended(self, scale_set: str, step: StartStep, error: ArcdeckError | None, seconds: float) -> None:
        """A start was accepted by ECS (``error`` None), or came to nothing at that step; the time since it began.

        A start that was given up because we shut down, or before either call was made, is not told.
        """

    def job_started(self, scale_set: str, message: JobMessage) -> None:
        """A runner took a job, told for the first time. Its times are GitHub's."""

    def job_completed(self, scale_set: str, message: JobMessage) -> None:
        """A job of a runner that we know ended, told for the first time, or one was cancelled before any took it."""

    def status_left(self, scale_set: str, status: TaskStatus, seconds: float) -> None:
        """A task left a status of ECS; how long we saw it there, which looks 5 s apart make coarse."""

    def task_ran(self, scale_set: str, task: Task) -> None:
        """A task of a start of ours was seen RUNNING for the first time. Its times are ECS's."""

    def task_ended(self, scale_set: str, task: Task | None) -> None:
        """A task ended while we watched; None when ECS never showed it."""

    def idled(self, scale_set: str, seconds: float) -> None:
        """A runner that was online without a job is so no longer; how long it was."""

    def session_opened(self, scale_set: str, cause: SessionCause) -> None:
        """A message session of the scale set is open."""

    def ghost_found(self, scale_set: str) -> None:
        """A registration was offline for long with no task behind it, and is to be removed (behaviour.md row 26)."""

    def ghost_removed(self, scale_set: str) -> None:
        """Such a registration was removed by us."""

    def swept(self, seconds: float) -> None:
        """A sweep ended: one complete look at ECS, and what it had stopped."""


#: Where nobody counts.
UNMETERED = Meter()
