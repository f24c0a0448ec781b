"""Sweeps: stops tasks that broke a rule (seed: ``Reaper``); what follows a task's end is in ``endings``.

Every sweep judges what one complete look at ECS has just shown; when the look fails there is no sweep. What a scale
set's lease does not cover is only looked at (DESIGN.md, "The session is the lease").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from core.domain import reaping
from core.domain.errors import ArcdeckError
from core.engine.stops import Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.runner import Runner
    from core.engine.fleet import Fleet
    from core.engine.stops import Stops
    from core.engine.target import Target
    from core.engine.times import Times
    from core.engine.watcher import Watcher
    from core.meter import Meter


class Reaper:
    """The sweeps of all scale sets."""

    def __init__(
        self,
        *,
        watcher: Watcher,
        fleet: Fleet,
        targets: Mapping[str, Target],
        stops: Stops,
        times: Times,
        meter: Meter,
    ) -> None:
        self._watcher = watcher
        self._fleet = fleet
        self._targets = targets
        self._stops = stops
        self._times = times
        self._meter = meter
        self.next_sweep: float | None = None  #: monotonic; None before the first one

    async def run(self, interval: float) -> Never:
        """Sweep at the interval, in seconds, until cancelled. A sweep that fails is tried again at the next."""
        while True:
            self.next_sweep = self._times.monotonic() + interval
            await self._times.sleep(interval)
            try:
                await self.sweep()
            except ArcdeckError:
                continue  # the watcher has said it

    async def sweep(self, scale_set: str | None = None) -> int:
        """Look at ECS and stop stale tasks, of one scale set or of all; returns how many were stopped.

        A StopTask that fails is logged and does not end the sweep. Raises the client's error when the look failed.
        """
        began, stopped = self._times.monotonic(), 0
        await self._watcher.read_all()
        for name in [runner.name for runner in self._fleet.live(scale_set)]:
            runner = self._fleet.get(name)  # stopping the others takes time, in which it may have taken a job
            stopped += await self._judge(runner) if runner else 0
        self._meter.swept(self._times.monotonic() - began)
        return stopped

    async def preview(self, scale_set: str | None = None) -> list[tuple[Runner, str]]:
        """Look at ECS, and tell whom a sweep would stop now and why; nothing is stopped. Raises as ``sweep``."""
        await self._watcher.read_all()
        judged = [(runner, self._reason(runner)) for runner in self._fleet.live(scale_set)]
        return [(runner, reason) for runner, reason in judged if reason is not None]

    def _reason(self, runner: Runner) -> str | None:
        """Why its task must be stopped now; None when it may live, or is not ours to stop."""
        target = self._targets.get(runner.scale_set)
        if target is None or not target.leased:
            return None
        return reaping.stop_reason(runner, target.spec.limits, self._times.monotonic())

    async def _judge(self, runner: Runner) -> int:
        reason = self._reason(runner)
        if reason is None:
            return 0
        try:
            return int(await self._stops.stop(runner, reason) is Stopped.ASKED)
        except ArcdeckError:
            return 0  # said by whoever tried
