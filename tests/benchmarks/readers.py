"""How soon a burst of jobs has its tasks while nobody looks in, and before fifty readers: pair by pair, turn by turn.

The daemon is a process, the world another, and the readers are here: half of them take what comes and look at none of
it, half never read. Both of a pair share what else the machine does in those seconds, so the ratio of each pair counts,
and of all pairs the middle one.
"""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

from core.engine.ground import START_BURST, START_RATE
from core.world.world import WorldSettings
from tests.benchmarks.daemon import daemon_in, until_it_polls
from tests.benchmarks.far_world import FarWorld, carried_out, enqueue, far_world
from tests.benchmarks.report import Figure, milliseconds, times

PAIRS = 7
JOBS = 60  #: fewer than the token bucket lets through at once: what is measured is the daemon, and no rate
READERS = 50
_URLS = ("/v1/stream", "/v1/events?follow=1")
_REFILLED = JOBS / START_RATE + 0.5
_TOML = """
[[runner]]
family = "small"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = 1000
"""

assert JOBS < START_BURST


async def figures() -> AsyncIterator[Figure]:
    """One line: the middle ratio, with the middle time of either kind."""
    alone, watched = [], []
    with far_world(WorldSettings(throttling=False)) as world, tempfile.TemporaryDirectory() as folder:
        async with daemon_in(world, Path(folder), _TOML) as process:
            await until_it_polls(world, process)
            await _burst(world)  # the first one finds cold connections
            for _ in range(PAIRS):
                alone.append(await _burst(world))
                async with _readers(Path(folder) / "control.sock"):
                    watched.append(await _burst(world))
    ratios = [with_readers / without for with_readers, without in zip(watched, alone, strict=True)]
    yield Figure(
        times(median(ratios)),
        f"the time from a job's arrival to its RunTask before {READERS} readers ({milliseconds(median(watched))}), "
        f"beside that before none ({milliseconds(median(alone))}): the middle of {PAIRS} pairs of {JOBS} jobs, "
        f"which are {times(min(ratios))} to {times(max(ratios))}",
        "about 1",
    )


async def _burst(world: FarWorld) -> float:
    """Seconds that the middle one of the burst's jobs waited for its RunTask."""
    await asyncio.sleep(_REFILLED)
    before = len(world.ask(carried_out, "RunTask"))
    began = world.ask(enqueue, "small", JOBS)
    while len(started := world.ask(carried_out, "RunTask")[before:]) < JOBS:  # noqa: ASYNC110 - it is in another process
        await asyncio.sleep(0.05)
    return median((at - began).total_seconds() for at in started)


@asynccontextmanager
async def _readers(path: Path) -> AsyncIterator[None]:
    """Fifty of them, who have come before the burst does."""
    async with AsyncExitStack() as stack:
        readings = []
        for number in range(READERS):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(connection, str(path))
            request = f"GET {_URLS[number // 2 % 2]} HTTP/1.1\r\nHost: arcdeck\r\n\r\n"
            await loop.sock_sendall(connection, request.encode())
            if number % 2:
                readings.append(asyncio.create_task(_read(connection)))
        await asyncio.sleep(1)
        try:
            yield
        finally:
            for reading in readings:
                reading.cancel()
            await asyncio.wait(readings)


async def _read(connection: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(connection, 1 << 20):
        pass
