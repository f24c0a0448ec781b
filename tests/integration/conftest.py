"""The whole program against the embedded world, in one loop and in virtual time.

Real HTTP on loopback, the ordinary adapters, the ordinary settings; only the clock and the dice are given.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.api.model import RunnerState, RunnerView, ScaleSetView, Snapshot
from core.bootstrap import controller
from core.config.settings import load_settings
from core.engine.engine import Engine
from core.world.world import World, WorldSettings

TOML = """
[[runner]]
family = "small"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = 10
"""


class WorldTime:
    """The world's clock as the controller's: one time for both."""

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self.now = world.clock.now
        self.monotonic = world.clock.monotonic
        self.sleep = world.clock.sleep


@dataclass
class Stage:
    """A world, and a controller in it."""

    world: World
    engine: Engine
    stop: asyncio.Event
    running: "asyncio.Task[None]"

    def snapshot(self) -> Snapshot:
        return self.engine.snapshot()

    def scale_set(self, name: str = "small") -> ScaleSetView:
        return next(view for view in self.snapshot().scale_sets if view.name == name)

    def in_state(self, *states: RunnerState) -> list[RunnerView]:
        return [view for view in self.snapshot().runners if view.state in states]


@dataclass
class Stages:
    """Makes stages. The environment of the process is the world's while a controller lives in it."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    made: int = field(default=0)

    @asynccontextmanager
    async def controller(
        self, world: World, *, toml: str = TOML, settings: Mapping[str, str] | None = None, name: str = "controller"
    ) -> AsyncIterator[Stage]:
        """A controller that runs in the world until the context is left; then it is stopped in order."""
        runners = self.folder / f"{name}.toml"
        runners.write_text(toml)
        environ = world.environment(
            TOML_CONFIG_FILE=str(runners),
            ARCDECK_STATE_DIR=str(self.folder / name),
            ARCDECK_SOCKET=str(self.folder / f"{name}.sock"),
            ARCDECK_CONTROLLER_ID="test",
            **(settings or {}),
        )
        for variable, value in environ.items():
            if variable.startswith("AWS_"):
                self.monkeypatch.setenv(variable, value)
        stop = asyncio.Event()
        dice = random.Random(1)
        async with controller(load_settings(environ, {}), environ, clock=WorldTime(world), rng=dice) as engine:
            running = asyncio.create_task(engine.run(stop))
            try:
                yield Stage(world, engine, stop, running)
            finally:
                stop.set()
                await running


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stages:
    return Stages(tmp_path, monkeypatch)


@pytest.fixture
def settings() -> WorldSettings:
    """A world at its ordinary pace."""
    return WorldSettings(seed=1)
