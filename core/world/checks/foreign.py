"""I5: nothing is changed that is not ours.

A test plants what belongs to somebody else and says so here. From then on no writing call may name it, whether or not
the call succeeds, and in the end it must look as it did. What happens to it by itself, a foreign task that exits, is
nobody's fault.
"""

from collections.abc import Iterator

from core.world.ecs import EcsTask, TaskDefinition
from core.world.exchanges import Exchange
from core.world.github import RunnerRecord, ScaleSetRecord
from core.world.world import World

_WRITES_TO_SCALE_SETS = frozenset(
    {
        "update_scale_set",
        "delete_scale_set",
        "generate_jit_config",
        "create_session",
        "refresh_session",
        "delete_session",
        "acquire_jobs",
        "delete_message",
    }
)
_NAMED_IN_ECS = {
    "StopTask": "task",
    "TagResource": "resourceArn",
    "UntagResource": "resourceArn",
    "DeregisterTaskDefinition": "taskDefinition",
    "RunTask": "taskDefinition",
    "RegisterTaskDefinition": "family",
}
"""Which member of a writing request names what it changes."""

Look = tuple[object, ...]


class ForeignThings:
    """What is not ours, and how it looked when it was planted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: dict[str, tuple[EcsTask, Look]] = {}
        self._definitions: dict[str, tuple[TaskDefinition, Look]] = {}
        self._scale_sets: dict[int, Look] = {}
        self._runners: dict[int, str] = {}
        self._touched: list[str] = []

    def task(self, task: EcsTask) -> EcsTask:
        """Say that a task is foreign."""
        self._tasks[task.id] = task, _look_of_task(task)
        return task

    def definition(self, definition: TaskDefinition) -> TaskDefinition:
        """Say that a revision, and with it its family, is foreign."""
        self._definitions[definition.family] = definition, _look_of_definition(definition)
        return definition

    def scale_set(self, scale_set: ScaleSetRecord) -> ScaleSetRecord:
        """Say that a scale set is foreign."""
        self._scale_sets[scale_set.id] = _look_of_scale_set(scale_set)
        return scale_set

    def runner(self, runner: RunnerRecord) -> RunnerRecord:
        """Say that a registration is foreign, and must be there in the end."""
        self._runners[runner.id] = runner.name
        return runner

    @property
    def runner_ids(self) -> frozenset[int]:
        """The registrations that are foreign."""
        return frozenset(self._runners)

    def violations(self) -> list[str]:
        """Return who was named by a writing call, and what looks different."""
        return [*self._touched, *self._changed()]

    def arrived(self, exchange: Exchange) -> None:
        """Judge whether a call would write to something foreign."""
        for name in self._named(exchange):
            self._touched.append(f"I5 {exchange.operation} names {name}, which is foreign")

    def answered(self, exchange: Exchange) -> None:
        """Nothing remains to be judged."""

    def _named(self, exchange: Exchange) -> Iterator[str]:
        if exchange.part == "ecs":
            yield from self._named_in_ecs(exchange)
        elif exchange.operation in _WRITES_TO_SCALE_SETS and exchange.scale_set_id in self._scale_sets:
            yield f"scale set {exchange.scale_set_id}"
        elif exchange.operation in ("remove_runner", "delete_runner") and exchange.runner_id in self._runners:
            yield f"runner {self._runners[exchange.runner_id]}"

    def _named_in_ecs(self, exchange: Exchange) -> Iterator[str]:
        references = [exchange.request.get(_NAMED_IN_ECS.get(exchange.operation, ""), "")]
        if exchange.operation == "DeleteTaskDefinitions":
            references = exchange.request.get("taskDefinitions", [])
        for reference in map(str, references):
            name = reference.rpartition("/")[2]
            if name in self._tasks:
                yield f"task {name}"
            if name.partition(":")[0] in self._definitions:
                yield f"task definition {name}"

    def _changed(self) -> Iterator[str]:
        for task, look in self._tasks.values():
            if _look_of_task(task) != look:
                yield f"I5 foreign task {task.id} was changed"
        for definition, look in self._definitions.values():
            if _look_of_definition(definition) != look:
                yield f"I5 foreign task definition {definition.arn.rpartition('/')[2]} was changed"
        for scale_set_id, look in self._scale_sets.items():
            scale_set = self._world.github.scale_sets.get(scale_set_id)
            if scale_set is None or _look_of_scale_set(scale_set) != look:
                yield f"I5 foreign scale set {scale_set_id} was {'removed' if scale_set is None else 'changed'}"
        for runner_id, name in self._runners.items():
            if runner_id not in self._world.github.runners:
                yield f"I5 foreign runner {name} was removed"


def _look_of_task(task: EcsTask) -> Look:
    return (tuple(sorted(task.tags.items())), task.tags_dropped, task.stop_code == "UserInitiated")


def _look_of_definition(definition: TaskDefinition) -> Look:
    return (tuple(sorted(definition.tags.items())), definition.deregistered_at)


def _look_of_scale_set(scale_set: ScaleSetRecord) -> Look:
    return (scale_set.name, scale_set.group, scale_set.labels, scale_set.disable_update)
