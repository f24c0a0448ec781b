"""What passes between the product and the world, told to whoever wants to watch.

A `Witness` stands in front of both servers. It sees each request before anything else does, planned faults included,
and each answer as it leaves; the observers it tells are what the checker and the account are made of. With nobody
watching it does nothing.

Order: `arrived` is called before the request has had any effect. Where no fault delays the request it is then carried
out without the loop running anything else in between, and `answered` follows at once; so state read in `arrived` is the
state in which the request was judged. `answered` follows every `arrived`, also when the client has gone or a fault cut
the connection, and the answer is then None.

Exchanges hold credentials and JIT configs in clear. An observer takes from them what it needs and keeps nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from core.world.clock import WorldClock

Part = Literal["ecs", "github"]

_SCALE_SETS = r"/_apis/runtime/runnerscalesets"
_ONE = rf"{_SCALE_SETS}/(?P<scale_set>\d+)"
_QUEUE = r"/scalesets/message"
_GITHUB_OPERATIONS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("POST", re.compile(rf"{_SCALE_SETS}$"), "create_scale_set"),
    ("PATCH", re.compile(rf"{_ONE}$"), "update_scale_set"),
    ("DELETE", re.compile(rf"{_ONE}$"), "delete_scale_set"),
    ("POST", re.compile(rf"{_ONE}/generatejitconfig$"), "generate_jit_config"),
    ("POST", re.compile(rf"{_ONE}/sessions$"), "create_session"),
    ("PATCH", re.compile(rf"{_ONE}/sessions/[^/]+$"), "refresh_session"),
    ("DELETE", re.compile(rf"{_ONE}/sessions/[^/]+$"), "delete_session"),
    ("POST", re.compile(rf"{_ONE}/acquirejobs$"), "acquire_jobs"),
    ("GET", re.compile(rf"{_QUEUE}$"), "get_message"),
    ("DELETE", re.compile(rf"{_QUEUE}/\d+$"), "delete_message"),
    ("DELETE", re.compile(r"/pools/0/agents/(?P<runner>\d+)$"), "remove_runner"),
    ("DELETE", re.compile(r"/actions/runners/(?P<runner>\d+)$"), "delete_runner"),
)
"""What an observer may want to know apart; every other request is "" (tokens, lookups, lists)."""


@dataclass(slots=True, eq=False)
class Exchange:
    """One request and, once `answered`, its answer.

    `operation` is the API's own name. `scale_set_id` and `runner_id` are what a request to GitHub names in its address.
    `request` is the JSON body, empty where there is none or it is no object. `status` and `answer` are None until there
    is an answer, and for ever when the client gets none.
    """

    at: datetime
    part: Part
    operation: str
    request: Mapping[str, Any] = field(repr=False)
    scale_set_id: int | None = None
    runner_id: int | None = None
    status: int | None = None
    answer: Mapping[str, Any] | None = field(default=None, repr=False)


class Observer(Protocol):
    """Somebody who watches. Both methods must return at once and change nothing in the world."""

    def arrived(self, exchange: Exchange) -> None:
        """Take note of a request that nothing has been done about yet."""

    def answered(self, exchange: Exchange) -> None:
        """Take note of an exchange that is over."""


class Witness:
    """Tells observers of every exchange, in the order in which they subscribed."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._observers: list[Observer] = []

    def subscribe(self, observer: Observer) -> None:
        """Let `observer` see every exchange from the next request on."""
        self._observers.append(observer)

    def stand_before(self, app: web.Application, part: Part) -> None:
        """Watch the requests to `app`, which must not be serving yet."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._observers:
                return await handler(request)
            return await self._watched(part, request, handler)

        app.middlewares.append(watch)

    async def _watched(self, part: Part, request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = await _read(part, request, self._clock.now())
        for observer in self._observers:
            observer.arrived(exchange)
        try:
            response = await handler(request)
            if request.transport is not None and not request.transport.is_closing():
                exchange.status, exchange.answer = response.status, _answer_of(response)
            return response
        finally:
            for observer in self._observers:
                observer.answered(exchange)


async def _read(part: Part, request: web.Request, at: datetime) -> Exchange:
    body = _object(await request.read())
    if part == "ecs":
        return Exchange(at, part, request.headers.get("X-Amz-Target", "").rpartition(".")[2], body)
    for method, address, operation in _GITHUB_OPERATIONS:
        if method == request.method and (match := address.search(request.path)):
            named = match.groupdict()
            scale_set = named.get("scale_set") or request.query.get("scope")
            return Exchange(at, part, operation, body, _number(scale_set), _number(named.get("runner")))
    return Exchange(at, part, "", body)


def _answer_of(response: web.StreamResponse) -> Mapping[str, Any]:
    body = response.body if isinstance(response, web.Response) else None
    return _object(body) if isinstance(body, bytes) else {}


def _object(body: bytes) -> Mapping[str, Any]:
    """Return a JSON object, without the byte order mark it may have; empty for anything else."""
    try:
        value = json.loads(body.decode("utf-8-sig"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
