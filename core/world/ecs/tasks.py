"""Tasks and their containers as ECS keeps them: records that change over a task's life.

Only the lifecycle changes a state; every change a client could see raises `version`, which is how ECS lets clients put
what they saw in order. A moment that has not come is None, and absent on the wire (ecs-api.md section A5).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.world.ecs.definitions import TaskDefinition
from core.world.ecs.mishaps import Mishap
from core.world.ecs.placement import Placement
from core.world.ecs.sizes import Size
from core.world.ecs.states import TaskState

DEFAULT_STOP_TIMEOUT = 30.0
"""Seconds between the stop signal and the kill, where the container definition names none."""

LONGEST_FARGATE_STOP_TIMEOUT = 120.0
"""Seconds that Fargate grants at most."""

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
"""The reason on a container that was killed for want of memory; its exit code is 137."""

RUNNER_CONTAINER = "runner"
"""The container that carries the overrides of a runner task."""


class ContainerState(StrEnum):
    """Where a container is."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


@dataclass(slots=True)
class Container:
    """A container of one task.

    `runs_before` marks one that others wait to see ended, as an init container is; `exit_code` stays None for a
    container that never started or whose host died with it.
    """

    arn: str
    name: str
    image: str
    essential: bool
    runs_before: bool
    checked: bool
    stop_timeout: float
    runtime_id: str
    state: ContainerState = ContainerState.PENDING
    exit_code: int | None = None
    reason: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.state is ContainerState.RUNNING

    def start(self) -> None:
        """Begin; a container that runs before others has ended well by the time the task is RUNNING."""
        self.state = ContainerState.RUNNING
        if self.runs_before:
            self.end(0)

    def end(self, exit_code: int | None, reason: str | None = None) -> None:
        """End with `exit_code`; None where nobody was left to read it."""
        self.state = ContainerState.STOPPED
        self.exit_code = exit_code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """The interface of a task in awsvpc mode."""

    attachment_id: str
    interface_id: str
    subnet: str
    address: str


@dataclass(slots=True, eq=False)
class EcsTask:
    """A task, from RunTask until ECS forgets it. Compared by identity.

    `sequence` orders tasks by their start. `tags` are those the task was given, whether or not ECS still shows them
    (`tags_dropped`). `provisions` says whether its life begins and ends with work on what it runs on, a network
    interface or a capacity provider. `overrides` is in the wire's form and holds secrets: it is never part of the repr.
    """

    arn: str
    sequence: int
    definition: TaskDefinition
    placement: Placement
    size: Size
    containers: tuple[Container, ...]
    created_at: datetime
    provisions: bool
    last_status: TaskState
    group: str
    availability_zone: str
    started_by: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict, repr=False)
    network_interface: NetworkInterface | None = None
    enable_execute_command: bool = False
    mishap: Mishap | None = None
    desired_status: TaskState = TaskState.RUNNING
    version: int = 1
    connectivity_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    signalled: bool = False
    tags_dropped: bool = False

    @property
    def id(self) -> str:
        """The 32 hex digits at the end of the ARN."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def family(self) -> str:
        """The family of its task definition."""
        return self.definition.family

    @property
    def override_env(self) -> dict[str, str]:
        """The environment that the run gave to the container `runner`, by variable name; in clear."""
        return {
            variable["name"]: variable.get("value", "")
            for override in self.overrides.get("containerOverrides", ())
            if override["name"] == RUNNER_CONTAINER
            for variable in override.get("environment", ())
        }

    @property
    def is_stopped(self) -> bool:
        """Whether its life is over."""
        return self.last_status is TaskState.STOPPED

    @property
    def running_containers(self) -> tuple[Container, ...]:
        """The containers whose processes live."""
        return tuple(container for container in self.containers if container.is_running)

    @property
    def stop_timeout(self) -> float:
        """Seconds between its stop signal and the kill: the longest that one of its containers asks for."""
        longest = max(container.stop_timeout for container in self.containers)
        return min(longest, LONGEST_FARGATE_STOP_TIMEOUT) if self.placement.is_fargate else longest

    def container(self, name: str) -> Container:
        """Return the container of that name; raises KeyError when there is none."""
        for container in self.containers:
            if container.name == name:
                return container
        raise KeyError(f"{self.arn} has no container {name}")
