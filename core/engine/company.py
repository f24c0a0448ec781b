"""The scale sets we work for: each gets its target, its scaler and its loop, and all of it goes when it is retired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.definitions import Definitions
from core.engine.listener import ListenerServices
from core.engine.scale_set_loop import LoopServices, ScaleSetLoop
from core.engine.scaler import Scaler
from core.engine.target import Target

if TYPE_CHECKING:
    from core.domain.scale_set import ScaleSetSpec
    from core.engine.deregistrar import Deregistrar
    from core.engine.gates import Gates
    from core.engine.starts import Starts
    from core.engine.watcher import Watcher
    from core.engine.wiring import EnginePorts, EngineSettings, Ground


class Company:
    """The scale sets we work for, those of the settings at first, each with its scaler and its loop."""

    def __init__(
        self,
        settings: EngineSettings,
        ports: EnginePorts,
        ground: Ground,
        *,
        gates: Gates,
        starts: Starts,
        deregistrar: Deregistrar,
        watcher: Watcher,
    ) -> None:
        self.scalers: dict[str, Scaler] = {}
        self.loops: dict[str, ScaleSetLoop] = {}
        self._settings = settings
        self._ground = ground
        self._gates = gates
        self._starts = starts
        self._services = LoopServices(
            client=ports.client,
            definitions=Definitions(
                ports.ecs,
                settings=settings.definitions,
                controller=settings.controller,
                chronicle=ground.chronicle,
            ),
            watcher=watcher,
            listening=ListenerServices(ground.fleet, deregistrar, ground.chronicle, ground.times),
            rng=ports.rng,
            controller=settings.controller,
            owner=settings.owner,
            retired=self._dismiss,
        )
        for spec in settings.scale_sets:
            self.enlist(spec)

    def enlist(self, spec: ScaleSetSpec, *, retired: bool = False, braked: str = "") -> None:
        """Work for a scale set from now on; its loop is the engine's to run."""
        ground = self._ground
        target = ground.targets[spec.name] = Target(spec, retired=retired, braked=braked)
        scaler = self.scalers[spec.name] = Scaler(
            target,
            fleet=ground.fleet,
            gates=self._gates,
            starts=self._starts,
            chronicle=ground.chronicle,
            times=ground.times,
            slot_release_after=self._settings.slot_release_after,
        )
        self.loops[spec.name] = ScaleSetLoop(scaler, self._services)

    def _dismiss(self, target: Target) -> None:
        """Show it no more. Its target stays: a late look or removal may still come to what was its own."""
        for members in (self.scalers, self.loops):
            members.pop(target.name, None)
        self._ground.pulse.touch()
