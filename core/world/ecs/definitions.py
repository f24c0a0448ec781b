"""Task definitions: families of numbered revisions that are never changed, only retired.

Revision numbers only grow, even when every earlier revision is retired (ecs-api.md section A4).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.world.ecs.errors import EcsError, client_exception, invalid_parameter
from core.world.ecs.names import Names
from core.world.ecs.requests import ContainerDefinition, RegisterTaskDefinitionRequest
from core.world.ecs.sizes import Size, cpu_units, memory_mib

_REFERENCE = re.compile(r"^(?:arn:[^/]*task-definition/)?(?P<family>[A-Za-z0-9_-]{1,255})(?::(?P<revision>\d+))?$")

_CONTAINER_DEFAULTS: Mapping[str, Any] = {
    "cpu": 0,
    "portMappings": [],
    "essential": True,
    "environment": [],
    "mountPoints": [],
    "volumesFrom": [],
    "systemControls": [],
}


@dataclass(slots=True, eq=False)
class TaskDefinition:
    """One revision. Its content never changes; whether it is ACTIVE, and its tags, may."""

    arn: str
    revision: int
    content: RegisterTaskDefinitionRequest
    registered_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    deregistered_at: datetime | None = None

    @property
    def family(self) -> str:
        """The family it belongs to."""
        return self.content.family

    @property
    def is_active(self) -> bool:
        """Whether it may still be run."""
        return self.deregistered_at is None

    @property
    def is_awsvpc(self) -> bool:
        """Whether its tasks get a network interface of their own."""
        return self.content.network_mode == "awsvpc"

    @property
    def compatibilities(self) -> list[str]:
        """The launch types it can run on: EC2 always, EXTERNAL outside awsvpc, others where it asks for them."""
        offered = ["EC2", *([] if self.is_awsvpc else ["EXTERNAL"]), *self.content.requires_compatibilities]
        return list(dict.fromkeys(offered))

    @property
    def containers(self) -> tuple[ContainerDefinition, ...]:
        """Its containers, in the order of registration."""
        return self.content.container_definitions

    @property
    def size(self) -> Size:
        """What a task of it takes: its own size, or that of its containers together."""
        cpu, memory = cpu_units(self.content.cpu or ""), memory_mib(self.content.memory or "")
        return Size(
            sum(one.cpu for one in self.containers) if cpu is None else cpu,
            sum(one.memory or one.memory_reservation or 0 for one in self.containers) if memory is None else memory,
        )

    def waited_for(self, name: str) -> bool:
        """Whether another container starts only after the container called `name` has ended."""
        return any(
            dependency.container_name == name and dependency.condition in ("COMPLETE", "SUCCESS")
            for container in self.containers
            for dependency in container.depends_on
        )

    def wire(self) -> dict[str, Any]:
        """Return it as ECS shows it: the content with ECS's own defaults filled in, tags not included."""
        content = self.content.wire()
        content.pop("tags", None)
        answer = content | {
            "taskDefinitionArn": self.arn,
            "revision": self.revision,
            "status": "ACTIVE" if self.is_active else "INACTIVE",
            "containerDefinitions": [{**_CONTAINER_DEFAULTS, **one} for one in content["containerDefinitions"]],
            "volumes": [one if len(one) > 1 else {**one, "host": {}} for one in content.get("volumes", ())],
            "placementConstraints": content.get("placementConstraints", []),
            "compatibilities": self.compatibilities,
            "registeredAt": self.registered_at.timestamp(),
        }
        if self.deregistered_at is not None:
            answer["deregisteredAt"] = self.deregistered_at.timestamp()
        return answer


class DefinitionRegistry:
    """Every revision of every family of one account and Region."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._families: dict[str, list[TaskDefinition]] = {}

    def __iter__(self) -> Iterator[TaskDefinition]:
        for revisions in self._families.values():
            yield from revisions

    def add(
        self, content: RegisterTaskDefinitionRequest, tags: dict[str, str], registered_at: datetime
    ) -> TaskDefinition:
        """Register the next revision of the content's family."""
        revisions = self._families.setdefault(content.family, [])
        number = len(revisions) + 1
        definition = TaskDefinition(
            self._names.definition(content.family, number), number, content, registered_at, tags
        )
        revisions.append(definition)
        return definition

    def families(self) -> Mapping[str, bool]:
        """Return every family, and whether it has an ACTIVE revision."""
        return {name: any(one.is_active for one in revisions) for name, revisions in self._families.items()}

    def latest(self, family: str) -> TaskDefinition | None:
        """Return the latest ACTIVE revision of a family; None when it has none."""
        return next((one for one in reversed(self._families.get(family, [])) if one.is_active), None)

    def described(self, reference: str) -> TaskDefinition:
        """Return what DescribeTaskDefinition shows: a family alone is its latest ACTIVE revision.

        Raises EcsError when there is none.
        """
        definition = self._find(reference)
        if definition is None:
            raise client_exception("Unable to describe task definition.")
        return definition

    def runnable(self, reference: str) -> TaskDefinition:
        """Return the revision that a run of `reference` would use; raises EcsError for an unknown or INACTIVE one."""
        definition = self._find(reference)
        if definition is None:
            raise client_exception("TaskDefinition not found.")
        if not definition.is_active:
            raise invalid_parameter("TaskDefinition is inactive")
        return definition

    def retire(self, reference: str, at: datetime) -> TaskDefinition:
        """Make one revision INACTIVE, once; raises EcsError for an unknown one, or a family without a revision."""
        match = _REFERENCE.match(reference)
        if match is not None and match["revision"] is None:
            raise invalid_parameter("Revision is missing from the task definition identifier.")
        definition = self.described(reference)
        definition.deregistered_at = definition.deregistered_at or at
        return definition

    def by_arn(self, arn: str) -> TaskDefinition | None:
        """Return the revision of exactly this ARN."""
        definition = self._find(arn)
        return definition if definition is not None and definition.arn == arn else None

    def _find(self, reference: str) -> TaskDefinition | None:
        match = _REFERENCE.match(reference)
        if match is None:
            raise _malformed(reference)
        if match["revision"] is None:
            return self.latest(match["family"])
        revisions = self._families.get(match["family"], [])
        number = int(match["revision"])
        return revisions[number - 1] if 0 < number <= len(revisions) else None


def _malformed(reference: str) -> EcsError:
    return client_exception(f"Invalid task definition identifier: {reference}")
