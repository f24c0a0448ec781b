"""How the engine's services are put together: each gets what it needs, and nothing else knows how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.chronicle import Chronicle
from core.engine.commands import Commands
from core.engine.company import Company
from core.engine.deregistrar import Deregistrar
from core.engine.drainer import Drainer
from core.engine.endings import Endings
from core.engine.feed import Feed
from core.engine.fleet import Fleet
from core.engine.gates import Gates
from core.engine.identity import Identity
from core.engine.launch import StartServices
from core.engine.offline import OfflineSweep
from core.engine.overview import Overview
from core.engine.pacing import Pacer
from core.engine.placements import Placements
from core.engine.pulse import Pulse
from core.engine.reaper import Reaper
from core.engine.recovery import Recovery
from core.engine.registrations import Registrations
from core.engine.retirement import Retirement
from core.engine.starts import Starts
from core.engine.stops import Stops
from core.engine.times import Times
from core.engine.watcher import Watcher

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from core.domain.scale_set import ScaleSetSpec
    from core.domain.task_definition import DefinitionSettings
    from core.engine.scale_set_loop import ScaleSetLoop
    from core.engine.scaler import Scaler
    from core.engine.target import Target
    from core.ports import Clock, EcsClient, Journal, ScaleSetClient

#: RunTask and StopTask share 40 calls a second and a burst of 100 (ecs-api.md A2); a tenth is kept for StopTask.
START_RATE, START_BURST = 36.0, 90.0
STOP_RATE, STOP_BURST = 4.0, 10.0


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the engine is told. Durations in seconds."""

    controller: str
    cluster: str
    github: str
    scale_sets: tuple[ScaleSetSpec, ...]
    definitions: DefinitionSettings
    owner: str  #: owner name of message sessions
    instance: str  #: changes with each start
    version: str = ""
    region: str = ""
    reaper_interval: float = 30.0
    offline_interval: float = 1800.0
    offline_min_age: float = 3600.0
    quiet_window: float = 120.0
    slot_release_after: float = 600.0
    start_concurrency: int = 20
    capacity_backoff: tuple[float, ...] = (15.0, 30.0, 60.0, 120.0, 300.0)
    start_rate: float = START_RATE
    start_burst: float = START_BURST
    allow_mass_removal: bool = False


@dataclass(frozen=True, slots=True)
class EnginePorts:
    """What the engine is given. ``suffix`` makes the 8 hex digits of a runner's name."""

    ecs: EcsClient
    client: ScaleSetClient
    journal: Journal
    clock: Clock
    rng: random.Random
    suffix: Callable[[], str]
    journal_state: Callable[[], str] = lambda: ""  #: how the journal is degraded; empty when well
    rate: Callable[[], tuple[int, int] | None] = lambda: None  #: GitHub's REST limit: remaining, limit


@dataclass(frozen=True, slots=True)
class Ground:
    """What every service stands on."""

    times: Times
    pulse: Pulse
    chronicle: Chronicle
    fleet: Fleet
    targets: dict[str, Target]

    @classmethod
    def of(cls, ports: EnginePorts) -> Ground:
        """Make it; whatever moves the fleet moves the pulse."""
        times, pulse = Times(ports.clock), Pulse()
        fleet = Fleet(times)
        fleet.watchers.append(lambda _: pulse.touch())
        return cls(times, pulse, Chronicle(ports.journal, times, pulse), fleet, {})


@dataclass(frozen=True, slots=True)
class Services:
    """Every service of one engine."""

    times: Times
    chronicle: Chronicle
    targets: dict[str, Target]
    gates: Gates
    deregistrar: Deregistrar
    watcher: Watcher
    reaper: Reaper
    registrations: Registrations
    drainer: Drainer
    recovery: Recovery
    starts: Starts
    loops: Mapping[str, ScaleSetLoop]
    retirement: Retirement
    commands: Commands
    feed: Feed


def assemble(settings: EngineSettings, ports: EnginePorts) -> Services:
    """Put an engine's services together; nothing runs yet."""
    ground = Ground.of(ports)
    placements = Placements(ground.times, ports.rng, settings.capacity_backoff)
    gates = Gates(placements, ground.times, lambda: ports.rng.uniform(-1.0, 1.0))
    deregistrar = Deregistrar(
        ports.client, ground.fleet, ground.targets, chronicle=ground.chronicle, times=ground.times
    )
    recovery = Recovery(
        ports.journal,
        ground.fleet,
        ground.targets,
        deregistrar=deregistrar,
        chronicle=ground.chronicle,
        times=ground.times,
    )
    endings = Endings(
        ground.targets, gates=gates, deregistrar=deregistrar, chronicle=ground.chronicle, times=ground.times
    )
    ground.fleet.watchers.append(endings.changed)
    watcher = _watcher(settings, ports, ground, endings, recovery)
    stop_pacer = Pacer(ports.clock, rate=STOP_RATE, burst=STOP_BURST)
    stops = Stops(ports.ecs, ground.fleet, ground.chronicle, stop_pacer)
    reaper = Reaper(watcher=watcher, fleet=ground.fleet, targets=ground.targets, stops=stops, times=ground.times)
    starts = _starts(settings, ports, ground, gates=gates, deregistrar=deregistrar, endings=endings)
    company = Company(settings, ports, ground, gates=gates, starts=starts, deregistrar=deregistrar, watcher=watcher)
    drainer = Drainer(
        company.scalers,
        fleet=ground.fleet,
        deregistrar=deregistrar,
        stops=stops,
        chronicle=ground.chronicle,
        times=ground.times,
        quiet_window=settings.quiet_window,
    )
    return Services(
        times=ground.times,
        chronicle=ground.chronicle,
        targets=ground.targets,
        gates=gates,
        deregistrar=deregistrar,
        watcher=watcher,
        reaper=reaper,
        registrations=_registrations(settings, ports, ground, deregistrar, recovery),
        drainer=drainer,
        recovery=recovery,
        starts=starts,
        loops=company.loops,
        retirement=Retirement(
            ports.client,
            ground.targets,
            company.enlist,
            ground.chronicle,
            controller=settings.controller,
            allowed=settings.allow_mass_removal,
        ),
        commands=_commands(ground, stops, reaper, deregistrar, drainer),
        feed=_feed(Identity(settings, ports, ground.times, watcher, reaper), ground, placements, company.scalers),
    )


def _watcher(
    settings: EngineSettings, ports: EnginePorts, ground: Ground, endings: Endings, recovery: Recovery
) -> Watcher:
    return Watcher(
        ports.ecs,
        ground.fleet,
        ground.targets,
        endings=endings,
        recovery=recovery,
        chronicle=ground.chronicle,
        times=ground.times,
        controller=settings.controller,
    )


def _starts(
    settings: EngineSettings,
    ports: EnginePorts,
    ground: Ground,
    *,
    gates: Gates,
    deregistrar: Deregistrar,
    endings: Endings,
) -> Starts:
    services = StartServices(
        ecs=ports.ecs,
        client=ports.client,
        fleet=ground.fleet,
        gates=gates,
        deregistrar=deregistrar,
        endings=endings,
        chronicle=ground.chronicle,
        times=ground.times,
        pacer=Pacer(ports.clock, rate=settings.start_rate, burst=settings.start_burst),
        suffix=ports.suffix,
        controller=settings.controller,
    )
    return Starts(services, concurrency=settings.start_concurrency)


def _registrations(
    settings: EngineSettings, ports: EnginePorts, ground: Ground, deregistrar: Deregistrar, recovery: Recovery
) -> Registrations:
    offline = OfflineSweep(
        ports.client,
        ground.fleet,
        ground.targets,
        deregistrar=deregistrar,
        recovery=recovery,
        chronicle=ground.chronicle,
        times=ground.times,
        interval=settings.offline_interval,
        min_age=settings.offline_min_age,
    )
    return Registrations(
        ports.client, ground.fleet, ground.targets, offline=offline, chronicle=ground.chronicle, times=ground.times
    )


def _commands(ground: Ground, stops: Stops, reaper: Reaper, deregistrar: Deregistrar, drainer: Drainer) -> Commands:
    return Commands(
        fleet=ground.fleet,
        targets=ground.targets,
        stops=stops,
        reaper=reaper,
        deregistrar=deregistrar,
        drainer=drainer,
        chronicle=ground.chronicle,
    )


def _feed(identity: Identity, ground: Ground, placements: Placements, scalers: Mapping[str, Scaler]) -> Feed:
    overview = Overview(
        identity.view,
        fleet=ground.fleet,
        scalers=scalers,
        placements=placements,
        chronicle=ground.chronicle,
        times=ground.times,
    )
    return Feed(overview.snapshot, ground.pulse, ground.times)
