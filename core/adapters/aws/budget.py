"""Pacing of the calls that nobody else paces: reads of ECS, and the registration of task definitions.

ECS meters calls in token buckets for each account and Region, shared by everybody in the account (ecs-api.md A2). Here
reads take half of the documented refill and of the burst, so that a sweep never starves the console or a deployment.
RegisterTaskDefinition, refilled once a second, takes all of it. RunTask and StopTask share a bucket that the engine
deals out between scale sets; they pass here untouched.

Waiting is in order of arrival and through the clock. When ECS throttles us nevertheless, somebody else is spending:
the rate is halved at once, down to an eighth, and comes back one hundredth with each call that succeeds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.ports import Clock

_SLOWEST = 0.125
_RECOVERY = 0.01


@dataclass(frozen=True, slots=True)
class Allowance:
    """What we spend of a bucket of ECS at most: ``burst`` calls at once, ``rate`` calls a second from then on."""

    operations: frozenset[str]
    burst: int
    rate: float


#: Half of the documented burst and refill for reads, all of it for the registration (ecs-api.md A2).
ALLOWANCES = (
    Allowance(frozenset({"ListTasks", "DescribeTasks"}), burst=50, rate=10),
    Allowance(frozenset({"DescribeClusters"}), burst=25, rate=10),
    Allowance(frozenset({"DescribeTaskDefinition"}), burst=25, rate=10),
    Allowance(frozenset({"RegisterTaskDefinition"}), burst=20, rate=1),
)


class TokenBucket:
    """A bucket of call tokens that may be owed: who comes later waits longer, so nobody is overtaken."""

    def __init__(self, clock: Clock, allowance: Allowance) -> None:
        self._clock = clock
        self._full_rate = allowance.rate
        self._rate = allowance.rate
        self._burst = float(allowance.burst)
        self._tokens = self._burst
        self._filled_at = clock.monotonic()

    @property
    def rate(self) -> float:
        """Calls a second at present."""
        return self._rate

    async def take(self) -> None:
        """Return when a call may be made. A cancelled wait gives its token back."""
        self._fill()
        self._tokens -= 1
        if self._tokens >= 0:
            return
        try:
            await self._clock.sleep(-self._tokens / self._rate)
        except asyncio.CancelledError:
            self._tokens += 1
            raise

    def throttled(self) -> None:
        """Take note that ECS refused a call as too many: no burst is left, and half of the rate."""
        self._fill()
        self._tokens = min(self._tokens, 0.0)
        self._rate = max(self._rate / 2, self._full_rate * _SLOWEST)

    def succeeded(self) -> None:
        """Take note that ECS answered a call."""
        if self._rate < self._full_rate:
            self._fill()
            self._rate = min(self._rate + self._full_rate * _RECOVERY, self._full_rate)

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._tokens + (now - self._filled_at) * self._rate, self._burst)
        self._filled_at = now


class CallBudget:
    """One bucket for each allowance; the operations of none are never held up."""

    def __init__(self, clock: Clock) -> None:
        self._buckets = {
            operation: bucket
            for allowance in ALLOWANCES
            for bucket in (TokenBucket(clock, allowance),)
            for operation in allowance.operations
        }

    async def take(self, operation: str) -> None:
        """Return when the operation may be called."""
        if (bucket := self._buckets.get(operation)) is not None:
            await bucket.take()

    def throttled(self, operation: str) -> None:
        """Slow down what shares a bucket with the operation."""
        if (bucket := self._buckets.get(operation)) is not None:
            bucket.throttled()

    def succeeded(self, operation: str) -> None:
        """Let what shares a bucket with the operation recover a little."""
        if (bucket := self._buckets.get(operation)) is not None:
            bucket.succeeded()
