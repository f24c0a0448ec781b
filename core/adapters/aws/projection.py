"""From the dictionary of one ECS task to ``core.domain.task.Task``, at once and for good.

The overrides stop here: they hold the JIT config in clear (ecs-api.md A1), and of them only the runner's name is read.
Odd answers are values, never errors (behaviour.md row 6): a task without a creation time, a status that did not exist
when this was written, no containers at all. Every text is cleaned.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.adapters.aws import tags
from core.domain.run_task import STARTER
from core.domain.task import Container, Task, TaskStatus
from core.domain.task_definition import RUNNER_CONTAINER
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The override variable that tells a task's runner where the tags are gone: StopTask may drop them (ecs-api.md A3).
RUNNER_NAME_VARIABLE = "ARCDECK_RUNNER_NAME"

_LONGEST_ID = 19  #: digits of the largest 64-bit number
_STATUSES = {status.value: status for status in TaskStatus}


def task_from(raw: Mapping[str, Any]) -> Task:
    """Project one task of RunTask or DescribeTasks."""
    tagged = tags.from_wire(raw.get("tags"))
    return Task(
        arn=_text(raw, "taskArn"),
        status=_STATUSES.get(_text(raw, "lastStatus"), TaskStatus.UNKNOWN),
        desired_stopped=_text(raw, "desiredStatus") == "STOPPED",
        scale_set=tagged.get(tags.SCALE_SET),
        runner_name=tagged.get(tags.RUNNER_NAME) or _overridden_name(raw),
        runner_id=_runner_id(tagged.get(tags.RUNNER_ID)),
        controller=tagged.get(tags.CONTROLLER) or _starter(raw),
        launch=_text(raw, "capacityProviderName") or _text(raw, "launchType"),
        definition=_text(raw, "taskDefinitionArn").rpartition("/")[2],
        created_at=_time(raw, "createdAt"),
        pull_started_at=_time(raw, "pullStartedAt"),
        pull_stopped_at=_time(raw, "pullStoppedAt"),
        started_at=_time(raw, "startedAt"),
        stopping_at=_time(raw, "stoppingAt"),
        stopped_at=_time(raw, "stoppedAt"),
        stop_code=_text(raw, "stopCode"),
        stopped_reason=_text(raw, "stoppedReason"),
        containers=tuple(_container(container) for container in _items(raw, "containers")),
    )


def _container(raw: Mapping[str, Any]) -> Container:
    exit_code = raw.get("exitCode")
    return Container(
        name=_text(raw, "name"),
        status=_text(raw, "lastStatus"),
        exit_code=exit_code if isinstance(exit_code, int) else None,
        reason=_text(raw, "reason"),
    )


def _overridden_name(raw: Mapping[str, Any]) -> str | None:
    """The runner's name in the override of the runner's container; nothing else of the overrides is looked at."""
    overrides = raw.get("overrides")
    for container in _items(overrides, "containerOverrides") if isinstance(overrides, dict) else ():
        if container.get("name") == RUNNER_CONTAINER:
            for variable in _items(container, "environment"):
                if variable.get("name") == RUNNER_NAME_VARIABLE:
                    return _text(variable, "value") or None
    return None


def _starter(raw: Mapping[str, Any]) -> str | None:
    """The controller that started the task, by its mark that StopTask never drops; None for anybody else's."""
    mark, _, controller = _text(raw, "startedBy").partition("/")
    return controller or None if mark == STARTER else None


def _runner_id(tag: str | None) -> int | None:
    """The id of the registration in a tag that anybody may have written; None for what is no id."""
    if tag is None or not tag.isascii() or not tag.isdecimal() or len(tag) > _LONGEST_ID:
        return None
    return int(tag) or None


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    return plain(value) if isinstance(value, str) else ""


def _time(raw: Mapping[str, Any], key: str) -> datetime | None:
    value = raw.get(key)
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _items(raw: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    value = raw.get(key)
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
