"""Reads ECS for all scale sets at once: calls depend on the number of tasks, never on that of scale sets (row 4).

A *complete look* lists every RUNNING task and describes it, and with it every task known to us that left that list, by
ARN, until it is STOPPED. Young and ending tasks are looked at more often, by ARN alone. A look that fails in any part
tells nothing about absence: the fleet is not touched by what it did not see.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain.errors import ArcdeckError
from core.domain.runner import Phase
from core.domain.scale_set import scale_set_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.runner import Runner
    from core.domain.task import Described, Task
    from core.engine.chronicle import Chronicle
    from core.engine.endings import Endings
    from core.engine.fleet import Fleet
    from core.engine.recovery import Recovery
    from core.engine.target import Target
    from core.engine.times import Times
    from core.ports import EcsClient

#: Seconds between looks at young and ending tasks.
YOUNG_INTERVAL = 5.0
#: Tasks that are adopted before others of the loop have their turn.
BATCH = 100


class Watcher:
    """The one reader of the cluster."""

    def __init__(
        self,
        ecs: EcsClient,
        fleet: Fleet,
        targets: Mapping[str, Target],
        *,
        endings: Endings,
        recovery: Recovery,
        chronicle: Chronicle,
        times: Times,
        controller: str,
    ) -> None:
        self._ecs = ecs
        self._fleet = fleet
        self._targets = targets
        self._endings = endings
        self._recovery = recovery
        self._chronicle = chronicle
        self._times = times
        self._controller = controller
        self._reading = asyncio.Lock()
        self._looked_from: float | None = None  #: when the last complete look began
        self.looked_at: float | None = None  #: when the last complete look ended
        self.failure = ""  #: why the last complete look failed; empty when it did not
        self.strangers: list[Task] = []  #: live tasks of ours whose scale set is not configured, at that look

    async def read_all(self) -> None:
        """Take one complete look. Raises the client's error when any part of it failed; then nothing is concluded."""
        async with self._reading:
            await self._read()

    async def read_since(self, moment: float) -> None:
        """Return when a complete look that did not begin before that monotonic moment is over; raises as ``read_all``.

        However many ask at a time, they share it.
        """
        async with self._reading:
            if self._looked_from is None or self._looked_from < moment:
                await self._read()

    async def _read(self) -> None:
        began = self._times.monotonic()
        try:
            await self._look()
        except ArcdeckError as error:
            self._failed(error)
            raise
        self.failure = ""
        self._looked_from, self.looked_at = began, self._times.monotonic()
        self._chronicle.touch()

    async def read_stopped(self) -> None:
        """Look once at tasks that stopped while nobody watched: their ends are told, their registrations go (row 3)."""
        arns = await self._ecs.list_tasks(desired_stopped=True)
        look = await self._ecs.describe_tasks(arns)
        for task in look.tasks:
            if (owner := self._owner(task)) and task.status.ended:
                self._found_stopped(task, owner)
        await self._adopt_unknown(look)

    async def run(self) -> Never:
        """Keep looking at young and ending tasks until cancelled; complete looks are the reaper's to ask for."""
        while True:
            await self._times.sleep(YOUNG_INTERVAL)
            arns = [runner.task_arn for runner in self._fleet.live() if _restless(runner)]
            if not arns:
                continue
            async with self._reading:
                try:
                    look = await self._ecs.describe_tasks(arns)
                except ArcdeckError:
                    continue  # the complete look will say what is wrong
                for task in look.tasks:
                    if ended := self._fleet.observe(task):
                        self._endings.ended(ended)

    async def _look(self) -> None:
        # Taken before ListTasks: a runner started meanwhile is judged at the next look (behaviour.md 1.4).
        known = {runner.name: runner.task_arn for runner in self._fleet.live()}
        listed = await self._ecs.list_tasks()
        left = set(known.values()) - set(listed) - {""}
        look = self._ours(await self._ecs.describe_tasks([*listed, *sorted(left)]))
        await self._adopt_unknown(look)
        # A task that was listed but is missing from the describe answer counts as seen (behaviour.md 1.4).
        judged = [name for name, arn in known.items() if arn in left or not arn]
        for ended in self._fleet.observe_all(look, judged):
            self._endings.ended(ended)

    def _ours(self, look: Described) -> Described:
        """Without what is foreign, whatever name it bears (invariant I5)."""
        ours = [task for task in look.tasks if self._fleet.by_arn(task.arn) is not None or self._owner(task)]
        known = {task.arn for task in ours}
        self.strangers = [
            task
            for task in look.tasks
            if task.controller == self._controller and task.arn not in known and not task.status.ended
        ]
        return replace(look, tasks=tuple(ours))

    async def _adopt_unknown(self, look: Described) -> None:
        for number, task in enumerate(look.tasks):
            if number % BATCH == 0:
                await asyncio.sleep(0)  # a first look may find thousands: others of the loop come in between
            name = task.runner_name
            if name is None or task.status.ended or self._fleet.by_arn(task.arn) or self._fleet.get(name):
                continue
            if owner := self._owner(task):
                self._adopt(task, owner, name)

    def _found_stopped(self, task: Task, scale_set: str) -> None:
        name, ended = task.runner_name, self._fleet.observe(task)  # it may have stopped since the complete look
        if ended is None and name and self._fleet.get(name) is None and not self._told(task):
            ended = self._fleet.adopt(task, scale_set, name, self._recovery.jobs.get(name))
            self._recovery.told.add(task.arn)
        if ended is None:
            self._endings.found_stopped(task, scale_set)
        else:
            self._endings.ended(ended)

    def _told(self, task: Task) -> bool:
        """Whether its end was told, by an earlier run or by this one."""
        return task.arn in self._recovery.told or any(runner.task_arn == task.arn for runner in self._fleet.ended())

    def _adopt(self, task: Task, scale_set: str, name: str) -> None:
        runner = self._fleet.adopt(task, scale_set, name, self._recovery.jobs.get(name))
        doubt = ", assumed busy until known" if runner.assumed_busy else ""
        story = f"{name} adopted: its task is {task.status}{doubt}"
        self._chronicle.note("adopted", story, scale_set=scale_set, runner=name, task_arn=task.arn)

    def _owner(self, task: Task) -> str | None:
        """The scale set of ours a task belongs to; None when it is foreign, unmarked or another controller's."""
        if task.controller not in {None, self._controller}:
            return None
        marked = task.scale_set
        if marked is None and task.controller == self._controller and task.runner_name:
            marked = scale_set_of(task.runner_name)  # StopTask may have dropped the other tags
        return marked if marked in self._targets else None

    def _failed(self, error: ArcdeckError) -> None:
        if not self.failure:
            story = f"reading ECS failed, nothing is concluded from it: {error}"
            self._chronicle.note("look-failed", story, severity=Severity.WARNING)
        self.failure = str(error)


def _restless(runner: Runner) -> bool:
    if not runner.task_arn:
        return False
    young = runner.task is None or runner.task.status.starting
    return young or runner.phase in {Phase.FINISHING, Phase.STOPPING}
