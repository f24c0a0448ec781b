"""What the fleet remembers of runners and jobs that are gone, each for as long as somebody may still speak of it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from core.engine.recently import Recently

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.domain.runner import Runner

#: One hour, because ECS forgets a stopped task after about that long (behaviour.md 1.1).
DEREGISTERED_TTL = 3600.0
#: Ended jobs are known for a day, so that a redelivered JobStarted does not resurrect them (DESIGN.md, Listener).
ENDED_JOBS_TTL = 86_400.0
#: Ended runners kept for the screens; the journal has the rest.
ENDED_KEPT = 200


class Bygones:
    """The memory of them, bounded by time or by number. ``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.runners: deque[Runner] = deque(maxlen=ENDED_KEPT)  #: the newest ended ones, oldest first
        self.deregistered = Recently(DEREGISTERED_TTL, monotonic)  #: names that are no longer registered on GitHub
        self.jobs = Recently(ENDED_JOBS_TTL, monotonic)  #: ids of jobs that are over

    def has(self, name: str) -> bool:
        """Whether a runner of that name has ended."""
        return any(runner.name == name for runner in self.runners)
