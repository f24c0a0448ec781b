"""REST rate limits: budgets by the hour, and the headers that tell the caller (github-scale-set-api.md section 6.6)."""

from dataclasses import dataclass

from core.world.clock import WorldClock
from core.world.github.refusals import RestRefusal
from core.world.github.settings import RateLimits

CORE = "core"
"""The budget of the REST API in general."""

REGISTRATION = "actions_runner_registration"
"""The budget of runner registration."""

_WINDOW = 3600.0


@dataclass(slots=True)
class _Budget:
    limit: int
    used: int = 0
    reset_at: float = 0.0  # epoch seconds; the window begins with its first request


class RateLimiter:
    """Counts requests against the budget of their resource; all callers of this GitHub share them."""

    def __init__(self, clock: WorldClock, limits: RateLimits) -> None:
        self._clock = clock
        self._budgets = {CORE: _Budget(limits.core), REGISTRATION: _Budget(limits.registration)}

    def spend(self, resource: str) -> dict[str, str]:
        """Count a request; return the headers for its answer. Raises RestRefusal (403) where nothing is left."""
        budget = self._current(resource)
        if budget.used >= budget.limit:
            raise RestRefusal(403, "API rate limit exceeded", self._headers(resource, budget))
        budget.used += 1
        return self._headers(resource, budget)

    def exhaust(self, resource: str) -> None:
        """Let nothing be left of a budget until its window ends."""
        budget = self._current(resource)
        budget.used = budget.limit

    def _current(self, resource: str) -> _Budget:
        budget = self._budgets[resource]
        if self._clock.time() >= budget.reset_at:
            budget.used, budget.reset_at = 0, self._clock.time() + _WINDOW
        return budget

    def _headers(self, resource: str, budget: _Budget) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(budget.limit),
            "x-ratelimit-remaining": str(budget.limit - budget.used),
            "x-ratelimit-used": str(budget.used),
            "x-ratelimit-reset": str(int(budget.reset_at)),
            "x-ratelimit-resource": resource,
        }
