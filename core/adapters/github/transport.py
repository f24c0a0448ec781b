"""One request to GitHub: sent, timed, repeated where that is safe, and its outcome named.

Promises:

- A call ends. Every attempt has its time limit, there are at most five, and a server that asks for a wait longer than
  ``PATIENCE`` is taken at its word by raising, not by sitting it out.
- An answer is returned whatever its status, the last one when all attempts were refused, so that its status and body
  are never lost. Only a request without an answer raises: Unavailable when it was certainly not carried out,
  OutcomeUnknown when it may have been. A REST rate limit raises Throttled at once, and is remembered.
- No token leaves but in its header: one that a server repeats in an error is blotted out.
- Closing ends what is in flight, polls included, and then closes the pools.

The schedule is that of github-scale-set-api.md section 6.4, with jitter.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx

from core.adapters.github.calls import Budget
from core.adapters.github.errors import may_be_quoted, refusal, unanswered
from core.adapters.github.pools import CONNECT_SECONDS, POLLS, SHORT_CALLS, open_pool, trusted
from core.adapters.github.rate import RateGate
from core.adapters.github.reply import Reply, retry_after, without_bom
from core.domain.errors import ArcdeckError, Throttled, Unavailable
from core.domain.text import plain

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from core.adapters.github.agent import Agent
    from core.adapters.github.calls import Call
    from core.domain.secret import Secret
    from core.ports import Clock

#: Told of every request sent: its operation, its outcome (``ok``, a status code, the name of an error, or
#: ``cancelled``) and the seconds it took.
OnCall = Callable[[str, str, float], None]

ATTEMPTS: Final = 5
FIRST_WAIT: Final = 1.0
MAX_WAIT: Final = 30.0
#: Each wait is longer by up to this share of itself, so that many scale sets do not return at the same moment.
JITTER: Final = 0.25
#: Seconds of ``Retry-After`` that are waited out inside a call; a longer wait is its caller's.
PATIENCE: Final = 120.0

JSON_HEADERS: Final = {"Content-Type": "application/json"}

_OBEYS_RETRY_AFTER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Authorization:
    """Who a request claims to come from. The secret is revealed when the request is sent, and nowhere else."""

    secret: Secret
    scheme: str = "Bearer"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; it can be sent any number of times."""

    method: str
    url: str
    authorization: Authorization
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    agent: Agent | None = None  #: None: the controller as a whole

    @property
    def place(self) -> str:
        """The URL as it may be shown: cleaned, and without its query, which may hold a signature."""
        return plain(self.url.partition("?")[0])


class Transport:
    """The way to GitHub, for one credential: two pools of connections, the schedule of retries, the rate limits."""

    def __init__(
        self,
        *,
        agent: Agent,
        clock: Clock,
        rng: random.Random,
        ca_file: Path | None = None,
        network: httpx.AsyncBaseTransport | None = None,
        on_call: OnCall | None = None,
    ) -> None:
        trust = trusted(ca_file)
        self._short_calls = open_pool(trust, SHORT_CALLS, network)
        self._polls = open_pool(trust, POLLS, network)
        self._agent = agent
        self._clock = clock
        self._rng = rng
        self._on_call = on_call or _unheard
        self._gates = {budget: RateGate(clock) for budget in Budget}
        self._in_flight: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    def gate(self, budget: Budget) -> RateGate:
        """What is known of a rate limit."""
        return self._gates[budget]

    async def send(self, call: Call, request: Request) -> Reply:
        """The answer to a request, after as many attempts as the call allows; its status is for the caller to judge."""
        gate = self._gates[call.budget] if call.budget is not None else None
        if gate is not None:
            gate.check(call)
        attempt = 1
        while True:
            try:
                reply = await self._attempt(call, request, attempt)
            except Unavailable:
                if not self._may_repeat(call, attempt):
                    raise
                await self._pause(_scheduled(attempt))
            else:
                if gate is not None:
                    _obey(gate, call, reply)
                wait = _wait_after(call, reply) if self._may_repeat(call, attempt) else None
                if wait is None:
                    return reply
                await self._pause(wait)
            attempt += 1

    async def aclose(self) -> None:
        """End what is in flight, and close the pools. Whoever awaits an answer gets Unavailable."""
        self._closed = True
        for scope in tuple(self._in_flight):
            if not scope.expired():
                scope.reschedule(asyncio.get_running_loop().time())
        await self._idle.wait()
        await self._short_calls.aclose()
        await self._polls.aclose()

    async def _attempt(self, call: Call, request: Request, attempt: int) -> Reply:
        if self._closed:
            raise Unavailable(f"{call.operation}: the client is closed")
        started = self._clock.monotonic()
        outcome = "cancelled"
        try:
            response = await self._exchange(call, request)
            outcome = "ok" if response.status_code in call.ok else str(response.status_code)
        except ArcdeckError as error:
            outcome = type(error).__name__
            raise
        finally:
            self._on_call(call.operation, outcome, self._clock.monotonic() - started)
        return self._reply(request, response, attempt)

    async def _exchange(self, call: Call, request: Request) -> httpx.Response:
        where = f"{request.method} {request.place}"
        pool = self._polls if call.poll else self._short_calls
        try:
            async with self._timed(call.seconds):
                return await pool.send(self._built(pool, call, request))
        except TimeoutError:
            why = "the client was closed meanwhile" if self._closed else f"none came within {call.seconds:g} s"
            raise unanswered(call, TimeoutError(why), where) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise unanswered(call, error, where) from (error if may_be_quoted(error) else None)

    def _built(self, pool: httpx.AsyncClient, call: Call, request: Request) -> httpx.Request:
        authorization = request.authorization
        headers = {
            **request.headers,
            "User-Agent": (request.agent or self._agent).header(),
            "Authorization": f"{authorization.scheme} {authorization.secret.reveal()}",
        }
        timeout = httpx.Timeout(CONNECT_SECONDS, read=call.seconds)
        return pool.build_request(request.method, request.url, headers=headers, content=request.body, timeout=timeout)

    def _reply(self, request: Request, response: httpx.Response, attempt: int) -> Reply:
        body = without_bom(response.content)
        if response.is_error:
            body = body.replace(request.authorization.secret.reveal().encode(), b"***")
        return Reply(
            method=request.method,
            url=request.place,
            status=response.status_code,
            reason=response.reason_phrase,
            headers=response.headers,
            body=body,
            retry_after=retry_after(response.headers.get("Retry-After"), self._clock.now()),
            attempts=attempt,
        )

    @contextlib.asynccontextmanager
    async def _timed(self, seconds: float) -> AsyncIterator[None]:
        """Bound what happens inside by seconds, and by the closing of this transport."""
        async with asyncio.timeout(seconds) as scope:
            self._in_flight.add(scope)
            self._idle.clear()
            try:
                yield
            finally:
                self._in_flight.discard(scope)
                if not self._in_flight:
                    self._idle.set()

    def _may_repeat(self, call: Call, attempt: int) -> bool:
        return call.repeat and attempt < ATTEMPTS and not self._closed

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep(seconds * (1 + self._rng.uniform(0, JITTER)))


def encode(payload: object) -> bytes:
    """A JSON body, compact; empty for None."""
    return b"" if payload is None else json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def _scheduled(attempt: int) -> float:
    return min(FIRST_WAIT * 2.0 ** (attempt - 1), MAX_WAIT)


def _wait_after(call: Call, reply: Reply) -> float | None:
    """Seconds until the next attempt; None when the answer stands."""
    if not (_is_passing(reply.status) or reply.status in call.also_repeated_on):
        return None
    if reply.status not in _OBEYS_RETRY_AFTER or reply.retry_after is None:
        return _scheduled(reply.attempts)
    return reply.retry_after if reply.retry_after <= PATIENCE else None


def _is_passing(status: int) -> bool:
    """Whether a refusal may be over in a moment (section 6.4)."""
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return False
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _obey(gate: RateGate, call: Call, reply: Reply) -> None:
    """Raise Throttled when an answer says that a REST rate limit is reached; remember it in any case."""
    wait = gate.observe(reply)
    if wait is not None:
        raise refusal(call, dataclasses.replace(reply, retry_after=wait), Throttled)


def _unheard(_operation: str, _outcome: str, _seconds: float) -> None:
    """The hook of whoever asked for none."""
