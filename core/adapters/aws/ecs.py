"""The port ``EcsClient`` on Amazon ECS (seed: ``ECSRunner``, ``ECSClient``).

Lists are complete or they fail: every page is read, every batch is described, and an answer without the member that
was asked for counts as no answer, never as an empty one (DESIGN.md section 3, "Absence is never proof").
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from core.adapters.aws import tags
from core.adapters.aws.calls import EcsCalls, OnCall
from core.adapters.aws.definitions import registered_as_ours, registered_from, registration_request
from core.adapters.aws.errors import cluster_unusable
from core.adapters.aws.projection import task_from
from core.adapters.aws.requests import run_task_request
from core.domain.errors import Gone, OutcomeUnknown, Unavailable
from core.domain.failures import RunTaskFailure, run_task_error
from core.domain.task import Described, Task
from core.domain.task_definition import TaskDefinition, refuse_privileged_on_fargate
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence

    from core.domain.run_task import RunTaskInput
    from core.ports import Clock, RegisteredDefinition

#: ARNs that ListTasks gives in a page and DescribeTasks takes at once (ecs-api.md A3).
BATCH = 100

#: DescribeTasks calls in flight: each answer is a third of a megabyte to be parsed (textual-performance.md, AWS calls).
_DESCRIBING = 4


class EcsRunner:
    """One cluster through one ECS client of botocore's kind; the client stays the caller's, who closes it.

    ``controller`` marks what is created. ``on_call`` is told of every call, for metrics.
    """

    def __init__(
        self, client: Any, *, cluster: str, controller: str, clock: Clock, on_call: OnCall | None = None
    ) -> None:
        self._cluster = cluster
        self._controller = controller
        self._call = EcsCalls(client, cluster=cluster, clock=clock, on_call=on_call)
        self._describing = asyncio.Semaphore(_DESCRIBING)

    # --- tasks -----------------------------------------------------------------------------------------------------

    async def run_task(self, start: RunTaskInput) -> Task:
        """Start one task; a repeat of the same start gives the same task (ecs-api.md A1, idempotency).

        An answer that holds a task is a success, whatever failures stand beside it. One that holds neither leaves
        the outcome open.
        """
        start = start if start.controller else replace(start, controller=self._controller)
        request = run_task_request(start, self._cluster)
        answer = await self._call("RunTask", request, secret=start.jit_config_encoded)
        if tasks := answer.get("tasks"):
            return _as_started(task_from(tasks[0]), start)
        request_id = answer.get("ResponseMetadata", {}).get("RequestId")
        if failures := answer.get("failures"):
            raise run_task_error([_failure(raw) for raw in failures], request_id=request_id)
        raise OutcomeUnknown("RunTask was answered with neither a task nor a failure", request_id=request_id)

    async def stop_task(self, task_arn: str, reason: str) -> None:
        """Ask for the task's end; one that has ended already is fine while ECS knows it."""
        await self._call("StopTask", {"cluster": self._cluster, "task": task_arn, "reason": reason})

    async def tag_task(self, task_arn: str, controller: str) -> None:
        """Mark a live task as a controller's."""
        await self._call(
            "TagResource", {"resourceArn": task_arn, "tags": [{"key": tags.CONTROLLER, "value": controller}]}
        )

    async def list_tasks(self, *, desired_stopped: bool = False) -> list[str]:
        """ARNs of every task of the cluster whose desired status is RUNNING (or STOPPED), each once.

        No other filter: tasks that the original started carry no mark of ours, and a family filter would have to be
        asked family by family (behaviour.md row 4).
        """
        status = "STOPPED" if desired_stopped else "RUNNING"
        pages = self._pages("ListTasks", "taskArns", cluster=self._cluster, desiredStatus=status)
        return list(dict.fromkeys([arn async for arn in pages]))

    async def _pages(self, operation: str, member: str, **request: object) -> AsyncIterator[str]:
        """Every ARN of a list, page by page; Unavailable when the list goes round in a circle."""
        tokens: set[str] = set()
        asked: dict[str, object] = {**request, "maxResults": BATCH}
        while True:
            page = await self._call(operation, asked)
            for arn in page[member]:
                yield arn
            token = page.get("nextToken")
            if not token:
                return
            if token in tokens:
                raise Unavailable(f"{operation} gave the same page again; the list is not complete")
            tokens.add(token)
            asked = {**asked, "nextToken": token}

    async def describe_tasks(self, arns: Sequence[str]) -> Described:
        """Describe any number of tasks. An ARN that ECS left out altogether is in neither part of the answer."""
        wanted = list(dict.fromkeys(arns))
        batches = [wanted[first : first + BATCH] for first in range(0, len(wanted), BATCH)]
        parts = await _together(self._describe(batch) for batch in batches)
        return Described(
            tasks=tuple(chain.from_iterable(part.tasks for part in parts)),
            missing=tuple(chain.from_iterable(part.missing for part in parts)),
        )

    async def _describe(self, arns: list[str]) -> Described:
        request = {"cluster": self._cluster, "tasks": arns, "include": ["TAGS"]}
        async with self._describing:
            answer = await self._call("DescribeTasks", request)
        tasks = tuple(task_from(raw) for raw in answer["tasks"])
        return Described(tasks, _missing(arns, answer.get("failures", ())))

    # --- cluster and definitions -----------------------------------------------------------------------------------

    async def check_cluster(self) -> None:
        """Return when the cluster exists and is ACTIVE; ConfigurationError, with how to mend it, when not."""
        answer = await self._call("DescribeClusters", {"clusters": [self._cluster]})
        clusters = answer["clusters"]
        if not clusters:
            raise cluster_unusable(self._cluster, self._call.region, "was not found")
        status = clusters[0].get("status")
        if status != "ACTIVE":
            raise cluster_unusable(self._cluster, self._call.region, f"is {status}, not ACTIVE,")

    async def registered_definition(self, family: str) -> RegisteredDefinition | None:
        """The latest ACTIVE revision of a family; None only when ECS says that there is none (behaviour.md row 25)."""
        try:
            answer = await self._call("DescribeTaskDefinition", {"taskDefinition": family, "include": ["TAGS"]})
        except Gone:
            return None
        return registered_from(answer) if answer["taskDefinition"].get("status") == "ACTIVE" else None

    async def withdraw_family(self, family: str) -> int:
        """Make every ACTIVE revision of a family INACTIVE, and return how many; its tasks run on."""
        listed = [arn async for arn in self._pages("ListTaskDefinitions", "taskDefinitionArns", familyPrefix=family)]
        theirs = [arn for arn in listed if _task_id(arn).partition(":")[0] == family]
        for arn in theirs:
            await self._call("DeregisterTaskDefinition", {"taskDefinition": arn})
        return len(theirs)

    async def register_definition(self, definition: TaskDefinition) -> RegisteredDefinition:
        """Register a new revision, marked as ours. ConfigurationError for what ECS would never run."""
        refuse_privileged_on_fargate(definition)
        answer = await self._call("RegisterTaskDefinition", registration_request(definition, self._controller))
        return registered_as_ours(answer, definition, self._controller)


def _as_started(task: Task, start: RunTaskInput) -> Task:
    """The task with what we know of it: a repeat is answered by little more than the ARN once the task has stopped."""
    return replace(
        task,
        scale_set=task.scale_set or start.scale_set_name,
        runner_name=task.runner_name or start.runner_name,
        runner_id=task.runner_id or start.runner_id or None,
        controller=task.controller or start.controller or None,
        definition=task.definition or start.task_definition.rpartition("/")[2],
    )


def _failure(raw: Mapping[str, Any]) -> RunTaskFailure:
    reason, arn, detail = (plain(raw.get(key, "")) for key in ("reason", "arn", "detail"))
    return RunTaskFailure(reason, arn, detail)


def _missing(asked: Sequence[str], failures: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The ARNs, as they were asked for, that ECS called MISSING; it may answer with another form of the same id."""
    by_id = {_task_id(arn): arn for arn in asked}
    ids = (_task_id(raw.get("arn", "")) for raw in failures if raw.get("reason") == "MISSING")
    return tuple(by_id[task_id] for task_id in ids if task_id in by_id)


def _task_id(arn: str) -> str:
    return arn.rpartition("/")[2]


async def _together(calls: Iterable[Coroutine[Any, Any, Described]]) -> list[Described]:
    """Make the calls at once; the first failure cancels the others and is raised as it is, not as a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failed:
        first = failed.exceptions[0]
        raise first from first.__cause__
    return [task.result() for task in tasks]
