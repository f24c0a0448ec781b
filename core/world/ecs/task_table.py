"""Every task that ECS remembers, and which of them a client can see.

ECS is eventually consistent and forgetful: a task that was just started may not be listed or described yet, and a
stopped one is forgotten about an hour later. Both are facts of this table alone; the tasks know nothing of them.
Source: ecs-api.md section A3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.world.clock import WorldClock
from core.world.ecs.names import Names
from core.world.ecs.tasks import EcsTask


@dataclass(frozen=True, slots=True)
class Visibility:
    """How soon and how long clients see a task; all times in seconds."""

    listed_after: float = 0.0
    """From RunTask until ListTasks knows the task."""
    described_after: float = 0.0
    """From RunTask until DescribeTasks knows it; it is MISSING before."""
    stopped_kept: float = 3600.0
    """From STOPPED until ECS forgets the task; AWS promises an hour at least."""
    tags_dropped_on_stop: bool = True
    """Whether StopTask deletes the task's tags, as AWS documents."""
    longest_page: int = 100
    """How many tasks a page of ListTasks holds at most, whatever was asked for; 1 to 100."""


class TaskTable:
    """The tasks by ARN, in the order of their start."""

    def __init__(self, clock: WorldClock, names: Names, visibility: Visibility) -> None:
        self.visibility = visibility
        self._clock = clock
        self._names = names
        self._tasks: dict[str, EcsTask] = {}
        self._accepted = 0

    @property
    def tasks(self) -> Mapping[str, EcsTask]:
        """Every task that is not forgotten, seen by clients or not."""
        self._forget()
        return self._tasks

    def next_sequence(self) -> int:
        """Return the number of the next task to be accepted; each one is given out once."""
        self._accepted += 1
        return self._accepted

    def add(self, task: EcsTask) -> None:
        """Take a task in."""
        self._tasks[task.arn] = task

    def find(self, reference: str) -> EcsTask | None:
        """Return the task of this id or ARN, seen by clients or not; None for an unknown or forgotten one."""
        task = self._tasks.get(self._names.task(reference))
        return None if task is None or _stopped_before(task, self._ago(self.visibility.stopped_kept)) else task

    def described(self, reference: str) -> EcsTask | None:
        """Return what DescribeTasks finds under this id or ARN; None is MISSING."""
        task = self.find(reference)
        return task if task is not None and task.created_at <= self._ago(self.visibility.described_after) else None

    def listed(self) -> list[EcsTask]:
        """Return the tasks that ListTasks knows of, in the order of their start."""
        newest = self._ago(self.visibility.listed_after)
        return [task for task in self.tasks.values() if task.created_at <= newest]

    def _forget(self) -> None:
        horizon = self._ago(self.visibility.stopped_kept)
        for arn in [arn for arn, task in self._tasks.items() if _stopped_before(task, horizon)]:
            del self._tasks[arn]

    def _ago(self, seconds: float) -> datetime:
        return self._clock.now() - timedelta(seconds=seconds)


def _stopped_before(task: EcsTask, moment: datetime) -> bool:
    return task.stopped_at is not None and task.stopped_at <= moment
