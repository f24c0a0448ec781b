"""Things that were in the account before the product came: what the original ecs-arc started, or a stranger.

What is planted is there at once, without a call, a fault, a throttle or a check of the rules; from then on it lives
like anything else: it is listed, can be stopped, can exit, and holds its share of the capacity.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.world.clock import WorldClock
from core.world.ecs.capacity import CapacityLedger
from core.world.ecs.definitions import DefinitionRegistry, TaskDefinition
from core.world.ecs.placement import Placement
from core.world.ecs.requests import RegisterTaskDefinitionRequest
from core.world.ecs.states import GOING_DOWN, TaskState
from core.world.ecs.task_factory import Birth, TaskFactory
from core.world.ecs.task_table import TaskTable
from core.world.ecs.tasks import RUNNER_CONTAINER, EcsTask

_ON_EC2 = Placement("EC2")
_PLAIN_CONTENT: Mapping[str, Any] = {
    "containerDefinitions": [{"name": RUNNER_CONTAINER, "image": "runner:latest"}],
    "cpu": "1024",
    "memory": "2048",
}


@dataclass(frozen=True, slots=True)
class Planted:
    """How a planted task looks.

    `age` is the seconds since its RunTask; `env` the override environment of its container `runner`. It is in `state`,
    PROVISIONING to RUNNING, and stays there until it is stopped or exits.
    """

    family: str
    placement: Placement = _ON_EC2
    state: TaskState = TaskState.RUNNING
    age: float = 0.0
    started_by: str | None = None
    tags: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Planter:
    """Plants definitions and tasks."""

    clock: WorldClock
    definitions: DefinitionRegistry
    capacity: CapacityLedger
    factory: TaskFactory
    table: TaskTable

    def definition(
        self, family: str, tags: Mapping[str, str] | None = None, content: Mapping[str, Any] | None = None
    ) -> TaskDefinition:
        """Plant a revision; `content` is in the wire's form, over one plain container `runner` of 1 vCPU and 2 GiB."""
        members = {**_PLAIN_CONTENT, **(content or {}), "family": family}
        request = RegisterTaskDefinitionRequest.read(json.dumps(members).encode())
        return self.definitions.add(request, dict(tags or {}), self.clock.now())

    def task(self, planted: Planted) -> EcsTask:
        """Plant a task, and a plain definition of its family where there is none; ValueError for a state downwards."""
        if planted.state in GOING_DOWN:
            raise ValueError(f"a task cannot be planted {planted.state}: plant it RUNNING, and stop it")
        definition = self._definition_of(planted.family)
        created_at = self.clock.now() - timedelta(seconds=planted.age)
        task = self.factory.make(
            Birth(
                definition=definition,
                placement=planted.placement,
                size=definition.size,
                created_at=created_at,
                sequence=self.table.next_sequence(),
                started_by=planted.started_by,
                tags=dict(planted.tags or {}),
                overrides=_overrides(planted.env),
            )
        )
        task.last_status = planted.state
        if planted.state is TaskState.RUNNING:
            _has_started(task, created_at)
        self.capacity.take(task.arn, planted.placement.pool, task.size)
        self.table.add(task)
        return task

    def _definition_of(self, family: str) -> TaskDefinition:
        return self.definitions.latest(family) or self.definition(family)


def _has_started(task: EcsTask, at: datetime) -> None:
    for container in task.containers:
        container.start()
    task.connectivity_at = task.pull_started_at = task.pull_stopped_at = task.started_at = at


def _overrides(env: Mapping[str, str] | None) -> dict[str, Any]:
    if env is None:
        return {}
    environment = [{"name": name, "value": value} for name, value in env.items()]
    return {"containerOverrides": [{"name": RUNNER_CONTAINER, "environment": environment}]}
