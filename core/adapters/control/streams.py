"""Snapshots and streams: what a front end sees, one line at a time, at the pace at which it reads.

The engine never waits for a reader: ``ControlRoom.updates`` is iterated only when the last line is on its way, and
merges what happens meanwhile. So a slow reader costs one line of buffer and gets fewer, larger deltas; one that takes
nothing for 30 s is cut off, and finds everything again when it comes back.

A stream ends when its reader hangs up (the server cancels its request at once), when the engine ends the updates, or
when the server closes; in each case the engine's iterator is closed before the request is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from core.adapters.control.problems import problem
from core.api.model import Hello
from core.api.wire import CONTENT_TYPE, READ_ONLY_HEADER, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.adapters.control.limits import Limits
    from core.api.model import ControllerView, Update
    from core.ports import ControlRoom

_log = logging.getLogger(__name__)


class ReaderGone(Exception):
    """Whoever asked has hung up, or was cut off because it did not read."""


class Streams:
    """Answers ``/v1/snapshot`` and ``/v1/stream``. ``version`` is the program's, for ``Hello``."""

    def __init__(self, room: ControlRoom, version: str, limits: Limits) -> None:
        self._room = room
        self._version = version
        self._limits = limits
        self._open: set[asyncio.Timeout] = set()

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        """Everything, now, in the lines of a stream's first message."""
        lines = _Lines(request, self._limits.reader_patience)
        with suppress(ReaderGone):
            await lines.send(self._room.snapshot())
        return lines.response

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Hello, then every update until reader, engine or server ends it."""
        if len(self._open) >= self._limits.streams:
            sentence = f"All {self._limits.streams} places for screens are taken; close one and try again."
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
        lines = _Lines(request, self._limits.reader_patience)
        try:
            with suppress(ReaderGone):
                async with asyncio.timeout(None) as scope, self._counted(scope):
                    await self._follow(lines, may_act=READ_ONLY_HEADER not in request.headers)
        except TimeoutError:  # the server closes: see close()
            lines.cut_if_behind()
        if not lines.begun:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The daemon is stopping.")
        return lines.response

    def close(self) -> None:
        """End every stream now; those whose readers are behind lose what is still on its way."""
        now = asyncio.get_running_loop().time()
        for scope in self._open:
            scope.reschedule(now)

    @asynccontextmanager
    async def _counted(self, scope: asyncio.Timeout) -> AsyncIterator[None]:
        self._open.add(scope)
        try:
            yield
        finally:
            self._open.discard(scope)

    async def _follow(self, lines: _Lines, *, may_act: bool) -> None:
        """Pass the updates on. A failure of the engine ends the stream as a broken one, since half of it is out."""
        try:
            async with _closing(self._room.updates()) as updates:
                async for update in updates:
                    if not lines.begun:
                        await lines.send(self._hello(self._room.snapshot().controller, may_act=may_act))
                    await lines.send(update)
        except ReaderGone:
            raise
        except Exception:
            if not lines.begun:
                raise
            _log.exception("control stream failed")
            lines.cut()

    def _hello(self, controller: ControllerView, *, may_act: bool) -> Hello:
        return Hello(version=self._version, controller=controller.id, instance=controller.instance, may_act=may_act)


class _Lines:
    """The body of one answer, as lines."""

    def __init__(self, request: web.Request, patience: float) -> None:
        self._request = request
        self._patience = patience
        self.response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    @property
    def begun(self) -> bool:
        """Whether the answer's head is out, so that no other answer can be given any more."""
        return self.response.prepared

    async def send(self, message: Hello | Update) -> None:
        """Write a message and wait until the reader has taken all but a line of it. Raises ReaderGone."""
        try:
            await self.response.prepare(self._request)
            for line in encode(message):
                async with asyncio.timeout(self._patience):
                    await self.response.write(line)
        except TimeoutError as error:
            _log.warning("control reader dropped", extra={"patience_seconds": self._patience})
            self.cut()
            raise ReaderGone from error
        except ConnectionError as error:
            raise ReaderGone from error

    def cut_if_behind(self) -> None:
        """Drop the connection unless everything written was taken: a clean end would wait for the reader."""
        transport = self._request.transport
        if transport is not None and transport.get_write_buffer_size() > 0:
            self.cut()

    def cut(self) -> None:
        """Drop the connection with all that is still on its way."""
        if (transport := self._request.transport) is not None:
            transport.abort()


@asynccontextmanager
async def _closing(updates: AsyncIterator[Update]) -> AsyncIterator[AsyncIterator[Update]]:
    """Close the engine's iterator at the end, not when the garbage collector finds it."""
    try:
        yield updates
    finally:
        if isinstance(updates, AsyncGenerator):
            await updates.aclose()
