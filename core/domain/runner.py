"""A runner and the life it may lead.

One runner is one ephemeral registration on GitHub and the one ECS task behind it, known by the runner's name from the
moment the name is reserved, before anything is created. The seed's three states are here: idle and busy by name, done
as FINISHING and what follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from core.domain.presence import NEVER_LISTED, Presence

if TYPE_CHECKING:
    from core.domain.messages import Job
    from core.domain.task import Task


class Phase(StrEnum):
    """Where a runner is in its life, as we hold it; what ECS says of its task is beside it."""

    RESERVED = "reserved"  #: the name counts, nothing exists yet: JIT config and RunTask are under way
    LAUNCHING = "launching"  #: ECS accepted the task; not yet known to be online
    IDLE = "idle"  #: online, no job
    BUSY = "busy"  #: JobStarted without JobCompleted, or adopted and assumed so
    DRAINING = "draining"  #: removed on GitHub while idle; stops after the quiet window
    FINISHING = "finishing"  #: its job is over or its container ended; ECS has not said STOPPED yet
    STOPPING = "stopping"  #: StopTask was asked for
    ENDED = "ended"  #: ECS said STOPPED, or the start came to nothing


_NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.RESERVED: frozenset({Phase.LAUNCHING, Phase.BUSY, Phase.FINISHING, Phase.ENDED}),
    Phase.LAUNCHING: frozenset({Phase.IDLE, Phase.BUSY, Phase.DRAINING, Phase.FINISHING, Phase.STOPPING, Phase.ENDED}),
    Phase.IDLE: frozenset({Phase.BUSY, Phase.DRAINING, Phase.FINISHING, Phase.STOPPING, Phase.ENDED}),
    Phase.BUSY: frozenset({Phase.IDLE, Phase.FINISHING, Phase.STOPPING, Phase.ENDED}),
    Phase.DRAINING: frozenset({Phase.BUSY, Phase.FINISHING, Phase.STOPPING, Phase.ENDED}),
    Phase.FINISHING: frozenset({Phase.STOPPING, Phase.ENDED}),
    Phase.STOPPING: frozenset({Phase.ENDED}),
    Phase.ENDED: frozenset(),
}


class IllegalTransitionError(ValueError):
    """A runner was asked to do what no runner does; a mistake of the caller."""


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Why and by whom a task is to end; the reason is what ECS, journal and screen show (invariant I2).

    One that was taken off GitHub has it before ECS is asked, and loses it when a job takes it all the same.
    """

    reason: str
    by: str  #: ``reaper``, or an operator
    at: float


@dataclass(frozen=True, slots=True)
class Hold:
    """An operator's word that nothing but a person ends this runner's task, for a while. Times as in ``Runner``."""

    by: str
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner at one moment. ``float`` times are monotonic seconds of the engine's clock; None = not known."""

    name: str
    scale_set: str
    phase: Phase
    since: float  #: when it entered the phase
    task_arn: str = ""  #: empty until RunTask answered
    accepted_at: float | None = None  #: when RunTask answered; None for adopted ones
    runner_id: int | None = None  #: its registration; None until the JIT config came
    task: Task | None = None  #: as ECS last described it
    status_since: float | None = None  #: when we first saw the present ECS status
    running_since: float | None = None  #: when we first saw it RUNNING
    online_since: float | None = None  #: when we first learned that it is online at GitHub
    presence: Presence = NEVER_LISTED  #: what GitHub's runner lists said of it so far
    job: Job | None = None  #: the job it runs or ran last
    job_since: float | None = None  #: when JobStarted came
    assumed_busy: bool = False  #: adopted, and nobody has said yet what it does (DESIGN.md, Busy)
    adopted: bool = False  #: found at start, or recalled from the journal; not started by this process
    stop: StopRequest | None = None
    hold: Hold | None = None  #: somebody looks into it: no rule stops it, and nobody drains it
    note: str = ""  #: why it ended, when it ended without a task

    @property
    def usable(self) -> bool:
        """Serves demand now or soon; overdue starts are judged beside it (``reaping.overdue``)."""
        return self.phase in _USABLE

    def held(self, now: float) -> bool:
        """Whether it is held at this moment."""
        return self.hold is not None and now < self.hold.until

    @property
    def live(self) -> bool:
        """Takes a slot: counts against the maximum until ECS says STOPPED."""
        return self.phase is not Phase.ENDED

    @property
    def recalled(self) -> bool:
        """Whether only the journal knows it so far: an earlier run started it, and ECS has not shown its task yet."""
        return self.adopted and self.task is None and self.phase in {Phase.RESERVED, Phase.LAUNCHING}

    def can_become(self, phase: Phase) -> bool:
        """Whether the step is legal. Staying is not a step."""
        return phase in _NEXT[self.phase]

    def to(self, phase: Phase, now: float) -> Runner:
        """The runner after the step; raises IllegalTransitionError when no runner goes that way."""
        if not self.can_become(phase):
            raise IllegalTransitionError(f"{self.name}: {self.phase} does not become {phase}")
        return replace(self, phase=phase, since=now)


_USABLE = frozenset({Phase.RESERVED, Phase.LAUNCHING, Phase.IDLE, Phase.BUSY})
