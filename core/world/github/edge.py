"""The HTTP edge: what happens to every request whatever it asks, and how answers and refusals are put into words.

Each request is counted under its operation's name, written into the log without any secret, given to the fault plan,
handled, and answered with the headers by which GitHub identifies a request. Handlers raise refusals; only this module
knows how they look (github-scale-set-api.md sections 6.1 and 2.3).
"""

import json
import random
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from math import ceil

from aiohttp import web

from core.world.clock import WorldClock
from core.world.faults import Fault, FaultPlan, Handler, answer_under
from core.world.github.refusals import Complaint, PlainRefusal, RestRefusal, ServiceRefusal
from core.world.github.settings import Quirks

UNROUTED = "unrouted"
"""The operation under which requests are counted that this GitHub has no answer for."""

LOG_LENGTH = 10_000
"""How many calls the log remembers, the latest."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_JSON = "application/json; charset=utf-8"


AuthKind = Callable[[web.Request], str]
"""Names the kind of credential that a request carries."""


class Realm(Enum):
    """Which part of GitHub answers; they word their refusals differently."""

    REST = "rest"
    SERVICE = "service"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path; `operation_with_name` is what it counts as when the query names something."""

    realm: Realm
    method: str
    path: str
    operation: str
    handler: Handler
    operation_with_name: str | None = None

    def operation_of(self, request: web.Request) -> str:
        """Return the name of what this request asks for."""
        if self.operation_with_name is not None and "name" in request.query:
            return self.operation_with_name
        return self.operation


@dataclass(slots=True)
class Call:
    """One request. `status` is None while it waits, and for ever when it was never answered.

    `auth` is the kind of credential that was presented, never its text; `capacity` is what a poll advertised; `fault`
    is the kind of the planned fault that struck it.
    """

    at: datetime
    operation: str
    request: str
    auth: str
    capacity: str | None = None
    fault: str | None = None
    status: int | None = None


class Edge:
    """Turns routes into handlers of aiohttp; owns the count and the log of calls.

    `auth_kind` names the credential of a request for the log.
    """

    def __init__(
        self, clock: WorldClock, rng: random.Random, *, faults: FaultPlan, quirks: Quirks, auth_kind: AuthKind
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.log: deque[Call] = deque(maxlen=LOG_LENGTH)
        self._clock = clock
        self._rng = rng
        self._faults = faults
        self._quirks = quirks
        self._auth_kind = auth_kind

    def application(self, routes: Iterable[Route]) -> web.Application:
        """Return an application of these routes, in their order; anything else is counted and not found."""
        application = web.Application()
        for route in routes:
            application.router.add_route(route.method, route.path, partial(self._answer, route))
        lost = Route(Realm.SERVICE, "*", "/{path:.*}", UNROUTED, _not_found)
        application.router.add_route(lost.method, lost.path, partial(self._answer, lost))
        return application

    def json(self, value: object, status: int = 200) -> web.Response:
        """Return an answer of the Actions service or the queue."""
        body = json.dumps(value, separators=(",", ":")).encode()
        mark = _BYTE_ORDER_MARK if self._quirks.byte_order_mark else b""
        return web.Response(status=status, body=mark + body, headers={"Content-Type": _JSON})

    async def _answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        operation = route.operation_of(request)
        self.calls[operation] += 1
        fault = self._faults.take(operation)
        call = self._note(request, operation, fault)
        response = await answer_under(
            fault, request, partial(self._handle, route), partial(self._throttled, route.realm)
        )
        response.headers["X-GitHub-Request-Id"] = self._request_id()
        if route.realm is not Realm.REST:
            response.headers["ActivityId"] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        call.status = None if fault is not None and fault.kind in ("reset", "answer_lost") else response.status
        return response

    async def _handle(self, route: Route, request: web.Request) -> web.StreamResponse:
        try:
            return await route.handler(request)
        except ServiceRefusal as refusal:
            return self._service_refused(refusal.complaint, refusal.message)
        except RestRefusal as refusal:
            return rest_json(rest_error(refusal.status, refusal.message), refusal.status, refusal.headers)
        except PlainRefusal as refusal:
            return web.Response(status=refusal.status, text=refusal.text or None)

    def _service_refused(self, complaint: Complaint, message: str) -> web.Response:
        status = complaint.status
        if complaint is Complaint.JOB_STILL_RUNNING:
            status = self._quirks.job_still_running_status
        error = {"typeName": complaint.type_name, "typeKey": complaint.type_key, "message": message}
        if complaint is Complaint.SCALE_SET_EXISTS and self._quirks.wrapped_errors:
            original = json.dumps(json.dumps(error))
            return self.json({"error": "Bad Request", "details": f"failed: {original}"}, status)
        return self.json(error, status)

    def _throttled(self, realm: Realm, fault: Fault) -> web.Response:
        wait = {"Retry-After": str(ceil(fault.seconds))} if fault.seconds else {}
        if realm is Realm.REST:
            return rest_json(rest_error(429, "You have exceeded a secondary rate limit."), 429, wait)
        return web.Response(status=429, text="too many requests", headers=wait)

    def _note(self, request: web.Request, operation: str, fault: Fault | None) -> Call:
        call = Call(
            at=self._clock.now(),
            operation=operation,
            request=f"{request.method} {request.rel_url}",
            auth=self._auth_kind(request),
            capacity=request.headers.get("X-ScaleSetMaxCapacity"),
            fault=None if fault is None else fault.kind,
        )
        self.log.append(call)
        return call

    def _request_id(self) -> str:
        return ":".join(f"{self._rng.getrandbits(bits):X}" for bits in (16, 16, 24, 24, 32))


def rest_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer of the REST API."""
    return web.Response(
        status=status, body=json.dumps(value).encode(), headers={"Content-Type": _JSON, **(headers or {})}
    )


def rest_error(status: int, message: str) -> dict[str, str]:
    """Return the body of a REST error."""
    return {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}


async def _not_found(request: web.Request) -> web.StreamResponse:
    if request.path.startswith("/api/v3/"):
        raise RestRefusal(404, "Not Found")
    raise PlainRefusal(404, "404 page not found")
