"""What one scale set is at this moment, shared by the services that work for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from core.domain.backoff import Breaker
from core.domain.job_queue import JobQueue
from core.domain.scale_set import Bounds

if TYPE_CHECKING:
    from core.domain.messages import Statistics
    from core.domain.scale_set import ScaleSetSpec
    from core.domain.scaling import Decision


SessionState = Literal["none", "opening", "open", "conflict", "closed"]


@dataclass(slots=True)
class SessionStatus:
    """The message session, for the screens. Times are monotonic seconds."""

    state: SessionState = "none"
    since: float | None = None
    tries: int = 0
    last_poll: float | None = None
    retry_at: float | None = None
    opened: int = 0  #: how often it was opened
    owner: str = ""  #: the note for people under which we open it
    problem: str = ""  #: what ended the last one, or kept one from being opened


@dataclass(frozen=True, slots=True)
class Pause:
    """An operator's word that nothing starts; what runs goes on."""

    by: str
    since: float  #: monotonic seconds; below 0 when it was said before this run began
    drains: bool = False  #: nobody is wanted either: idle runners go


@dataclass(slots=True)
class Target:
    """One scale set as it is: written by its loop, listener and scaler, read by everybody, in one event loop."""

    spec: ScaleSetSpec  #: what is in force
    revised: ScaleSetSpec | None = None  #: what the configuration wants instead, until it is in force too
    pending: str = ""  #: what of the configuration is not in force, and why; empty when all of it is
    scale_set_id: int | None = None  #: on GitHub; None until it was created or found
    retired: bool = False  #: no longer configured: nothing starts, and it goes when its last runner has left
    braked: str = ""  #: a retired one that waits for a confirmation is only observed; why
    observed: str = ""  #: what a controller that acts would do here; empty in one that acts
    pause: Pause | None = None
    definition: str | None = None  #: task definition ``family:revision`` for new starts; None until it is known
    leased: bool = False  #: we have held its message session, and lost it to nobody since (DESIGN.md, lease)
    degraded: str = ""  #: why its loop is down; empty while it runs
    restart_at: float | None = None
    statistics: Statistics | None = None  #: GitHub's last word
    queue: JobQueue = field(default_factory=JobQueue)  #: the jobs that wait for a runner
    decision: Decision | None = None
    capacity: int | None = None  #: as last advertised to GitHub
    place: str = ""  #: where starts go now: a capacity provider, or the launch type
    detour: str = ""  #: why that is not the first place of its list; empty when it is
    short: bool = False  #: demand asks for more, and only a budget holds it back
    pending_starts: int = 0  #: reserved, and not yet accepted or given up
    breaker: Breaker = field(default_factory=Breaker)
    session: SessionStatus = field(default_factory=SessionStatus)

    @property
    def name(self) -> str:
        """The scale set's name."""
        return self.spec.name

    @property
    def wanted(self) -> ScaleSetSpec:
        """What the configuration wants, whether or not it is in force."""
        return self.revised or self.spec

    def take(self, spec: ScaleSetSpec, definition: str, scale_set_id: int) -> None:
        """Put it into force as a whole, with the definition and the scale set that were made for it.

        What was on its way when the scale set was retired comes too late.
        """
        if self.retired:
            return
        if self.revised is spec:
            self.revised, self.pending = None, ""
        if self.spec != spec:
            self.forgive()  # what failed may have been what was changed
        self.spec, self.definition, self.scale_set_id = spec, definition, scale_set_id

    def retire(self) -> None:
        """It is no longer configured: from now on nobody is wanted; its limits stay those of its last runners."""
        self.retired = True
        self.revised, self.pending, self.degraded = None, "", ""
        self.spec = replace(self.spec, bounds=Bounds(maximum=0))

    def revive(self, spec: ScaleSetSpec) -> None:
        """It is configured again. Whatever is left of it, nothing starts before it is settled and leased anew."""
        self.retired, self.braked, self.degraded, self.revised = False, "", "", spec
        self.scale_set_id = self.definition = self.statistics = None
        self.queue = JobQueue()
        self.leased = False
        self.forgive()

    def forgive(self) -> None:
        """Forget the starts that failed."""
        self.breaker = Breaker()

    @property
    def assigned(self) -> int | None:
        """Jobs waiting or running, as GitHub last said; None until it did."""
        return self.statistics.assigned if self.statistics else None
