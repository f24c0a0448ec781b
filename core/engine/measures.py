"""What the steps of runners say in numbers, told to the meter; a watcher of the fleet that changes nothing.

One place knows when a clock that is measured begins and ends; the services that make the steps need not. What an
adopted runner did before we saw it is not made up: it is measured from its first step that we saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.runner import Phase

if TYPE_CHECKING:
    from core.domain.runner import Runner
    from core.engine.roster import Change
    from core.meter import Meter


class Measures:
    """Told of each step of each runner."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def changed(self, change: Change) -> None:
        """Tell the meter what this step ended."""
        before, after = change.before, change.after
        if before is not None:
            self._status(before, after)
            if before.phase is Phase.IDLE and after.phase is not Phase.IDLE:
                self._meter.idled(after.scale_set, after.since - before.since)
        if after.phase is Phase.ENDED and after.task_arn:
            self._meter.task_ended(after.scale_set, after.task)

    def _status(self, before: Runner, after: Runner) -> None:
        """What ECS says of the task has changed."""
        if before.running_since is None and after.running_since is not None and after.task and not after.adopted:
            self._meter.task_ran(after.scale_set, after.task)
        if before.task is None or before.status_since is None or after.status_since is None:
            return
        if after.status_since > before.status_since:
            self._meter.status_left(after.scale_set, before.task.status, after.status_since - before.status_since)
