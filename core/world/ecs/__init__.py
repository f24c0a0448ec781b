"""An Amazon ECS of one cluster, as a controller meets it: the API over HTTP, and the life of tasks behind it.

It is honest in what a client can observe: paging, eventual consistency, throttling, capacity failures, idempotency,
stop reasons, what is absent until it happened. The rules are those of ecs-api.md part A; every answer fits the service
model of botocore, which a test checks.
"""

from core.world.ecs.calls import Call
from core.world.ecs.capacity import FARGATE_FULL, VCPU_QUOTA, Capacity, CapacityLedger, Room
from core.world.ecs.definitions import TaskDefinition
from core.world.ecs.endpoint import Fallback
from core.world.ecs.mishaps import KNOWN_FAILURES, FailedStart, Mishap, Odds, Stuck
from core.world.ecs.pace import Pace
from core.world.ecs.placement import Placement
from core.world.ecs.planting import Planted
from core.world.ecs.states import TaskState
from core.world.ecs.task_table import Visibility
from core.world.ecs.tasks import OUT_OF_MEMORY, Container, ContainerState, EcsTask
from core.world.ecs.world import EcsWorld

__all__ = [
    "FARGATE_FULL",
    "KNOWN_FAILURES",
    "OUT_OF_MEMORY",
    "VCPU_QUOTA",
    "Call",
    "Capacity",
    "CapacityLedger",
    "Container",
    "ContainerState",
    "EcsTask",
    "EcsWorld",
    "FailedStart",
    "Fallback",
    "Mishap",
    "Odds",
    "Pace",
    "Placement",
    "Planted",
    "Room",
    "Stuck",
    "TaskDefinition",
    "TaskState",
    "Visibility",
]
