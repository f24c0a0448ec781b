"""The connections of a server: how many there are, what is said to bytes that are no request, when one is cut.

The HTTP library looks after requests; this looks after what lies below them, the same for the control socket and for
health on TCP. Whatever a peer does, it holds one place of a limited number, for a limited time:

- One connection more than there are places is answered 503 and closed.
- What is no HTTP is answered 400 with a sentence, in JSON like every other refusal, and closed; it is one line in the
  log and not a traceback, since the mistake is the peer's.
- A peer that takes nothing of what is on its way to it is cut off after ``reader_patience``, whatever it had asked for;
  so is one that takes nothing while its connection closes. Who never finishes a request is closed on after
  ``keepalive``.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import web
from aiohttp.http_exceptions import InvalidURLError

from core.adapters.control.problems import problem, say_why
from core.api.model import PROTOCOL, Problem
from core.api.wire import PROTOCOL_HEADER
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from core.adapters.control.limits import Limits

    #: Starts to listen, with what makes the protocol of each connection.
    Listen = Callable[[Callable[[], asyncio.Protocol]], Awaitable[asyncio.Server]]

_log = logging.getLogger(__name__)
_LONGEST_REASON: Final = 100  # characters of what the HTTP library has to say
_PROTOCOL: Final = {PROTOCOL_HEADER: str(PROTOCOL)}


@asynccontextmanager
async def accepting(application: web.Application, limits: Limits, listen: Listen) -> AsyncIterator[asyncio.Server]:
    """Serve an application while the context lasts; ``listen`` starts an asyncio server with the protocol given.

    Leaving it takes no more connections, lets answers under way finish within ``limits.closing``, cuts what is left
    within as much again, and has closed every connection when it returns. What ``listen`` raises passes through.
    """
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,  # a reader that hangs up ends its stream at once
        shutdown_timeout=limits.closing,
    )
    await runner.setup()
    server = cast("web.Server", runner.server)
    server.request_handler = partial(say_why, handler=server.request_handler)  # around all the library does, too
    connections = Connections(server, limits)
    try:
        listening = await listen(connections)
        try:
            yield listening
        finally:
            listening.close()
    finally:
        await runner.cleanup()
        await connections.cut()


class Connections:
    """Makes the protocol of each connection, and knows which are open."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        self._server = server
        self._limits = limits
        self._open: set[asyncio.Transport] = set()

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a connection that has just been accepted."""
        return _Connection(self._server, self._open, self._limits)

    async def cut(self) -> None:
        """Drop every connection that is still open, with all that is on its way."""
        for transport in self._open:
            transport.abort()
        await asyncio.sleep(0)  # they close in the loop's next turn


class _Connection(web.RequestHandler):
    """One connection. It holds its place in ``places`` until the socket is closed."""

    __slots__ = ("_cut_at", "_limits", "_places", "_wire")

    def __init__(self, server: web.Server, places: set[asyncio.Transport], limits: Limits) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # as the library itself passes it: none is written
            keepalive_timeout=limits.keepalive,
        )
        self._places = places
        self._limits = limits
        self._wire: asyncio.Transport | None = None
        self._cut_at: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or say that there is none."""
        wire = cast("asyncio.Transport", transport)
        if len(self._places) >= self._limits.connections:
            self.close()
            wire.write(_no_place(self._limits.connections))
            wire.close()
            return
        self._wire = wire
        self._places.add(wire)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        self._wait_no_longer()
        if self._wire is not None:
            self._places.discard(self._wire)
            self._wire = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Count from here how long the peer takes nothing."""
        super().pause_writing()
        self._wait_for_the_reader()

    def resume_writing(self) -> None:
        """It reads."""
        self._wait_no_longer()
        super().resume_writing()

    async def start(self) -> None:
        """Answer requests until the last; then what is on its way has its time, too."""
        try:
            await super().start()
        finally:
            self._wait_for_the_reader()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is answered to bytes that are no request. ConnectionError when an answer is half out already."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer is broken")
        reason = _reason(exc, message or "")
        _log.info("control request is not HTTP", extra={"reason": reason})
        answer = problem(HTTPStatus(status), f"The request is not HTTP: {reason}.", headers=_PROTOCOL)
        answer.force_close()
        return answer

    def log_exception(self, *args: Any, **named: Any) -> None:
        """Log what the library did not expect; a body that is damaged is its sender's affair, and has its answer."""
        if isinstance(named.get("exc_info"), web.RequestPayloadError):
            _log.info("control request is damaged")
        else:
            super().log_exception(*args, **named)

    def _wait_for_the_reader(self) -> None:
        if self._wire is not None and self._cut_at is None:
            loop = asyncio.get_running_loop()
            self._cut_at = loop.call_later(self._limits.reader_patience, self._cut)

    def _wait_no_longer(self) -> None:
        if self._cut_at is not None:
            self._cut_at.cancel()
            self._cut_at = None

    def _cut(self) -> None:
        if self._wire is not None:
            _log.warning("control reader dropped", extra={"patience_seconds": self._limits.reader_patience})
            self._wire.abort()


def _reason(error: BaseException | None, message: str) -> str:
    """The library's own reason in a few words, without the bytes that it quotes."""
    if isinstance(error, InvalidURLError):
        return "its address makes no sense"
    return plain(message.partition("\n")[0].partition(":")[0].rstrip(". "), _LONGEST_REASON) or "nobody knows why"


def _no_place(places: int) -> bytes:
    """A whole answer, as bytes: there is no request that the library could answer."""
    sentence = f"All {places} places for connections are taken; close one and try again."
    body = Problem(error=sentence).model_dump_json().encode()
    head = (
        f"HTTP/1.1 {HTTPStatus.SERVICE_UNAVAILABLE.value} {HTTPStatus.SERVICE_UNAVAILABLE.phrase}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        f"{PROTOCOL_HEADER}: {PROTOCOL}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body
