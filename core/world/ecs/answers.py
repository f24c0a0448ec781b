"""Tasks in the form in which ECS shows them.

A member whose time has not come, or that does not apply, is absent rather than null. Timestamps are epoch seconds with
fractions. Overrides are shown in clear, exactly as they were sent: that is what ECS does (ecs-api.md section A1), and
why the product must drop them on arrival.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from core.world.ecs import tags
from core.world.ecs.names import Names
from core.world.ecs.states import TaskState
from core.world.ecs.tasks import Container, EcsTask, NetworkInterface

Answer = dict[str, Any]

_ATTACHMENT_STATES = {
    TaskState.PROVISIONING: "ATTACHING",
    TaskState.DEPROVISIONING: "DETACHING",
    TaskState.STOPPED: "DELETED",
}


def task_answer(names: Names, task: EcsTask, *, with_tags: bool) -> Answer:
    """Return a task as RunTask, StopTask and DescribeTasks show it."""
    shown_tags = {} if task.tags_dropped or not with_tags else task.tags
    return _present(
        {
            "taskArn": task.arn,
            "clusterArn": names.cluster_arn,
            "taskDefinitionArn": task.definition.arn,
            "group": task.group,
            "startedBy": task.started_by,
            "lastStatus": task.last_status.value,
            "desiredStatus": task.desired_status.value,
            "cpu": str(task.size.cpu),
            "memory": str(task.size.memory),
            "availabilityZone": task.availability_zone,
            "containers": [_container(task, container) for container in task.containers],
            "attachments": _attachments(task),
            "attributes": [],
            "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **task.overrides},
            "tags": tags.to_wire(shown_tags),
            "enableExecuteCommand": task.enable_execute_command,
            "healthStatus": _health(task.containers, task),
            "version": task.version,
            "stopCode": task.stop_code,
            "stoppedReason": task.stopped_reason,
        }
        | _placement(names, task)
        | _moments(task)
    )


def remembered_answer(task: EcsTask) -> Answer:
    """Return what a repeated RunTask shows of a task that has stopped meanwhile."""
    return {
        "taskArn": task.arn,
        "lastStatus": task.last_status.value,
        "desiredStatus": task.desired_status.value,
    }


def _placement(names: Names, task: EcsTask) -> Answer:
    placement = task.placement
    on_fargate: Answer = {"platformVersion": "1.4.0", "platformFamily": "Linux"}
    on_instance: Answer = {"containerInstanceArn": names.container_instance(placement.pool)}
    return {
        "launchType": placement.launch_type,
        "capacityProviderName": placement.capacity_provider,
        **(on_fargate if placement.is_fargate else on_instance),
    }


def _moments(task: EcsTask) -> Answer:
    return {
        "createdAt": _epoch(task.created_at),
        "connectivity": None if task.connectivity_at is None else "CONNECTED",
        "connectivityAt": _epoch(task.connectivity_at),
        "pullStartedAt": _epoch(task.pull_started_at),
        "pullStoppedAt": _epoch(task.pull_stopped_at),
        "startedAt": _epoch(task.started_at),
        "stoppingAt": _epoch(task.stopping_at),
        "executionStoppedAt": _epoch(task.execution_stopped_at),
        "stoppedAt": _epoch(task.stopped_at),
    }


def _container(task: EcsTask, container: Container) -> Answer:
    interface = task.network_interface
    return _present(
        {
            "containerArn": container.arn,
            "taskArn": task.arn,
            "name": container.name,
            "image": container.image,
            "runtimeId": None if task.pull_stopped_at is None else container.runtime_id,
            "lastStatus": container.state.value,
            "exitCode": container.exit_code,
            "reason": container.reason,
            "networkBindings": [],
            "networkInterfaces": [] if interface is None else [_address(interface)],
            "healthStatus": _health([container], task),
            "cpu": "0",
        }
    )


def _health(containers: Iterable[Container], task: EcsTask) -> str:
    checked = [container for container in containers if container.checked]
    healthy = bool(checked) and all(container.is_running for container in checked)
    return "HEALTHY" if healthy and not task.is_stopped else "UNKNOWN"


def _address(interface: NetworkInterface) -> Answer:
    return {"attachmentId": interface.attachment_id, "privateIpv4Address": interface.address}


def _attachments(task: EcsTask) -> list[Answer]:
    interface = task.network_interface
    if interface is None:
        return []
    details = {
        "subnetId": interface.subnet,
        "networkInterfaceId": interface.interface_id,
        "privateIPv4Address": interface.address,
    }
    return [
        {
            "id": interface.attachment_id,
            "type": "ElasticNetworkInterface",
            "status": _ATTACHMENT_STATES.get(task.last_status, "ATTACHED"),
            "details": [{"name": name, "value": value} for name, value in details.items()],
        }
    ]


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _present(members: Answer) -> Answer:
    return {name: value for name, value in members.items() if value is not None}
