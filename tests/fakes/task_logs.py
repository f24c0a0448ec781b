"""Task logs behind the port: each task has the lines that a test writes; a token is how many were read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.ports import LogLine, LogPage

if TYPE_CHECKING:
    from core.domain.errors import ArcdeckError
    from core.domain.task import Task

AT = datetime(2030, 1, 1, tzinfo=UTC)


class FakeTaskLogs:
    """Implements ``core.ports.TaskLogs``."""

    def __init__(self) -> None:
        self.written: dict[str, list[str]] = {}  #: lines by ARN
        self.problem: ArcdeckError | None = None  #: what reading raises

    async def tail(self, task: Task, after: str | None, limit: int) -> LogPage:
        if self.problem is not None:
            raise self.problem
        lines = self.written.get(task.arn, [])
        first = max(0, len(lines) - limit) if after is None else int(after)
        last = min(len(lines), first + limit)
        return LogPage(tuple(LogLine(AT, text) for text in lines[first:last]), str(last) if lines else "")
