"""Makes the record of a task that was accepted: its identity, its containers and its network interface.

Everything that AWS would invent (ids, addresses, zones) is drawn from the world's dice, so the same seed gives the same
ARNs.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.world.ecs.definitions import TaskDefinition
from core.world.ecs.mishaps import Mishap
from core.world.ecs.names import Names
from core.world.ecs.placement import Placement
from core.world.ecs.requests import ContainerDefinition
from core.world.ecs.sizes import Size
from core.world.ecs.states import TaskState
from core.world.ecs.tasks import DEFAULT_STOP_TIMEOUT, Container, EcsTask, NetworkInterface


@dataclass(frozen=True, slots=True)
class Birth:
    """What is known of a task when it is accepted; `subnets` is empty for one without a network interface."""

    definition: TaskDefinition
    placement: Placement
    size: Size
    created_at: datetime
    sequence: int
    started_by: str | None = None
    group: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict, repr=False)
    subnets: tuple[str, ...] = ()
    enable_execute_command: bool = False
    mishap: Mishap | None = None

    @property
    def provisions(self) -> bool:
        """Whether it needs work before an agent can have it (ecs-api.md section A1, "Response")."""
        return self.definition.is_awsvpc or self.placement.is_fargate or self.placement.capacity_provider is not None


class TaskFactory:
    """Makes tasks of the cluster that `names` belongs to."""

    def __init__(self, names: Names, rng: random.Random) -> None:
        self._names = names
        self._rng = rng

    def make(self, birth: Birth) -> EcsTask:
        """Return the task in its first state."""
        task_id = self._hex(32)
        return EcsTask(
            arn=self._names.task(task_id),
            sequence=birth.sequence,
            definition=birth.definition,
            placement=birth.placement,
            size=birth.size,
            containers=tuple(self._container(task_id, birth, one) for one in birth.definition.containers),
            created_at=birth.created_at,
            provisions=birth.provisions,
            last_status=TaskState.PROVISIONING if birth.provisions else TaskState.PENDING,
            group=birth.group or f"family:{birth.definition.family}",
            availability_zone=self._names.region + self._rng.choice("abc"),
            started_by=birth.started_by,
            tags=dict(birth.tags),
            overrides=birth.overrides,
            network_interface=self._interface(birth.subnets) if birth.subnets else None,
            enable_execute_command=birth.enable_execute_command,
            mishap=birth.mishap,
        )

    def _container(self, task_id: str, birth: Birth, content: ContainerDefinition) -> Container:
        return Container(
            arn=self._names.container(task_id, self._hex(32)),
            name=content.name,
            image=content.image,
            essential=content.essential,
            runs_before=birth.definition.waited_for(content.name),
            checked=content.health_check is not None,
            stop_timeout=DEFAULT_STOP_TIMEOUT if content.stop_timeout is None else float(content.stop_timeout),
            runtime_id=self._hex(64),
        )

    def _interface(self, subnets: tuple[str, ...]) -> NetworkInterface:
        return NetworkInterface(
            attachment_id=self._hex(32),
            interface_id=f"eni-{self._hex(17)}",
            subnet=self._rng.choice(subnets),
            address=f"10.0.{self._rng.randrange(256)}.{self._rng.randrange(4, 255)}",
        )

    def _hex(self, digits: int) -> str:
        return f"{self._rng.getrandbits(4 * digits):0{digits}x}"
