"""The one place where a task is stopped: with its reason in ECS, in the journal and on the screens (invariant I2)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from core.api.model import Severity
from core.domain.errors import ArcdeckError, TaskNotFound, Throttled
from core.domain.runner import Phase

if TYPE_CHECKING:
    from core.domain.runner import Runner
    from core.engine.chronicle import Chronicle
    from core.engine.fleet import Fleet
    from core.engine.pacing import Pacer
    from core.ports import EcsClient

#: Who stops by itself.
REAPER = "reaper"


class Stopped(Enum):
    """What came of asking for a stop."""

    ASKED = "asked"  #: ECS took it
    ALREADY = "already"  #: somebody asked before, or the task is gone
    CHANGED = "changed"  #: it took a job or moved on while we waited our turn: not stopped


class Stops:
    """Asks ECS to stop tasks, each once."""

    def __init__(self, ecs: EcsClient, fleet: Fleet, chronicle: Chronicle, pacer: Pacer) -> None:
        self._ecs = ecs
        self._fleet = fleet
        self._chronicle = chronicle
        self._pacer = pacer
        self._asking: set[str] = set()

    async def stop(self, runner: Runner, reason: str, by: str = REAPER) -> Stopped:
        """Ask for the end of a runner's task. Waiting its turn may take seconds, so it is looked at once more then.

        ``reason`` begins with ``ecs-arc:`` (a rule of the original's) or ``arcdeck:``. Raises the client's error, after
        saying so, when ECS did not take it.
        """
        if runner.task_arn in self._asking:
            return Stopped.ALREADY
        self._asking.add(runner.task_arn)
        try:
            await self._pacer.take()
            present = self._fleet.get(runner.name)
            if present is None or present.phase is Phase.STOPPING:
                return Stopped.ALREADY
            if not _as_judged(present, runner):
                return Stopped.CHANGED
            await self._ecs.stop_task(runner.task_arn, reason)
        except TaskNotFound:
            return Stopped.ALREADY
        except ArcdeckError as error:
            if isinstance(error, Throttled):
                self._pacer.throttled()
            story = f"{runner.name} could not be stopped ({reason}): {error}"
            self._tell("stop-failed", runner, story, by=by, reason=reason)
            raise
        finally:
            self._asking.discard(runner.task_arn)
        self._pacer.succeeded()
        self._fleet.stopping(runner.name, reason, by)
        self._tell("stop", runner, f"{runner.name} stopped: {reason}", by=by, reason=reason)
        return Stopped.ASKED

    def _tell(self, kind: str, runner: Runner, text: str, *, by: str, reason: str) -> None:
        self._chronicle.note(
            kind,
            text,
            severity=Severity.NOTICE if kind == "stop" else Severity.WARNING,
            scale_set=runner.scale_set,
            runner=runner.name,
            task_arn=runner.task_arn,
            operator="" if by == REAPER else by,
            keep={"reason": reason, "by": by, "job": runner.job.id if runner.job else None},
        )


def _as_judged(present: Runner, judged: Runner) -> bool:
    """Whether what the verdict rested on still holds: its phase, its hold, and what ECS said of its task."""
    same_task = (present.task and present.task.status) == (judged.task and judged.task.status)
    return present.phase is judged.phase and present.hold is judged.hold and same_task
