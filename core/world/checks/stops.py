"""I2: a task is stopped only for a reason that is written everywhere. I3: no busy runner is stopped.

Judged at each StopTask. What a reason looks like is judged even where the call then failed; that the journal and the
events repeat it, and that the runner was not busy, only where the call is what stopped the task.

A runner is busy when GitHub, the world's truth and not what it tells, has a job on it both when the request came and
when it was answered: a job that began in between is one that the product could not know of.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.world.ecs import EcsTask, TaskState
from core.world.exchanges import Exchange
from core.world.runners import runner_of
from core.world.world import World

RUNNER_NAME_TAG = "ecs-arc:runner-name"

WORDING = re.compile(r"^(ecs-arc|arcdeck): \S")
"""How every reason begins; the second word is for rules that the original does not have."""

EXCUSES = re.compile(r"^ecs-arc: exceeded max runtime |^arcdeck: stopped by ")
"""The reasons for which a busy runner may be stopped: its time is up, or an operator said so and is named."""

Record = Mapping[str, object]
"""An entry of the journal, or an event, as plain values."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A task that a StopTask has stopped."""

    task: EcsTask
    reason: str
    was_busy: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What a record may call the task by."""
        runner = self.task.tags.get(RUNNER_NAME_TAG)
        return (self.task.id,) if runner is None else (self.task.id, runner)

    def is_told_by(self, record: Record) -> bool:
        """Whether a record gives the reason and names the task or its runner."""
        text = "\n".join(_strings(record))
        return self.reason in text and any(name in text for name in self.names)


class StopWatch:
    """Watches StopTask; `journal` and `events` are what the product has written, None where it was not asked."""

    def __init__(self, world: World, excuses: re.Pattern[str] = EXCUSES) -> None:
        self.journal: list[Record] | None = None
        self.events: list[Record] | None = None
        self._world = world
        self._excuses = excuses
        self._asked: dict[Exchange, bool] = {}
        self._stops: list[Stop] = []
        self._badly_worded: list[str] = []

    @property
    def stops(self) -> tuple[Stop, ...]:
        """The stops so far, oldest first."""
        return tuple(self._stops)

    def violations(self) -> list[str]:
        """Return what was wrong so far."""
        untold = [*self._untold("journal", self.journal), *self._untold("events", self.events)]
        busy = [f"I3 task {stop.task.id} was busy when it was stopped: {stop.reason}" for stop in self._unexcused()]
        return [*self._badly_worded, *untold, *busy]

    def arrived(self, exchange: Exchange) -> None:
        """Judge the wording, and note whether the runner is busy."""
        if exchange.operation != "StopTask":
            return
        reason = _reason(exchange)
        if not WORDING.search(reason):
            self._badly_worded.append(f"I2 task {_id_asked_for(exchange)} is to be stopped for {reason!r}")
        task = self._task(exchange)
        if task is not None and task.desired_status is TaskState.RUNNING:
            self._asked[exchange] = self._is_busy(task)

    def answered(self, exchange: Exchange) -> None:
        """Note a stop that came about."""
        was_busy, task = self._asked.pop(exchange, None), self._task(exchange)
        if was_busy is None or task is None or task.stop_code != "UserInitiated":
            return
        if task.stopped_reason == _reason(exchange):
            self._stops.append(Stop(task, task.stopped_reason, was_busy and self._is_busy(task)))

    def _task(self, exchange: Exchange) -> EcsTask | None:
        return self._world.ecs.table.find(str(exchange.request.get("task", "")))

    def _is_busy(self, task: EcsTask) -> bool:
        runner = self._world.github.runners.get(runner_of(task) or 0)
        return runner is not None and runner.busy

    def _unexcused(self) -> Iterable[Stop]:
        return (stop for stop in self._stops if stop.was_busy and not self._excuses.search(stop.reason))

    def _untold(self, where: str, records: list[Record] | None) -> Iterable[str]:
        if records is None:
            return
        for stop in self._stops:
            if not any(stop.is_told_by(record) for record in records):
                yield f"I2 task {stop.task.id} was stopped, and nothing in the {where} says: {stop.reason}"


def _reason(exchange: Exchange) -> str:
    return str(exchange.request.get("reason") or "")


def _id_asked_for(exchange: Exchange) -> str:
    return str(exchange.request.get("task", "")).rpartition("/")[2]


def _strings(value: object) -> Iterable[str]:
    """Yield every text in a plain value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _strings(member)
    elif isinstance(value, Iterable):
        for member in value:
            yield from _strings(member)
