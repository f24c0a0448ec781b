"""The server on the control socket: routes, who may use them, and the life of both.

It speaks to the engine through ``ControlRoom`` only, in the engine's loop, and never makes it wait. Entering it takes
the socket (one daemon only) and accepts peers; leaving it ends every stream and what commands remain within a second,
then removes the socket. ``curl --unix-socket`` works on all of it.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Self

from aiohttp import web

from core.adapters.control.commands import Commands
from core.adapters.control.connections import accepting
from core.adapters.control.events import Events
from core.adapters.control.health import HealthChecks
from core.adapters.control.limits import Limits
from core.adapters.control.lines import Places
from core.adapters.control.logs import Logs
from core.adapters.control.peers import Operators
from core.adapters.control.problems import admit
from core.adapters.control.socket_file import listening_socket
from core.adapters.control.streams import Streams
from core.api.model import PROTOCOL
from core.api.wire import PROTOCOL_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from core.adapters.control.peers import Admission
    from core.ports import ControlRoom


class ControlServer:
    """Serves ``room`` at ``path`` to the peers that ``admitted`` lets in; use it as an async context manager.

    ``version`` is the program's own, told to screens. ``metrics`` gives the text of a scrape. The socket's file is the
    daemon's user's (0600), and its group's where there is one (0660); where there are readers, too, anybody may knock
    (0666). Entering raises ConfigurationError when the socket cannot be had: another daemon, a path too long, a
    directory that refuses.
    """

    def __init__(
        self,
        room: ControlRoom,
        path: Path,
        *,
        admitted: Admission,
        version: str,
        metrics: Callable[[], str],
        operators: Operators | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._path = path
        self._admitted = admitted
        self._limits = limits or Limits()
        self._places = Places(self._limits)
        self._streams = Streams(room, version, self._places, admitted.may_act)
        self._events = Events(room, self._places)
        self._logs = Logs(room)
        self._commands = Commands(room, operators or Operators(), self._limits, admitted.may_act)
        self._health = HealthChecks(room, metrics)
        self._held = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as held:
            anybody = self._admitted.readers is not None
            listener = held.enter_context(listening_socket(self._path, self._admitted.group, anybody=anybody))
            listen = partial(asyncio.get_running_loop().create_server, sock=listener)
            await held.enter_async_context(accepting(self._application(), self._limits, listen))
            self._held = held.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._held.aclose()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[admit(self._admitted)], client_max_size=self._limits.body_bytes)
        app.add_routes(
            [
                web.get("/v1/snapshot", self._streams.snapshot, allow_head=False),
                web.get("/v1/stream", self._streams.stream, allow_head=False),
                web.get("/v1/events", self._events.get, allow_head=False),
                web.get("/v1/tasks/{runner}/logs", self._logs.get, allow_head=False),
                web.post("/v1/commands", self._commands.post),
                *self._health.routes(),
            ]
        )
        app.on_response_prepare.append(_name_protocol)
        app.on_shutdown.append(self._end_streams)
        app.on_cleanup.append(self._end_commands)
        return app

    async def _end_streams(self, _app: web.Application) -> None:
        self._places.close()

    async def _end_commands(self, _app: web.Application) -> None:
        await self._commands.close()


async def _name_protocol(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL)
