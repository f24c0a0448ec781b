"""An ECS cluster behind the port: tasks move when the test moves them, calls fail when the test says so."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from core.domain.errors import ArcdeckError, TaskNotFound
from core.domain.run_task import RunTaskInput
from core.domain.task import Described, Task, TaskStatus
from core.domain.task_definition import TaskDefinition, content_hash
from core.ports import RegisteredDefinition


class FakeEcs:
    """Implements ``core.ports.EcsClient``. Each call takes ``latency`` seconds of loop time."""

    def __init__(self, *, latency: float = 0.0) -> None:
        self.latency = latency
        self.tasks: dict[str, Task] = {}
        self.hidden: set[str] = set()  #: ARNs that neither list nor describe shows
        self.unlisted: set[str] = set()  #: ARNs that the list leaves out and describe shows
        self.undescribed: set[str] = set()  #: ARNs that are listed and answered MISSING
        self.definitions: dict[str, RegisteredDefinition] = {}
        self.registered: list[TaskDefinition] = []
        self.starts: list[RunTaskInput] = []
        self.stops: list[tuple[str, str]] = []
        self.calls: list[str] = []
        self.failures: dict[str, deque[ArcdeckError]] = {}
        self._tokens: dict[str, str] = {}

    # --- the test's side -------------------------------------------------------------------------------------------

    def fail(self, call: str, *errors: ArcdeckError) -> None:
        """Let the next calls of that name fail, one error each."""
        self.failures.setdefault(call, deque()).extend(errors)

    def plant(self, arn: str, status: TaskStatus = TaskStatus.RUNNING, **facts: object) -> Task:
        """Put a task there that nobody here started."""
        self.tasks[arn] = replace(Task(arn, status), **facts)  # type: ignore[arg-type]  # builders take any field
        return self.tasks[arn]

    def move(self, arn: str, status: TaskStatus, **facts: object) -> None:
        """Move a task on."""
        moved = replace(self.tasks[arn], status=status, **facts)  # type: ignore[arg-type]  # as above
        if status.ended or status.ending:
            moved = replace(moved, desired_stopped=True)
        self.tasks[arn] = moved

    def arn_of(self, runner: str) -> str:
        """The task of a runner."""
        return next(task.arn for task in self.tasks.values() if task.runner_name == runner)

    # --- the port --------------------------------------------------------------------------------------------------

    async def run_task(self, start: RunTaskInput) -> Task:
        await self._called("run_task")
        if start.client_token in self._tokens:
            return self.tasks[self._tokens[start.client_token]]
        self.starts.append(start)
        arn = f"arn:aws:ecs:eu-west-1:123456789012:task/fake/{len(self.tasks):032x}"
        self._tokens[start.client_token] = arn
        return self.plant(
            arn,
            TaskStatus.PENDING,
            scale_set=start.scale_set_name,
            runner_name=start.runner_name,
            runner_id=start.runner_id,
            controller=start.controller,
            launch=start.capacity_provider or start.launch_type.value,
            definition=start.task_definition,
            created_at=datetime(2030, 1, 1, tzinfo=UTC),
        )

    async def stop_task(self, task_arn: str, reason: str) -> None:
        await self._called("stop_task")
        if task_arn not in self.tasks:
            raise TaskNotFound(f"no task {task_arn}")
        self.stops.append((task_arn, reason))
        self.tasks[task_arn] = replace(
            self.tasks[task_arn], desired_stopped=True, stopped_reason=reason, stop_code="UserInitiated"
        )

    async def tag_task(self, task_arn: str, controller: str) -> None:
        await self._called("tag_task")
        if task_arn not in self.tasks:
            raise TaskNotFound(f"no task {task_arn}")
        self.tasks[task_arn] = replace(self.tasks[task_arn], controller=controller)

    async def list_tasks(self, *, desired_stopped: bool = False) -> list[str]:
        await self._called("list_tasks")
        return [
            task.arn
            for task in self.tasks.values()
            if task.desired_stopped is desired_stopped and task.arn not in self.hidden | self.unlisted
        ]

    async def describe_tasks(self, arns: Sequence[str]) -> Described:
        await self._called("describe_tasks")
        shown = [arn for arn in arns if arn in self.tasks and arn not in self.hidden | self.undescribed]
        missing = tuple(arn for arn in arns if arn not in set(shown))
        return Described(tuple(self.tasks[arn] for arn in shown), missing)

    async def check_cluster(self) -> None:
        await self._called("check_cluster")

    async def registered_definition(self, family: str) -> RegisteredDefinition | None:
        await self._called("registered_definition")
        return self.definitions.get(family)

    async def withdraw_family(self, family: str) -> int:
        await self._called("withdraw_family")
        return int(self.definitions.pop(family, None) is not None)

    async def register_definition(self, definition: TaskDefinition) -> RegisteredDefinition:
        await self._called("register_definition")
        self.registered.append(definition)
        before = self.definitions.get(definition.family)
        revision = int(before.reference.rpartition(":")[2]) + 1 if before else 1
        registered = RegisteredDefinition(
            f"{definition.family}:{revision}", managed=True, content_hash=content_hash(definition)
        )
        self.definitions[definition.family] = registered
        return registered

    async def _called(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(self.latency)
        if queue := self.failures.get(call):
            raise queue.popleft()
