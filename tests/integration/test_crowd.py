"""A crowd at the control socket during a burst of 200 starts: the engine does not notice it.

The whole controller against the embedded world, with the real server on a real unix socket: 50 readers, half of which
never read, and a thousand commands of every kind, a fifth of them for the second time.
"""

import asyncio
import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from core.adapters.control import ControlServer, Limits
from core.adapters.control.connections import _Connection
from core.adapters.control.peers import Operators
from core.api.client import ControlClient, Timeouts
from core.api.commands import Answer, Command, Outcome
from core.api.folding import apply
from core.api.model import Delta, Heartbeat, Hello, RunnerState, Snapshot
from core.api.wire import LINE_AIM
from core.engine.commands import REMEMBERED
from core.engine.ledger import Ledger
from core.world.faults import Fault
from core.world.world import World
from tests.every_command import as_sent, every_kind
from tests.fakes.control_socket import EVERYBODY, a_deaf_reader
from tests.integration.conftest import Stage, Stages
from tests.integration.faults.outsiders import jobs, runners, until

pytestmark = pytest.mark.virtual_time

STARTS = 200
TOML = "\n".join((runners("small", max_runners=STARTS), runners("spare")))
#: Readers of each kind: those that take in what they read, those that throw it away, those that do not read.
SCREENS, PIPES, DEAF = 5, 20, 25
URLS = ("/v1/stream", "/v1/events?follow=1&since=1h")
COMMANDS, SENDERS, TWICE = 1000, 25, 200
HIGH_WATER = 65_536  # bytes a connection takes before whoever writes has to wait
PATIENT = Timeouts(connect=600.0, silence=600.0, answer=600.0)


# --- the crowd -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def controller(
    stages: Stages, folder: Path, name: str
) -> AsyncIterator[tuple[World, Stage, Path, ControlServer]]:
    """A controller with a journal of its own, and a second door to it whose server can be looked into."""
    async with stages.world(toml=TOML) as world, stages.controller(world, toml=TOML, name=name) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        for operation in ("generate_jit_config", "RunTask"):
            world.faults.add(operation, Fault("latency", 0.04), times=None)
        path = folder / f"{name}-door.sock"
        operators = Operators(login_of=lambda _pid: 1000, name_of=lambda _uid: "alice")
        async with ControlServer(
            stage.engine, path, admitted=EVERYBODY, version="1", metrics=lambda: "", operators=operators
        ) as server:
            yield world, stage, path, server


@asynccontextmanager
async def readers(path: Path) -> AsyncIterator[dict[int, Snapshot]]:
    """Fifty of them, for as long as the context lasts; what the screens among them show."""
    shown: dict[int, Snapshot] = {}
    async with AsyncExitStack() as stack:
        for number in range(DEAF):
            await stack.enter_async_context(a_deaf_reader(path, URLS[number % 2]))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(a_screen(path, shown, number)) for number in range(SCREENS)]
            tasks += [group.create_task(a_pipe(path, URLS[number % 2])) for number in range(PIPES)]
            await asyncio.sleep(1)
            yield shown
            for task in tasks:
                task.cancel()


async def a_screen(path: Path, shown: dict[int, Snapshot], number: int) -> None:
    """Fold what comes, as a screen does."""
    async with aclosing(ControlClient(path, environ={}).stream()) as stream:
        async for update in stream:
            match update:
                case Hello():
                    continue
                case Snapshot():
                    shown[number] = update
                case Delta() | Heartbeat():
                    after = apply(shown[number], update)
                    assert after is not None
                    shown[number] = after


async def a_pipe(path: Path, url: str) -> None:
    """Read at once whatever comes, and look at none of it."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(f"GET {url} HTTP/1.1\r\nHost: arcdeck\r\n\r\n".encode())
        while await reader.read(1 << 20):
            pass
    finally:
        writer.transport.abort()


def started(world: World) -> list[float]:
    """When each RunTask came, in seconds of the world."""
    return [call.at.timestamp() for call in world.ecs.log if call.operation == "RunTask"]


# --- no engine task waits for a reader -----------------------------------------------------------------------------


async def test_a_burst_goes_as_fast_before_fifty_readers_as_before_none(stages: Stages, tmp_path: Path) -> None:
    async def burst(look: Callable[[Path], AbstractAsyncContextManager[object]], name: str) -> list[float]:
        async with controller(stages, tmp_path, name) as (world, _, path, _), look(path):
            began = world.clock.now().timestamp()
            jobs(world, STARTS, seconds=60.0)
            await until(lambda: len(started(world)) == STARTS, 60)
            await asyncio.sleep(10)
            return [round(at - began, 6) for at in started(world)]

    alone = await burst(nobody, "alone")
    assert len(alone) == STARTS
    assert await burst(readers, "watched") == alone


@asynccontextmanager
async def nobody(_path: Path) -> AsyncIterator[None]:
    await asyncio.sleep(1)  # as long as readers take to come
    yield


# --- commands ------------------------------------------------------------------------------------------------------

_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
#: What keeps a kind from doing what would end the scene: another start of the daemon is meant, only a preview is asked.
HARMLESS: dict[str, dict[str, object]] = {"shutdown": {"instance": "another"}, "recreate": {"preview": True}}


def commands(stage: Stage) -> list[Command]:
    """A thousand of all kinds, about runners that live, one that does not, and a scale set without work.

    The last two hundred are the first ones again, under the same id.
    """
    kinds = itertools.cycle(every_kind())
    names = itertools.cycle(["small-00000000", *(row.name for row in stage.snapshot().runners[:20])])
    made = []
    for number in range(COMMANDS - TWICE):
        kind, model = next(kinds)
        about = next(names) if "runner" in model.model_fields else "spare"
        fields = as_sent(kind, model, f"command-{number}", about) | HARMLESS.get(kind, {})
        made.append(_COMMAND.validate_python(fields))
    return made + made[:TWICE]


async def send_all(path: Path, told: list[Command]) -> list[tuple[Command, Answer]]:
    """Each command with its answer, in no order: a few dozen senders share them out, copies beside their originals."""
    left = iter(sorted(told, key=lambda command: command.id))
    answers: list[tuple[Command, Answer]] = []

    async def sender() -> None:
        for command in left:
            client = ControlClient(path, environ={}, timeouts=PATIENT)
            answers.append((command, await client.execute(command)))

    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(sender())
    return answers


@dataclass
class Most:
    """The most that was ever held at once, of what could grow with those who look in."""

    streams: int = 0
    commands: int = 0
    connections: int = 0
    buffered: int = 0  #: bytes on their way to one peer
    entries: int = 0
    answers: int = 0

    async def watch(self, stage: Stage, server: ControlServer) -> None:
        services = stage.engine._services
        while True:
            wires = [wire for wire in _wires() if isinstance(wire.get_protocol(), _Connection)]
            now = Most(
                streams=len(server._places._open),
                commands=len(server._commands._under_way),
                connections=len(wires),
                buffered=max((wire.get_write_buffer_size() for wire in wires), default=0),
                entries=len(services.chronicle.ledger.after(0)[1]),
                answers=len(services.commands._answers),
            )
            for name in vars(self):
                setattr(self, name, max(getattr(self, name), getattr(now, name)))
            await asyncio.sleep(0.05)


def _wires() -> list[Any]:
    """Every connection that the loop has."""
    return list(asyncio.get_running_loop()._transports.values())  # type: ignore[attr-defined]  # asyncio's own list


async def test_a_thousand_commands_amid_a_burst_are_each_answered_once_and_act_once(
    stages: Stages, tmp_path: Path
) -> None:
    async with controller(stages, tmp_path, "crowd") as (world, stage, path, server), readers(path) as shown:
        most = Most()
        watching = asyncio.create_task(most.watch(stage, server))
        jobs(world, STARTS, seconds=20.0)
        await until(lambda: len(stage.snapshot().runners) >= 20, 20, step=0.05)
        told = commands(stage)
        answers = await send_all(path, told)
        await until(lambda: len(stage.in_state(RunnerState.STOPPED)) >= STARTS, 600)
        await asyncio.sleep(Limits().reader_patience)
        watching.cancel()

        assert len(answers) == COMMANDS
        assert all(answer.id == command.id for command, answer in answers)
        assert {answer.outcome for _, answer in answers} >= {Outcome.DONE, Outcome.ALREADY, Outcome.REFUSED}
        assert len(set(answers)) == COMMANDS - TWICE  # the second one of an id is answered like the first
        assert await acted(stage) == {command.id: 1 for command in told if command.kind != "shutdown"}

        assert most.streams == SCREENS + PIPES + DEAF
        assert most.commands <= SENDERS
        assert most.connections <= SCREENS + PIPES + DEAF + SENDERS
        assert most.buffered <= LINE_AIM + HIGH_WATER
        assert most.entries <= Ledger.KEPT
        assert most.answers <= REMEMBERED
        assert len(server._places._open) == SCREENS + PIPES  # who never read has been cut off
        assert {snapshot.version for snapshot in shown.values()} == {stage.snapshot().version}


async def acted(stage: Stage) -> Counter[str]:
    """How often the journal has each command; a refused order to stop is no act, and told each time it is given."""
    await stage.engine._ports.journal.flush()
    with closing(sqlite3.connect(stage.journal)) as database:
        rows = database.execute("SELECT data FROM entries WHERE kind = 'command'").fetchall()
    carried_out = [json.loads(data)["command"] for (data,) in rows]
    return Counter(command["id"] for command in carried_out if command["kind"] != "shutdown")
