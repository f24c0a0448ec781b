"""Logs: what the task of a runner printed, as lines of JSON, and at the end where to go on.

Every answer ends: whoever follows asks again with the last answer's token, at a pace of their own. What AWS refuses is
told with its sentence; it says nothing about the daemon's health.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from core.adapters.control.problems import NotUnderstood, problem
from core.api.logs import MOST_LINES, USUAL_LINES, LogEnd, LogLine
from core.api.wire import CONTENT_TYPE
from core.domain.errors import ArcdeckError, Gone, Retryable
from core.domain.text import plain

if TYPE_CHECKING:
    from multidict import MultiMapping

    from core.ports import ControlRoom, LogPage

_KNOWN: Final = ("after", "limit")
_SHOWN: Final = 40  # characters of a wrong value that are repeated in the answer
_LONGEST_NAME: Final = 200  # characters; no runner has a longer one
_LONGEST_TOKEN: Final = 500


class Logs:
    """Answers ``GET /v1/tasks/{runner}/logs``."""

    def __init__(self, room: ControlRoom) -> None:
        self._room = room

    async def get(self, request: web.Request) -> web.Response:
        """The newest lines of a runner's task, or those behind the token given."""
        try:
            after, limit = parse_parameters(request.query)
        except NotUnderstood as error:
            return problem(HTTPStatus.BAD_REQUEST, str(error))
        try:
            page = await self._room.logs(plain(request.match_info["runner"], _LONGEST_NAME), after, limit)
        except ArcdeckError as error:
            return problem(_status(error), f"{error}.")
        return web.Response(body=_body(page), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def parse_parameters(parameters: MultiMapping[str]) -> tuple[str | None, int]:
    """Token and number of lines. Raises NotUnderstood; a parameter without a value counts as not given."""
    for name in parameters:
        if name not in _KNOWN:
            raise NotUnderstood(f"There is no parameter {plain(name, _SHOWN)!r}; known are {', '.join(_KNOWN)}.")
    after, limit = parameters.get("after", ""), parameters.get("limit", "")
    if len(after) > _LONGEST_TOKEN or not after.isprintable():
        raise NotUnderstood("after: it is no token; give the next of an earlier answer.")
    if limit and not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:_SHOWN]) <= MOST_LINES):
        raise NotUnderstood(f"limit: {plain(limit, _SHOWN)!r} is no number from 1 to {MOST_LINES}.")
    return after or None, int(limit or USUAL_LINES)


def _status(error: ArcdeckError) -> HTTPStatus:
    if isinstance(error, Gone):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, Retryable) else HTTPStatus.BAD_GATEWAY


def _body(page: LogPage) -> bytes:
    lines = [LogLine(at=line.at.timestamp(), text=line.text).model_dump_json() for line in page.lines]
    return "\n".join([*lines, LogEnd(next=page.next).model_dump_json(), ""]).encode()
