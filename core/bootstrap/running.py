"""A whole controller with its control socket, ready to be run."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core.adapters.aws.logs import CloudWatchTaskLogs
from core.adapters.aws.session import connect
from core.adapters.clock import SystemClock
from core.adapters.control.http import health_on_tcp
from core.adapters.journal import SqliteJournal
from core.adapters.systemd import told_to_the_manager
from core.bootstrap.doorstep import Doorstep
from core.bootstrap.parts import (
    Parts,
    TomlConfiguration,
    credentials_of,
    engine_settings,
    once_in_reach,
    paths_of,
    source_of,
)
from core.domain.errors import ConfigurationError
from core.engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from core.config.settings import Settings
    from core.ports import Clock


@asynccontextmanager
async def controller(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    allow_mass_removal: bool = False,
    observe: bool = False,
    clock: Clock | None = None,
    rng: random.Random | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[Engine]:
    """A whole controller with its control socket, ready to be run.

    ``allow_mass_removal`` is an operator's consent to retire most of what there is; one that is to ``observe`` changes
    nothing at all. ``clock`` and ``rng`` are the machine's unless given. ``stop`` is what the engine will be run until,
    and is set by whoever stops the controller while it is still being made; None when nobody heeds it. The socket
    answers from the beginning, and a service manager is told. Raises ConfigurationError or another Rejected before
    anything outside was changed. Leaving closes the socket first, then the clients, then the journal.
    """
    paths = paths_of(settings, environ)
    if paths.state is None:  # settings of a daemon always have an id
        raise ConfigurationError("set ARCDECK_CONTROLLER_ID: a controller needs a place for its state")
    parts = Parts.of(settings, clock or SystemClock(), rng or random.SystemRandom())
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(
            SqliteJournal(
                paths.state / "journal.db",
                parts.clock,
                keep=timedelta(seconds=settings.daemon.journal_retention),
                size=settings.daemon.journal_size,
            )
        )
        stop = stop or asyncio.Event()
        face = parts.face(observe=observe)
        doorstep = Doorstep(face, journal, parts.clock, stop)
        server = await stack.enter_async_context(await parts.control_server(doorstep, paths))
        if (listen := settings.daemon.http_listen) is not None:
            await stack.enter_async_context(health_on_tcp(doorstep, listen.host, listen.port, parts.metrics.text))
        await stack.enter_async_context(told_to_the_manager(doorstep, environ, stop))
        connection = await stack.enter_async_context(connect())
        source = await source_of(settings, connection, stack)
        configuration = TomlConfiguration(source, settings.runners)
        wanted = await once_in_reach("the runner configuration", configuration.read, doorstep)
        credentials = await credentials_of(settings, connection, doorstep)
        client = await stack.enter_async_context(parts.github_client(credentials))
        told = engine_settings(settings, wanted, connection.region)
        told = replace(told, allow_mass_removal=allow_mass_removal, observe=observe, instance=face.instance)
        logs = CloudWatchTaskLogs(await stack.enter_async_context(connection.client("logs")), connection.ecs)
        engine = Engine(told, parts.ports(connection, client, journal, configuration, logs))
        stack.push_async_exit(server)  # before everything that a command may need; later it is closed already
        doorstep.hand_over(engine)
        yield engine
