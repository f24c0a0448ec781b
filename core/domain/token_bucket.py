"""The arithmetic of a token bucket that learns: a rate lowered at once when throttled, and recovering slowly.

AWS's buckets belong to an account, not to us (ecs-api.md A2): a throttled call says that our share is smaller than
documented just now. Tokens may be owed, so that whoever comes later waits longer and nobody is overtaken. Times are
monotonic seconds; who waits, and how, is the caller's.
"""

from __future__ import annotations


class TokenBucket:
    """``burst`` calls at once, ``rate`` calls a second after that.

    Throttling halves the rate down to the share ``floor``; each success gives the share ``recovery`` of it back.
    """

    def __init__(self, *, rate: float, burst: float, floor: float, recovery: float, now: float) -> None:
        self._full_rate = rate
        self._burst = burst
        self._floor = floor
        self._recovery = recovery
        self._rate = rate
        self._tokens = burst
        self._counted_at = now

    @property
    def rate(self) -> float:
        """Calls a second at present."""
        return self._rate

    def draw(self, now: float) -> float:
        """Take a token; returns for how many seconds one must wait for it, 0 when it is there."""
        self._count(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def give_back(self) -> None:
        """Put a token back that was not used after all."""
        self._tokens += 1

    def throttled(self, now: float) -> None:
        """The service refused a call for its rate: no burst is left, and half of the rate."""
        self._count(now)
        self._rate = max(self._rate / 2, self._full_rate * self._floor)
        self._tokens = min(self._tokens, 0.0)

    def succeeded(self, now: float) -> None:
        """The service took a call."""
        if self._rate < self._full_rate:
            self._count(now)
            self._rate = min(self._full_rate, self._rate + self._full_rate * self._recovery)

    def _count(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._rate)
        self._counted_at = now
