"""ECS and GitHub for a controller that only observes: everything is read, and nothing can be changed.

The services of such a controller have no lease, and therefore do nothing; this is the bar behind that. A call that
would change something, or claim a session, is refused here and never leaves the process.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Never

from core.domain.errors import ObservingOnly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.domain.messages import Registration, RunnerRef, ScaleSetRef
    from core.domain.run_task import RunTaskInput
    from core.domain.task import Described
    from core.domain.task_definition import TaskDefinition
    from core.engine.ground import EnginePorts
    from core.ports import EcsClient, RegisteredDefinition, ScaleSetClient


def hands_off(ports: EnginePorts) -> EnginePorts:
    """The same ports, without what changes anything outside."""
    return replace(ports, ecs=ObservedEcs(ports.ecs), client=ObservedScaleSets(ports.client))


def _refuse(what: str) -> Never:
    raise ObservingOnly(f"this controller only observes: it does not {what}")


class ObservedEcs:
    """Implements ``core.ports.EcsClient``."""

    def __init__(self, ecs: EcsClient) -> None:
        self.list_tasks = ecs.list_tasks
        self._ecs = ecs

    async def describe_tasks(self, arns: Sequence[str]) -> Described:
        """As ECS answers."""
        return await self._ecs.describe_tasks(arns)

    async def check_cluster(self) -> None:
        """As ECS answers."""
        await self._ecs.check_cluster()

    async def registered_definition(self, family: str) -> RegisteredDefinition | None:
        """As ECS answers."""
        return await self._ecs.registered_definition(family)

    async def run_task(self, start: RunTaskInput) -> Never:
        """Refused."""
        _refuse(f"start {start.runner_name}")

    async def stop_task(self, task_arn: str, reason: str) -> Never:  # noqa: ARG002 - the port's
        """Refused."""
        _refuse(f"stop {task_arn}")

    async def tag_task(self, task_arn: str, controller: str) -> Never:  # noqa: ARG002 - the port's
        """Refused."""
        _refuse(f"mark {task_arn}")

    async def withdraw_family(self, family: str) -> Never:
        """Refused."""
        _refuse(f"withdraw {family}")

    async def register_definition(self, definition: TaskDefinition) -> Never:
        """Refused."""
        _refuse(f"register {definition.family}")


class ObservedScaleSets:
    """Implements ``core.ports.ScaleSetClient``."""

    def __init__(self, client: ScaleSetClient) -> None:
        self._client = client

    async def runner_group_id(self, name: str) -> int:
        """As GitHub answers."""
        return await self._client.runner_group_id(name)

    async def get_scale_set(self, name: str, group_id: int) -> ScaleSetRef | None:
        """As GitHub answers."""
        return await self._client.get_scale_set(name, group_id)

    async def list_scale_sets(self, group_id: int) -> list[ScaleSetRef]:
        """As GitHub answers."""
        return await self._client.list_scale_sets(group_id)

    async def get_runner_by_name(self, name: str) -> RunnerRef | None:
        """As GitHub answers."""
        return await self._client.get_runner_by_name(name)

    async def list_runners(self) -> list[Registration]:
        """As GitHub answers."""
        return await self._client.list_runners()

    async def create_scale_set(self, name: str, labels: Sequence[str], group_id: int) -> Never:  # noqa: ARG002 - the port's
        """Refused."""
        _refuse(f"create scale set {name}")

    async def update_scale_set(
        self,
        scale_set_id: int,  # noqa: ARG002 - the port's
        name: str,
        labels: Sequence[str],  # noqa: ARG002 - the port's
        group_id: int | None = None,  # noqa: ARG002 - the port's
    ) -> Never:
        """Refused."""
        _refuse(f"change scale set {name}")

    async def delete_scale_set(self, scale_set_id: int) -> Never:
        """Refused."""
        _refuse(f"delete scale set {scale_set_id}")

    async def generate_jit_config(self, scale_set_id: int, runner_name: str) -> Never:  # noqa: ARG002 - the port's
        """Refused."""
        _refuse(f"register {runner_name}")

    async def remove_runner(self, runner_id: int) -> Never:
        """Refused."""
        _refuse(f"deregister runner {runner_id}")

    async def open_session(self, scale_set_id: int, owner: str) -> Never:  # noqa: ARG002 - the port's
        """Refused: only one may listen, and that is somebody else."""
        _refuse(f"listen to scale set {scale_set_id}")
