"""A whole controller with its control socket, ready to be run."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core.adapters.aws.logs import CloudWatchTaskLogs
from core.adapters.aws.session import connect
from core.adapters.clock import SystemClock
from core.adapters.control.http import health_on_tcp
from core.adapters.control.metrics import Metrics
from core.adapters.journal import SqliteJournal
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
) -> AsyncIterator[Engine]:
    """A whole controller with its control socket, ready to be run.

    ``allow_mass_removal`` is an operator's consent to retire most of what there is; one that is to ``observe`` changes
    nothing at all. ``clock`` and ``rng`` are the machine's unless given. Raises ConfigurationError or another Rejected
    before anything outside was changed. Leaving closes the socket first, then the clients, then the journal.
    """
    paths = paths_of(settings, environ)
    if paths.state is None:  # settings of a daemon always have an id
        raise ConfigurationError("set ARCDECK_CONTROLLER_ID: a controller needs a place for its state")
    parts = Parts(settings, clock or SystemClock(), rng or random.SystemRandom(), Metrics())
    async with AsyncExitStack() as stack:
        doorstep = Doorstep()
        if (listen := settings.daemon.http_listen) is not None:
            await stack.enter_async_context(health_on_tcp(doorstep, listen.host, listen.port, parts.metrics.text))
        connection = await stack.enter_async_context(connect())
        source = await source_of(settings, connection, stack)
        configuration = TomlConfiguration(source, settings.runners)
        wanted = await once_in_reach("the runner configuration", configuration.read, doorstep)
        credentials = await credentials_of(settings, connection, doorstep)
        journal = await stack.enter_async_context(
            SqliteJournal(
                paths.state / "journal.db", parts.clock, keep=timedelta(seconds=settings.daemon.journal_retention)
            )
        )
        client = await stack.enter_async_context(parts.github_client(credentials))
        told = engine_settings(settings, wanted, connection.region)
        told = replace(told, allow_mass_removal=allow_mass_removal, observe=observe)
        logs = CloudWatchTaskLogs(await stack.enter_async_context(connection.client("logs")), connection.ecs)
        engine = Engine(told, parts.ports(connection, client, journal, configuration, logs))
        await stack.enter_async_context(await parts.control_server(engine, paths))
        doorstep.engine = engine
        yield engine
