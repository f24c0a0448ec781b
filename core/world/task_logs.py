"""What runner processes print, in CloudWatch Logs, where the awslogs driver of a real task would put it.

The group and the stream's prefix are those of the task definition's container `runner`, the stream is
`prefix/container/task id` (ecs-api.md section A8); without such a log configuration nothing is written. Lines are
written one after another in the background: a reader sees them a moment later, never out of order. What comes while
`BACKLOG` lines wait is lost. Where moto is not installed there are no logs, and nothing else is missing.
"""

import asyncio
import contextlib
from collections.abc import Mapping

from core.world.clock import WorldClock
from core.world.ecs import EcsTask
from core.world.ecs.tasks import RUNNER_CONTAINER
from core.world.neighbours import Neighbours

BACKLOG = 1_000
"""How many lines may wait to be written."""

_TARGET = "Logs_20140328"


class TaskLogs:
    """A transcript of all runners, kept by the neighbour that is CloudWatch Logs."""

    def __init__(self, clock: WorldClock, region: str, neighbours: Neighbours) -> None:
        self._clock = clock
        self._region = region
        self._neighbours = neighbours
        self._lines: asyncio.Queue[tuple[str, str, dict[str, object]]] = asyncio.Queue(BACKLOG)
        self._streams: set[tuple[str, str]] = set()

    def write(self, task: EcsTask, line: str) -> None:
        """Take a line that the runner of a task has printed just now."""
        options = _log_options(task)
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if group and prefix:
            event: dict[str, object] = {"timestamp": int(self._clock.time() * 1000), "message": line}
            with contextlib.suppress(asyncio.QueueFull):
                self._lines.put_nowait((group, f"{prefix}/{RUNNER_CONTAINER}/{task.id}", event))

    @property
    def waiting(self) -> int:
        """How many lines are not written yet."""
        return self._lines.qsize()

    async def run(self) -> None:
        """Write lines until cancelled, or until it turns out that there is nowhere to write to."""
        with contextlib.suppress(ModuleNotFoundError):
            while True:
                await self.put_next()

    async def put_next(self) -> None:
        """Write the oldest line that was taken, waiting for one; raises ModuleNotFoundError without moto."""
        group, stream, event = await self._lines.get()
        place = {"logGroupName": group, "logStreamName": stream}
        if (group, stream) not in self._streams:
            await self._call("CreateLogGroup", {"logGroupName": group})  # refused from the second time on
            await self._call("CreateLogStream", place)
            self._streams.add((group, stream))
        await self._call("PutLogEvents", {**place, "logEvents": [event]})

    async def _call(self, operation: str, request: Mapping[str, object]) -> None:
        await self._neighbours.call(self._region, "logs", f"{_TARGET}.{operation}", request)


def _log_options(task: EcsTask) -> Mapping[str, str]:
    """Return the options of the log driver of the container `runner`; empty where it has none."""
    for container in task.definition.content.wire()["containerDefinitions"]:
        if container["name"] == RUNNER_CONTAINER:
            options: Mapping[str, str] = container.get("logConfiguration", {}).get("options", {})
            return options
    return {}
