"""The daemon's settings: environment and options, checked and made whole (behaviour.md 3.1).

Options win over the environment. Whatever is missing, unreadable or contradictory is told in one ConfigurationError,
whose text holds no secret (invariant I6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.config import options as opt
from core.config import values
from core.config.github_settings import read_github
from core.config.reading import Reader
from core.domain.scale_set import DEFAULT_RUNNER_GROUP, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.config.github_settings import GitHubSettings
    from core.config.values import Listen, LogLevel


@dataclass(frozen=True, slots=True)
class SsmParameter:
    """The runner configuration is an SSM parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The runner configuration is a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """What all task definitions share."""

    execution_role_arn: str
    task_role_arn: str
    log_group: str


@dataclass(frozen=True, slots=True)
class RunnerDefaults:
    """What the settings say about every scale set; most of it gives way to the TOML."""

    name_prefix: str = ""
    extra_labels: tuple[str, ...] = ()
    runner_group: str = DEFAULT_RUNNER_GROUP
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how many; times in seconds, all longer than 0."""

    config_poll_interval: float
    reaper_interval: float
    offline_reaper_interval: float
    offline_min_age: float
    quiet_window: float
    slot_release_after: float
    start_concurrency: int
    capacity_backoff: tuple[float, ...]  #: waits after consecutive failures, the last one repeated; never empty


@dataclass(frozen=True, slots=True)
class Address:
    """What leads to a daemon's socket and state (paths.py)."""

    controller_id: str | None  #: None only where a socket is named
    socket: Path | None = None
    state_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """The daemon as a process."""

    address: Address
    socket_group: str | None
    socket_readers: str | None
    http_listen: Listen | None  #: None: no TCP
    log_level: LogLevel
    journal_retention: float  #: seconds
    journal_size: int  #: bytes


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a controller."""

    github: GitHubSettings
    cluster: str  #: name or ARN, as given
    controller_id: str
    source: SsmParameter | ConfigFile
    tasks: TaskSettings
    runners: RunnerDefaults
    pace: Pace
    daemon: DaemonSettings
    warnings: tuple[str, ...] = ()  #: sentences about what works, though perhaps not as it was meant


def load_settings(environ: Mapping[str, str], options: Mapping[str, object]) -> Settings:
    """Settings from the environment and from parsed options (``vars()`` of a namespace; None = not given).

    Reads the private key's file where one is named. Raises ConfigurationError with everything that is wrong.
    """
    reader = Reader(environ, options)
    cluster = reader.require(opt.ECS_CLUSTER)
    controller_id = _controller_id(reader)
    settings = Settings(
        github=read_github(reader),
        cluster=cluster,
        controller_id=controller_id or "",
        source=_source(reader),
        tasks=TaskSettings(
            execution_role_arn=reader.require(opt.RUNNER_EXECUTION_ROLE_ARN),
            task_role_arn=reader.require(opt.RUNNER_TASK_ROLE_ARN),
            log_group=reader.require(opt.RUNNER_LOG_GROUP),
        ),
        runners=_runner_defaults(reader),
        pace=_pace(reader),
        daemon=_daemon(reader, controller_id),
        warnings=reader.warnings,
    )
    reader.check()
    return settings


def load_address(environ: Mapping[str, str], options: Mapping[str, object]) -> Address:
    """As much as a command needs that only speaks to a running daemon; nothing else has to be set.

    Raises ConfigurationError when neither a socket nor anything that tells the controller's id is set.
    """
    reader = Reader(environ, options)
    named = reader.read(opt.ARCDECK_SOCKET)
    address = _address(reader, None if named else _controller_id(reader))
    if address.controller_id is None and not reader.given(opt.ARCDECK_SOCKET):
        reader.problem(
            "which daemon? Name its socket (--socket or ARCDECK_SOCKET), its id (--controller-id or "
            "ARCDECK_CONTROLLER_ID), or its cluster (--ecs-cluster or ECS_CLUSTER)",
        )
    reader.check()
    return address


def _source(reader: Reader) -> SsmParameter | ConfigFile:
    parameter, path = reader.read(opt.SSM_PARAMETER_NAME), reader.read(opt.TOML_CONFIG_FILE)
    both = reader.given(opt.SSM_PARAMETER_NAME), reader.given(opt.TOML_CONFIG_FILE)
    if all(both):
        reader.problem("SSM_PARAMETER_NAME and TOML_CONFIG_FILE are both set; keep the one that holds the runners")
    if not any(both):
        reader.problem("missing: SSM_PARAMETER_NAME or TOML_CONFIG_FILE; set one, it says where the runners are")
    return ConfigFile(path) if path else SsmParameter(parameter)


def _runner_defaults(reader: Reader) -> RunnerDefaults:
    return RunnerDefaults(
        name_prefix=reader.read(opt.SCALESET_NAME_PREFIX),
        extra_labels=reader.read(opt.RUNNER_EXTRA_LABELS),
        runner_group=reader.read(opt.RUNNER_GROUP),
        limits=Limits(
            provisioning=reader.read(opt.PROVISIONING_TIMEOUT),
            pending=reader.read(opt.PENDING_TIMEOUT),
            activating=reader.read(opt.ACTIVATING_TIMEOUT),
            unready=reader.read(opt.UNREADY_TIMEOUT),
            idle=reader.read(opt.IDLE_TIMEOUT),
            drain_grace=reader.read(opt.DRAIN_GRACE),
        ),
    )


def _pace(reader: Reader) -> Pace:
    return Pace(
        config_poll_interval=reader.read(opt.SSM_POLL_INTERVAL),
        reaper_interval=reader.read(opt.REAPER_INTERVAL),
        offline_reaper_interval=reader.read(opt.OFFLINE_RUNNER_REAPER_INTERVAL),
        offline_min_age=reader.read(opt.OFFLINE_RUNNER_MIN_AGE),
        quiet_window=reader.read(opt.QUIET_WINDOW),
        slot_release_after=reader.read(opt.SLOT_RELEASE_AFTER),
        start_concurrency=reader.read(opt.START_CONCURRENCY),
        capacity_backoff=reader.read(opt.CAPACITY_BACKOFF),
    )


def _daemon(reader: Reader, controller_id: str | None) -> DaemonSettings:
    return DaemonSettings(
        address=_address(reader, controller_id),
        socket_group=reader.read(opt.ARCDECK_SOCKET_GROUP) or None,
        socket_readers=reader.read(opt.ARCDECK_SOCKET_READERS) or None,
        http_listen=reader.read(opt.ARCDECK_HTTP_LISTEN),
        log_level=reader.read(opt.ARCDECK_LOG_LEVEL),
        journal_retention=reader.read(opt.JOURNAL_RETENTION),
        journal_size=reader.read(opt.JOURNAL_SIZE),
    )


def _address(reader: Reader, controller_id: str | None) -> Address:
    return Address(
        controller_id=controller_id,
        socket=reader.read(opt.ARCDECK_SOCKET),
        state_dir=reader.read(opt.ARCDECK_STATE_DIR),
    )


def _controller_id(reader: Reader) -> str | None:
    """The id given, else cluster name plus ``-prefix`` (DESIGN.md, Ownership); None when neither is there."""
    given = reader.read(opt.ARCDECK_CONTROLLER_ID)
    cluster = values.cluster_name(reader.read(opt.ECS_CLUSTER))
    if given or not cluster or reader.given(opt.ARCDECK_CONTROLLER_ID):
        return given
    prefix = reader.read(opt.SCALESET_NAME_PREFIX)
    derived = f"{cluster}-{prefix}" if prefix else cluster
    try:
        return values.controller_id(derived)
    except ValueError:
        reader.problem_with(
            opt.ARCDECK_CONTROLLER_ID,
            f'its default, "{derived}" from cluster and prefix, is not 1 to 32 letters, digits or hyphens; '
            "set an id of your own, and keep it, as it marks what this controller makes",
        )
        return None
