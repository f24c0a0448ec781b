"""Health and metrics on TCP, for container schedulers and Prometheus; nothing else is reachable from the network."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from core.adapters.control.connections import accepting
from core.adapters.control.health import HealthChecks
from core.adapters.control.limits import Limits
from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from core.ports import Lives


@asynccontextmanager
async def health_on_tcp(
    room: Lives, host: str, port: int, metrics: Callable[[], str]
) -> AsyncIterator[tuple[str, int]]:
    """Serve the health checks while the context lasts; gives the address they are found at.

    ``host`` empty = every address of the machine, ``port`` 0 = the system chooses. ConfigurationError when the address
    cannot be had.
    """
    application = web.Application()
    application.add_routes(HealthChecks(room, metrics).routes())
    async with accepting(application, Limits(), partial(_listening, host, port)) as server:
        yield server.sockets[0].getsockname()[:2]


async def _listening(host: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(protocol, host or None, port)
    except OSError as error:
        raise ConfigurationError(
            f"ARCDECK_HTTP_LISTEN: {host or '*'}:{port} cannot be listened on ({error.strerror}); choose another"
        ) from error
