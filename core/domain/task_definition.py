"""The task definition a scale set's runners start from, as a value (behaviour.md 3.3).

A definition is desired, compared and refused here; it is put on the wire and read back in the AWS adapter. Two of the
same content have the same hash whatever the order of what has no order (environment, mounts, volumes, dependencies),
so that nothing is registered anew without a change: a revision costs one of the rarest calls of ECS (ecs-api.md A2).
The words are those the original writes, so that what it registered compares equal and is taken over untouched.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from core.domain.errors import ConfigurationError
from core.domain.scale_set import LaunchType

if TYPE_CHECKING:
    from core.domain.scale_set import ScaleSetSpec

#: The container that RunTask overrides, and whose exit code is the runner's.
RUNNER_CONTAINER = "runner"

_EXTERNALS_INIT = "init-dind-externals"
_DIND = "dind"
_SOCKET_VOLUME = "dind-sock"
_EXTERNALS_VOLUME = "dind-externals"
_WORK_VOLUME = "work"

_RUN = ("/home/runner/run.sh",)
_EXTERNALS = "/home/runner/externals"
_COPY_OF_EXTERNALS = "/home/runner/tmpDir"
_WORK = "/home/runner/_work"
_SOCKET_FOLDER = "/var/run"
_DOCKER_HOST = "unix:///var/run/docker.sock"
_DOCKER_GROUP = 123  #: of the socket in the runner image; dockerd gives it the socket
_RUNNER_OWNER = f"1001:{_DOCKER_GROUP}"
_DOCKER_PATIENCE = 120  #: seconds dockerd may take; the runner waits as long for it as its health check does


@dataclass(frozen=True, slots=True)
class DefinitionSettings:
    """What every definition of a controller shares: the roles (ARNs, empty = none) and where the logs go."""

    execution_role: str
    task_role: str
    log_group: str
    region: str  #: of the log group


@dataclass(frozen=True, slots=True)
class LogStream:
    """The awslogs driver of a container; the stream is ``prefix/container/task id`` (ecs-api.md A8)."""

    group: str
    region: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume of the task at a path of the container, writable."""

    volume: str
    path: str


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How ECS asks a container for its health. Times are whole seconds."""

    command: tuple[str, ...]
    interval: int
    timeout: int
    retries: int
    start_period: int


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another container that must have got so far (``SUCCESS``, ``HEALTHY``) before this one starts."""

    container: str
    condition: str


@dataclass(frozen=True, slots=True)
class ContainerDefinition:
    """One container of a task definition."""

    name: str
    image: str
    command: tuple[str, ...]
    log: LogStream | None
    essential: bool = True
    privileged: bool = False
    user: str = ""  #: empty = the image's own
    environment: tuple[tuple[str, str], ...] = ()  #: names and values
    mounts: tuple[Mount, ...] = ()
    health_check: HealthCheck | None = None
    depends_on: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A task definition without its revision and its tags. Empty text = not set."""

    family: str
    cpu: str  #: CPU units in digits, as ECS has them
    memory: str  #: MiB in digits
    network_mode: str
    compatibility: str  #: the one launch type it must suit
    execution_role: str
    task_role: str
    os: str
    architecture: str
    containers: tuple[ContainerDefinition, ...]
    volumes: tuple[str, ...] = ()  #: names; all are empty folders that live as long as the task


def desired_definition(spec: ScaleSetSpec, settings: DefinitionSettings) -> TaskDefinition:
    """Give the definition that the scale set should have.

    Raises ConfigurationError when ECS cannot run it (``refuse_privileged_on_fargate``).
    """
    shape, placement = spec.shape, spec.placement
    build = _with_dind if shape.dind else _plain
    definition = TaskDefinition(
        family=spec.family,
        cpu=str(shape.cpu),
        memory=str(shape.memory),
        network_mode=placement.network_mode,
        compatibility=placement.launch_type.value,
        execution_role=settings.execution_role,
        task_role=settings.task_role,
        os=shape.os,
        architecture=shape.architecture if shape.os else "",
        containers=build(spec, settings),
        volumes=(_SOCKET_VOLUME, _EXTERNALS_VOLUME, _WORK_VOLUME) if shape.dind else (),
    )
    refuse_privileged_on_fargate(definition)
    return definition


def refuse_privileged_on_fargate(definition: TaskDefinition) -> None:
    """Raise ConfigurationError for what Fargate never runs: a privileged container (ecs-api.md A6)."""
    if definition.compatibility != LaunchType.FARGATE.value:
        return
    privileged = [container.name for container in definition.containers if container.privileged]
    if privileged:
        raise ConfigurationError(
            f"task definition {definition.family}: Fargate runs no privileged container ({', '.join(privileged)}); "
            "set enable_dind = false, or compatibility to EC2 or EXTERNAL"
        )


def content_hash(definition: TaskDefinition) -> str:
    """SHA-256, in hex, of all that the definition says; the tag ``arcdeck:hash`` of what was registered from it."""
    ordered = replace(
        definition,
        containers=tuple(_ordered(container) for container in definition.containers),
        volumes=tuple(sorted(definition.volumes)),
    )
    canonical = json.dumps(asdict(ordered), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _ordered(container: ContainerDefinition) -> ContainerDefinition:
    """The container with everything sorted in which ECS promises no order; the command keeps its own."""
    return replace(
        container,
        environment=tuple(sorted(container.environment)),
        mounts=tuple(sorted(container.mounts, key=lambda mount: mount.path)),
        depends_on=tuple(sorted(container.depends_on, key=lambda dependency: dependency.container)),
    )


def _plain(spec: ScaleSetSpec, settings: DefinitionSettings) -> tuple[ContainerDefinition, ...]:
    return (
        ContainerDefinition(
            name=RUNNER_CONTAINER, image=spec.shape.runner_image, command=_RUN, log=_log(settings, spec.family)
        ),
    )


def _with_dind(spec: ScaleSetSpec, settings: DefinitionSettings) -> tuple[ContainerDefinition, ...]:
    return (_externals_init(spec, settings), _docker_daemon(spec, settings), _runner_beside_dind(spec, settings))


def _externals_init(spec: ScaleSetSpec, settings: DefinitionSettings) -> ContainerDefinition:
    """Shares the runner's own tools (node above all) with dockerd, whose job containers mount them by host path."""
    copy = f"cp -a {_EXTERNALS}/. {_COPY_OF_EXTERNALS}/"
    give = f"chown -R {_RUNNER_OWNER} {_COPY_OF_EXTERNALS} {_WORK}"
    return ContainerDefinition(
        name=_EXTERNALS_INIT,
        image=spec.shape.runner_image,
        essential=False,
        user="0",
        command=("sh", "-c", f"{copy} && {give}"),
        mounts=(Mount(_EXTERNALS_VOLUME, _COPY_OF_EXTERNALS), Mount(_WORK_VOLUME, _WORK)),
        log=_log(settings, f"{spec.family}-init"),
    )


def _docker_daemon(spec: ScaleSetSpec, settings: DefinitionSettings) -> ContainerDefinition:
    return ContainerDefinition(
        name=_DIND,
        image=spec.shape.dind_image,
        privileged=True,
        command=("dockerd", f"--host={_DOCKER_HOST}", f"--group={_DOCKER_GROUP}"),
        health_check=HealthCheck(
            command=("CMD", "docker", "info"), interval=5, timeout=5, retries=3, start_period=_DOCKER_PATIENCE
        ),
        mounts=(
            Mount(_WORK_VOLUME, _WORK),
            Mount(_SOCKET_VOLUME, _SOCKET_FOLDER),
            Mount(_EXTERNALS_VOLUME, _EXTERNALS),
        ),
        log=_log(settings, f"{spec.family}-dind"),
    )


def _runner_beside_dind(spec: ScaleSetSpec, settings: DefinitionSettings) -> ContainerDefinition:
    (runner,) = _plain(spec, settings)
    return replace(
        runner,
        environment=(
            ("DOCKER_HOST", _DOCKER_HOST),
            ("RUNNER_WAIT_FOR_DOCKER_IN_SECONDS", str(_DOCKER_PATIENCE)),
        ),
        depends_on=(Dependency(_EXTERNALS_INIT, "SUCCESS"), Dependency(_DIND, "HEALTHY")),
        mounts=(Mount(_WORK_VOLUME, _WORK), Mount(_SOCKET_VOLUME, _SOCKET_FOLDER)),
    )


def _log(settings: DefinitionSettings, prefix: str) -> LogStream:
    return LogStream(group=settings.log_group, region=settings.region, prefix=prefix)
