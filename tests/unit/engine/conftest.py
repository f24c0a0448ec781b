"""The engine between two fakes, in virtual time."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from core.api.commands import Answer, Command, Operator
from core.api.events import EventQuery
from core.api.model import RunnerState, RunnerView, ScaleSetView
from core.domain.scale_set import ScaleSetSpec
from core.engine.engine import Engine
from core.engine.ground import EnginePorts, EngineSettings
from core.meter import UNMETERED
from core.ports import JournalEntry
from tests.builders import DEFINITIONS, a_scale_set
from tests.fakes.configuration import FakeConfiguration
from tests.fakes.ecs import FakeEcs
from tests.fakes.scale_sets import FakeGitHub
from tests.fakes.task_logs import FakeTaskLogs
from tests.unit.engine.support import TimedEcs, TimedGitHub, timed
from tests.virtual_time import VirtualClock

OPERATOR = Operator(uid=1000, name="alice")


class FixedDice(random.Random):
    """Dice that always fall in the middle: no jitter."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


class ListJournal:
    """A journal one can look into."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.state = ""

    def record(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    async def open_intents(self) -> list[JournalEntry]:
        return []

    async def recent(self, limit: int) -> list[JournalEntry]:
        return self.entries[::-1][:limit]

    async def find(self, query: EventQuery) -> list[JournalEntry]:
        return [entry for entry in self.entries if entry.answers(query)][-query.limit :]

    async def flush(self) -> None:
        return


@dataclass
class Rig:
    """An engine with everything around it."""

    engine: Engine
    ecs: FakeEcs
    github: FakeGitHub
    journal: ListJournal
    configuration: FakeConfiguration
    stop: asyncio.Event

    @property
    def runners(self) -> dict[str, RunnerView]:
        return {view.name: view for view in self.engine.snapshot().runners}

    def in_state(self, state: RunnerState) -> list[str]:
        return [view.name for view in self.runners.values() if view.state is state]

    def scale_set(self, name: str = "small") -> ScaleSetView:
        return next(view for view in self.engine.snapshot().scale_sets if view.name == name)

    def events(self, kind: str) -> list[str]:
        return [event.text for event in self.engine.snapshot().events if event.kind == kind]

    def kept(self, kind: str) -> list[JournalEntry]:
        return [entry for entry in self.journal.entries if entry.kind == kind]

    async def execute(self, command: Command) -> Answer:
        return await self.engine.execute(command, OPERATOR)


Rigged = Callable[..., object]


class Rigs:
    """Makes rigs. Facts about ``EngineSettings`` go by name."""

    def __init__(self) -> None:
        self.ecs = FakeEcs()
        self.github = FakeGitHub()
        self.logs = FakeTaskLogs()
        self.meter = UNMETERED

    @asynccontextmanager
    async def running(self, *scale_sets: ScaleSetSpec, settle: float = 1.0, **facts: object) -> AsyncIterator[Rig]:
        """An engine that has run for ``settle`` seconds; it is stopped in order at the end."""
        rig = self.rig(*scale_sets, **facts)
        running = asyncio.create_task(rig.engine.run(rig.stop))
        await asyncio.sleep(settle)
        try:
            yield rig
        finally:
            rig.stop.set()
            await running

    def rig(self, *scale_sets: ScaleSetSpec, **facts: object) -> Rig:
        """An engine that does not run yet."""
        configuration = FakeConfiguration(*(scale_sets or (a_scale_set(),)))
        settings = EngineSettings(
            controller="test",
            cluster="fake",
            github="https://github.com/acme",
            scale_sets=scale_sets or (a_scale_set(),),
            config_version=configuration.version,
            definitions=DEFINITIONS,
            owner="host",
            instance="1",
        )
        numbers = itertools.count(10)
        ports = EnginePorts(
            ecs=self.ecs,
            client=self.github,
            journal=(journal := ListJournal()),
            configuration=configuration,
            task_logs=self.logs,
            clock=VirtualClock(),
            rng=FixedDice(),
            suffix=lambda: f"{next(numbers):08x}",
            journal_state=lambda: journal.state,
            meter=self.meter,
        )
        engine = Engine(replace(settings, **facts), ports)  # type: ignore[arg-type]  # facts are the fields' own
        return Rig(engine, self.ecs, self.github, journal, configuration, asyncio.Event())


@pytest.fixture
def rigs() -> Rigs:
    return Rigs()


@pytest.fixture
def services(rigs: Rigs) -> tuple[TimedEcs, TimedGitHub]:
    return timed(rigs)


@pytest.fixture
def ecs(services: tuple[TimedEcs, TimedGitHub]) -> TimedEcs:
    return services[0]


@pytest.fixture
def github(services: tuple[TimedEcs, TimedGitHub]) -> TimedGitHub:
    return services[1]
