"""What GitHub tells a listener: statistics and job messages (github-scale-set-api.md sections 5.6 to 5.8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from core.domain.secret import Secret


class JobMessageKind(StrEnum):
    """The job messages that exist; others are skipped at the adapter."""

    AVAILABLE = "JobAvailable"
    ASSIGNED = "JobAssigned"
    STARTED = "JobStarted"
    COMPLETED = "JobCompleted"


@dataclass(frozen=True, slots=True)
class Statistics:
    """GitHub's counters of a scale set; ``assigned`` (waiting or running) is the scaling signal (section 5.7)."""

    available: int = 0
    acquired: int = 0
    assigned: int = 0
    running: int = 0
    registered: int = 0
    busy: int = 0
    idle: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A workflow job, as far as GitHub named it. Texts are cleaned."""

    id: str = ""  #: empty when the message had none
    request_id: int = 0
    name: str = ""
    repository: str = ""  #: ``owner/name``
    workflow: str = ""  #: ``jobWorkflowRef``
    run_id: int = 0
    event: str = ""
    queued_at: datetime | None = None
    assigned_at: datetime | None = None  #: to the scale set


@dataclass(frozen=True, slots=True)
class JobMessage:
    """One job message of a batch."""

    kind: JobMessageKind
    job: Job
    runner_id: int = 0  #: 0 when cancelled before a runner took it
    runner_name: str = ""
    result: str = ""
    assigned_to_runner_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One batch of the queue, redelivered until it is acknowledged (section 5.12)."""

    id: int
    jobs: tuple[JobMessage, ...] = ()
    statistics: Statistics | None = None  #: None: none came; the previous ones stay in force

    def of(self, kind: JobMessageKind) -> tuple[JobMessage, ...]:
        """The batch's messages of one kind, in their order."""
        return tuple(job for job in self.jobs if job.kind is kind)


@dataclass(frozen=True, slots=True)
class ScaleSetRef:
    """A scale set as GitHub has it."""

    id: int
    name: str
    group_id: int = 1
    labels: tuple[str, ...] = ()
    statistics: Statistics | None = field(default=None, compare=False)  #: None: as GitHub often leaves them out (V6)


@dataclass(frozen=True, slots=True)
class RunnerRef:
    """A runner registration as the Actions service has it."""

    id: int
    name: str
    scale_set_id: int = 0


@dataclass(frozen=True, slots=True)
class Registration:
    """A runner registration as GitHub's REST list has it; its ``busy`` lags and lies (behaviour.md row 28)."""

    id: int
    name: str
    online: bool
    busy: bool
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JitConfig:
    """The single-use credential a runner starts with, and the registration it belongs to."""

    runner_id: int
    runner_name: str
    encoded: Secret
