"""How the services that carry out operators' commands are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.adopting import Adopting
from core.engine.commands import Commands
from core.engine.keeping import Keeping
from core.engine.recreation import Recreation
from core.engine.runner_commands import RunnerCommands
from core.engine.steering import Steering

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.company import Company
    from core.engine.deregistrar import Deregistrar
    from core.engine.drainer import Drainer
    from core.engine.gates import Gates
    from core.engine.ground import EnginePorts, EngineSettings, Ground
    from core.engine.pauses import Pauses
    from core.engine.reaper import Reaper
    from core.engine.reload import Reload
    from core.engine.retirement import Retirement
    from core.engine.scaler import Scaler
    from core.engine.stops import Stops


def commands(
    ports: EnginePorts,
    ground: Ground,
    scalers: Mapping[str, Scaler],
    *,
    stops: Stops,
    reaper: Reaper,
    deregistrar: Deregistrar,
    drainer: Drainer,
    gates: Gates,
    pauses: Pauses,
    keeping: Keeping,
) -> Commands:
    """The inbound side of an engine."""
    steering = Steering(
        scalers,
        fleet=ground.fleet,
        targets=ground.targets,
        gates=gates,
        drainer=drainer,
        pauses=pauses,
        times=ground.times,
        journal_state=ports.journal_state,
    )
    runners = RunnerCommands(
        fleet=ground.fleet,
        targets=ground.targets,
        stops=stops,
        deregistrar=deregistrar,
        drainer=drainer,
        holds=ground.holds,
    )
    return Commands(
        fleet=ground.fleet,
        targets=ground.targets,
        runners=runners,
        reaper=reaper,
        steering=steering,
        keeping=keeping,
        chronicle=ground.chronicle,
    )


def keeping(
    settings: EngineSettings,
    ports: EnginePorts,
    ground: Ground,
    company: Company,
    *,
    reload: Reload,
    retirement: Retirement,
) -> Keeping:
    """What operators may do with scale sets as such, and with the configuration."""
    adopting = Adopting(
        ports.ecs,
        ports.client,
        company=company,
        definitions=company.definitions,
        targets=ground.targets,
        made=ground.made,
        controller=settings.controller,
        owner=settings.owner,
    )
    recreation = Recreation(ports.client, company=company, fleet=ground.fleet, targets=ground.targets)
    return Keeping(adopting, recreation, reload, retirement)
