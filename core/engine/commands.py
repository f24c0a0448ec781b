"""What operators may do, checked against the present state, each command id once, each in the journal.

A refusal is an answer with its reason, never an error. A command that would break an invariant is refused: a busy
runner is stopped only when the command names its job.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from core.api.commands import (
    AdoptScaleSet,
    Answer,
    DeregisterRunner,
    Outcome,
    PreviewSweep,
    RecreateScaleSet,
    SteerScaleSet,
    StopTask,
    SweepNow,
    TendConfiguration,
)
from core.api.model import Severity
from core.domain.errors import ArcdeckError, ForeignOwner, JobStillRunning
from core.domain.runner import Phase
from core.domain.scale_set import scale_set_of
from core.domain.task import TaskStatus
from core.domain.text import plain
from core.engine.command_words import in_words, scale_set_of_command
from core.engine.deregistrar import Removal
from core.engine.refusal import Refused, check_ours
from core.engine.stops import Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.api.commands import Command, Operator
    from core.domain.runner import Runner
    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.drainer import Drainer
    from core.engine.fleet import Fleet
    from core.engine.keeping import Keeping
    from core.engine.reaper import Reaper
    from core.engine.steering import Steering
    from core.engine.stops import Stops
    from core.engine.target import Target

#: Answers remembered, so that a command sent again acts once.
REMEMBERED = 1000


class Told(NamedTuple):
    """What came of a command."""

    outcome: Outcome
    text: str
    details: tuple[str, ...] = ()


class Commands:
    """The inbound side of the engine."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        targets: Mapping[str, Target],
        stops: Stops,
        reaper: Reaper,
        deregistrar: Deregistrar,
        drainer: Drainer,
        steering: Steering,
        keeping: Keeping,
        chronicle: Chronicle,
    ) -> None:
        self._fleet = fleet
        self._targets = targets
        self._stops = stops
        self._reaper = reaper
        self._deregistrar = deregistrar
        self._drainer = drainer
        self._steering = steering
        self._keeping = keeping
        self._chronicle = chronicle
        self._answers: OrderedDict[str, asyncio.Future[Answer]] = OrderedDict()

    async def execute(self, command: Command, operator: Operator) -> Answer:
        """Carry a command out; the same id again gets the first one's answer."""
        if (known := self._answers.get(command.id)) is not None:
            return await asyncio.shield(known)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[command.id] = answer
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        try:
            answer.set_result(await self._answer(command, operator))
        except BaseException:
            self._answers.pop(command.id, None)
            answer.cancel()
            raise
        return answer.result()

    async def _answer(self, command: Command, operator: Operator) -> Answer:
        who = operator_name(operator)
        try:
            told = await self._dispatch(command, who)
        except Refused as refusal:
            told = Told(Outcome.REFUSED, str(refusal))
        except ArcdeckError as error:
            told = Told(Outcome.FAILED, str(error))
        self._chronicle.note(
            "command",
            f"{in_words(command)}, asked for by {who}: {told.outcome}, {told.text}",
            severity=Severity.NOTICE if told.outcome in {Outcome.DONE, Outcome.ALREADY} else Severity.WARNING,
            scale_set=scale_set_of_command(command),
            runner=plain(command.runner, 100) if isinstance(command, StopTask | DeregisterRunner) else "",
            operator=who,
            keep={
                "command": command.model_dump(mode="json"),
                "outcome": told.outcome.value,
                "uid": operator.uid,
                "claimed": plain(operator.claimed, 200),
            },
        )
        return Answer(id=command.id, outcome=told.outcome, text=told.text, details=told.details)

    async def _dispatch(self, command: Command, who: str) -> Told:
        match command:
            case StopTask():
                return Told(*await self._stop(command, who))
            case SweepNow():
                return await self._sweep(command)
            case PreviewSweep():
                return await self._preview(command)
            case DeregisterRunner():
                return Told(*await self._deregister(command, who))
            case SteerScaleSet():
                return Told(*await self._steering.steer(command, who))
            case AdoptScaleSet() | RecreateScaleSet() | TendConfiguration():
                return Told(*await self._keeping.carry_out(command))

    # --- stop task -------------------------------------------------------------------------------------------------

    async def _stop(self, command: StopTask, who: str) -> tuple[Outcome, str]:
        runner = self._fleet.get(command.runner)
        if runner is None:
            return self._absent(command.runner)
        self._check_stop(runner, command)
        said = f": {plain(command.reason, 200)}" if command.reason else ""
        reason = f"arcdeck: stopped by {who}{said}"
        if _may_have_job(runner):
            done = await self._drain(runner, reason, who)
            return Outcome.DONE, f"{runner.name} {done}; its task is stopped after the quiet window, if it has not left"
        match await self._stops.stop(runner, reason, who):
            case Stopped.ASKED:
                return Outcome.DONE, f"{runner.name} is being stopped"
            case Stopped.ALREADY:
                return Outcome.ALREADY, f"{runner.name} has ended, or is being stopped already"
            case Stopped.CHANGED:
                if present := self._fleet.get(runner.name):
                    self._check_stop(present, command)
                raise Refused(f"{runner.name} has changed meanwhile, and was not stopped; look again")

    async def _drain(self, runner: Runner, reason: str, who: str) -> str:
        """Take a runner off GitHub that a job may have reached since we looked (behaviour.md row 28)."""
        try:
            return await self._drainer.drain(runner, reason, who)
        except JobStillRunning as busy:
            raise Refused(f"GitHub says that {runner.name} runs a job; it is left alone") from busy
        except ForeignOwner as foreign:
            raise Refused(str(foreign)) from foreign

    def _check_stop(self, runner: Runner, command: StopTask) -> None:
        check_ours(self._targets, runner.scale_set)
        if runner.phase is Phase.STOPPING:
            raise Refused(f"{runner.name} is being stopped already")
        if runner.phase is Phase.DRAINING:
            raise Refused(f"{runner.name} was removed on GitHub; it stops after the quiet window, if it has not left")
        if not runner.task_arn:
            raise Refused(f"{runner.name} has no task yet; it is still being started")
        if runner.phase is Phase.BUSY and command.confirm_job != job_to_confirm(runner):
            doing = "is assumed to run a job" if runner.assumed_busy else f"runs {_job(runner)}"
            raise Refused(f"{runner.name} {doing}; stopping it fails that job, so the command must name it")

    # --- sweep -----------------------------------------------------------------------------------------------------

    async def _sweep(self, command: SweepNow) -> Told:
        if command.scale_set is not None:
            check_ours(self._targets, command.scale_set)
        stopped = await self._reaper.sweep(command.scale_set)
        return Told(Outcome.DONE, f"{self._looked_at(command.scale_set)}: {stopped} stopped")

    async def _preview(self, command: PreviewSweep) -> Told:
        if command.scale_set is not None:
            check_ours(self._targets, command.scale_set)
        victims = await self._reaper.preview(command.scale_set)
        lines = tuple(f"{runner.name}: {reason}" for runner, reason in victims)
        return Told(Outcome.DONE, f"{self._looked_at(command.scale_set)}: {len(victims)} would be stopped", lines)

    def _looked_at(self, scale_set: str | None) -> str:
        where = scale_set or f"{len(self._targets)} scale sets"
        return f"{where}, {len(self._fleet.live(scale_set))} runners"

    # --- deregister ------------------------------------------------------------------------------------------------

    async def _deregister(self, command: DeregisterRunner, who: str) -> tuple[Outcome, str]:
        name = command.runner
        if self._fleet.is_deregistered(name):
            return Outcome.ALREADY, f"{plain(name, 100)} was deregistered already"
        runner = self._fleet.get(name)
        check_ours(self._targets, runner.scale_set if runner else scale_set_of(name) or "")
        if runner is None:
            return Outcome.DONE, f"{name} {await self._remove(name, who)}"
        if runner.phase is Phase.BUSY:
            raise Refused(f"{name} is busy; deregistering it would lose its job")
        if runner.phase is Phase.RESERVED:
            raise Refused(f"{name} is just being registered; look again in a moment")
        return Outcome.DONE, f"{name} {await self._drain(runner, f'arcdeck: deregistered by {who}', who)}"

    async def _remove(self, name: str, who: str) -> str:
        """Remove a registration that no runner of ours is behind, when it belongs to a scale set of ours."""
        try:
            return await self._deregistrar.remove(Removal(name, scale_set_of(name) or "", None, "asked for", who))
        except JobStillRunning as busy:
            raise Refused(f"GitHub says that {name} still runs a job; it is left alone") from busy
        except ForeignOwner as foreign:
            raise Refused(str(foreign)) from foreign

    # --- what they share -------------------------------------------------------------------------------------------

    def _absent(self, name: str) -> tuple[Outcome, str]:
        if any(runner.name == name for runner in self._fleet.ended()):
            return Outcome.ALREADY, f"{name} has ended already"
        raise Refused(f"there is no runner {plain(name, 100)}")


def job_to_confirm(runner: Runner) -> str:
    """What ``confirm_job`` must hold to stop a busy runner: its job's id, else its own name when none is known."""
    return runner.job.id if runner.job and runner.job.id else runner.name


def operator_name(operator: Operator) -> str:
    """An operator as the journal and ECS's stop reasons name them."""
    return plain(operator.name, 64) or f"uid {operator.uid}"


def _may_have_job(runner: Runner) -> bool:
    """Whether a job could reach it between our look and the StopTask."""
    running = runner.task is not None and runner.task.status is TaskStatus.RUNNING
    return runner.phase is Phase.IDLE or (runner.phase is Phase.LAUNCHING and running)


def _job(runner: Runner) -> str:
    if runner.job is None:
        return "a job"
    return " · ".join(part for part in (runner.job.repository, runner.job.name or runner.job.id) if part) or "a job"
