"""What RunTask refuses before it looks for room.

Each rule looks at one thing in the request, the definition and the placement, and raises. Source: ecs-api.md
section A1.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from core.world.ecs.definition_rules import check_fargate_size
from core.world.ecs.definitions import TaskDefinition
from core.world.ecs.errors import client_exception, invalid_parameter
from core.world.ecs.placement import Placement
from core.world.ecs.requests import RunTaskRequest
from core.world.ecs.sizes import Size, cpu_units, memory_mib

LONGEST_OVERRIDES = 8192
"""Characters of the whole overrides structure, its JSON syntax included."""


@dataclass(frozen=True, slots=True)
class Run:
    """One task that is asked for."""

    request: RunTaskRequest
    definition: TaskDefinition
    placement: Placement

    @property
    def size(self) -> Size:
        """What it takes: the override's size where there is one, else the definition's."""
        overrides, size = self.request.overrides, self.definition.size
        cpu, memory = cpu_units(overrides.cpu or ""), memory_mib(overrides.memory or "")
        return Size(size.cpu if cpu is None else cpu, size.memory if memory is None else memory)


def check_run(run: Run) -> None:
    """Raise the EcsError with which ECS would refuse this run; return when it would try to place it."""
    for rule in _RULES:
        rule(run)


def _definition_runs_there(run: Run) -> None:
    launch_type = run.placement.launch_type
    if launch_type not in run.definition.compatibilities:
        raise invalid_parameter(f"Task definition does not support launch_type {launch_type}.")


def _network_matches_the_mode(run: Run) -> None:
    if run.definition.is_awsvpc:
        if run.request.awsvpc is None:
            raise invalid_parameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        if run.request.awsvpc.assign_public_ip == "ENABLED" and not run.placement.is_fargate:
            raise invalid_parameter("Assign public IP is not supported for this launch type.")
    elif run.request.awsvpc is not None:
        raise invalid_parameter("Network Configuration is not valid for the given networkMode of this task definition.")


def _overrides_fit(run: Run) -> None:
    overrides = run.request.overrides
    if len(json.dumps(overrides.wire(), separators=(",", ":"), ensure_ascii=False)) > LONGEST_OVERRIDES:
        raise invalid_parameter(f"Container Overrides length must be at most {LONGEST_OVERRIDES}")
    known = {container.name for container in run.definition.containers}
    for override in overrides.container_overrides:
        if override.name not in known:
            raise invalid_parameter(
                f"Override for container named {override.name} is not a container in the TaskDefinition."
            )


def _override_sizes_are_right(run: Run) -> None:
    overrides, content = run.request.overrides, run.definition.content
    if overrides.cpu is not None and cpu_units(overrides.cpu) is None:
        raise client_exception("Invalid 'cpu' setting for task.")
    if overrides.memory is not None and memory_mib(overrides.memory) is None:
        raise client_exception("Invalid 'memory' setting for task.")
    if run.placement.is_fargate and (overrides.cpu or overrides.memory):
        check_fargate_size(overrides.cpu or content.cpu or "", overrides.memory or content.memory or "")


def _only_fargate_has_platforms_and_storage(run: Run) -> None:
    if run.placement.is_fargate:
        return
    if run.request.platform_version is not None:
        raise invalid_parameter("The platform version must be null when specifying an EC2 launch type.")
    if run.request.overrides.ephemeral_storage is not None:
        raise invalid_parameter("Ephemeral storage is supported on Fargate only.")


def _propagation_is_for_tasks(run: Run) -> None:
    if run.request.propagate_tags == "SERVICE":
        raise invalid_parameter("Tags of a service cannot be propagated to a task that no service starts.")


def _exec_has_a_role(run: Run) -> None:
    role = run.request.overrides.task_role_arn or run.definition.content.task_role_arn
    if run.request.enable_execute_command and role is None:
        raise invalid_parameter("A valid taskRoleArn is required when execute command is enabled for a task.")


_RULES: tuple[Callable[[Run], None], ...] = (
    _definition_runs_there,
    _network_matches_the_mode,
    _overrides_fit,
    _override_sizes_are_right,
    _only_fargate_has_platforms_and_storage,
    _propagation_is_for_tasks,
    _exec_has_a_role,
)
