"""The composition root: the only module that names concrete adapters and puts a controller together."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import metadata
from typing import TYPE_CHECKING

from core import DISTRIBUTION
from core.adapters.aws.ecs import EcsRunner
from core.adapters.aws.session import connect
from core.adapters.clock import SystemClock
from core.adapters.control.http import health_on_tcp
from core.adapters.control.metrics import Metrics
from core.adapters.control.peers import Admission, group_id
from core.adapters.control.server import ControlServer
from core.adapters.github.auth import AppCredentials, TokenCredentials
from core.adapters.github.client import GitHubScaleSetClient
from core.adapters.journal import SqliteJournal
from core.adapters.sources import FileSource
from core.config import credentials as configured
from core.config.paths import control_paths, is_usable
from core.config.runner_config import parse_runner_config
from core.config.settings import ConfigFile
from core.domain.errors import ConfigurationError, Retryable
from core.domain.task_definition import DefinitionSettings
from core.engine.engine import Engine
from core.engine.wiring import EnginePorts, EngineSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from core.adapters.aws.session import AwsConnection
    from core.config.paths import ControlPaths
    from core.config.runner_config import RunnerConfig
    from core.config.settings import Settings
    from core.ports import Clock, ConfigSource

logger = logging.getLogger("arcdeck")

#: Seconds between attempts to read a configuration that is out of reach at start.
CONFIG_RETRY = 5.0


def version() -> str:
    """The installed version of arcdeck."""
    return metadata.version(DISTRIBUTION)


def paths_of(settings: Settings, environ: Mapping[str, str]) -> ControlPaths:
    """Where a controller of these settings keeps its state and listens."""
    return control_paths(settings.daemon.address, environ=environ, uid=os.getuid(), usable=is_usable)


@asynccontextmanager
async def controller(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    allow_mass_removal: bool = False,
    clock: Clock | None = None,
    rng: random.Random | None = None,
) -> AsyncIterator[Engine]:
    """A whole controller with its control socket, ready to be run.

    ``allow_mass_removal`` is an operator's consent to retire most of what there is. ``clock`` and ``rng`` are the
    machine's unless given. Raises ConfigurationError or another Rejected before anything
    outside was changed. Leaving closes the socket first, then the clients, then the journal.
    """
    paths = paths_of(settings, environ)
    if paths.state is None:  # settings of a daemon always have an id
        raise ConfigurationError("set ARCDECK_CONTROLLER_ID: a controller needs a place for its state")
    parts = Parts(settings, clock or SystemClock(), rng or random.SystemRandom(), Metrics())
    async with AsyncExitStack() as stack:
        config = await _runner_config(settings)
        connection = await stack.enter_async_context(connect())
        journal = await stack.enter_async_context(
            SqliteJournal(
                paths.state / "journal.db", parts.clock, keep=timedelta(seconds=settings.daemon.journal_retention)
            )
        )
        client = await stack.enter_async_context(parts.github_client())
        engine = parts.engine(config, connection, client, journal, allow_mass_removal=allow_mass_removal)
        await stack.enter_async_context(await parts.control_server(engine, paths))
        if (listen := settings.daemon.http_listen) is not None:
            await stack.enter_async_context(health_on_tcp(engine, listen.host, listen.port, parts.metrics.text))
        yield engine


@dataclass(frozen=True, slots=True)
class Parts:
    """Makes the parts of one controller from its settings."""

    settings: Settings
    clock: Clock
    rng: random.Random
    metrics: Metrics

    def github_client(self) -> GitHubScaleSetClient:
        """The client of one GitHub scope; to be entered."""
        github = self.settings.github
        return GitHubScaleSetClient(
            config_url=github.config_url,
            credentials=_credentials(self.settings),
            clock=self.clock,
            rng=self.rng,
            version=version(),
            ca_file=github.ca_file,
            api_url=github.api_url,
            on_call=self.metrics.on_call("github"),
        )

    def engine(
        self,
        config: RunnerConfig,
        aws: AwsConnection,
        client: GitHubScaleSetClient,
        journal: SqliteJournal,
        *,
        allow_mass_removal: bool,
    ) -> Engine:
        """The engine on its ports."""
        ecs = EcsRunner(
            aws.ecs,
            cluster=self.settings.cluster,
            controller=self.settings.controller_id,
            clock=self.clock,
            on_call=self.metrics.on_call("aws"),
        )
        ports = EnginePorts(
            ecs=ecs,
            client=client,
            journal=journal,
            clock=self.clock,
            rng=self.rng,
            suffix=lambda: f"{self.rng.getrandbits(32):08x}",
            journal_state=lambda: journal.state,
            rate=lambda: (client.rate.remaining, client.rate.limit) if client.rate else None,
        )
        told = _engine_settings(self.settings, config, aws.region)
        return Engine(replace(told, allow_mass_removal=allow_mass_removal), ports)

    async def control_server(self, engine: Engine, paths: ControlPaths) -> ControlServer:
        """The control socket; to be entered."""
        self.metrics.watch(engine.snapshot)
        named = self.settings.daemon.socket_group
        group = await asyncio.to_thread(group_id, named) if named else None
        return ControlServer(
            engine,
            paths.serve,
            admitted=Admission(os.getuid(), group),
            version=version(),
            metrics=self.metrics.text,
            group=group,
        )


async def _runner_config(settings: Settings) -> RunnerConfig:
    """Read the runner configuration; what is merely out of reach is waited for (behaviour.md 3.1)."""
    source = _source(settings)
    while True:
        try:
            config = parse_runner_config((await source.read()).text, settings.runners)
        except Retryable as error:
            logger.warning("the runner configuration is out of reach, trying again: %s", error)
            await asyncio.sleep(CONFIG_RETRY)
        else:
            for warning in config.warnings:
                logger.warning("%s", warning)
            return config


def _source(settings: Settings) -> ConfigSource:
    match settings.source:
        case ConfigFile(path):
            return FileSource(path)
        case _:
            raise ConfigurationError(
                "SSM_PARAMETER_NAME is not supported by this version; put the runners into a file and set "
                "TOML_CONFIG_FILE to its path"
            )


def _credentials(settings: Settings) -> AppCredentials | TokenCredentials:
    match settings.github.credentials:
        case configured.TokenCredentials(token):
            return TokenCredentials(token)
        case configured.AppCredentials(installation_id=installation, private_key=key) as app:
            if key is None:
                raise ConfigurationError(
                    "GITHUB_APP_PRIVATE_KEY_SECRET is not supported by this version; set GITHUB_APP_PRIVATE_KEY_FILE"
                )
            return AppCredentials(app.issuer, installation, key)


def _engine_settings(settings: Settings, config: RunnerConfig, region: str) -> EngineSettings:
    pace = settings.pace
    return EngineSettings(
        controller=settings.controller_id,
        cluster=settings.cluster,
        github=settings.github.config_url,
        region=region,
        scale_sets=config.scale_sets,
        definitions=DefinitionSettings(
            execution_role=settings.tasks.execution_role_arn,
            task_role=settings.tasks.task_role_arn,
            log_group=settings.tasks.log_group,
            region=region,
        ),
        owner=socket.gethostname(),
        instance=secrets.token_hex(8),
        version=version(),
        reaper_interval=pace.reaper_interval,
        offline_interval=pace.offline_reaper_interval,
        offline_min_age=pace.offline_min_age,
        quiet_window=pace.quiet_window,
        slot_release_after=pace.slot_release_after,
        start_concurrency=pace.start_concurrency,
        capacity_backoff=pace.capacity_backoff,
    )
