"""I1: starts stay within what is wanted and within the maximum.

Judged at each RunTask that was accepted, against the world's truth, which the product only knows late: where the two
can differ for good reasons the product gets the benefit of the doubt.

- A task counts against the maximum until it is STOPPED, or until `slot_release` seconds after it became useless, when
  the product may give its slot away (behaviour.md row 15). Tasks that were there before, or a maximum that was lowered,
  excuse nothing: at or above the maximum nothing may start.
- A task is usable while it is wanted to run and its runner is online, or still to come and no older than `patience`.
  What GitHub's list shows offline, or showed so in the last `window` seconds, cannot be known to be usable.
- Wanted is the most that follows from the statistics the controller was told in the last `window` seconds before it
  first asked for this runner: a start that is repeated after a lost answer is still the same start.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.world.ecs import EcsTask, TaskState
from core.world.ecs.world import SCALE_SET_TAG
from core.world.exchanges import Exchange
from core.world.runners import JIT_VARIABLE, runner_in, runner_of
from core.world.world import World

_LOOK_EVERY = 5.0
"""Seconds between looks for tasks that have become useless, at most: what passes sets the pace."""

_TELLING = frozenset({"get_message", "create_session", "refresh_session"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many runners a scale set may have; `min_idle` stands on top of the assigned jobs."""

    max_runners: int
    min_runners: int = 0
    min_idle: int = 0

    def want(self, assigned: int) -> int:
        """Return how many runners there should be for so many assigned jobs."""
        return min(max(assigned + self.min_idle, self.min_runners), self.max_runners)


@dataclass(frozen=True, slots=True)
class StartRules:
    """How much doubt the product gets the benefit of; all in seconds, as the module says."""

    patience: float = 180.0
    window: float = 30.0
    slot_release: float = 600.0


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """What the tasks of some scale sets may take together; infinite where it is not limited."""

    name: str
    scale_sets: frozenset[str]
    runners: float = math.inf
    cpu: float = math.inf
    memory: float = math.inf


class StartsWithinDemand:
    """Watches RunTask and the statistics. `bounds` is by scale set name and may change at any time."""

    def __init__(
        self, world: World, bounds: Mapping[str, Bounds], rules: StartRules, shared: Sequence[SharedLimit] = ()
    ) -> None:
        self.bounds = dict(bounds)
        self.shared = list(shared)
        self._world = world
        self._rules = rules
        self._told: dict[str, list[tuple[float, int]]] = {}
        self._asked_at: dict[int, float] = {}
        self._latest = max((task.sequence for task in world.ecs.tasks.values()), default=0)
        self._useless_since: dict[EcsTask, float] = {}
        self._shown_offline: dict[int, float] = {}  # by runner: when a list last could have shown it so
        self._looked_at = float("-inf")
        self._violations: list[str] = []

    def violations(self) -> list[str]:
        """Return what was wrong so far."""
        return list(self._violations)

    def arrived(self, exchange: Exchange) -> None:
        """Note when a runner is first asked for."""
        if exchange.operation == "RunTask" and (runner_id := _runner_asked_for(exchange)) is not None:
            self._asked_at.setdefault(runner_id, self._world.clock.monotonic())

    def answered(self, exchange: Exchange) -> None:
        """Note the statistics that the controller was told, and judge the tasks that are new."""
        self._look_for_useless()
        if exchange.operation in _TELLING and exchange.answer is not None:
            self._hear(exchange)
        if exchange.operation == "RunTask":
            for task in self._new_tasks():
                if (runner_id := runner_of(task)) in self._asked_at:
                    self._judge(task, self._asked_at[runner_id])

    def _hear(self, exchange: Exchange) -> None:
        statistics = (exchange.answer or {}).get("statistics")
        scale_set = self._world.github.scale_sets.get(exchange.scale_set_id or 0)
        if isinstance(statistics, dict) and scale_set is not None:
            told = self._told.setdefault(scale_set.name, [])
            told.append((self._world.clock.monotonic(), int(statistics["totalAssignedJobs"])))

    def _new_tasks(self) -> list[EcsTask]:
        new = [task for task in self._world.ecs.tasks.values() if task.sequence > self._latest]
        self._latest = max([self._latest, *(task.sequence for task in new)])
        return new

    def _judge(self, task: EcsTask, asked_at: float) -> None:
        name = task.tags.get(SCALE_SET_TAG, "")
        bounds = self.bounds.get(name)
        if bounds is None:
            self._violations.append(f"I1 {name or 'no scale set'}: task {task.id} was started for it, unconfigured")
            return
        tasks = [one for one in self._world.ecs.tasks.values() if one.tags.get(SCALE_SET_TAG) == name]
        occupied = sum(self._occupies(one) for one in tasks)
        if occupied > bounds.max_runners:
            self._report(name, task, f"took slot {occupied} of {bounds.max_runners}")
        for limit in self.shared:
            if name in limit.scale_sets:
                self._judge_shared(task, limit)
        usable = sum(self._is_usable(one) and not self._was_shown_offline(one) for one in tasks)
        assigned = self._assigned(name, asked_at)
        wanted = 0 if assigned is None else bounds.want(assigned)
        if usable > wanted:
            known = "nothing was known of its demand" if assigned is None else f"{assigned} jobs were assigned"
            self._report(name, task, f"made {usable} runners usable where {wanted} were wanted: {known}")

    def _judge_shared(self, task: EcsTask, limit: SharedLimit) -> None:
        theirs = [one for one in self._world.ecs.tasks.values() if one.tags.get(SCALE_SET_TAG) in limit.scale_sets]
        held = [one.size for one in theirs if self._occupies(one)]
        for what, taken, most in (
            ("runners", len(held), limit.runners),
            ("cpu", sum(size.cpu for size in held), limit.cpu),
            ("MiB", sum(size.memory for size in held), limit.memory),
        ):
            if taken > most:
                self._report(task.tags[SCALE_SET_TAG], task, f"took {taken} of {most:g} {what} of budget {limit.name}")

    def _report(self, name: str, task: EcsTask, what: str) -> None:
        at = f"{task.created_at:%H:%M:%S}"
        self._violations.append(f"I1 {name}: task {task.id}, started at {at}, {what}")

    def _assigned(self, name: str, asked_at: float) -> int | None:
        """Return the most assigned jobs that the controller may have had in mind; None before it was told any."""
        told = self._told.get(name, [])
        first = bisect_left(told, (asked_at - self._rules.window, -1))
        return max((assigned for _, assigned in told[max(first - 1, 0) :]), default=None)

    def _is_usable(self, task: EcsTask) -> bool:
        if task.is_stopped or task.desired_status is TaskState.STOPPED:
            return False
        runner = self._world.github.runners.get(runner_of(task) or 0)
        if runner is None or runner.online:
            return runner is not None
        young = self._world.clock.now() - task.created_at <= timedelta(seconds=self._rules.patience)
        return runner.connected_at is None and young

    def _was_shown_offline(self, task: EcsTask) -> bool:
        shown = self._shown_offline.get(runner_of(task) or 0, float("-inf"))
        return self._world.clock.monotonic() - shown <= self._rules.window

    def _look_for_useless(self) -> None:
        now = self._world.clock.monotonic()
        if now - self._looked_at >= _LOOK_EVERY:
            self._looked_at = now
            self._shown_offline |= dict.fromkeys(self._world.github.quirks.shown_offline, now)
            for task in self._world.ecs.tasks.values():
                self._occupies(task)

    def _occupies(self, task: EcsTask) -> bool:
        if task.is_stopped:
            self._useless_since.pop(task, None)
            return False
        if self._is_usable(task):
            return True
        now = self._world.clock.monotonic()
        # It may have been useless for as long before it was looked at.
        return now - self._useless_since.setdefault(task, now) <= self._rules.slot_release - _LOOK_EVERY


def _runner_asked_for(exchange: Exchange) -> int | None:
    """Return the runner whose JIT config a RunTask request carries."""
    overrides = exchange.request.get("overrides", {})
    for container in overrides.get("containerOverrides", ()):
        for variable in container.get("environment", ()):
            if variable.get("name") == JIT_VARIABLE:
                return runner_in(variable.get("value", ""))
    return None
