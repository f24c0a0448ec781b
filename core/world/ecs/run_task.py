"""RunTask: from a request to accepted tasks and failures.

The order of the steps is ECS's: who may ask, was it asked before, is it well asked, may it be asked so often, is there
room. Only the last one is answered with HTTP 200; a run of several tasks may be accepted in part. A refused run leaves
nothing behind, and its client token stays free. Source: ecs-api.md section A1.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.world.ecs import tags
from core.world.ecs.answers import Answer, remembered_answer, task_answer
from core.world.ecs.definitions import DefinitionRegistry
from core.world.ecs.idempotency import ClientTokens, Outcome
from core.world.ecs.launcher import Launcher
from core.world.ecs.names import Names
from core.world.ecs.placement import Placer
from core.world.ecs.requests import RunTaskRequest
from core.world.ecs.run_task_rules import Run, check_run
from core.world.ecs.throttle import Throttle

if TYPE_CHECKING:
    from core.world.ecs.tasks import EcsTask


@dataclass(frozen=True, slots=True)
class RunTask:
    """The operation, with the parts of the service that it asks in turn."""

    names: Names
    definitions: DefinitionRegistry
    placer: Placer
    throttle: Throttle
    tokens: ClientTokens
    launcher: Launcher

    def perform(self, request: RunTaskRequest) -> Answer:
        """Accept what fits and answer with tasks and failures; raises EcsError when ECS would refuse the call."""
        self.names.require_cluster(request.cluster)
        if (outcome := self.tokens.recall(request)) is not None:
            return self._repeated(outcome)
        accepted: list[EcsTask] = []
        failures: list[Answer] = []
        for run in self._checked(request):
            if (reason := self.launcher.refusal(run)) is None:
                accepted.append(self.launcher.launch(run))
            else:
                failures.append(self._failure(run, reason))
        self.tokens.remember(request, accepted, failures)
        return {"tasks": [task_answer(self.names, task, with_tags=True) for task in accepted], "failures": failures}

    def _checked(self, request: RunTaskRequest) -> list[Run]:
        definition = self.definitions.runnable(request.task_definition)
        runs = [Run(request, definition, placement) for placement in self.placer.place(request)]
        for run in runs:
            check_run(run)
        tags.from_wire(request.tags)
        self.throttle.admit_launches([run.placement for run in runs])
        return runs

    def _failure(self, run: Run, reason: str) -> Answer:
        if run.placement.is_fargate:
            return {"reason": reason}
        return {"arn": self.names.container_instance(run.placement.pool), "reason": reason}

    def _repeated(self, outcome: Outcome) -> Answer:
        shown = [
            remembered_answer(task) if task.is_stopped else task_answer(self.names, task, with_tags=True)
            for task in outcome.tasks
        ]
        return {"tasks": shown, "failures": list(outcome.failures)}
