"""What an engine is told and given, and what all of its services stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.chronicle import Chronicle
from core.engine.fleet import Fleet
from core.engine.holds import Holds
from core.engine.made import Made
from core.engine.measures import Measures
from core.engine.pulse import Pulse
from core.engine.times import Times
from core.engine.usual import Usual
from core.meter import UNMETERED

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from core.domain.budget import Budget
    from core.domain.scale_set import ScaleSetSpec
    from core.domain.task_definition import DefinitionSettings
    from core.engine.target import Pause, Target
    from core.meter import Meter
    from core.ports import Clock, Configuration, EcsClient, Journal, ScaleSetClient, TaskLogs

#: RunTask and StopTask share 40 calls a second and a burst of 100 (ecs-api.md A2); a tenth is kept for StopTask.
START_RATE, START_BURST = 36.0, 90.0


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
    budgets: tuple[Budget, ...] = ()
    config_version: str = ""  #: of the configuration that ``scale_sets`` come from
    config_interval: float = 300.0
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
    observe: bool = False  #: everything is read and shown, and nothing is changed


@dataclass(frozen=True, slots=True)
class EnginePorts:
    """What the engine is given. ``suffix`` makes the 8 hex digits of a runner's name."""

    ecs: EcsClient
    client: ScaleSetClient
    journal: Journal
    configuration: Configuration
    task_logs: TaskLogs
    clock: Clock
    rng: random.Random
    suffix: Callable[[], str]
    journal_state: Callable[[], str] = lambda: ""  #: how the journal is degraded; empty when well
    rate: Callable[[], tuple[int, int] | None] = lambda: None  #: GitHub's REST limit: remaining, limit
    meter: Meter = UNMETERED


@dataclass(frozen=True, slots=True)
class Ground:
    """What every service stands on."""

    times: Times
    pulse: Pulse
    chronicle: Chronicle
    fleet: Fleet
    targets: dict[str, Target]
    pauses: dict[str, Pause]  #: by scale set, whether it is one of the targets or not
    made: Made
    holds: Holds
    usual: Usual

    @classmethod
    def of(cls, ports: EnginePorts) -> Ground:
        """Make it; whatever moves the fleet moves the pulse."""
        times, pulse = Times(ports.clock), Pulse()
        fleet = Fleet(times)
        usual = Usual(times)
        fleet.watchers += [lambda _: pulse.touch(), Measures(ports.meter).changed, usual.changed]
        chronicle = Chronicle(ports.journal, times, pulse, ports.meter)
        holds = Holds(ports.journal, fleet, chronicle=chronicle, times=times, journal_state=ports.journal_state)
        return cls(times, pulse, chronicle, fleet, {}, {}, Made(ports.journal, chronicle), holds, usual)
