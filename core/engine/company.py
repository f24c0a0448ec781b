"""The scale sets we work for: each gets its target, its scaler and its loop.

What is retired is shown until it is gone, and kept after that: a late look or removal may still come to what was its
own, and the configuration may name it again.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Never, Protocol

from core.engine.definitions import Definitions
from core.engine.listener import ListenerServices
from core.engine.onlooker import Onlooker
from core.engine.plan import Planner
from core.engine.scale_set_loop import LoopServices, ScaleSetLoop
from core.engine.scaler import Scaler
from core.engine.target import Target

if TYPE_CHECKING:
    from core.domain.scale_set import ScaleSetSpec
    from core.engine.deregistrar import Deregistrar
    from core.engine.gates import Gates
    from core.engine.ground import EnginePorts, EngineSettings, Ground
    from core.engine.starts import Starts
    from core.engine.watcher import Watcher


class Step(StrEnum):
    """What a configuration changed for one scale set, as it is told."""

    ADDED = "added"
    CHANGED = "changed"
    BACK = "back again"


class Loop(Protocol):
    """What becomes of one scale set, until it is cancelled: a ``ScaleSetLoop`` or an ``Onlooker``."""

    @property
    def name(self) -> str:
        """The scale set's name."""

    @property
    def scaler(self) -> Scaler:
        """The one that decides for it."""

    def begin_anew(self) -> None:
        """It was retired, or is configured again."""

    def take_up(self, spec: ScaleSetSpec) -> None:
        """The configuration wants it like this from now on."""

    async def run(self) -> Never:
        """Live until cancelled."""


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
        self.scalers: dict[str, Scaler] = {}  #: of those that are shown
        self._loops: dict[str, Loop] = {}
        self._running: asyncio.TaskGroup | None = None
        self._settings = settings
        self._ports = ports
        self._ground = ground
        self._gates = gates
        self._starts = starts
        self.definitions = Definitions(
            ports.ecs, settings=settings.definitions, controller=settings.controller, chronicle=ground.chronicle
        )
        self._services = LoopServices(
            client=ports.client,
            definitions=self.definitions,
            watcher=watcher,
            listening=ListenerServices(ground.fleet, deregistrar, ground.chronicle, ground.times),
            rng=ports.rng,
            controller=settings.controller,
            made=ground.made,
            owner=settings.owner,
            uses_family=self._uses_family,
            retired=self._dismiss,
        )
        for spec in settings.scale_sets:
            self.enlist(spec)

    async def run(self) -> Never:
        """Run every loop, those that are enlisted later among them, until cancelled."""
        async with asyncio.TaskGroup() as self._running:
            for loop in self._loops.values():
                self._running.create_task(loop.run(), name=loop.name)
            await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    def enlist(self, spec: ScaleSetSpec, *, retired: bool = False, braked: str = "") -> None:
        """Work for a scale set from now on."""
        ground = self._ground
        target = ground.targets[spec.name] = Target(
            spec, retired=retired, braked=braked, pause=ground.pauses.get(spec.name)
        )
        scaler = self.scalers[spec.name] = Scaler(
            target,
            fleet=ground.fleet,
            gates=self._gates,
            starts=self._starts,
            chronicle=ground.chronicle,
            times=ground.times,
            slot_release_after=self._settings.slot_release_after,
        )
        loop = self._loops[spec.name] = self._loop(scaler)
        if self._running is not None:
            self._running.create_task(loop.run(), name=loop.name)
        ground.pulse.touch()

    def _loop(self, scaler: Scaler) -> Loop:
        if not self._settings.observe:
            return ScaleSetLoop(scaler, self._services)
        return Onlooker(
            scaler,
            self._ports.ecs,
            self._ports.client,
            planner=Planner(self._settings.controller, self._settings.definitions),
            chronicle=self._ground.chronicle,
            times=self._ground.times,
        )

    def want(self, spec: ScaleSetSpec) -> Step | None:
        """The configuration wants a scale set like this; returns what is new about it, None when nothing is."""
        target = self._ground.targets.get(spec.name)
        if target is None:
            self.enlist(spec)
            return Step.ADDED
        loop = self._loops[spec.name]
        if target.retired:
            target.revive(spec)
            self.scalers[spec.name] = loop.scaler
            loop.begin_anew()
            return Step.BACK
        if target.wanted == spec:
            return None
        loop.take_up(spec)
        return Step.CHANGED

    def begin_anew(self, name: str) -> None:
        """Something of it was changed on GitHub or in ECS: let its loop begin from the beginning."""
        self._ground.targets[name].scale_set_id = None
        self._ground.targets[name].forgive()
        self._loops[name].begin_anew()

    def retire(self, name: str) -> None:
        """The configuration no longer names it: it drains, and then it goes."""
        self._ground.targets[name].retire()
        self._loops[name].begin_anew()
        self._loops[name].scaler.kick()

    def _uses_family(self, family: str) -> bool:
        wanted = [target for target in self._ground.targets.values() if not target.retired]
        return any(family in {target.spec.family, target.wanted.family} for target in wanted)

    def _dismiss(self, target: Target) -> None:
        """Show it no more."""
        self.scalers.pop(target.name, None)
        self._ground.pulse.touch()
