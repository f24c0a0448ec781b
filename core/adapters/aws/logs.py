"""What the runner of a task has printed, from CloudWatch Logs.

Where it is, the task's own definition tells: group and prefix of the container's awslogs driver; the stream is
``prefix/container/task id``, and is there only once the container has written (ecs-api.md A8). A definition never
changes, so each is asked for once. Lines are outside text: terminal colours are taken off, the rest is made safe.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.adapters.aws.calls import ask
from core.adapters.aws.definitions import runner_log
from core.adapters.aws.errors import Call, Subject, UnreadableAnswerError, translate
from core.domain.errors import ConfigurationError, Gone
from core.domain.task_definition import RUNNER_CONTAINER
from core.domain.text import plain
from core.ports import LogLine, LogPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.task import Task
    from core.domain.task_definition import LogStream

#: Pages of one answer: they may be short or empty though there is more (ecs-api.md A8, GetLogEvents).
MOST_PAGES = 5
#: Characters of a line that are kept; CloudWatch takes 256 KB.
LONGEST_LINE = 2_000
#: Definitions that are remembered.
_REMEMBERED = 500
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class CloudWatchTaskLogs:
    """The port ``TaskLogs``, by way of clients of ``logs`` and ``ecs`` that stay the caller's, who closes them."""

    def __init__(self, logs: Any, ecs: Any) -> None:
        self._logs = logs
        self._ecs = ecs
        self._region = str(logs.meta.region_name)
        self._known: dict[str, LogStream] = {}

    async def tail(self, task: Task, after: str | None, limit: int) -> LogPage:
        """The newest lines, or those after a token. What has not been written to yet has no lines.

        ConfigurationError when the task's log is not in CloudWatch or in another region; PermissionDenied; Gone when
        ECS does not know the task's definition any more; Throttled and Unavailable while nobody can answer.
        """
        log = await self._log_of(task.definition)
        stream = f"{log.prefix}/{RUNNER_CONTAINER}/{task.arn.rpartition('/')[2]}"
        reading = _Reading(self._logs, self._call(log), {"logGroupName": log.group, "logStreamName": stream})
        try:
            return await (reading.newest(limit) if after is None else reading.after(after, limit))
        except Gone:
            return LogPage((), after or "")

    def _call(self, log: LogStream) -> Call:
        subject = Subject(
            what=f"log group {log.group!r}",
            setting="RUNNER_LOG_GROUP",
            permissions=f"logs:GetLogEvents on log group {log.group!r}",
        )
        return Call("GetLogEvents", region=self._region, subject=subject)

    async def _log_of(self, definition: str) -> LogStream:
        if definition not in self._known:
            call = Call("DescribeTaskDefinition", region=self._region)
            log = runner_log(await ask(self._ecs, call, {"taskDefinition": definition}))
            if log is None:
                raise ConfigurationError(f"task definition {definition} does not send its log to CloudWatch")
            if log.region != self._region:
                raise ConfigurationError(f"the log of {definition} is in region {log.region}, not in {self._region}")
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[definition] = log
        return self._known[definition]


class _Reading:
    """One answer from one stream, page by page."""

    def __init__(self, client: Any, call: Call, stream: Mapping[str, str]) -> None:
        self._client = client
        self._call = call
        self._stream = stream

    async def newest(self, limit: int) -> LogPage:
        """The last page that holds anything; the token is where the stream ends now."""
        page = await self._page(limit=limit, startFromHead=False)
        end, back = page["nextForwardToken"], ""
        for _ in range(MOST_PAGES - 1):
            if page["events"] or page["nextBackwardToken"] == back:
                break
            back = page["nextBackwardToken"]
            page = await self._page(limit=limit, startFromHead=False, nextToken=back)
        return LogPage(_lines(page), end)

    async def after(self, token: str, limit: int) -> LogPage:
        """What stands behind the token, until there are enough or no more; its own token means no more (A8)."""
        lines: list[LogLine] = []
        for _ in range(MOST_PAGES):
            page = await self._page(limit=limit - len(lines), startFromHead=True, nextToken=token)
            lines += _lines(page)
            before, token = token, page["nextForwardToken"]
            if token == before or len(lines) >= limit:
                break
        return LogPage(tuple(lines), token)

    async def _page(self, **how: object) -> Any:
        page = await ask(self._client, self._call, {**self._stream, **how})
        if not {"nextForwardToken", "nextBackwardToken"} <= page.keys():
            raise translate(UnreadableAnswerError(), self._call)
        return page


def _lines(page: Mapping[str, Any]) -> tuple[LogLine, ...]:
    return tuple(
        LogLine(datetime.fromtimestamp(event["timestamp"] / 1000, UTC), _safe(event["message"]))
        for event in page["events"]
    )


def _safe(message: str) -> str:
    return plain(_COLOURS.sub("", message).rstrip("\r\n").expandtabs(), LONGEST_LINE)
