"""StopTask, ListTasks and DescribeTasks. Source: ecs-api.md section A3."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.world.ecs.answers import Answer, task_answer
from core.world.ecs.errors import invalid_parameter
from core.world.ecs.lifecycle import Lifecycle
from core.world.ecs.names import Names
from core.world.ecs.operations import Operation, Operations
from core.world.ecs.paging import Paging
from core.world.ecs.requests import DescribeTasksRequest, ListTasksRequest, StopTaskRequest
from core.world.ecs.task_table import TaskTable
from core.world.ecs.tasks import EcsTask

_MOST_DESCRIBED = 100


@dataclass(frozen=True, slots=True)
class TaskOperations:
    """The operations on tasks that exist."""

    names: Names
    table: TaskTable
    lifecycle: Lifecycle

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {
            "StopTask": Operation(StopTaskRequest, self.stop),
            "ListTasks": Operation(ListTasksRequest, self.list),
            "DescribeTasks": Operation(DescribeTasksRequest, self.describe),
        }

    def stop(self, request: StopTaskRequest) -> Answer:
        """Set the desired status to STOPPED; a task on its way down, or down, is answered unchanged."""
        self.names.require_cluster(request.cluster)
        task = self.table.find(request.task)
        if task is None:
            raise invalid_parameter("The referenced task was not found.")
        self.lifecycle.stop(task, code="UserInitiated", reason=request.reason)
        task.tags_dropped = task.tags_dropped or self.table.visibility.tags_dropped_on_stop
        return {"task": task_answer(self.names, task, with_tags=True)}

    def list(self, request: ListTasksRequest) -> Answer:
        """List the ARNs of a page of tasks, by the status that is desired for them."""
        self.names.require_cluster(request.cluster)
        _check_filters(request)
        filters = request.model_dump_json(exclude={"next_token", "max_results"})
        paging: Paging[EcsTask] = Paging(place=lambda task: (task.sequence,), scope=filters)
        limit = min(request.max_results, self.table.visibility.longest_page)
        page = paging.cut(self._matching(request), limit, request.next_token)
        return page.answer("taskArns", lambda task: task.arn)

    def describe(self, request: DescribeTasksRequest) -> Answer:
        """Describe up to 100 tasks; what is not seen under its name is MISSING, and not an error."""
        self.names.require_cluster(request.cluster)
        if not request.tasks:
            raise invalid_parameter("Tasks cannot be empty.")
        if len(request.tasks) > _MOST_DESCRIBED:
            raise invalid_parameter(f"taskIds can have at most {_MOST_DESCRIBED} items.")
        found = {self.names.task(reference): self.table.described(reference) for reference in request.tasks}
        with_tags = "TAGS" in request.include
        return {
            "tasks": [task_answer(self.names, task, with_tags=with_tags) for task in found.values() if task],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn, task in found.items() if task is None],
        }

    def _matching(self, request: ListTasksRequest) -> Iterable[EcsTask]:
        return (task for task in self.table.listed() if self._matches(task, request))

    def _matches(self, task: EcsTask, request: ListTasksRequest) -> bool:
        return (
            task.desired_status.value == request.desired_status
            and request.family in (None, task.family)
            and request.started_by in (None, task.started_by)
            and request.launch_type in (None, task.placement.launch_type)
            and (request.container_instance is None or self._is_on(request.container_instance, task))
            and request.service_name is None  # no task here belongs to a service
        )

    def _is_on(self, instance: str, task: EcsTask) -> bool:
        arn = self.names.container_instance(task.placement.pool)
        return not task.placement.is_fargate and instance in (arn, arn.rsplit("/", 1)[-1])


def _check_filters(request: ListTasksRequest) -> None:
    """Refuse the filters that exclude each other, in the service's words (aws/aws-sdk-go-v2#1893)."""
    others = (request.family, request.service_name, request.launch_type, request.container_instance)
    if request.started_by is not None and any(other is not None for other in others):
        raise invalid_parameter("cannot specify startedBy with other arguments")
    if request.family is not None and request.service_name is not None:
        raise invalid_parameter("cannot specify both family and serviceName")
