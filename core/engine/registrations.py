"""What GitHub's REST list knows of our runners: who is online, and which registrations are ghosts.

Listed every 60 s while a running task is not known to be online, an idle runner exists, or a scale set became ours that
was never swept for ghosts; else every 10 min. Its word on ``busy`` is never a reason to stop anything (behaviour.md row
28). A list that fails concludes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain.errors import ArcdeckError
from core.domain.runner import Phase
from core.domain.task import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.messages import Registration
    from core.domain.runner import Runner
    from core.engine.chronicle import Chronicle
    from core.engine.fleet import Fleet
    from core.engine.mismatches import Mismatches
    from core.engine.offline import OfflineSweep
    from core.engine.target import Target
    from core.engine.times import Times
    from core.ports import ScaleSetClient

EAGER_INTERVAL = 60.0
CALM_INTERVAL = 600.0
#: How often it is looked whether a list is due.
TICK = 5.0


class Registrations:
    """The one reader of the runner list."""

    def __init__(
        self,
        client: ScaleSetClient,
        fleet: Fleet,
        targets: Mapping[str, Target],
        *,
        offline: OfflineSweep,
        mismatches: Mismatches,
        chronicle: Chronicle,
        times: Times,
    ) -> None:
        self._client = client
        self._fleet = fleet
        self._targets = targets
        self._offline = offline
        self.mismatches = mismatches
        self._chronicle = chronicle
        self._times = times
        self._listed_at: float | None = None
        self.looked_at: float | None = None  #: when a list was last complete, in monotonic seconds; None: not yet
        self.failure = ""  #: why the last list failed; empty when it did not

    async def run(self) -> Never:
        """List whenever due, until cancelled."""
        while True:
            if self._due():
                try:
                    await self.look()
                except ArcdeckError as error:
                    self._failed(error)
            await self._times.sleep(TICK)

    async def look(self) -> None:
        """List once; tells the fleet what the list says, the offline sweep, and who shows where they disagree."""
        self._listed_at = self._times.monotonic()
        registrations = await self._client.list_runners()
        self.failure = ""
        self.looked_at = self._times.monotonic()
        self._mark(registrations)
        await self._offline.sweep(registrations)
        self.mismatches.compare(registrations)
        self._chronicle.touch()

    def _mark(self, registrations: list[Registration]) -> None:
        """Tell the fleet what this list says; scale sets that are not ours yet learn nothing for later."""
        listed = {registration.name: registration for registration in registrations}
        for runner in self._fleet.live():
            if not self._targets[runner.scale_set].leased or not _running(runner):
                continue
            self._fleet.listed(runner.name, listed.get(runner.name))

    def _due(self) -> bool:
        if self._listed_at is None:
            return True
        eager = self._offline.awaited or any(_uncertain(runner) for runner in self._fleet.live())
        interval = EAGER_INTERVAL if eager else min(CALM_INTERVAL, self._offline.interval)
        return self._times.monotonic() - self._listed_at >= interval

    def _failed(self, error: ArcdeckError) -> None:
        if not self.failure:
            story = f"listing the runners on GitHub failed, nothing is concluded from it: {error}"
            self._chronicle.note("list-failed", story, severity=Severity.WARNING)
        self.failure = str(error)


def _running(runner: Runner) -> bool:
    return runner.task is not None and runner.task.status is TaskStatus.RUNNING


def _uncertain(runner: Runner) -> bool:
    unknown = runner.phase is Phase.LAUNCHING or runner.assumed_busy
    return runner.phase is Phase.IDLE or (_running(runner) and unknown)
