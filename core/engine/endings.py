"""What follows when a task has ended: its record is kept, its registration on GitHub removed (behaviour.md 1.4).

And what can be learned from it: a task that died before it served counts on the breaker, or closes a class of placement
when ECS says that it found no room after all (ecs-api.md A1). The latter is learned as soon as ECS says so, while the
task is still on its way down: whoever decides next about starts knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import Severity
from core.domain.errors import CapacityKind, TransientCapacityError
from core.domain.failures import classify_reason
from core.domain.placement import request_of
from core.domain.runner import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.placement import PlacementRequest
    from core.domain.runner import Runner
    from core.domain.task import Task
    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.gates import Gates
    from core.engine.roster import Change
    from core.engine.target import Target
    from core.engine.times import Times

#: A task that ends this many seconds after it ran, without a job, has not served (DESIGN.md section 4, Starts).
DIED_WITHIN = 60.0
#: What the runner exits with when GitHub refuses its version (github-scale-set-api.md 4.8).
VERSION_REFUSED = 7
FAILED_TO_START = "TaskFailedToStart"
#: The task ended by itself; one that somebody or something took away says nothing about starts.
EXITED = "EssentialContainerExited"


class Endings:
    """Told of each end once."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        *,
        gates: Gates,
        deregistrar: Deregistrar,
        chronicle: Chronicle,
        times: Times,
    ) -> None:
        self._targets = targets
        self._gates = gates
        self._deregistrar = deregistrar
        self._chronicle = chronicle
        self._times = times

    def ended(self, runner: Runner) -> None:
        """A runner of ours ended while we watched."""
        self._chronicle.note(
            "task-ended",
            f"{runner.name} ended: {why_it_ended(runner)}",
            scale_set=runner.scale_set,
            runner=runner.name,
            task_arn=runner.task_arn,
            keep=_record(runner, self._times),
        )
        self._learn(runner)
        self._deregistrar.request(runner.name, runner.scale_set, runner.runner_id, "its task has stopped")

    def found_stopped(self, task: Task, scale_set: str) -> None:
        """A task of ours whose end was told by an earlier run; a name that cannot be known asks nothing of GitHub."""
        if task.runner_name:
            self._deregistrar.request(task.runner_name, scale_set, task.runner_id, "its task was found stopped")

    def changed(self, change: Change) -> None:
        """Learn from a step of a runner what it shows about starts."""
        before, after = change.before, change.after
        target = self._targets.get(after.scale_set)
        if target is None:
            return
        serves = after.phase in {Phase.IDLE, Phase.BUSY} and (before is None or before.phase is not after.phase)
        if serves and target.breaker.answered_by(after.accepted_at):
            self._gates.served(target)
        if after.task is not None and after.accepted_at is not None:
            if after.running_since is not None and (before is None or before.running_since is None):
                self._ran(target, after.task, after.accepted_at)
            elif _no_room(after) and not (before and _no_room(before)):
                self._found_no_room(target, after.task, after.accepted_at)

    def _learn(self, runner: Runner) -> None:
        target, task = self._targets.get(runner.scale_set), runner.task
        if target is None or task is None or runner.stop is not None or runner.job is not None or runner.adopted:
            return
        if _no_room(runner):
            return  # learned when ECS first said so
        died = task.stop_code == EXITED and task.exit_code != 0 and _lived(runner) < DIED_WITHIN
        if task.stop_code == FAILED_TO_START or died:
            self._gates.died(target, _death(task))

    def _ran(self, target: Target, task: Task, accepted_at: float) -> None:
        for place in self._gates.placements.ran(_request_of(target, task), accepted_at):
            story = f"there is room again in {place}"
            self._chronicle.note("capacity", story, severity=Severity.NOTICE, scale_set=target.name)

    def _found_no_room(self, target: Target, task: Task, accepted_at: float) -> None:
        reason = task.stopped_reason
        kind = classify_reason(reason).capacity_kind or CapacityKind.CAPACITY
        refusal = TransientCapacityError(reason, kind=kind, reasons=(reason,))
        place, state = self._gates.placements.refused(_request_of(target, task), accepted_at, refusal, late=True)
        wait = max(0.0, state.until - self._times.monotonic())
        story = f"{target.name}: no room: {reason}; {place} waits {wait:.0f} s after refusal {state.failures} in a row"
        self._chronicle.note("capacity", story, severity=Severity.WARNING, scale_set=target.name)


def _no_room(runner: Runner) -> bool:
    """Whether ECS has said that it found no room for the task after all."""
    task = runner.task
    return (
        task is not None
        and task.stop_code == FAILED_TO_START
        and classify_reason(task.stopped_reason).capacity_kind is not None
    )


def _request_of(target: Target, task: Task) -> PlacementRequest:
    """What its start asked of ECS, which may be another provider than starts use now."""
    return request_of(target.spec, task.launch)


def _lived(runner: Runner) -> float:
    """Seconds that an ended task ran: by ECS's clock, else as we saw it; 0 when it never did."""
    if runner.task is not None and runner.task.ran_for is not None:
        return runner.task.ran_for
    return 0.0 if runner.running_since is None else runner.since - runner.running_since


def why_it_ended(runner: Runner) -> str:
    """In words: our own note, else what ECS said."""
    if runner.note:
        return runner.note
    return "ECS no longer shows its task" if runner.task is None else _said(runner.task)


def _said(task: Task) -> str:
    parts = [task.stop_code, task.stopped_reason]
    parts += [f"{c.name}: {c.reason}" for c in task.containers if c.reason]
    if task.exit_code is not None:
        parts.append(f"exit code {task.exit_code}")
    return ", ".join(part for part in parts if part) or "STOPPED"


def _death(task: Task) -> str:
    refused = (
        ": GitHub refuses this version of the runner, update its image" if task.exit_code == VERSION_REFUSED else ""
    )
    return f"tasks die before they serve: {_said(task)}{refused}"


def _record(runner: Runner, times: Times) -> dict[str, object]:
    """What the journal keeps of an ended task."""
    task, job = runner.task, runner.job
    return {
        "stop_code": task.stop_code if task else "",
        "stopped_reason": task.stopped_reason if task else "",
        "exit_code": task.exit_code if task else None,
        "exit_codes": {c.name: c.exit_code for c in task.containers} if task else {},
        "served": job is not None,
        "job": {"id": job.id, "name": job.name, "repository": job.repository} if job else None,
        **(_times(task) if task else {}),
        "online_at": None if runner.online_since is None else times.utc(runner.online_since).isoformat(),
    }


def _times(task: Task) -> dict[str, str | None]:
    moments = {
        "created_at": task.created_at,
        "pull_started_at": task.pull_started_at,
        "pull_stopped_at": task.pull_stopped_at,
        "started_at": task.started_at,
        "stopping_at": task.stopping_at,
        "stopped_at": task.stopped_at,
    }
    return {name: moment.isoformat() if moment else None for name, moment in moments.items()}
