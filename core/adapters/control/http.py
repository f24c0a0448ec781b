"""Health and metrics on TCP, for container schedulers and Prometheus; nothing else is reachable from the network."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from core.adapters.control.health import HealthChecks
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
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host or None, port).start()
        except OSError as error:
            raise ConfigurationError(
                f"ARCDECK_HTTP_LISTEN: {host or '*'}:{port} cannot be listened on ({error.strerror}); choose another"
            ) from error
        yield runner.addresses[0][:2]
    finally:
        await runner.cleanup()
