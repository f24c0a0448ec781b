"""What is asked of ECS: the parameters of RunTask from a start, word for word as behaviour.md 1.2 wants them.

The same start gives the same request, to the byte: that is what makes repeating it under its client token safe
(ecs-api.md A1, idempotency).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from core.adapters.aws import tags
from core.adapters.aws.projection import RUNNER_NAME_VARIABLE
from core.domain.errors import ConfigurationError
from core.domain.task_definition import RUNNER_CONTAINER

if TYPE_CHECKING:
    from core.domain.run_task import RunTaskInput

JIT_CONFIG_VARIABLE = "ACTIONS_RUNNER_INPUT_JITCONFIG"

#: Characters ECS takes for the overrides of a task, the JSON syntax included (ecs-api.md A1).
MOST_OVERRIDES = 8192


def run_task_request(start: RunTaskInput, cluster: str) -> dict[str, Any]:
    """Write the one task to start as RunTask takes it.

    Raises ConfigurationError when the overrides are longer than ECS takes.
    """
    return {
        "cluster": cluster,
        "taskDefinition": start.task_definition,
        "count": 1,
        "clientToken": start.client_token,
        "startedBy": start.started_by,
        "overrides": _overrides(start),
        "tags": tags.to_wire(_tags(start)),
        "enableECSManagedTags": True,
        "propagateTags": "TASK_DEFINITION",
        **_network(start),
        **_placement(start),
    }


def _overrides(start: RunTaskInput) -> dict[str, Any]:
    variables = {JIT_CONFIG_VARIABLE: start.jit_config_encoded.reveal(), RUNNER_NAME_VARIABLE: start.runner_name}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    overrides = {"containerOverrides": [{"name": RUNNER_CONTAINER, "environment": environment}]}
    length = len(json.dumps(overrides))
    if length > MOST_OVERRIDES:
        raise ConfigurationError(
            f"runner {start.runner_name} cannot start: its JIT config makes container overrides of {length} "
            f"characters, and ECS takes {MOST_OVERRIDES} at most"
        )
    return overrides


def _tags(start: RunTaskInput) -> dict[str, str]:
    return {
        tags.SCALE_SET: start.scale_set_name,
        tags.RUNNER_NAME: start.runner_name,
        tags.CONTROLLER: start.controller,
        tags.RUNNER_ID: str(start.runner_id) if start.runner_id else "",
    }


def _network(start: RunTaskInput) -> dict[str, Any]:
    """The awsvpc configuration, which ECS demands in that mode and refuses in every other."""
    if not start.subnets:
        return {}
    configuration = {
        "subnets": list(start.subnets),
        "securityGroups": list(start.security_groups),
        "assignPublicIp": "DISABLED",
    }
    return {"networkConfiguration": {"awsvpcConfiguration": configuration}}


def _placement(start: RunTaskInput) -> dict[str, Any]:
    """A capacity provider or the launch type: ECS takes one of the two. A weight of 0 would place nothing."""
    if start.capacity_provider:
        return {"capacityProviderStrategy": [{"capacityProvider": start.capacity_provider, "weight": 1}]}
    return {"launchType": start.launch_type.value}
