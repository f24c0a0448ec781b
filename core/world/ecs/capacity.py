"""Room for tasks: how much cpu and memory each pool has, who holds it, and when it is closed altogether.

A pool is what a placement draws on: a capacity provider, or a launch type used without one. Room is taken when a task
is accepted and given back when it is STOPPED, not when its job ends. A run that does not fit is not an error of the
call: RunTask answers it with a failure and HTTP 200 (ecs-api.md section A1, "RunTask failures[].reason").
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.world.clock import WorldClock
from core.world.ecs.placement import Placement
from core.world.ecs.sizes import NOTHING, Size

FARGATE_FULL = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
"""What Fargate says when it has no room; RunTask failures with it carry no ARN."""

VCPU_QUOTA = "You\N{RIGHT SINGLE QUOTATION MARK}ve reached the limit on the number of vCPUs you can run concurrently"
"""What Fargate says at the account's quota; the apostrophe is typographic."""


@dataclass(frozen=True, slots=True)
class Room:
    """The size of a pool: cpu units and MiB; infinite where it is not limited."""

    cpu: float = math.inf
    memory: float = math.inf


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the cluster has.

    `rooms` is by pool; a pool that is not named has room without limit. `providers` are the capacity providers
    associated with the cluster; `default_provider` is what a run uses that names neither provider nor launch type,
    None for EC2.
    """

    rooms: Mapping[str, Room] = field(default_factory=dict)
    providers: tuple[str, ...] = ("FARGATE", "FARGATE_SPOT")
    default_provider: str | None = None


@dataclass(slots=True)
class _Refusals:
    reason: str
    pool: str | None
    left: int


@dataclass(frozen=True, slots=True)
class _Closure:
    reason: str
    until: float  # loop time; infinite: until it is opened


class CapacityLedger:
    """The rooms of `capacity`, and what is taken of them."""

    def __init__(self, clock: WorldClock, capacity: Capacity) -> None:
        self.capacity = capacity
        self._clock = clock
        self._rooms = dict(capacity.rooms)
        self._holders: dict[str, tuple[str, Size]] = {}  # by task ARN: the pool, and how much of it
        self._used: dict[str, Size] = {}
        self._refusals: deque[_Refusals] = deque()
        self._closures: dict[str | None, _Closure] = {}

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The pools whose room is limited."""
        return self._rooms

    def resize(self, pool: str, room: Room) -> None:
        """Give a pool another size; tasks that no longer fit run on."""
        self._rooms[pool] = room

    def refuse(self, reason: str, *, times: int = 1, pool: str | None = None) -> None:
        """Refuse the next `times` tasks of `pool` (None is any) with `reason`; ValueError below 1."""
        if times < 1:
            raise ValueError(f"a task cannot be refused {times} times")
        self._refusals.append(_Refusals(reason, pool, times))

    def close(self, reason: str, *, pool: str | None = None, seconds: float = math.inf) -> None:
        """Refuse every task of `pool` (None is all pools) with `reason` for so many seconds, or until `open`."""
        self._closures[pool] = _Closure(reason, self._clock.monotonic() + seconds)

    def open(self, pool: str | None = None) -> None:
        """End the closure of exactly this `pool` (None: the closure of all pools)."""
        self._closures.pop(pool, None)

    def refusal(self, placement: Placement, size: Size) -> str | None:
        """Return why a task of this size cannot be placed now; None when it can."""
        pool = placement.pool
        return self._asked_refusal(pool) or self._closed(pool) or self._lack(placement, size)

    def take(self, task_arn: str, pool: str, size: Size) -> None:
        """Hold room for a task until it is given back."""
        self._holders[task_arn] = (pool, size)
        self._used[pool] = self.used(pool) + size

    def give_back(self, task_arn: str) -> None:
        """Release what a task holds; nothing when it holds nothing."""
        if task_arn in self._holders:
            pool, size = self._holders.pop(task_arn)
            self._used[pool] = self.used(pool) - size

    def used(self, pool: str) -> Size:
        """Return what the tasks of a pool hold together."""
        return self._used.get(pool, NOTHING)

    def _asked_refusal(self, pool: str) -> str | None:
        for refusals in self._refusals:
            if refusals.pool in (None, pool):
                refusals.left -= 1
                if refusals.left == 0:
                    self._refusals.remove(refusals)
                return refusals.reason
        return None

    def _closed(self, pool: str) -> str | None:
        for name in (pool, None):
            closure = self._closures.get(name)
            if closure is not None and self._clock.monotonic() < closure.until:
                return closure.reason
        return None

    def _lack(self, placement: Placement, size: Size) -> str | None:
        room, wanted = self._rooms.get(placement.pool, Room()), self.used(placement.pool) + size
        lacks_memory, lacks_cpu = wanted.memory > room.memory, wanted.cpu > room.cpu
        if not lacks_memory and not lacks_cpu:
            return None
        if placement.is_fargate:
            return FARGATE_FULL
        return "RESOURCE:MEMORY" if lacks_memory else "RESOURCE:CPU"
