"""Real processes in real time: the daemon as operators run it, against a world in this test's own loop."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.world.ecs import Pace
from core.world.github import Timings
from core.world.runners import Habits
from core.world.world import World, WorldSettings

TOML = """
[[runner]]
family = "small"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = 10
"""
WITHIN = 20.0


@dataclass
class Daemon:
    """One ``arcdeck --no-ui`` process and what it wrote."""

    process: asyncio.subprocess.Process
    socket: Path
    lines: list[str] = field(default_factory=list)
    reading: "asyncio.Task[None] | None" = None

    async def read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode())

    async def ended(self) -> int:
        """Wait for its end; its exit code."""
        async with asyncio.timeout(WITHIN):
            code = await self.process.wait()
            if self.reading:
                await self.reading
        return code

    async def signalled(self, number: signal.Signals) -> int:
        """Send a signal and wait for its end."""
        self.process.send_signal(number)
        return await self.ended()

    @property
    def errors(self) -> list[str]:
        """Messages of level error, as JSON lines or plain."""
        found = []
        for line in self.lines:
            record = json.loads(line) if line.startswith("{") else {"level": "error", "message": line}
            if record["level"] == "error":
                found.append(record["message"])
        return found


Starter = Callable[..., Awaitable[Daemon]]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A quick world: tasks run after a moment, polls are held for a second."""
    settings = WorldSettings(
        seed=1,
        pace=Pace().faster(20),
        timings=Timings(poll_hold=1.0, job_pickup=0.1),
        habits=Habits(),
        throttling=False,
    )
    async with World(settings) as world:
        yield world


@pytest.fixture
async def daemon(world: World, tmp_path: Path) -> AsyncIterator[Starter]:
    """Starts daemons; what still runs at the end is killed."""
    started: list[Daemon] = []
    runners = tmp_path / "runners.toml"
    runners.write_text(TOML)

    async def start(changes: Mapping[str, str | None] | None = None) -> Daemon:
        environ = {
            "PATH": os.environ["PATH"],
            **world.environment(),
            "TOML_CONFIG_FILE": str(runners),
            "ARCDECK_STATE_DIR": str(tmp_path / "state"),
            "ARCDECK_SOCKET": str(tmp_path / "control.sock"),
        }
        for name, value in (changes or {}).items():
            if value is None:
                environ.pop(name)
            else:
                environ[name] = value
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tui.cli", "--no-ui"),
            env=environ,
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        made = Daemon(process, tmp_path / "control.sock")
        made.reading = asyncio.create_task(made.read())
        started.append(made)
        return made

    yield start
    for one in started:
        if one.process.returncode is None:
            one.process.kill()
        await one.ended()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until the world shows it."""
    try:
        async with asyncio.timeout(WITHIN):
            while not condition():  # noqa: ASYNC110 - another process has no event to await
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {WITHIN:.0f} s: {what}")
