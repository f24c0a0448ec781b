"""Events: what happened, as lines of JSON, and what happens for whoever follows.

An answer without ``follow`` ends; one that follows takes a place among the streams and ends with its reader or the
server. The engine is asked for the next event only when the last one is on its way, so a reader that is slow misses
some, and is told how many (``core.api.model.SKIPPED``); one that takes nothing for 30 s is cut off.
"""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from core.adapters.control.event_query import parse_query
from core.adapters.control.lines import closing
from core.adapters.control.problems import NotUnderstood, problem

if TYPE_CHECKING:
    from aiohttp import web

    from core.adapters.control.event_query import Asked
    from core.adapters.control.lines import Lines, Places
    from core.ports import ControlRoom


class Events:
    """Answers ``/v1/events``."""

    def __init__(self, room: ControlRoom, places: Places) -> None:
        self._room = room
        self._places = places

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The events that the request's parameters ask for, oldest first."""
        try:
            asked = parse_query(request.query, self._room.snapshot().now)
        except NotUnderstood as error:
            return problem(HTTPStatus.BAD_REQUEST, str(error))
        return await self._places.serve(request, partial(self._tell, asked=asked))

    async def _tell(self, lines: Lines, *, asked: Asked) -> None:
        if asked.follow:
            await lines.begin()
        async with closing(self._room.events(asked.query, follow=asked.follow)) as events:
            async for event in events:
                await lines.send((event.model_dump_json().encode() + b"\n",))
                await asyncio.sleep(0)  # however long the answer, everybody else has their turn
        await lines.begin()  # an answer without events is an answer
