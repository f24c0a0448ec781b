"""Answers that are lines, written at the pace at which they are read, and the places of those that read for long.

Whoever writes waits for the reader and not the other way round; a reader that takes nothing for 30 s is cut off, as on
every connection. So a slow reader costs one line of buffer, and what it is behind of is the business of whoever makes
the lines.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from core.adapters.control.problems import problem
from core.api.wire import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from core.adapters.control.limits import Limits

_log = logging.getLogger(__name__)
_Item = TypeVar("_Item")


class ReaderGone(Exception):
    """Whoever asked has hung up, or was cut off because it did not read."""


class Lines:
    """The body of one answer, as lines."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    @property
    def begun(self) -> bool:
        """Whether the answer's head is out, so that no other answer can be given any more."""
        return self.response.prepared

    async def begin(self) -> None:
        """Let the head out, so that the reader knows that it is heard. Raises ReaderGone."""
        await self.send(())

    async def send(self, lines: Iterable[bytes]) -> None:
        """Write lines and wait until the reader has taken all but a line of them. Raises ReaderGone."""
        try:
            await self.response.prepare(self._request)
            for line in lines:
                await self.response.write(line)
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


class Places:
    """Room for those that read for as long as they like; one list of them for the whole server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: set[asyncio.Timeout] = set()

    async def serve(self, request: web.Request, follow: Callable[[Lines], Awaitable[None]]) -> web.StreamResponse:
        """Answer with the lines that ``follow`` sends, until it or the reader or the server ends them.

        A failure of ``follow`` ends what was begun as a broken answer, since half of it is out.
        """
        if len(self._open) >= self._limits.streams:
            sentence = f"All {self._limits.streams} places for screens are taken; close one and try again."
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
        lines = Lines(request)
        try:
            with suppress(ReaderGone):
                async with asyncio.timeout(None) as scope, self._counted(scope):
                    await _whole_or_broken(follow, lines)
        except TimeoutError:  # the server closes: see close()
            lines.cut_if_behind()
        if not lines.begun:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The daemon is stopping.")
        return lines.response

    def close(self) -> None:
        """End every answer now; those whose readers are behind lose what is still on its way."""
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


async def _whole_or_broken(follow: Callable[[Lines], Awaitable[None]], lines: Lines) -> None:
    try:
        await follow(lines)
    except ReaderGone:
        raise
    except Exception:
        if not lines.begun:
            raise
        _log.exception("control stream failed")
        lines.cut()


@asynccontextmanager
async def closing(items: AsyncIterator[_Item]) -> AsyncIterator[AsyncIterator[_Item]]:
    """Close the engine's iterator at the end, not when the garbage collector finds it."""
    try:
        yield items
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
