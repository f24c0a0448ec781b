"""How the engine's services are put together: each gets what it needs, and nothing else knows how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.budgets import Budgets
from core.engine.command_wiring import commands, keeping
from core.engine.company import Company
from core.engine.deregistrar import Deregistrar
from core.engine.drainer import Drainer
from core.engine.endings import Endings
from core.engine.feed import Feed
from core.engine.gates import Gates
from core.engine.ground import Ground
from core.engine.history import History
from core.engine.identity import Identity
from core.engine.launch import StartServices
from core.engine.mismatches import Mismatches
from core.engine.offline import OfflineSweep
from core.engine.overview import Overview
from core.engine.pacing import Pacer
from core.engine.pauses import Pauses
from core.engine.placements import Placements
from core.engine.reaper import Reaper
from core.engine.recovery import Recovery
from core.engine.registrations import Registrations
from core.engine.reload import Reload
from core.engine.retirement import Retirement
from core.engine.runner_logs import RunnerLogs
from core.engine.starts import Starts
from core.engine.stops import Stops
from core.engine.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.chronicle import Chronicle
    from core.engine.commands import Commands
    from core.engine.ground import EnginePorts, EngineSettings
    from core.engine.holds import Holds
    from core.engine.made import Made
    from core.engine.scaler import Scaler
    from core.engine.target import Target
    from core.engine.times import Times

#: What is kept of RunTask's and StopTask's common rate (``ground``).
STOP_RATE, STOP_BURST = 4.0, 10.0


@dataclass(frozen=True, slots=True)
class Services:
    """Every service of one engine."""

    times: Times
    chronicle: Chronicle
    made: Made
    targets: dict[str, Target]
    gates: Gates
    deregistrar: Deregistrar
    watcher: Watcher
    reaper: Reaper
    registrations: Registrations
    drainer: Drainer
    recovery: Recovery
    starts: Starts
    company: Company
    retirement: Retirement
    reload: Reload
    pauses: Pauses
    holds: Holds
    commands: Commands
    feed: Feed
    history: History
    logs: RunnerLogs


def assemble(settings: EngineSettings, ports: EnginePorts) -> Services:
    """Put an engine's services together; nothing runs yet."""
    ground = Ground.of(ports)
    placements = Placements(ground.times, ports.rng, settings.capacity_backoff)
    budgets = _budgets(settings, ground)
    gates = Gates(placements, budgets, ground.times, lambda: ports.rng.uniform(-1.0, 1.0))
    deregistrar = _deregistrar(ports, ground)
    recovery = _recovery(ports, ground, deregistrar)
    endings = Endings(
        ground.targets, gates=gates, deregistrar=deregistrar, chronicle=ground.chronicle, times=ground.times
    )
    ground.fleet.watchers.append(endings.changed)
    watcher = _watcher(settings, ports, ground, endings, recovery)
    stops = _stops(ports, ground)
    reaper = _reaper(ports, ground, watcher, stops)
    registrations = _registrations(settings, ports, ground, deregistrar=deregistrar, recovery=recovery, watcher=watcher)
    identity = Identity(settings, ports, ground.times, watcher=watcher, reaper=reaper, registrations=registrations)
    starts = _starts(settings, ports, ground, gates=gates, deregistrar=deregistrar, endings=endings)
    company = Company(settings, ports, ground, gates=gates, starts=starts, deregistrar=deregistrar, watcher=watcher)
    budgets.scalers = company.scalers
    drainer = _drainer(settings, ground, company.scalers, deregistrar, stops)
    retirement = _retirement(settings, ports, ground, company)
    reload = _reload(settings, ports, ground, company, retirement, budgets=budgets)
    pauses = Pauses(ports.journal, ground.pauses, ground.targets, chronicle=ground.chronicle, times=ground.times)
    return Services(
        times=ground.times,
        chronicle=ground.chronicle,
        made=ground.made,
        targets=ground.targets,
        gates=gates,
        deregistrar=deregistrar,
        watcher=watcher,
        reaper=reaper,
        registrations=registrations,
        drainer=drainer,
        recovery=recovery,
        starts=starts,
        company=company,
        retirement=retirement,
        reload=reload,
        pauses=pauses,
        holds=ground.holds,
        commands=commands(
            ports,
            ground,
            company.scalers,
            stops=stops,
            reaper=reaper,
            deregistrar=deregistrar,
            drainer=drainer,
            gates=gates,
            pauses=pauses,
            keeping=keeping(settings, ports, ground, company, reload=reload, retirement=retirement),
        ),
        feed=_feed(identity, ground, placements, company.scalers, registrations.mismatches),
        logs=RunnerLogs(ground.fleet, ports.task_logs),
        history=History(ports.journal, ground.chronicle.ledger, ground.times),
    )


def _budgets(settings: EngineSettings, ground: Ground) -> Budgets:
    return Budgets(
        settings.budgets,
        targets=ground.targets,
        fleet=ground.fleet,
        times=ground.times,
        slot_release_after=settings.slot_release_after,
    )


def _recovery(ports: EnginePorts, ground: Ground, deregistrar: Deregistrar) -> Recovery:
    return Recovery(
        ports.journal,
        ground.fleet,
        ground.targets,
        deregistrar=deregistrar,
        chronicle=ground.chronicle,
        times=ground.times,
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


def _drainer(
    settings: EngineSettings, ground: Ground, scalers: Mapping[str, Scaler], deregistrar: Deregistrar, stops: Stops
) -> Drainer:
    return Drainer(
        scalers,
        fleet=ground.fleet,
        deregistrar=deregistrar,
        stops=stops,
        chronicle=ground.chronicle,
        times=ground.times,
        quiet_window=settings.quiet_window,
    )


def _stops(ports: EnginePorts, ground: Ground) -> Stops:
    return Stops(ports.ecs, ground.fleet, ground.chronicle, Pacer(ports.clock, rate=STOP_RATE, burst=STOP_BURST))


def _deregistrar(ports: EnginePorts, ground: Ground) -> Deregistrar:
    return Deregistrar(ports.client, ground.fleet, ground.targets, chronicle=ground.chronicle, times=ground.times)


def _reaper(ports: EnginePorts, ground: Ground, watcher: Watcher, stops: Stops) -> Reaper:
    return Reaper(
        watcher=watcher,
        fleet=ground.fleet,
        targets=ground.targets,
        stops=stops,
        times=ground.times,
        meter=ports.meter,
    )


def _registrations(
    settings: EngineSettings,
    ports: EnginePorts,
    ground: Ground,
    *,
    deregistrar: Deregistrar,
    recovery: Recovery,
    watcher: Watcher,
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
    mismatches = Mismatches(
        ground.fleet,
        ground.targets,
        times=ground.times,
        offline_since=offline.since,
        orphans=lambda: watcher.strangers,
        min_age=settings.offline_min_age,
    )
    return Registrations(
        ports.client,
        ground.fleet,
        ground.targets,
        offline=offline,
        mismatches=mismatches,
        chronicle=ground.chronicle,
        times=ground.times,
    )


def _retirement(settings: EngineSettings, ports: EnginePorts, ground: Ground, company: Company) -> Retirement:
    return Retirement(
        ports.client,
        company,
        ports.journal,
        targets=ground.targets,
        fleet=ground.fleet,
        chronicle=ground.chronicle,
        made=ground.made,
        settings=settings,
    )


def _reload(
    settings: EngineSettings,
    ports: EnginePorts,
    ground: Ground,
    company: Company,
    retirement: Retirement,
    *,
    budgets: Budgets,
) -> Reload:
    return Reload(
        ports.configuration,
        company,
        retirement,
        budgets=budgets,
        chronicle=ground.chronicle,
        times=ground.times,
        version=settings.config_version,
    )


def _feed(
    identity: Identity, ground: Ground, placements: Placements, scalers: Mapping[str, Scaler], mismatches: Mismatches
) -> Feed:
    overview = Overview(
        identity.view,
        fleet=ground.fleet,
        scalers=scalers,
        placements=placements,
        mismatches=mismatches,
        chronicle=ground.chronicle,
        times=ground.times,
        usual=ground.usual,
    )
    return Feed(overview.snapshot, ground.pulse, ground.times)
