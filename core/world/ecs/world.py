"""The ECS of the embedded world, put together: one cluster, spoken to over HTTP, steered from tests and the demo.

Clients see `app`. Whoever plays the world sees the rest: what runs, what was asked, and the levers that make things go
wrong. The world belongs to one event loop; `close` (also run by the application's own shutdown) drops its timers.
"""

import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from core.world.clock import WorldClock
from core.world.ecs.calls import Call, CallLog
from core.world.ecs.capacity import Capacity, CapacityLedger
from core.world.ecs.cluster_operations import ClusterOperations
from core.world.ecs.definition_operations import DefinitionOperations
from core.world.ecs.definitions import DefinitionRegistry, TaskDefinition
from core.world.ecs.endpoint import Endpoint, Fallback
from core.world.ecs.idempotency import ClientTokens
from core.world.ecs.launcher import Launcher
from core.world.ecs.lifecycle import Lifecycle, Observers
from core.world.ecs.mishaps import Mishap, MishapPlan, Odds
from core.world.ecs.names import Names
from core.world.ecs.operations import Operation, Operations
from core.world.ecs.pace import Pace
from core.world.ecs.placement import Placer
from core.world.ecs.planting import Planted, Planter
from core.world.ecs.requests import RunTaskRequest
from core.world.ecs.run_task import RunTask
from core.world.ecs.states import TaskState
from core.world.ecs.task_factory import TaskFactory
from core.world.ecs.task_operations import TaskOperations
from core.world.ecs.task_table import TaskTable, Visibility
from core.world.ecs.tasks import RUNNER_CONTAINER, EcsTask
from core.world.ecs.throttle import Throttle
from core.world.faults import FaultPlan
from core.world.iam import Iam

SCALE_SET_TAG = "ecs-arc:scale-set"
"""The tag by which a task tells its scale set."""

TaskObserver = Callable[[EcsTask], None]


class EcsWorld:
    """One cluster of ECS.

    - `pace`, `odds`: how long things take, and how often a start goes wrong by itself.
    - `capacity`: the room there is; without limit by default.
    - `visibility`: how soon and how long clients see tasks.
    - `throttling`: whether the documented rates are enforced.
    - `fallback`: answers what is not for ECS; None answers 501. `iam`: who calls, and what they may do.

    Levers that may be pulled at any time: `faults`, `throttle.lifted`, `capacity` (a `CapacityLedger`),
    `lifecycle.pace`, `mishaps.odds`, `table.visibility`. All chance comes from `rng`.

    `on_running` is called once when all containers of a task have started; `on_stop_signal` when a running task gets
    its stop signal (StopTask, Spot, a lost host), not when it exits by itself. Both may call back at once.
    """

    def __init__(
        self,
        clock: WorldClock,
        rng: random.Random,
        *,
        faults: FaultPlan,
        cluster: str = "arcdeck-demo",
        region: str = "eu-west-1",
        account: str = "123456789012",
        pace: Pace | None = None,
        capacity: Capacity | None = None,
        visibility: Visibility | None = None,
        odds: Sequence[Odds] = (),
        throttling: bool = True,
        fallback: Fallback | None = None,
        iam: Iam | None = None,
    ) -> None:
        self.on_running: TaskObserver | None = None
        self.on_stop_signal: TaskObserver | None = None
        self.names = Names(cluster, region, account)
        self.faults = faults
        self.throttle = Throttle(clock, lifted=not throttling)
        self.capacity = CapacityLedger(clock, capacity or Capacity())
        self.mishaps = MishapPlan(rng, odds)
        self.table = TaskTable(clock, self.names, visibility or Visibility())
        observers = Observers(running=self._runs, stop_signal=self._is_signalled, stopped=self._has_stopped)
        self.lifecycle = Lifecycle(clock, rng, pace or Pace(), observers)
        self._registry = DefinitionRegistry(self.names)
        self._factory = TaskFactory(self.names, rng)
        self._planter = Planter(clock, self._registry, self.capacity, self._factory, self.table)
        self._log = CallLog()
        endpoint = Endpoint(
            clock,
            self._operations(clock, rng),
            throttle=self.throttle,
            faults=faults,
            log=self._log,
            fallback=fallback,
            iam=iam or Iam(account),
        )
        self.app = web.Application()
        self.app.router.add_route("*", "/{path:.*}", endpoint.handle)
        self.app.on_cleanup.append(self._clean_up)

    @property
    def calls(self) -> Counter[str]:
        """How often each operation was called, refused and failed calls included."""
        return self._log.counts

    @property
    def log(self) -> deque[Call]:
        """The last calls, oldest first, without secrets."""
        return self._log.calls

    @property
    def tasks(self) -> Mapping[str, EcsTask]:
        """Every task that ECS remembers, by ARN, in the order of their start; clients may not see all of them."""
        return self.table.tasks

    @property
    def definitions(self) -> Mapping[str, TaskDefinition]:
        """Every revision of every family, by ARN."""
        return {definition.arn: definition for definition in self._registry}

    def running(self, scale_set: str | None = None) -> list[EcsTask]:
        """Return the RUNNING tasks, all of them or those whose tag names `scale_set`."""
        return [
            task
            for task in self.tasks.values()
            if task.last_status is TaskState.RUNNING and scale_set in (None, task.tags.get(SCALE_SET_TAG))
        ]

    def exit(
        self, task_arn: str, exit_code: int, container: str = RUNNER_CONTAINER, *, reason: str | None = None
    ) -> None:
        """Let a container end by itself; nothing happens when it is not running any more.

        `reason` is what ECS shows on the container, `OUT_OF_MEMORY` for one; None for an ordinary end. Raises
        KeyError for a task that ECS does not know, or that does not have that container.
        """
        self.lifecycle.exit(self._known(task_arn), exit_code, container=container, reason=reason)

    def next_start(self, mishap: Mishap, *, times: int = 1, family: str | None = None) -> None:
        """Let the next `times` tasks that are accepted (of `family`; None is any) suffer `mishap`."""
        self.mishaps.ask(mishap, times=times, family=family)

    def release(self, task_arn: str) -> None:
        """Let a stuck task go on; raises KeyError for an unknown one."""
        self.lifecycle.release(self._known(task_arn))

    def interrupt_spot(self, task_arn: str) -> None:
        """Take a Spot task away, as AWS does at two minutes' notice; raises KeyError for an unknown one."""
        self.lifecycle.interrupt_spot(self._known(task_arn))

    def lose_host(self, task_arn: str) -> None:
        """Let the host of a task die with it; raises KeyError for an unknown one."""
        self.lifecycle.lose_host(self._known(task_arn))

    def plant_definition(
        self, family: str, *, tags: Mapping[str, str] | None = None, content: Mapping[str, Any] | None = None
    ) -> TaskDefinition:
        """Register a revision behind the API's back; `content` is in the wire's form, over a plain default."""
        return self._planter.definition(family, tags, content)

    def plant_task(self, planted: Planted) -> EcsTask:
        """Put a task there behind the API's back; `on_running` is not called for it."""
        return self._planter.task(planted)

    def close(self) -> None:
        """Drop every timer."""
        self.lifecycle.close()

    def _operations(self, clock: WorldClock, rng: random.Random) -> Operations:
        settings = self.capacity.capacity
        launcher = Launcher(
            clock,
            self.names,
            capacity=self.capacity,
            mishaps=self.mishaps,
            factory=self._factory,
            table=self.table,
            lifecycle=self.lifecycle,
        )
        run_task = RunTask(
            names=self.names,
            definitions=self._registry,
            placer=Placer(rng, settings.providers, settings.default_provider),
            throttle=self.throttle,
            tokens=ClientTokens(clock),
            launcher=launcher,
        )
        return {
            "RunTask": Operation(RunTaskRequest, run_task.perform),
            **TaskOperations(self.names, self.table, self.lifecycle).operations(),
            **DefinitionOperations(clock, self._registry).operations(),
            **ClusterOperations(self.names, self.table, self._registry, self.capacity).operations(),
        }

    def _known(self, task_arn: str) -> EcsTask:
        task = self.table.find(task_arn)
        if task is None:
            raise KeyError(f"ECS does not know {task_arn}")
        return task

    def _runs(self, task: EcsTask) -> None:
        if self.on_running is not None:
            self.on_running(task)

    def _is_signalled(self, task: EcsTask) -> None:
        if self.on_stop_signal is not None:
            self.on_stop_signal(task)

    def _has_stopped(self, task: EcsTask) -> None:
        self.capacity.give_back(task.arn)

    async def _clean_up(self, _app: web.Application) -> None:
        self.close()
