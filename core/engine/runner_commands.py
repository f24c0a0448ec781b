"""What operators may do with one runner: stop it, deregister it, hold it and let go of it again.

Each is checked against the present. A busy runner is stopped only when the command names its job; who may have a job
goes the long way, off GitHub first (behaviour.md row 28). A hold keeps the rules and the drain away, never a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.commands import DeregisterRunner, HoldRunner, Outcome, ReleaseRunner, StopTask
from core.domain.errors import ForeignOwner, JobStillRunning
from core.domain.runner import Phase
from core.domain.scale_set import scale_set_of
from core.domain.task import TaskStatus
from core.domain.text import plain
from core.engine.deregistrar import Removal
from core.engine.refusal import Refused, check_ours
from core.engine.stops import Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.runner import Runner
    from core.engine.deregistrar import Deregistrar
    from core.engine.drainer import Drainer
    from core.engine.fleet import Fleet
    from core.engine.holds import Holds
    from core.engine.stops import Stops
    from core.engine.target import Target

RunnerCommand = StopTask | DeregisterRunner | HoldRunner | ReleaseRunner


class RunnerCommands:
    """Carries them out."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        targets: Mapping[str, Target],
        stops: Stops,
        deregistrar: Deregistrar,
        drainer: Drainer,
        holds: Holds,
    ) -> None:
        self._fleet = fleet
        self._targets = targets
        self._stops = stops
        self._deregistrar = deregistrar
        self._drainer = drainer
        self._holds = holds

    async def carry_out(self, command: RunnerCommand, who: str) -> tuple[Outcome, str]:
        """What came of it. Raises Refused, and the clients' errors."""
        match command:
            case StopTask():
                return await self._stop(command, who)
            case DeregisterRunner():
                return await self._deregister(command, who)
            case HoldRunner():
                return self._hold(command, who)
            case ReleaseRunner():
                return self._release(command, who)

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
        """Take a runner off GitHub that a job may have reached since we looked (behaviour.md row 28).

        A hold ends with it: whoever stops a runner wants it to go.
        """
        try:
            done = await self._drainer.drain(runner, reason, who)
        except JobStillRunning as busy:
            raise Refused(f"GitHub says that {runner.name} runs a job; it is left alone") from busy
        except ForeignOwner as foreign:
            raise Refused(str(foreign)) from foreign
        self._fleet.hold(runner.name, None)
        return done

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

    # --- hold ------------------------------------------------------------------------------------------------------

    def _hold(self, command: HoldRunner, who: str) -> tuple[Outcome, str]:
        runner = self._fleet.get(command.runner)
        if runner is None:
            return self._absent(command.runner, Outcome.REFUSED)
        check_ours(self._targets, runner.scale_set)
        if runner.phase is Phase.STOPPING:
            raise Refused(f"{runner.name} is being stopped already")
        if runner.phase is Phase.DRAINING:
            raise Refused(f"{runner.name} was removed on GitHub, and leaves by itself; nothing can hold it")
        return Outcome.DONE, self._holds.hold(runner, who, command.seconds)

    def _release(self, command: ReleaseRunner, who: str) -> tuple[Outcome, str]:
        runner = self._fleet.get(command.runner)
        if runner is None:
            return self._absent(command.runner)
        check_ours(self._targets, runner.scale_set)
        if runner.hold is None:
            return Outcome.ALREADY, f"{runner.name} is not held"
        return Outcome.DONE, self._holds.release(runner, who)

    # --- what they share -------------------------------------------------------------------------------------------

    def _absent(self, name: str, outcome: Outcome = Outcome.ALREADY) -> tuple[Outcome, str]:
        """What is said of one that is not here; ``outcome`` is that of one that has ended."""
        if any(runner.name == name for runner in self._fleet.ended()):
            return outcome, f"{name} has ended already"
        raise Refused(f"there is no runner {plain(name, 100)}")


def job_to_confirm(runner: Runner) -> str:
    """What ``confirm_job`` must hold to stop a busy runner: its job's id, else its own name when none is known."""
    return runner.job.id if runner.job and runner.job.id else runner.name


def _may_have_job(runner: Runner) -> bool:
    """Whether a job could reach it between our look and the StopTask."""
    running = runner.task is not None and runner.task.status is TaskStatus.RUNNING
    return runner.phase is Phase.IDLE or (runner.phase is Phase.LAUNCHING and running)


def _job(runner: Runner) -> str:
    if runner.job is None:
        return "a job"
    return " · ".join(part for part in (runner.job.repository, runner.job.name or runner.job.id) if part) or "a job"
