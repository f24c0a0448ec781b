"""Makes the snapshot of everything. What has not changed since the last one is used again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import Snapshot
from core.domain.placement import requests_of
from core.engine.scale_set_views import placement_view, scale_set_view
from core.engine.views import runner_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.api.model import ControllerView, RunnerView, ScaleSetView
    from core.api.trouble import PlacementView
    from core.domain.placement import PlacementClass
    from core.domain.runner import Runner
    from core.domain.scale_set import Limits
    from core.engine.chronicle import Chronicle
    from core.engine.fleet import Fleet
    from core.engine.mismatches import Mismatches
    from core.engine.placements import Placements
    from core.engine.scaler import Scaler
    from core.engine.times import Times
    from core.engine.usual import Usual

#: Ended runners stay on screens for this many seconds.
ENDED_SHOWN = 600.0


class Overview:
    """``controller`` gives the view of the controller itself."""

    def __init__(
        self,
        controller: Callable[[], ControllerView],
        *,
        fleet: Fleet,
        scalers: Mapping[str, Scaler],
        placements: Placements,
        mismatches: Mismatches,
        chronicle: Chronicle,
        times: Times,
        usual: Usual,
    ) -> None:
        self._controller = controller
        self._fleet = fleet
        self._scalers = scalers
        self._placements = placements
        self._mismatches = mismatches
        self._chronicle = chronicle
        self._times = times
        self._usual = usual
        self._views: dict[str, tuple[Runner, Limits | None, RunnerView]] = {}

    def snapshot(self, version: int) -> Snapshot:
        """Everything, now, under that version."""
        now = self._times.monotonic()
        shown = [r for r in self._fleet.ended() if r.task_arn and now - r.since < ENDED_SHOWN] + self._fleet.live()
        views = {runner.name: self._runner(runner) for runner in shown}
        self._views = {name: kept for name, kept in self._views.items() if name in views}
        return Snapshot(
            version=version,
            now=self._times.epoch(now),
            controller=self._controller(),
            scale_sets=tuple(self._scale_set(scaler) for scaler in self._scalers.values()),
            runners=tuple(views.values()),
            events=self._chronicle.events,
            mismatches=self._mismatches.views(),
            placements=self._closed(),
        )

    def _closed(self) -> tuple[PlacementView, ...]:
        """The closed classes of placement, the longest wait first, and who starts nothing because of them."""
        closed = self._placements.everything_closed()
        waiting = [self._waits(scaler) for scaler in self._scalers.values()] if closed else []
        views = [
            placement_view(place, state, [name for name, places in waiting if place in places], self._times)
            for place, state in closed.items()
        ]
        return tuple(sorted(views, key=lambda view: (-view.until, view.placement)))

    def _waits(self, scaler: Scaler) -> tuple[str, set[PlacementClass]]:
        """A scale set, and the closed classes that it waits for: none as long as one of its places is open."""
        places = requests_of(scaler.target.spec)
        if self._placements.first_open(places) is not None:
            return scaler.target.name, set()
        return scaler.target.name, {place for request in places for place, _ in self._placements.closed(request)}

    def _scale_set(self, scaler: Scaler) -> ScaleSetView:
        places = requests_of(scaler.target.spec)
        shut = self._placements.first_open(places) is None  # then what it waits for is what opens first
        closed = self._placements.closed(min(places, key=self._placements.opens_at)) if shut else []
        usual = self._usual.of(scaler.target.name)
        return scale_set_view(scaler.target, scaler.supply(), closed, self._times, usual)

    def _runner(self, runner: Runner) -> RunnerView:
        scaler, kept = self._scalers.get(runner.scale_set), self._views.get(runner.name)
        limits = scaler.target.spec.limits if scaler else None
        if kept is not None and kept[0] is runner and kept[1] is limits:
            return kept[2]
        view = runner_view(runner, limits, self._times)
        self._views[runner.name] = (runner, limits, view)
        return view
