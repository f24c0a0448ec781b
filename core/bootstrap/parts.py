"""The parts of a controller, made from its settings; each is what one of the engine's ports asks for."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, TypeVar

from core import DISTRIBUTION
from core.adapters.aws.ecs import EcsRunner
from core.adapters.aws.parameters import ParameterSource
from core.adapters.aws.secret_values import secret_value
from core.adapters.control.metrics import Metrics
from core.adapters.control.metrics_words import Scope
from core.adapters.control.peers import Admission, group_id
from core.adapters.control.server import ControlServer
from core.adapters.github.auth import AppCredentials, TokenCredentials
from core.adapters.github.client import GitHubScaleSetClient
from core.adapters.sources import FileSource
from core.api.model import ControllerView
from core.config import credentials as configured
from core.config.options import ARCDECK_SOCKET_GROUP, ARCDECK_SOCKET_READERS, GITHUB_APP_PRIVATE_KEY_SECRET
from core.config.paths import control_paths, is_usable
from core.config.runner_config import parse_runner_config
from core.config.settings import ConfigFile, SsmParameter
from core.domain.errors import ConfigurationError, Retryable
from core.domain.task_definition import DefinitionSettings
from core.engine.ground import EnginePorts, EngineSettings
from core.ports import Wanted

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AsyncExitStack

    from core.adapters.aws.session import AwsConnection
    from core.adapters.github.auth import Credentials
    from core.adapters.journal import SqliteJournal
    from core.bootstrap.doorstep import Doorstep
    from core.config.options import Option
    from core.config.paths import ControlPaths
    from core.config.settings import RunnerDefaults, Settings
    from core.domain.secret import Secret
    from core.ports import Clock, ConfigSource, Configuration, ControlRoom, TaskLogs

T = TypeVar("T")

logger = logging.getLogger("arcdeck")

#: Seconds between attempts to read a configuration or a secret that is out of reach at start.
CONFIG_RETRY = 5.0


def version() -> str:
    """The installed version of arcdeck."""
    return metadata.version(DISTRIBUTION)


def paths_of(settings: Settings, environ: Mapping[str, str]) -> ControlPaths:
    """Where a controller of these settings keeps its state and listens."""
    return control_paths(settings.daemon.address, environ=environ, uid=os.getuid(), usable=is_usable)


@dataclass(frozen=True, slots=True)
class Parts:
    """Makes the parts of one controller from its settings."""

    settings: Settings
    clock: Clock
    rng: random.Random
    metrics: Metrics

    @classmethod
    def of(cls, settings: Settings, clock: Clock, rng: random.Random) -> Parts:
        """Those of a controller that begins to count now."""
        scope = Scope.of(settings.github.config_url, settings.cluster)
        return cls(settings, clock, rng, Metrics(scope, clock.monotonic))

    def github_client(self, credentials: Credentials) -> GitHubScaleSetClient:
        """The client of one GitHub scope; to be entered."""
        github = self.settings.github
        return GitHubScaleSetClient(
            config_url=github.config_url,
            credentials=credentials,
            clock=self.clock,
            rng=self.rng,
            version=version(),
            ca_file=github.ca_file,
            api_url=github.api_url,
            on_call=self.metrics.on_call("github"),
        )

    def ports(
        self,
        aws: AwsConnection,
        client: GitHubScaleSetClient,
        journal: SqliteJournal,
        configuration: Configuration,
        logs: TaskLogs,
    ) -> EnginePorts:
        """What the engine speaks to."""
        return EnginePorts(
            ecs=self.ecs(aws),
            client=client,
            journal=journal,
            configuration=configuration,
            task_logs=logs,
            clock=self.clock,
            rng=self.rng,
            suffix=lambda: f"{self.rng.getrandbits(32):08x}",
            journal_state=lambda: journal.state,
            rate=lambda: (client.rate.remaining, client.rate.limit) if client.rate else None,
            meter=self.metrics.meter,
        )

    def ecs(self, aws: AwsConnection) -> EcsRunner:
        """The cluster."""
        return EcsRunner(
            aws.ecs,
            cluster=self.settings.cluster,
            controller=self.settings.controller_id,
            clock=self.clock,
            on_call=self.metrics.on_call("aws"),
        )

    def face(self, *, observe: bool) -> ControllerView:
        """What is shown of the controller before it has begun; its instance is another one at each call."""
        return ControllerView(
            id=self.settings.controller_id,
            cluster=self.settings.cluster,
            github=self.settings.github.config_url,
            version=version(),
            instance=secrets.token_hex(8),
            observing=observe,
        )

    async def control_server(self, room: ControlRoom, paths: ControlPaths) -> ControlServer:
        """The control socket; to be entered."""
        self.metrics.watch(room.snapshot)
        daemon = self.settings.daemon
        group = await _group(daemon.socket_group, ARCDECK_SOCKET_GROUP)
        readers = await _group(daemon.socket_readers, ARCDECK_SOCKET_READERS)
        return ControlServer(
            room,
            paths.serve,
            admitted=Admission(os.getuid(), group, readers),
            version=version(),
            metrics=self.metrics.text,
        )


async def _group(name: str | None, setting: Option[str]) -> int | None:
    return await asyncio.to_thread(group_id, name, setting.variable) if name else None


async def once_in_reach(what: str, read: Callable[[], Awaitable[T]], doorstep: Doorstep) -> T:
    """What ``read`` gives; what is merely out of reach is waited for, and said so (behaviour.md 3.1)."""
    while True:
        try:
            return await read()
        except Retryable as error:
            doorstep.wait_for(f"{what} is out of reach, trying again: {error}")
            await asyncio.sleep(CONFIG_RETRY)


class TomlConfiguration:
    """The port ``Configuration``: TOML from a source, judged once for each version; then its warnings are logged."""

    def __init__(self, source: ConfigSource, defaults: RunnerDefaults) -> None:
        self._source = source
        self._defaults = defaults
        self._last = Wanted((), "")

    async def read(self) -> Wanted:
        """Read it now. The source's errors, and ConfigurationError for a text that cannot work."""
        document = await self._source.read()
        if document.version != self._last.version:
            config = parse_runner_config(document.text, self._defaults)
            for warning in config.warnings:
                logger.warning("%s", warning)
            self._last = Wanted(config.scale_sets, document.version, config.budgets)
        return self._last


async def source_of(settings: Settings, connection: AwsConnection, stack: AsyncExitStack) -> ConfigSource:
    """Where the runner TOML comes from; a client that it needs is closed with the stack."""
    match settings.source:
        case SsmParameter(name):
            return ParameterSource(await stack.enter_async_context(connection.client("ssm")), name)
        case ConfigFile(path):
            return FileSource(path)


async def credentials_of(
    settings: Settings, connection: AwsConnection, doorstep: Doorstep | None = None
) -> Credentials:
    """What opens GitHub, fetched where it is kept elsewhere; with a ``doorstep`` what is out of reach is waited for."""
    match settings.github.credentials:
        case configured.TokenCredentials(token):
            return TokenCredentials(token)
        case configured.AppCredentials(installation_id=installation) as app:
            key = app.private_key or await _fetched_key(app.private_key_secret or "", connection, doorstep)
            return AppCredentials(app.issuer, installation, key)


async def _fetched_key(arn: str, connection: AwsConnection, doorstep: Doorstep | None) -> Secret:
    """The App's private key from Secrets Manager: the PEM, alone or as the one value of its kind in a JSON text."""
    setting = GITHUB_APP_PRIVATE_KEY_SECRET.variable
    async with connection.client("secretsmanager") as client:
        read = partial(secret_value, client, arn, setting=setting)
        fetched = await (once_in_reach("the App's private key", read, doorstep) if doorstep else read())
    try:
        return configured.parse_private_key(fetched.reveal())
    except ValueError as error:
        raise ConfigurationError(f"{setting}: secret {arn} {error}") from None


def engine_settings(settings: Settings, wanted: Wanted, region: str) -> EngineSettings:
    """What an engine is told; each call makes another instance of it."""
    pace = settings.pace
    return EngineSettings(
        controller=settings.controller_id,
        cluster=settings.cluster,
        github=settings.github.config_url,
        region=region,
        scale_sets=wanted.scale_sets,
        budgets=wanted.budgets,
        config_version=wanted.version,
        config_interval=pace.config_poll_interval,
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
