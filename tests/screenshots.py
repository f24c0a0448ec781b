"""Make the README's pictures: the demo's world at a fixed seed and time, shown by the real screen.

``python -m tests.screenshots`` writes ``screenshots/*.svg``. A controller runs in the world for a minute and a half of
virtual time; the screen then shows what its control socket would have told, with its clock held.
"""

import asyncio
import logging
import os
import random
import tempfile
from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from core.api.commands import Answer, Command, Outcome
from core.api.events import EventRecord
from core.api.logs import LogLine
from core.api.model import Hello, RunnerState, Snapshot, Update
from core.bootstrap import controller
from core.config.settings import load_settings
from core.world.demo import RUNNERS_TOML, demo_settings, play
from core.world.world import World
from tests.virtual_time import VirtualTimeLoop
from tui.app import ArcdeckApp
from tui.demo import SETTINGS

FOLDER = Path(__file__).parents[1] / "screenshots"
SEED = 1
EPOCH = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LATEST = 120
SIZES = {"overview-120x36": (120, 36), "overview-80x24": (80, 24)}


class Held:
    """A daemon that tells one snapshot and then nothing."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    async def stream(self) -> AsyncGenerator[Hello | Update, None]:
        """Greet, tell the snapshot, and stay."""
        yield Hello(version="0.1.0", controller="demo", instance="1", may_act=True)
        yield self._snapshot
        await asyncio.Event().wait()

    async def events(
        self, asked: Iterable[tuple[str, str]] = (), *, follow: bool = False
    ) -> AsyncGenerator[EventRecord, None]:
        """Nothing has happened in a picture."""
        nothing: tuple[EventRecord, ...] = ()
        for record in nothing:
            yield record

    async def logs(self, runner: str, *, after: str = "", limit: int = 100) -> tuple[list[LogLine], str]:
        """Nothing prints in a picture."""
        return [], after

    async def execute(self, command: Command) -> Answer:
        """Nothing acts on a picture."""
        return Answer(id=command.id, outcome=Outcome.REFUSED, text="this is a picture")


class WorldTime:
    """The world's clock as the controller's."""

    def __init__(self, world: World) -> None:
        self.now = world.clock.now
        self.monotonic = world.clock.monotonic
        self.sleep = world.clock.sleep


async def a_telling_moment(folder: Path) -> Snapshot:
    """Run the demo until a task is about to be late while something is in backoff."""
    async with World(replace(demo_settings(SEED), epoch=EPOCH, neighbours=False)) as world:
        (folder / "runners.toml").write_text(RUNNERS_TOML)
        environ = world.environment(
            TOML_CONFIG_FILE=str(folder / "runners.toml"),
            ARCDECK_STATE_DIR=str(folder / "state"),
            ARCDECK_SOCKET=str(folder / "control.sock"),
            **SETTINGS,
        )
        os.environ |= {name: value for name, value in environ.items() if name.startswith("AWS_")}
        world.background.spawn(play(world), name="demo")
        stop, dice = asyncio.Event(), random.Random(SEED)
        async with controller(load_settings(environ, {}), environ, clock=WorldTime(world), rng=dice) as engine:
            running = asyncio.create_task(engine.run(stop))
            for _ in range(LATEST):
                await asyncio.sleep(1)
                snapshot = engine.snapshot()
                if telling(snapshot):
                    break
            stop.set()
            await running
    return snapshot


def telling(snapshot: Snapshot) -> bool:
    """Whether the picture shows what the screen is for."""
    late = any(
        runner.state is RunnerState.PENDING and runner.limit and snapshot.now - runner.since > 0.8 * runner.limit
        for runner in snapshot.runners
    )
    return late and any(scale_set.backoff for scale_set in snapshot.scale_sets)


async def picture(name: str, size: tuple[int, int], snapshot: Snapshot) -> None:
    """Show the snapshot and keep what is seen."""
    environ = {"TERM": "xterm-256color"}
    app = ArcdeckApp(Held(snapshot), read_only=False, clock=lambda: 1000.0, environ=environ)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.5)
        svg = app.export_screenshot(title="arcdeck demo")
    (FOLDER / f"{name}.svg").write_text(svg)


def main() -> None:
    """Make every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    logging.disable()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        snapshot = runner.run(a_telling_moment(Path(folder)))
    for name, size in SIZES.items():
        asyncio.run(picture(name, size, snapshot))


if __name__ == "__main__":
    main()
