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

from core.domain.token_bucket import TokenBucket

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
    Allowance(frozenset({"DescribeTaskDefinition", "ListTaskDefinitions"}), burst=25, rate=10),
    Allowance(frozenset({"RegisterTaskDefinition", "DeregisterTaskDefinition"}), burst=20, rate=1),
)


class CallBudget:
    """One bucket for each allowance; the operations of none are never held up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets = {
            operation: bucket
            for allowance in ALLOWANCES
            for bucket in (_bucket(allowance, clock.monotonic()),)
            for operation in allowance.operations
        }

    async def take(self, operation: str) -> None:
        """Return when the operation may be called. A cancelled wait gives its turn back."""
        bucket = self._buckets.get(operation)
        if bucket is None or (wait := bucket.draw(self._clock.monotonic())) <= 0:
            return
        try:
            await self._clock.sleep(wait)
        except asyncio.CancelledError:
            bucket.give_back()
            raise

    def throttled(self, operation: str) -> None:
        """Slow down what shares a bucket with the operation."""
        if (bucket := self._buckets.get(operation)) is not None:
            bucket.throttled(self._clock.monotonic())

    def succeeded(self, operation: str) -> None:
        """Let what shares a bucket with the operation recover a little."""
        if (bucket := self._buckets.get(operation)) is not None:
            bucket.succeeded(self._clock.monotonic())


def _bucket(allowance: Allowance, now: float) -> TokenBucket:
    return TokenBucket(rate=allowance.rate, burst=allowance.burst, floor=_SLOWEST, recovery=_RECOVERY, now=now)
