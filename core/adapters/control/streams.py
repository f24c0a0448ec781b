"""Snapshots and streams: what a front end sees, one line at a time, at the pace at which it reads.

The engine never waits for a reader: ``ControlRoom.updates`` is iterated only when the last line is on its way, and
merges what happens meanwhile. So a slow reader costs one line of buffer and gets fewer, larger deltas; one that takes
nothing for 30 s is cut off, and finds everything again when it comes back.

A stream ends when its reader hangs up (the server cancels its request at once), when the engine ends the updates, or
when the server closes; in each case the engine's iterator is closed before the request is over.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from core.adapters.control.lines import Lines, ReaderGone, closing
from core.adapters.control.peers import peer_of_request
from core.api.model import Delta, Hello
from core.api.wire import MAX_ROWS, READ_ONLY_HEADER, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aiohttp import web

    from core.adapters.control.lines import Places
    from core.adapters.control.peers import Peer
    from core.api.model import Update
    from core.ports import ControlRoom


class Streams:
    """Answers ``/v1/snapshot`` and ``/v1/stream``. ``version`` is the program's, for ``Hello``."""

    def __init__(self, room: ControlRoom, version: str, places: Places, may_act: Callable[[Peer], bool]) -> None:
        self._room = room
        self._version = version
        self._places = places
        self._may_act = may_act
        self._told: Delta | None = None
        self._told_as: tuple[bytes, ...] = ()

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        """Everything, now, in the lines of a stream's first message."""
        lines = Lines(request)
        with suppress(ReaderGone):
            await lines.send(encode(self._room.snapshot()))
        return lines.response

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Hello, then every update until reader, engine or server ends it."""
        may_act = READ_ONLY_HEADER not in request.headers and self._may_act(peer_of_request(request))
        return await self._places.serve(request, partial(self._follow, may_act=may_act))

    async def _follow(self, lines: Lines, *, may_act: bool) -> None:
        async with closing(self._room.updates()) as updates:
            async for update in updates:
                if not lines.begun:
                    await lines.send(encode(self._hello(may_act=may_act)))
                await lines.send(self._lines(update))

    def _lines(self, update: Update) -> Iterable[bytes]:
        """The lines of an update. A small delta that all readers are told is written once, and not for each of them."""
        if not isinstance(update, Delta) or len(update.runners) > MAX_ROWS:
            return encode(update)
        if update is not self._told:
            self._told, self._told_as = update, tuple(encode(update))
        return self._told_as

    def _hello(self, *, may_act: bool) -> Hello:
        controller = self._room.snapshot().controller
        return Hello(version=self._version, controller=controller.id, instance=controller.instance, may_act=may_act)
