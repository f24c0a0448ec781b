"""What RegisterTaskDefinition refuses, beyond the limits of single fields.

Each rule looks at one thing and raises; together they stand for the part of ECS's validation that a controller which
writes its own definitions can run into. Sources: ecs-api.md sections A4 and A6.
"""

from collections.abc import Callable

from core.world.ecs.errors import client_exception
from core.world.ecs.requests import RegisterTaskDefinitionRequest
from core.world.ecs.sizes import Size, cpu_units, is_sold_by_fargate, memory_mib

Rule = Callable[[RegisterTaskDefinitionRequest], None]

_SMALLEST_CPU, _LARGEST_CPU = 128, 196_608


def check_definition(request: RegisterTaskDefinitionRequest) -> None:
    """Raise the EcsError with which ECS would refuse this definition; return when it would register it."""
    for rule in _RULES:
        rule(request)


def _names_are_unique(request: RegisterTaskDefinitionRequest) -> None:
    names = [container.name for container in request.container_definitions]
    if len(set(names)) < len(names):
        raise client_exception("Container names in a task definition must be unique.")


def _something_is_essential(request: RegisterTaskDefinitionRequest) -> None:
    if not any(container.essential for container in request.container_definitions):
        raise client_exception("Invalid setting for container. At least one essential container is required.")


def _dependencies_are_known(request: RegisterTaskDefinitionRequest) -> None:
    containers = {container.name: container for container in request.container_definitions}
    for container in containers.values():
        for dependency in container.depends_on:
            target = containers.get(dependency.container_name)
            if target is None or target is container:
                raise client_exception(f"Invalid dependency of container '{container.name}'.")
            if dependency.condition in ("COMPLETE", "SUCCESS") and target.essential:
                raise client_exception(f"Container '{target.name}' is essential and cannot be waited for to end.")
            if dependency.condition == "HEALTHY" and target.health_check is None:
                raise client_exception(f"Container '{target.name}' has no health check to wait for.")


def _sizes_are_readable(request: RegisterTaskDefinitionRequest) -> None:
    cpu = None if request.cpu is None else cpu_units(request.cpu)
    if request.cpu is not None and (cpu is None or not _SMALLEST_CPU <= cpu <= _LARGEST_CPU):
        raise client_exception("Invalid 'cpu' setting for task.")
    if request.memory is not None and not memory_mib(request.memory):
        raise client_exception("Invalid 'memory' setting for task.")


def _every_container_has_memory(request: RegisterTaskDefinitionRequest) -> None:
    if request.memory is not None:
        return
    for container in request.container_definitions:
        if container.memory is None and container.memory_reservation is None:
            raise client_exception(
                f"Invalid setting for container '{container.name}'. "
                "At least one of 'memory' or 'memoryReservation' must be specified."
            )


def _external_has_no_awsvpc(request: RegisterTaskDefinitionRequest) -> None:
    if "EXTERNAL" in request.requires_compatibilities and request.network_mode == "awsvpc":
        raise client_exception("The awsvpc network mode is not supported for EXTERNAL launch type.")


def _fargate_can_run_it(request: RegisterTaskDefinitionRequest) -> None:
    if "FARGATE" not in request.requires_compatibilities:
        return
    if request.network_mode != "awsvpc":
        raise client_exception("Fargate only supports network mode 'awsvpc'.")
    if any(container.privileged for container in request.container_definitions):
        raise client_exception("Fargate compatible task definitions do not support privileged containers.")
    if request.cpu is None or request.memory is None:
        missing = "cpu" if request.cpu is None else "memory"
        raise client_exception(f"Fargate requires that '{missing}' be defined at the task level.")
    check_fargate_size(request.cpu, request.memory)


def check_fargate_size(cpu: str, memory: str) -> None:
    """Raise the EcsError for a pair of task-level sizes that Fargate does not sell, or that cannot be read."""
    size = Size(cpu_units(cpu) or 0, memory_mib(memory) or 0)
    if not is_sold_by_fargate(size):
        raise client_exception(f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory.")


def _fargate_logs_have_a_role(request: RegisterTaskDefinitionRequest) -> None:
    if "FARGATE" not in request.requires_compatibilities or request.execution_role_arn is not None:
        return
    extras = [container.model_extra or {} for container in request.container_definitions]
    if any(extra.get("logConfiguration", {}).get("logDriver") == "awslogs" for extra in extras):
        raise client_exception(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs."
        )


_RULES: tuple[Rule, ...] = (
    _names_are_unique,
    _something_is_essential,
    _dependencies_are_known,
    _sizes_are_readable,
    _fargate_can_run_it,
    _fargate_logs_have_a_role,
    _external_has_no_awsvpc,
    _every_container_has_memory,
)
