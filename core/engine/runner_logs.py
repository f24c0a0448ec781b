"""What runners print, found by the runner's name; ended runners are known for as long as the fleet keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.errors import Gone
from core.ports import LogPage

if TYPE_CHECKING:
    from core.domain.runner import Runner
    from core.engine.fleet import Fleet
    from core.ports import TaskLogs


class RunnerLogs:
    """Reads the logs of runners that the fleet knows, and of no other tasks."""

    def __init__(self, fleet: Fleet, logs: TaskLogs) -> None:
        self._fleet = fleet
        self._logs = logs

    async def tail(self, name: str, after: str | None, limit: int) -> LogPage:
        """The newest lines of a runner, or those behind a token; none while ECS has not shown its task.

        Gone when the runner is not known; else as ``TaskLogs.tail``.
        """
        runner = self._runner(name)
        if runner is None:
            raise Gone(f"no runner {name} is known here, running or ended lately")
        return LogPage((), after or "") if runner.task is None else await self._logs.tail(runner.task, after, limit)

    def _runner(self, name: str) -> Runner | None:
        live = self._fleet.get(name)
        return live or next((runner for runner in reversed(self._fleet.ended()) if runner.name == name), None)
