"""The states of a task.

A step up is undone by the step down on its level: DEPROVISIONING undoes PROVISIONING, STOPPING undoes PENDING, and
DEACTIVATING undoes ACTIVATING; so a task that is stopped on its way up does not pass through all of them.

Source: ecs-api.md section A5 (AWS: "Amazon ECS task lifecycle").
"""

from enum import StrEnum


class TaskState(StrEnum):
    """`lastStatus` of a task; `desiredStatus` is only ever RUNNING or STOPPED."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    ACTIVATING = "ACTIVATING"
    RUNNING = "RUNNING"
    DEACTIVATING = "DEACTIVATING"
    STOPPING = "STOPPING"
    DEPROVISIONING = "DEPROVISIONING"
    STOPPED = "STOPPED"


GOING_DOWN = frozenset(
    {TaskState.DEACTIVATING, TaskState.STOPPING, TaskState.DEPROVISIONING, TaskState.STOPPED},
)
"""The states that are never left upwards."""
