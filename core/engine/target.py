"""What one scale set is at this moment, shared by the services that work for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.domain.backoff import Breaker

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


@dataclass(slots=True)
class Target:
    """One scale set as it is: written by its loop, listener and scaler, read by everybody, in one event loop."""

    spec: ScaleSetSpec
    scale_set_id: int | None = None  #: on GitHub; None until it was created or found
    retired: bool = False  #: no longer configured: nothing starts, and it goes when its last runner has left
    braked: str = ""  #: a retired one that waits for a confirmation is only observed; why
    definition: str | None = None  #: task definition ``family:revision`` for new starts; None until it is known
    leased: bool = False  #: we have held its message session, and lost it to nobody since (DESIGN.md, lease)
    degraded: str = ""  #: why its loop is down; empty while it runs
    restart_at: float | None = None
    statistics: Statistics | None = None  #: GitHub's last word
    decision: Decision | None = None
    capacity: int | None = None  #: as last advertised to GitHub
    pending_starts: int = 0  #: reserved, and not yet accepted or given up
    breaker: Breaker = field(default_factory=Breaker)
    session: SessionStatus = field(default_factory=SessionStatus)

    @property
    def name(self) -> str:
        """The scale set's name."""
        return self.spec.name

    @property
    def assigned(self) -> int | None:
        """Jobs waiting or running, as GitHub last said; None until it did."""
        return self.statistics.assigned if self.statistics else None
