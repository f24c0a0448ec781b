"""Commands: bytes in, a validated command to the engine, its answer out.

A command that was accepted is carried through, even when its sender hangs up: it runs in a task of its own that only
the server's end cancels. What cannot be understood is answered 400 with a sentence that names the field; what the
engine refuses is an answer like any other. Its texts pass the same door as all text from outside.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from core.adapters.control.peers import peer_of_request
from core.adapters.control.problems import NotUnderstood, problem
from core.api.commands import Answer, Command, Outcome
from core.api.wire import READ_ONLY_HEADER
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from pydantic_core import ErrorDetails

    from core.adapters.control.limits import Limits
    from core.adapters.control.peers import Operators, Peer
    from core.ports import ControlRoom

_COMMAND: Final[TypeAdapter[Command]] = TypeAdapter(Command)


def parse_command(body: bytes) -> Command:
    """The command in a request's body, its texts made safe. Raises NotUnderstood for anything else, whatever it is."""
    try:
        command = _COMMAND.validate_json(body)
    except ValidationError as error:
        raise NotUnderstood(_sentence(error.errors(include_url=False, include_input=False)[0])) from error
    # Names arrive as the views showed them, which have passed the same door; passing it again changes nothing.
    return command.model_copy(update={name: plain(value) for name, value in command if type(value) is str})


def _sentence(error: ErrorDetails) -> str:
    match error["type"]:
        case "json_invalid":
            return f"The body is not JSON: {error['ctx']['error']}."
        case "union_tag_invalid":
            known = plain(error["ctx"]["expected_tags"])
            return f"kind: there is no command {plain(error['ctx']['tag'], 40)!r}; known are {known}."
        case "union_tag_not_found":
            return "kind: the field is missing; it names the command."
    field = ".".join(str(part) for part in error["loc"][1:])
    return f"{field or 'The body'}: {plain(error['msg'])}."


class Commands:
    """Answers ``POST /v1/commands``, and owns every command that is under way."""

    def __init__(
        self, room: ControlRoom, operators: Operators, limits: Limits, may_act: Callable[[Peer], bool]
    ) -> None:
        self._room = room
        self._operators = operators
        self._limits = limits
        self._may_act = may_act
        self._under_way: set[asyncio.Task[Answer]] = set()

    async def post(self, request: web.Request) -> web.Response:
        """Carry out the command in the body and answer with what came of it."""
        try:
            async with asyncio.timeout(self._limits.body_patience):
                command = parse_command(await request.read())
        except NotUnderstood as error:
            return problem(HTTPStatus.BAD_REQUEST, str(error))
        except web.RequestPayloadError:
            return problem(HTTPStatus.BAD_REQUEST, "The request's body is damaged.")
        except TimeoutError:
            return problem(HTTPStatus.REQUEST_TIMEOUT, "The command's body did not arrive in time.")
        return await self._answer(command, request)

    async def close(self) -> None:
        """Cancel what is still under way, and return when it has ended."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _answer(self, command: Command, request: web.Request) -> web.Response:
        peer = peer_of_request(request)
        if reason := self._reason_against(peer, request.headers):
            return _answered(Answer(id=command.id, outcome=Outcome.REFUSED, text=reason))
        if len(self._under_way) >= self._limits.commands:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "Too many commands are under way; try again in a moment.")
        task = self._start(self._carry_out(command, peer, request.headers))
        await asyncio.wait({task})  # which leaves it running when its sender hangs up
        if task.cancelled():  # by close(), or as the repetition of one that failed
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The command was given up; whether it acted is not known.")
        return _answered(task.result())

    def _reason_against(self, peer: Peer, headers: Mapping[str, str]) -> str:
        """Why this peer's commands are not carried out; empty when they are."""
        if not self._may_act(peer):
            return f"User {peer.uid} may look here, and change nothing."
        return "You attached read-only; attach anew to act." if READ_ONLY_HEADER in headers else ""

    async def _carry_out(self, command: Command, peer: Peer, headers: Mapping[str, str]) -> Answer:
        return await self._room.execute(command, await self._operators.operator(peer, headers))

    def _start(self, work: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        task = asyncio.create_task(work, name="control command")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task


def _answered(answer: Answer) -> web.Response:
    return web.json_response(text=answer.model_dump_json())
