"""The controller itself, as it is shown: what holds always, and what holds now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import ControllerView

if TYPE_CHECKING:
    from core.engine.ground import EnginePorts, EngineSettings
    from core.engine.reaper import Reaper
    from core.engine.registrations import Registrations
    from core.engine.times import Times
    from core.engine.watcher import Watcher


class Identity:
    """The controller itself, as it is shown."""

    def __init__(
        self,
        settings: EngineSettings,
        ports: EnginePorts,
        times: Times,
        *,
        watcher: Watcher,
        reaper: Reaper,
        registrations: Registrations,
    ) -> None:
        self._ports = ports
        self._times = times
        self._watcher = watcher
        self._reaper = reaper
        self._registrations = registrations
        self._always = ControllerView(
            id=settings.controller,
            cluster=settings.cluster,
            region=settings.region,
            github=settings.github,
            version=settings.version,
            instance=settings.instance,
            observing=settings.observe,
            started_at=times.epoch(times.monotonic()),
        )

    def view(self) -> ControllerView:
        """What holds always, and what holds now."""
        looked, following, rate = self._watcher.looked_at, self._reaper.next_sweep, self._ports.rate()
        listed = self._registrations.looked_at
        return self._always.model_copy(
            update={
                "last_sweep_at": None if looked is None else self._times.epoch(looked),
                "next_sweep_at": None if following is None else self._times.epoch(following),
                "sweep_failed": self._watcher.failure,
                "listed_at": None if listed is None else self._times.epoch(listed),
                "list_failed": self._registrations.failure,
                "journal": self._ports.journal_state(),
                "rate_remaining": rate[0] if rate else None,
                "rate_limit": rate[1] if rate else None,
            }
        )
