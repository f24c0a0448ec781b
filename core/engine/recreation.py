"""Deletes a scale set on GitHub so that it is made anew: the only cure for counters that are stuck.

Nothing with a job is lost: it is refused while a runner of it has, or may have, one, and GitHub refuses by itself while
a job runs. Jobs that wait go back to GitHub's queue and come again. Idle and starting runners lose their registration,
and are stopped when they do not leave. A preview says all that and does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.commands import Outcome
from core.domain.runner import Phase
from core.engine.refusal import Refused, check_ours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.api.commands import RecreateScaleSet
    from core.engine.company import Company
    from core.engine.fleet import Fleet
    from core.engine.target import Target
    from core.ports import ScaleSetClient


class Recreation:
    """Carries these commands out."""

    def __init__(
        self, client: ScaleSetClient, *, company: Company, fleet: Fleet, targets: Mapping[str, Target]
    ) -> None:
        self._client = client
        self._company = company
        self._fleet = fleet
        self._targets = targets

    async def recreate(self, command: RecreateScaleSet) -> tuple[Outcome, str]:
        """What came of it, or would. Raises Refused, and the client's errors, after which nothing has changed."""
        target = check_ours(self._targets, command.scale_set)
        if target.retired:
            raise Refused(f"{target.name} is no longer configured: it would not be made anew")
        live = self._fleet.live(target.name)
        busy = [runner.name for runner in live if runner.phase is Phase.BUSY]
        lost = len(live) - len(busy)
        waiting = max(0, (target.assigned or 0) - len(busy))
        story = f"{lost} runners without a job lose their registration, {waiting} waiting jobs go back to the queue"
        if busy:
            more = f" and {len(busy) - 1} more" if len(busy) > 1 else ""
            raise Refused(f"{busy[0]}{more} may have a job; pause or drain {target.name} first, and wait for them")
        if command.preview:
            return Outcome.DONE, f"{target.name} would be deleted on GitHub and made anew: {story}"
        if target.scale_set_id is not None:
            await self._client.delete_scale_set(target.scale_set_id)
        self._company.begin_anew(target.name)
        return Outcome.DONE, f"{target.name} was deleted on GitHub and is made anew: {story}"
