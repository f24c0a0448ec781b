"""I4: every registration ends backed by a live task, or removed.

Judged when asked, over the registrations of the scale sets that are ours. One that nothing backs is given `settle`
seconds, counted from when it was made, from when its task was STOPPED, and from when its last job was over, whichever
came last: while GitHub has a job on it, it refuses to remove it.
"""

from collections.abc import Collection, Iterator

from core.world.ecs import EcsTask
from core.world.github import RunnerRecord
from core.world.runners import runner_of
from core.world.world import World


class RegistrationsAreBacked:
    """Looks at the world as it is; `settle` is in seconds."""

    def __init__(self, world: World, settle: float) -> None:
        self._world = world
        self._settle = settle

    def violations(self, ours: Collection[str], foreign: Collection[int]) -> list[str]:
        """Return the registrations in scale sets called `ours`, but for the ids in `foreign`, that are left over."""
        tasks = {runner_of(task): task for task in self._world.ecs.tasks.values()}
        return [
            f"I4 {runner.name}: its registration has been without a live task for {unbacked:.0f} s"
            for runner in self._registrations(ours)
            if runner.id not in foreign and (unbacked := self._unbacked(runner, tasks.get(runner.id))) > self._settle
        ]

    def _registrations(self, ours: Collection[str]) -> Iterator[RunnerRecord]:
        for scale_set in self._world.github.scale_sets.values():
            if scale_set.name in ours:
                yield from scale_set.runners.values()

    def _unbacked(self, runner: RunnerRecord, task: EcsTask | None) -> float:
        """Return for how many seconds nothing has backed the runner; 0 while something does or GitHub holds it."""
        if runner.busy or (task is not None and not task.is_stopped):
            return 0.0
        ended = task.stopped_at if task is not None else None
        since = max(runner.created_at, ended or runner.created_at)
        waited = (self._world.clock.now() - since).total_seconds()
        return min(waited, self._world.clock.monotonic() - runner.busy_changed_at)
