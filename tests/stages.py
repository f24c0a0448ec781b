"""The whole program against the embedded world, in one loop: what integration tests, storms and measurements stand on.

Real HTTP on loopback, the ordinary adapters, the ordinary settings; only the clock and the dice are given. When a world
is left, the invariants I1 to I6 are asserted over all that happened in it, everything that was logged, and everything
that its controllers wrote and showed. Belongs in virtual time, and needs no pytest around it.
"""

import asyncio
import functools
import io
import logging
import math
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import botocore.session
import pytest
from aiobotocore.httpsession import AIOHTTPSession
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.adapters.github import pools
from core.api.model import RunnerState, RunnerView, ScaleSetView, Snapshot
from core.bootstrap import controller
from core.config.runner_config import parse_runner_config
from core.config.settings import RunnerDefaults, load_settings
from core.daemon import JsonLines
from core.engine.engine import Engine
from core.world.checker import Bounds, InvariantChecker, SharedLimit, StartRules
from core.world.faults import ANY_OPERATION, Fault
from core.world.world import World, WorldSettings

CONTROLLER_ID = "test"

TOML = """
[[runner]]
family = "small"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = 10
"""


def share_service_descriptions(patch: pytest.MonkeyPatch) -> None:
    """Read botocore's descriptions of AWS once in a process: every session of its own would take 100 ms for them."""
    patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))


def share_start_costs(patch: pytest.MonkeyPatch) -> None:
    """Read what all controllers of a process have in common once: authorities, the App's key, AWS's descriptions.

    AWS is reached in plain HTTP here, so its client needs no authorities at all.
    """
    share_service_descriptions(patch)
    patch.setattr("core.adapters.github.transport.trusted", functools.cache(pools.trusted))
    patch.setattr("core.adapters.github.auth.load_pem_private_key", functools.cache(load_pem_private_key))
    patch.setattr(AIOHTTPSession, "_get_ssl_context", lambda _: None)


class WorldTime:
    """The world's clock as the controller's: one time for both, but for a wall clock that may be ``skew`` s ahead."""

    def __init__(self, world: World, skew: float = 0.0) -> None:
        self._clock = world.clock
        self._skew = timedelta(seconds=skew)
        self.monotonic = world.clock.monotonic
        self.sleep = world.clock.sleep

    def now(self) -> datetime:
        return self._clock.now() + self._skew


@dataclass
class Stage:
    """A controller in a world."""

    world: World
    engine: Engine
    stop: asyncio.Event
    running: asyncio.Task[None]
    journal: Path
    dead: bool = False

    def snapshot(self) -> Snapshot:
        return self.engine.snapshot()

    def scale_set(self, name: str = "small") -> ScaleSetView:
        return next(view for view in self.snapshot().scale_sets if view.name == name)

    def in_state(self, *states: RunnerState) -> list[RunnerView]:
        return [view for view in self.snapshot().runners if view.state in states]

    def events(self, kind: str) -> list[str]:
        return [event.text for event in self.snapshot().events if event.kind == kind]

    async def cut_off(self, journal: Path) -> None:
        """Die as from SIGKILL: nothing it calls has an effect from now on, nothing it writes is kept.

        What it had written is copied to ``journal`` for its successor. Its calls fail until its context is left.
        """
        self.dead = True
        self.world.faults.add(ANY_OPERATION, Fault("reset"), times=None)
        await self.engine._ports.journal.flush()
        journal.parent.mkdir(parents=True)
        with closing(sqlite3.connect(self.journal)) as written, closing(sqlite3.connect(journal)) as copy:
            written.backup(copy)
        self.running.cancel()
        await asyncio.wait({self.running})


@dataclass
class Theatre:
    """A world, its checker, and what every controller in it has written so far."""

    world: World
    checker: InvariantChecker
    log: io.StringIO
    journals: set[Path] = field(default_factory=set)
    events: list[dict[str, object]] = field(default_factory=list)

    def judge(self) -> None:
        """Assert the invariants over everything so far."""
        entries = [entry for path in sorted(self.journals) for entry in _entries(path)]
        self.checker.was_told(journal=entries, events=self.events)
        self.checker.inspect("the log", self.log.getvalue())
        self.checker.inspect("the journal", str(entries))
        self.checker.inspect("the events", str(self.events))
        self.checker.assert_holds()


class Stages:
    """Makes worlds and controllers. The AWS environment of the process is the world's while one is open."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._theatres: dict[int, Theatre] = {}

    @asynccontextmanager
    async def world(
        self,
        settings: WorldSettings | None = None,
        *,
        toml: str = TOML,
        rules: StartRules | None = None,
        settle: float = 120.0,
    ) -> AsyncIterator[World]:
        """A world whose invariants are asserted when it is left; ``toml`` names the scale sets that are ours."""
        async with World(settings or WorldSettings(seed=1)) as world:
            checker = InvariantChecker(world, _bounds(toml), rules=rules, settle=settle, shared=shared_limits(toml))
            with _log() as log:
                theatre = self._theatres[id(world)] = Theatre(world, checker, log)
                yield world
                theatre.judge()

    @asynccontextmanager
    async def controller(
        self,
        world: World,
        *,
        toml: str = TOML,
        settings: Mapping[str, str] | None = None,
        name: str = "controller",
        seed: int = 1,
        skew: float = 0.0,
        allow_mass_removal: bool = False,
        observe: bool = False,
    ) -> AsyncIterator[Stage]:
        """A controller that runs until the context is left; then it is stopped in order, unless it was cut off.

        Its state directory goes by ``name``: the same name again is a restart, another one another host. Its dice go by
        ``seed``. Its wall clock is ``skew`` seconds ahead of the world's.
        """
        environ = self.environ(world, toml, name) | dict(settings or {})
        stop, theatre = asyncio.Event(), self._theatres[id(world)]
        journal = self._folder / name / environ["ARCDECK_CONTROLLER_ID"] / "journal.db"
        dice = random.Random(seed)
        async with controller(
            load_settings(environ, {}),
            environ,
            allow_mass_removal=allow_mass_removal,
            observe=observe,
            clock=WorldTime(world, skew),
            rng=dice,
        ) as engine:
            theatre.journals.add(journal)
            stage = Stage(world, engine, stop, asyncio.create_task(engine.run(stop)), journal)
            watching = asyncio.create_task(_note_events(engine, theatre.events))
            try:
                yield stage
            finally:
                stop.set()
                if not stage.dead:
                    await stage.running
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                theatre.events.extend(event.model_dump(mode="json") for event in engine.snapshot().events)
        if stage.dead:
            world.faults.clear(ANY_OPERATION)

    @asynccontextmanager
    async def aws(self, world: World) -> AsyncIterator[None]:
        """Let this process find the world's AWS without a controller."""
        self.environ(world, TOML, "nobody")
        yield

    def theatres(self) -> list[Theatre]:
        """What is known of every world there was."""
        return list(self._theatres.values())

    def theatre(self, world: World) -> Theatre:
        """What is known of a world that is open."""
        return self._theatres[id(world)]

    def journal_of(self, name: str) -> Path:
        """Where the controller of that name keeps its journal."""
        return self._folder / name / CONTROLLER_ID / "journal.db"

    def environ(self, world: World, toml: str, name: str = "controller") -> dict[str, str]:
        """The environment of a controller of that name; this process finds the world's AWS from now on."""
        runners = self._folder / f"{name}.toml"
        runners.write_text(toml)
        environ = world.environment(
            TOML_CONFIG_FILE=str(runners),
            ARCDECK_STATE_DIR=str(self._folder / name),
            ARCDECK_SOCKET=str(self._folder / f"{name}.sock"),
            ARCDECK_CONTROLLER_ID=CONTROLLER_ID,
        )
        for variable, value in environ.items():
            if variable.startswith("AWS_"):
                self._monkeypatch.setenv(variable, value)
        return environ


def _bounds(toml: str) -> dict[str, Bounds]:
    config = parse_runner_config(toml, RunnerDefaults())
    return {
        spec.name: Bounds(spec.bounds.maximum, spec.bounds.minimum, spec.bounds.min_idle) for spec in config.scale_sets
    }


def shared_limits(toml: str) -> list[SharedLimit]:
    """The budgets of a configuration, as the checker takes them."""
    return [
        SharedLimit(
            budget.name,
            frozenset(budget.scale_sets),
            *(
                math.inf if limit is None else limit
                for limit in (budget.max_runners, budget.max_cpu, budget.max_memory)
            ),
        )
        for budget in parse_runner_config(toml, RunnerDefaults()).budgets
    ]


async def _note_events(engine: Engine, events: list[dict[str, object]]) -> None:
    """Follow the controller as a screen does: its list of events is bounded, a long test is not."""
    async for update in engine.updates():
        shown = getattr(update, "events", ())
        events.extend(event.model_dump(mode="json") for event in shown)


@contextmanager
def _log() -> Iterator[io.StringIO]:
    """Everything that a daemon would log at its ordinary level, in its own form."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonLines())
    root, ours = logging.getLogger(), logging.getLogger("arcdeck")
    level, ours.level = ours.level, logging.INFO
    root.addHandler(handler)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        ours.setLevel(level)


def _entries(journal: Path) -> list[dict[str, object]]:
    with closing(sqlite3.connect(journal)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM entries")]
