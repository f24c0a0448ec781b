"""Takes runners that nobody needs off GitHub, and stops their tasks when they do not leave by themselves.

Removed on GitHub first: "job still running" makes the runner busy again. Removal can succeed in mid-job (behaviour.md
row 28), so a quiet window follows in which JobStarted makes it busy; a removed idle runner normally exits by itself in
it; only then StopTask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from core.domain.draining import to_drain
from core.domain.errors import ArcdeckError, ForeignOwner, JobStillRunning
from core.domain.messages import Statistics
from core.domain.runner import Phase, StopRequest
from core.engine.deregistrar import Removal
from core.engine.stops import REAPER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.runner import Runner
    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.fleet import Fleet
    from core.engine.scaler import Scaler
    from core.engine.stops import Stops
    from core.engine.target import Target
    from core.engine.times import Times

#: Seconds between looks for somebody to drain.
TICK = 15.0


class Drainer:
    """The way down, for all scale sets. ``quiet_window`` in seconds."""

    def __init__(
        self,
        scalers: Mapping[str, Scaler],
        *,
        fleet: Fleet,
        deregistrar: Deregistrar,
        stops: Stops,
        chronicle: Chronicle,
        times: Times,
        quiet_window: float,
    ) -> None:
        self._scalers = scalers
        self._fleet = fleet
        self._deregistrar = deregistrar
        self._stops = stops
        self._chronicle = chronicle
        self._times = times
        self._quiet_window = quiet_window

    async def run(self) -> Never:
        """Drain whom the rules choose, until cancelled."""
        while True:
            await self._times.sleep(TICK)
            for scaler in tuple(self._scalers.values()):
                if scaler.target.leased:
                    await self._drain_chosen(scaler)
                    await self._stop_drained(scaler)

    async def drain(self, runner: Runner, reason: str, by: str = "") -> str:
        """Take one idle runner off GitHub now; its task ends by itself, or is stopped after the quiet window.

        Returns what was done in a few words. Raises JobStillRunning when it has a job after all, which makes it busy,
        and the client's errors.
        """
        removal = Removal(runner.name, runner.scale_set, runner.runner_id, reason.removeprefix("arcdeck: "), by)
        try:
            done = await self._deregistrar.remove(removal)
        except JobStillRunning:
            self._fleet.mark_busy(runner.name)
            raise
        self._fleet.draining(runner.name, reason, by or REAPER)
        return done

    async def _drain_chosen(self, scaler: Scaler) -> None:
        target, now = scaler.target, self._times.monotonic()
        orphaned = target.retired and target.scale_set_id is None  # nobody counts its jobs any more
        statistics = Statistics() if orphaned else target.statistics
        unwanted = target.retired or (target.pause is not None and target.pause.drains)
        want = 0 if unwanted else target.decision.want if target.decision else None
        if statistics is None or want is None:
            return
        chosen = to_drain(
            self._fleet.live(target.name),
            usable=scaler.supply().usable,
            want=want,
            statistics=statistics,
            age=0.0 if orphaned else now - (target.session.last_poll or 0.0),
            limits=target.spec.limits,
            now=now,
        )
        for runner, reason in chosen:
            present = self._fleet.get(runner.name)
            if present is None or present.hold or present.phase not in {Phase.IDLE, Phase.LAUNCHING}:
                continue  # it took a job, or left, or is held, while another was drained
            try:
                await self.drain(present, reason)
            except (JobStillRunning, ForeignOwner):
                continue
            except ArcdeckError as error:
                story = f"{runner.name} could not be drained, tried again: {error}"
                self._chronicle.note("drain-failed", story, scale_set=target.name, runner=runner.name)
                return

    def _heard(self, target: Target, moment: float) -> bool:
        """Whether the queue has been listened to until then: a JobStarted may wait in it while it is out of reach."""
        silent = target.retired and target.scale_set_id is None
        return silent or (target.session.last_poll is not None and target.session.last_poll >= moment)

    async def _stop_drained(self, scaler: Scaler) -> None:
        now = self._times.monotonic()
        for runner in self._fleet.live(scaler.target.name):
            if runner.phase is not Phase.DRAINING or runner.hold or now - runner.since < self._quiet_window:
                continue
            if not self._heard(scaler.target, runner.since + self._quiet_window):
                continue
            asked = runner.stop or StopRequest("arcdeck: no longer registered on GitHub", REAPER, now)
            try:
                await self._stops.stop(runner, asked.reason, asked.by)
            except ArcdeckError:
                continue  # said by whoever tried; tried again at the next tick
