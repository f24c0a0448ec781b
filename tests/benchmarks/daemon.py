"""The daemon as a process: how soon it listens and what it holds, beside a Python that has only imported aioboto3."""

import asyncio
import os
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from core.world.world import WorldSettings
from tests.benchmarks.far_world import FarWorld, environment, far_world, first_poll
from tests.benchmarks.report import Figure, times
from tests.integration.conftest import TOML

_ROUNDS = 3
_SETTLED = 1.0  # seconds from the first poll until its memory is read
_WITHIN = 30.0
_BARE = "import aioboto3, sys; sys.stdout.write('imported'); sys.stdout.flush(); sys.stdin.read()"


@dataclass(frozen=True)
class Life:
    """Of one process: seconds until it did what it is for, and the MiB of memory resident then."""

    seconds: float
    memory: float


async def figures() -> AsyncIterator[Figure]:
    """The middle one of a few lives of each, turn by turn."""
    daemons, floors = [], []
    for _ in range(_ROUNDS):
        floors.append(await _bare())
        daemons.append(await _daemon())
    seconds, floor = median(life.seconds for life in daemons), median(life.seconds for life in floors)
    yield Figure(
        f"{seconds:.2f} s",
        f"from the daemon's start to its first poll, {times(seconds / floor)} the {floor:.2f} s "
        "that a bare Python needs to import aioboto3",
    )
    memory, floor = median(life.memory for life in daemons), median(life.memory for life in floors)
    yield Figure(
        f"{memory:.0f} MiB",
        f"resident while it listens, {times(memory / floor)} the {floor:.0f} MiB of that bare Python",
        "at most 110",
    )


async def _bare() -> Life:
    began = time.time()
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-c", _BARE, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    await process.stdout.readexactly(len("imported"))
    life = Life(time.time() - began, _resident(process))
    await process.communicate(b"")
    return life


async def _daemon() -> Life:
    with far_world(WorldSettings()) as world, tempfile.TemporaryDirectory() as folder:
        began = time.time()
        async with daemon_in(world, Path(folder)) as process:
            seconds = await until_it_polls(world, process) - began
            await asyncio.sleep(_SETTLED)
            return Life(seconds, _resident(process))


@asynccontextmanager
async def daemon_in(world: FarWorld, folder: Path, toml: str = TOML) -> AsyncIterator[Process]:
    """A daemon as an operator starts one, stopped in order at the end; its socket is ``control.sock`` in the folder."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "tui.cli", "--no-ui"),
        env=_environment(world, folder, toml),
        cwd="/",
        stdin=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def until_it_polls(world: FarWorld, process: Process) -> float:
    """When its first poll came, in epoch seconds; raises TimeoutError, or RuntimeError when it ended before."""
    async with asyncio.timeout(_WITHIN):
        while (polled := world.ask(first_poll)) is None:
            if process.returncode is not None:
                raise RuntimeError(f"the daemon ended with exit code {process.returncode}")
            await asyncio.sleep(0.05)
    return polled.timestamp()


def _environment(world: FarWorld, folder: Path, toml: str) -> dict[str, str]:
    runners = folder / "runners.toml"
    runners.write_text(toml)
    return {
        "PATH": os.environ["PATH"],
        **world.ask(environment),
        "TOML_CONFIG_FILE": str(runners),
        "ARCDECK_STATE_DIR": str(folder / "state"),
        "ARCDECK_SOCKET": str(folder / "control.sock"),
    }


def _resident(process: Process) -> float:
    """MiB of resident memory; not a number where there is no /proc."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return float("nan")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024
