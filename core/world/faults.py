"""Faults of the network and of a service in trouble, planned per operation and shared by both servers of the world.

A plan answers one question, once for each request: does this one go wrong, and how? Its rules are taken in a fixed
order: what was queued for the operation, what was queued for any operation, then the chances, in the order in which
they were given. So a queued fault always strikes the next matching request, whatever the dice say.

Faults strike outside the service: a request answered with a planned status, or cut off before it was read, leaves no
trace in the service's state; one whose answer is lost or late leaves exactly the trace of a successful one. That is the
difference a client's retry has to live with.
"""

import asyncio
import json
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

ANY_OPERATION = "*"
"""Stands for every operation of a server."""

FaultKind = Literal["latency", "answer_late", "status", "reset", "answer_lost", "throttle"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a request to go wrong.

    - `latency`: the request is carried out after `seconds`.
    - `answer_late`: it is carried out at once, and answered after `seconds`.
    - `status`: it is not carried out; the answer is `status`, `headers` and `body` (a mapping is sent as JSON).
    - `reset`: the connection is closed before anything is done.
    - `answer_lost`: the request is carried out, then the connection is closed without an answer.
    - `throttle`: refused in the service's own words; `seconds` is the Retry-After where the service sends one.

    Raises ValueError for a negative `seconds`, or a `latency` or `answer_late` without any.
    """

    kind: FaultKind
    seconds: float = 0.0
    status: int = 500
    body: Mapping[str, object] | str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seconds < 0 or (self.kind in ("latency", "answer_late") and self.seconds == 0):
            raise ValueError(f"a fault of kind {self.kind} cannot last {self.seconds} seconds")


@dataclass(slots=True)
class _Queued:
    fault: Fault
    left: int | None  # None: for ever


@dataclass(frozen=True, slots=True)
class _Chance:
    operation: str
    fault: Fault
    probability: float


class FaultPlan:
    """The faults to come, by operation name; `ANY_OPERATION` matches all. Chances are drawn from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._queues: dict[str, deque[_Queued]] = {}
        self._chances: list[_Chance] = []

    def add(self, operation: str, fault: Fault, times: int | None = 1) -> None:
        """Let the next `times` requests for `operation` fail so; None is every one until `clear`.

        Faults added for one operation strike one after another, so what stands behind a None never comes. Raises
        ValueError for fewer than one time.
        """
        if times is not None and times < 1:
            raise ValueError(f"a fault cannot strike {times} times")
        self._queues.setdefault(operation, deque()).append(_Queued(fault, times))

    def chance(self, operation: str, fault: Fault, probability: float) -> None:
        """Let each request for `operation` fail so with `probability`, 0 to 1, until `clear`."""
        if not 0 <= probability <= 1:
            raise ValueError(f"{probability} is not a probability")
        self._chances.append(_Chance(operation, fault, probability))

    def take(self, operation: str) -> Fault | None:
        """Return what happens to the request for `operation` that has just arrived; None is nothing."""
        for name in (operation, ANY_OPERATION):
            if (fault := self._next_queued(name)) is not None:
                return fault
        for chance in self._chances:
            if chance.operation in (operation, ANY_OPERATION) and self._rng.random() < chance.probability:
                return chance.fault
        return None

    def clear(self, operation: str | None = None) -> None:
        """Forget every rule given for `operation`, or all rules."""
        if operation is None:
            self._queues.clear()
            self._chances.clear()
            return
        self._queues.pop(operation, None)
        self._chances = [chance for chance in self._chances if chance.operation != operation]

    def _next_queued(self, name: str) -> Fault | None:
        queue = self._queues.get(name)
        if not queue:
            return None
        head = queue[0]
        if head.left is not None:
            head.left -= 1
            if head.left == 0:
                queue.popleft()
        return head.fault


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""How a server answers a request when nothing goes wrong."""

Throttled = Callable[[Fault], web.StreamResponse]
"""How a service words the refusal of a request that came too soon."""


async def answer_under(
    fault: Fault | None, request: web.Request, handler: Handler, throttled: Throttled
) -> web.StreamResponse:
    """Answer `request` by `handler`, under `fault` (None is none).

    The handler runs to its end once it has begun; whatever it raises is raised.
    """
    match fault:
        case None:
            return await handler(request)
        case Fault(kind="latency"):
            await asyncio.sleep(fault.seconds)
            return await handler(request)
        case Fault(kind="answer_late"):
            answer = await handler(request)
            await asyncio.sleep(fault.seconds)
            return answer
        case Fault(kind="status"):
            return _planned_answer(fault)
        case Fault(kind="throttle"):
            return throttled(fault)
        case Fault(kind="answer_lost"):
            await handler(request)
    return _hang_up(request)


def _planned_answer(fault: Fault) -> web.Response:
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
    headers = {"Content-Type": "application/json", **fault.headers}
    return web.Response(status=fault.status, body=json.dumps(fault.body).encode(), headers=headers)


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection; aiohttp finds it closed when it sends what is returned, and sends nothing."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
