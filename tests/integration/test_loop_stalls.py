"""The controller's event loop is never held up: not by two thousand runners, and not by a call that blocks.

Screens are answered, signals obeyed and polls renewed by the same loop; what holds it up for long is felt everywhere.
"""

import asyncio
import builtins
import io
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.api.commands import Operator, SweepNow
from core.api.model import RunnerState
from core.bootstrap import controller
from core.config.settings import load_settings
from core.daemon import spare_the_collector
from core.engine.engine import Engine
from core.world.ecs import Planted
from core.world.faults import Fault
from core.world.world import WorldSettings
from tests.benchmarks.far_world import environment, far_world, plant
from tests.stages import Stages

CONTROLLER = "stalls"
RUNNERS = 2_000
FAMILIES = tuple(f"set-{number}" for number in range(20))
TOML = "\n".join(
    f'[[runner]]\nfamily = "{name}"\ncpu = 1024\nmemory = 2048\ncompatibility = "EXTERNAL"\nmax_runners = 200'
    for name in FAMILIES
)
#: What we promise, and what a loaded machine is granted before the test fails; seconds of the loop's own work.
PROMISED = 0.050
GRANTED = 0.250


# --- how long one callback takes -----------------------------------------------------------------------------------


@dataclass
class Longest:
    """The callback that kept the loop busy for the longest time, in seconds of processor time."""

    seconds: float = 0.0
    who: str = "nobody"


@contextmanager
def timed_callbacks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Longest]:
    """Time every callback of this thread's loop by the processor time it takes: other processes do not count."""
    longest, run, ours = Longest(), asyncio.Handle._run, threading.get_ident()

    def timed(handle: Any) -> None:
        began = time.thread_time()
        run(handle)
        spent = time.thread_time() - began
        if spent > longest.seconds and threading.get_ident() == ours:
            longest.seconds, longest.who = spent, repr(handle)

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.Handle, "_run", timed)
        yield longest


@asynccontextmanager
async def running(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    for name, value in environ.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    stop = asyncio.Event()
    async with controller(load_settings(environ, {}), environ) as engine:
        life = asyncio.create_task(engine.run(stop))
        try:
            yield engine
        finally:
            stop.set()
            await life


async def seen(engine: Engine, runners: int) -> None:
    async with asyncio.timeout(60):
        while len(engine.snapshot().runners) < runners or not engine.health().ready:  # noqa: ASYNC110 - as a screen sees it
            await asyncio.sleep(0.1)


def read_stream(path: Path, over: threading.Event) -> None:
    """Read what a screen is sent, and throw it away."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as screen:
        screen.settimeout(0.2)
        screen.connect(str(path))
        screen.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: arcdeck\r\n\r\n")
        while not over.is_set():
            with suppress(TimeoutError):
                screen.recv(1 << 20)


@pytest.mark.e2e
async def test_two_thousand_runners_never_hold_up_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with far_world(WorldSettings(seed=1)) as world:
        world.ask(plant, {name: {"ecs-arc:managed": "true"} for name in FAMILIES}, list(runner_tasks()))
        (tmp_path / "runners.toml").write_text(TOML)
        environ = world.ask(environment) | {
            "TOML_CONFIG_FILE": str(tmp_path / "runners.toml"),
            "ARCDECK_STATE_DIR": str(tmp_path),
            "ARCDECK_SOCKET": str(tmp_path / "control.sock"),
            "ARCDECK_CONTROLLER_ID": CONTROLLER,
        }
        over = threading.Event()
        async with running(environ, monkeypatch) as engine:
            spare_the_collector()  # as the daemon does; pytest's own heap would take it 100 ms
            with timed_callbacks(monkeypatch) as longest:
                screen = asyncio.create_task(asyncio.to_thread(read_stream, tmp_path / "control.sock", over))
                await seen(engine, RUNNERS)
                for number in range(2):
                    await engine.execute(SweepNow(id=str(number)), Operator(uid=0))
                over.set()
                await screen
            assert len([r for r in engine.snapshot().runners if r.state is RunnerState.ASSUMED_BUSY]) == RUNNERS
    with capsys.disabled():
        print(f"\n  longest hold of the loop over {RUNNERS} runners: {longest.seconds * 1000:.0f} ms, by {longest.who}")
    assert longest.seconds < GRANTED, f"{longest.who} held the loop for {longest.seconds * 1000:.0f} ms"


def runner_tasks() -> Iterator[Planted]:
    for number in range(RUNNERS):
        name = FAMILIES[number % len(FAMILIES)]
        tags = {
            "ecs-arc:scale-set": name,
            "ecs-arc:runner-name": f"{name}-{number:08x}",
            "arcdeck:controller": CONTROLLER,
        }
        yield Planted(name, age=60.0, started_by=f"arcdeck/{CONTROLLER}", tags=tags)


# --- calls that block ----------------------------------------------------------------------------------------------

#: Where each call lives that may wait for a disk, a name server, a process or a clock.
BLOCKING: tuple[tuple[object, str], ...] = (
    (builtins, "open"),
    (io, "open"),
    (socket, "getaddrinfo"),
    (socket, "gethostbyname"),
    (time, "sleep"),
    (sqlite3, "connect"),
    (subprocess, "Popen"),
)


class BlockedError(BaseException):
    """A blocking call on the loop's thread; nothing catches it by mistake."""


@contextmanager
def no_blocking_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let blocking calls of this thread raise, and note them."""
    caught: list[str] = []
    ours = threading.get_ident()

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def raise_on_the_loop(*args: Any, **named: Any) -> Any:
            if threading.get_ident() != ours:
                return call(*args, **named)
            caught.append(f"{name}{args[:1]}")
            raise BlockedError(caught[-1])

        return raise_on_the_loop

    with monkeypatch.context() as patched:
        for place, name in BLOCKING:
            patched.setattr(place, name, watched(name, getattr(place, name)))
        yield caught


@pytest.mark.virtual_time
async def test_nothing_blocks_the_loop_while_a_controller_lives(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        assert stage.engine.health().ready
        with no_blocking_calls(monkeypatch) as caught:
            job = world.github.enqueue_job("small", duration=60)
            await asyncio.sleep(150)
            for operation in ("DescribeTasks", "get_message", "list_runners", "RunTask"):
                world.faults.add(operation, Fault("status", status=500), times=2)
            world.github.controls.evict_session(1)
            world.github.enqueue_job("small", duration=60)
            await stage.engine.execute(SweepNow(id="1"), Operator(uid=0))
            await asyncio.sleep(300)
        assert not caught
        assert job.result == "succeeded"
