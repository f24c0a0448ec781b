"""Task definitions on the wire and back.

Going out, a definition carries tags that say whose it is and what it says (its hash). Coming back, one without a hash,
as those of the original are, is read into the same value and hashed here, so that an unchanged family is not registered
anew (behaviour.md 3.3, rows 24 and 35). What ECS fills in by itself (``cpu: 0``, empty lists) counts as not said. A
definition that says anything ours never say has no hash, and so is the same as none of ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.adapters.aws import tags
from core.domain.task_definition import (
    RUNNER_CONTAINER,
    ContainerDefinition,
    Dependency,
    HealthCheck,
    LogStream,
    Mount,
    TaskDefinition,
    content_hash,
)
from core.domain.text import plain
from core.ports import RegisteredDefinition

_Wire = Mapping[str, Any]

_LOG_DRIVER = "awslogs"
_GROUP, _REGION, _PREFIX = "awslogs-group", "awslogs-region", "awslogs-stream-prefix"

#: What ECS adds to a registered definition: where, when and by whom, not what.
_ADDED = frozenset(
    {
        "compatibilities",
        "deregisteredAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
    }
)


def registration_request(definition: TaskDefinition, controller: str) -> dict[str, Any]:
    """Write a definition as RegisterTaskDefinition takes it, with its tags."""
    marks = {tags.MANAGED: "true", tags.CONTROLLER: controller, tags.CONTENT_HASH: content_hash(definition)}
    return {**_definition_to_wire(definition), "tags": tags.to_wire(marks)}


def registered_as_ours(answer: _Wire, definition: TaskDefinition, controller: str) -> RegisteredDefinition:
    """Read the answer of RegisterTaskDefinition; the marks are those that were sent."""
    return RegisteredDefinition(
        _reference(answer), managed=True, controller=controller, content_hash=content_hash(definition)
    )


def registered_from(answer: _Wire) -> RegisteredDefinition:
    """Read the answer of DescribeTaskDefinition, its tags included."""
    marks = tags.from_wire(answer.get("tags"))
    return RegisteredDefinition(
        _reference(answer),
        managed=marks.get(tags.MANAGED) == "true",
        controller=marks.get(tags.CONTROLLER),
        content_hash=marks.get(tags.CONTENT_HASH) or _hash_of(answer["taskDefinition"]),
    )


def runner_log(answer: _Wire) -> LogStream | None:
    """Where the container ``runner`` of a described definition logs to; None where that is not CloudWatch."""
    for container in answer["taskDefinition"].get("containerDefinitions", ()):
        log = container.get("logConfiguration", {})
        if container.get("name") == RUNNER_CONTAINER and log.get("logDriver") == _LOG_DRIVER:
            return _log_from_wire(log)
    return None


def _reference(answer: _Wire) -> str:
    return plain(answer["taskDefinition"].get("taskDefinitionArn", "")).rpartition("/")[2]


def _hash_of(raw: _Wire) -> str | None:
    """The hash of what a registered definition says; None unless it is all that we would say in its place."""
    definition = _definition_from_wire(raw)
    content = {key: value for key, value in raw.items() if key not in _ADDED}
    return content_hash(definition) if _canonical(content) == _canonical(_definition_to_wire(definition)) else None


def _canonical(value: Any) -> Any:
    """Without what says nothing, and structures that stand in a list in one order; command words keep theirs."""
    if isinstance(value, Mapping):
        return {key: canonical for key, inner in value.items() if (canonical := _canonical(inner))}
    if isinstance(value, list):
        return sorted((_canonical(inner) for inner in value), key=_sort_key)
    return value


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else ""


# --- out -----------------------------------------------------------------------------------------------------------


def _definition_to_wire(definition: TaskDefinition) -> dict[str, Any]:
    platform = {"operatingSystemFamily": definition.os, "cpuArchitecture": definition.architecture}
    return _said(
        {
            "family": definition.family,
            "cpu": definition.cpu,
            "memory": definition.memory,
            "networkMode": definition.network_mode,
            "requiresCompatibilities": [definition.compatibility],
            "executionRoleArn": definition.execution_role,
            "taskRoleArn": definition.task_role,
            "runtimePlatform": _said(platform),
            "volumes": [{"name": name} for name in definition.volumes],
            "containerDefinitions": [_container_to_wire(container) for container in definition.containers],
        }
    )


def _container_to_wire(container: ContainerDefinition) -> dict[str, Any]:
    optional = {
        "command": list(container.command),
        "privileged": container.privileged,
        "user": container.user,
        "environment": [{"name": name, "value": value} for name, value in container.environment],
        "mountPoints": [{"sourceVolume": mount.volume, "containerPath": mount.path} for mount in container.mounts],
        "dependsOn": [
            {"containerName": other.container, "condition": other.condition} for other in container.depends_on
        ],
        "healthCheck": _health_check_to_wire(container.health_check),
        "logConfiguration": _log_to_wire(container.log),
    }
    return {"name": container.name, "image": container.image, "essential": container.essential, **_said(optional)}


def _health_check_to_wire(check: HealthCheck | None) -> dict[str, Any]:
    if check is None:
        return {}
    return {
        "command": list(check.command),
        "interval": check.interval,
        "timeout": check.timeout,
        "retries": check.retries,
        "startPeriod": check.start_period,
    }


def _log_to_wire(log: LogStream | None) -> dict[str, Any]:
    if log is None:
        return {}
    return {"logDriver": _LOG_DRIVER, "options": {_GROUP: log.group, _REGION: log.region, _PREFIX: log.prefix}}


def _said(members: _Wire) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value}


# --- back ----------------------------------------------------------------------------------------------------------


def _definition_from_wire(raw: _Wire) -> TaskDefinition:
    platform = raw.get("runtimePlatform", {})
    return TaskDefinition(
        family=raw.get("family", ""),
        cpu=raw.get("cpu", ""),
        memory=raw.get("memory", ""),
        network_mode=raw.get("networkMode", ""),
        compatibility=next(iter(raw.get("requiresCompatibilities", ())), ""),
        execution_role=raw.get("executionRoleArn", ""),
        task_role=raw.get("taskRoleArn", ""),
        os=platform.get("operatingSystemFamily", ""),
        architecture=platform.get("cpuArchitecture", ""),
        containers=tuple(_container_from_wire(container) for container in raw.get("containerDefinitions", ())),
        volumes=tuple(volume.get("name", "") for volume in raw.get("volumes", ())),
    )


def _container_from_wire(raw: _Wire) -> ContainerDefinition:
    return ContainerDefinition(
        name=raw.get("name", ""),
        image=raw.get("image", ""),
        command=tuple(raw.get("command", ())),
        log=_log_from_wire(raw.get("logConfiguration", {})),
        essential=raw.get("essential", True),
        privileged=raw.get("privileged", False),
        user=raw.get("user", ""),
        environment=tuple((pair.get("name", ""), pair.get("value", "")) for pair in raw.get("environment", ())),
        mounts=tuple(
            Mount(mount.get("sourceVolume", ""), mount.get("containerPath", "")) for mount in raw.get("mountPoints", ())
        ),
        health_check=_health_check_from_wire(raw.get("healthCheck", {})),
        depends_on=tuple(
            Dependency(other.get("containerName", ""), other.get("condition", "")) for other in raw.get("dependsOn", ())
        ),
    )


def _health_check_from_wire(raw: _Wire) -> HealthCheck | None:
    if not raw:
        return None
    return HealthCheck(
        command=tuple(raw.get("command", ())),
        interval=raw.get("interval", 0),
        timeout=raw.get("timeout", 0),
        retries=raw.get("retries", 0),
        start_period=raw.get("startPeriod", 0),
    )


def _log_from_wire(raw: _Wire) -> LogStream | None:
    if not raw:
        return None
    options = raw.get("options", {})
    return LogStream(options.get(_GROUP, ""), options.get(_REGION, ""), options.get(_PREFIX, ""))
