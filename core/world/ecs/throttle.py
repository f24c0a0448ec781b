"""The token buckets of the ECS API.

Every call costs a token of its category; all actions of a category share a bucket, so a busy sweep slows down the
console and the other controllers of the account alike. Fargate has buckets of its own on top. A call that finds its
bucket empty is refused with ThrottlingException and has no effect.

Sources: ecs-api.md section A2 (AWS: "Request throttling for the Amazon ECS API", "AWS Fargate throttling quotas").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.world.clock import WorldClock
from core.world.ecs.errors import throttled
from core.world.ecs.placement import FARGATE_SPOT, Placement

_CATEGORIES: Mapping[str, str] = {
    "RunTask": "cluster resource modify",
    "StopTask": "cluster resource modify",
    "DescribeTasks": "cluster resource read",
    "ListTasks": "cluster resource read",
    "DescribeClusters": "cluster read",
    "RegisterTaskDefinition": "task definition modify",
    "DeregisterTaskDefinition": "task definition modify",
    "DescribeTaskDefinition": "task definition read",
    "ListTaskDefinitions": "task definition read",
    "ListTaskDefinitionFamilies": "task definition read",
    "DescribeCapacityProviders": "capacity provider read",
    "TagResource": "tag modify",
    "ListTagsForResource": "tag read",
}

_FARGATE_CALLS = "Fargate RunTask calls"
_ON_DEMAND_LAUNCHES = "Fargate on-demand launches"
_SPOT_LAUNCHES = "Fargate Spot launches"


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket: how many tokens it holds, and how many a second flow in."""

    burst: float
    refill: float


DOCUMENTED_LIMITS: Mapping[str, Limit] = {
    "cluster resource modify": Limit(100, 40),
    "cluster resource read": Limit(100, 20),
    "cluster read": Limit(50, 20),
    "task definition modify": Limit(20, 1),
    "task definition read": Limit(50, 20),
    "capacity provider read": Limit(50, 20),
    "tag modify": Limit(20, 10),
    "tag read": Limit(50, 20),
    _FARGATE_CALLS: Limit(20, 20),
    _ON_DEMAND_LAUNCHES: Limit(100, 20),
    _SPOT_LAUNCHES: Limit(100, 20),
}
"""The buckets by category, as documented for the large Regions."""


@dataclass(slots=True)
class _Bucket:
    limit: Limit
    tokens: float
    filled_at: float

    def take(self, tokens: int, now: float) -> bool:
        flowed_in = (now - self.filled_at) * self.limit.refill
        self.tokens, self.filled_at = min(self.limit.burst, self.tokens + flowed_in), now
        if self.tokens < tokens:
            return False
        self.tokens -= tokens
        return True


class Throttle:
    """The buckets of one account and Region. Nothing is refused, and no token spent, while it is `lifted`."""

    def __init__(self, clock: WorldClock, *, lifted: bool = False) -> None:
        self.lifted = lifted
        self._clock = clock
        now = clock.monotonic()
        self._buckets = {name: _Bucket(limit, limit.burst, now) for name, limit in DOCUMENTED_LIMITS.items()}

    def admit(self, operation: str) -> None:
        """Spend a token for a call; raises EcsError (ThrottlingException) when there is none."""
        self._spend(_CATEGORIES[operation], 1)

    def admit_launches(self, placements: Sequence[Placement]) -> None:
        """Spend what Fargate counts for one RunTask call: the call, and each task by kind; raises as `admit`."""
        fargate = [placement for placement in placements if placement.is_fargate]
        if not fargate:
            return
        spot = sum(placement.capacity_provider == FARGATE_SPOT for placement in fargate)
        self._spend(_FARGATE_CALLS, 1)
        self._spend(_SPOT_LAUNCHES, spot)
        self._spend(_ON_DEMAND_LAUNCHES, len(fargate) - spot)

    def _spend(self, bucket: str, tokens: int) -> None:
        if not self.lifted and not self._buckets[bucket].take(tokens, self._clock.monotonic()):
            raise throttled()
