"""Accepts a checked run: takes room for it, makes the task and sets it on its way, or says what is lacking."""

from core.world.clock import WorldClock
from core.world.ecs import tags
from core.world.ecs.capacity import CapacityLedger
from core.world.ecs.lifecycle import Lifecycle
from core.world.ecs.mishaps import MishapPlan
from core.world.ecs.names import Names
from core.world.ecs.run_task_rules import Run
from core.world.ecs.task_factory import Birth, TaskFactory
from core.world.ecs.task_table import TaskTable
from core.world.ecs.tasks import EcsTask


class Launcher:
    """Turns runs into tasks of one cluster."""

    def __init__(
        self,
        clock: WorldClock,
        names: Names,
        *,
        capacity: CapacityLedger,
        mishaps: MishapPlan,
        factory: TaskFactory,
        table: TaskTable,
        lifecycle: Lifecycle,
    ) -> None:
        self._clock = clock
        self._names = names
        self._capacity = capacity
        self._mishaps = mishaps
        self._factory = factory
        self._table = table
        self._lifecycle = lifecycle

    def refusal(self, run: Run) -> str | None:
        """Return why there is no room for a run now; None when there is, and `launch` may follow at once."""
        return self._capacity.refusal(run.placement, run.size)

    def launch(self, run: Run) -> EcsTask:
        """Take room, and return the new task in its first state."""
        request = run.request
        task = self._factory.make(
            Birth(
                definition=run.definition,
                placement=run.placement,
                size=run.size,
                created_at=self._clock.now(),
                sequence=self._table.next_sequence(),
                started_by=request.started_by,
                group=request.group,
                tags=self._tags(run),
                overrides=request.overrides.wire(),
                subnets=request.awsvpc.subnets if request.awsvpc else (),
                enable_execute_command=request.enable_execute_command,
                mishap=self._mishaps.draw(run.definition.family),
            )
        )
        self._capacity.take(task.arn, run.placement.pool, run.size)
        self._table.add(task)
        self._lifecycle.begin(task)
        return task

    def _tags(self, run: Run) -> dict[str, str]:
        """Return the tags of the definition where they are propagated, under those of the request, under ECS's own."""
        request = run.request
        propagated = run.definition.tags if request.propagate_tags == "TASK_DEFINITION" else {}
        managed = {"aws:ecs:clusterName": self._names.cluster} if request.enable_ecs_managed_tags else {}
        return {**propagated, **tags.from_wire(request.tags), **managed}
