"""What it costs to show a fleet: a snapshot, the difference for a reader, and the longest block of the event loop.

The engine between fakes, in real time, with 51 scale sets and adopted runners that all run. A snapshot is made at most
four times a second, and only while somebody looks and something has changed; polls, starts and job messages wait for
as long as it takes.
"""

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from core.adapters.clock import SystemClock
from core.api.folding import difference
from core.api.model import Snapshot
from core.api.wire import encode
from core.domain.task import Described, TaskStatus
from core.engine.ground import EnginePorts, EngineSettings
from core.engine.wiring import Services, assemble
from tests.benchmarks.call_counts import NAMES
from tests.benchmarks.report import Figure, milliseconds, times
from tests.builders import DEFINITIONS, a_scale_set
from tests.fakes.configuration import FakeConfiguration
from tests.fakes.ecs import FakeEcs
from tests.fakes.journal import MemoryJournal
from tests.fakes.scale_sets import FakeGitHub
from tests.fakes.task_logs import FakeTaskLogs

FEW, MANY = 2_000, 10_000
_ROUNDS = 3
_CONTROLLER = "bench"


class _Cluster(FakeEcs):
    """Answers at once: what the fake itself takes for ten thousand tasks is not what is measured."""

    async def list_tasks(self, *, desired_stopped: bool = False) -> list[str]:
        return list(self.tasks)

    async def describe_tasks(self, arns: Sequence[str]) -> Described:
        return Described(tuple(self.tasks[arn] for arn in arns))


@dataclass(frozen=True)
class Stage:
    """An engine that has adopted its fleet, and the cluster that it looks at."""

    services: Services
    cluster: _Cluster

    def change(self, share: float) -> None:
        """Let something change about that share of the tasks; the next look shows it."""
        for arn in list(self.cluster.tasks)[: round(len(self.cluster.tasks) * share)]:
            self.cluster.move(arn, TaskStatus.RUNNING, launch=f"changed at {time.perf_counter()}")
        self.services.chronicle.touch()


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time, for one size of the fleet and one share of it that has changed."""

    snapshot: float
    delta: float
    longest_block: float


async def figures() -> AsyncIterator[Figure]:
    """Three lines for each share of the fleet that changes."""
    for share, what in ((0.0, "none"), (0.01, "1 %"), (1.0, "all")):
        few, many = await _cost(FEW, share), await _cost(MANY, share)
        yield _figure(f"a snapshot of {MANY:,} runners, {what} of them changed", many.snapshot, few.snapshot)
        yield _figure("the delta of that for a reader, as bytes", many.delta, few.delta)
        yield _figure("the longest block of the loop in a sweep that sees it", many.longest_block, few.longest_block)


def _figure(what: str, many: float, few: float) -> Figure:
    return Figure(milliseconds(many), f"{what}: {times(many / few)} that of {FEW:,} runners ({milliseconds(few)})")


async def _cost(runners: int, share: float) -> Cost:
    gc.collect()  # what earlier stages left behind is not of this one
    stage = _stage(runners)
    look, feed = stage.services.watcher.read_all, stage.services.feed
    await look()  # adopts them all
    before, snapshots, deltas = feed.snapshot(), [], []
    for _ in range(_ROUNDS):
        stage.change(share)
        await look()
        snapshots.append(_seconds(feed.snapshot))
        after = feed.snapshot()
        deltas.append(_seconds(partial(_delta, before, after)))
        before = after
    return Cost(min(snapshots), min(deltas), await _longest_block(stage, share))


def _delta(before: Snapshot, after: Snapshot) -> None:
    for _line in encode(difference(before, after)):
        pass


def _seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


async def _longest_block(stage: Stage, share: float) -> float:
    """The longest turn of the loop, while sweeps see changes and one reader follows."""
    longest = 0.0
    async with _a_reader(stage.services):
        for _ in range(_ROUNDS):
            stage.change(share)
            async with _watched_loop() as turns:
                await stage.services.watcher.read_all()
                await asyncio.sleep(0.3)
            longest = max(longest, *turns)
    return longest


@asynccontextmanager
async def _a_reader(services: Services) -> AsyncIterator[None]:
    async def read() -> None:
        async for update in services.feed.updates():
            for _line in encode(update):
                await asyncio.sleep(0)  # the server writes line by line

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.5)  # its first snapshot is not what is measured
    try:
        yield
    finally:
        reading.cancel()


@asynccontextmanager
async def _watched_loop() -> AsyncIterator[list[float]]:
    """A list that gets the processor time of every turn of the loop, in seconds."""
    turns: list[float] = []

    async def spin() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            turns.append(time.thread_time() - began)

    spinning = asyncio.create_task(spin())
    await asyncio.sleep(0)
    try:
        yield turns
    finally:
        spinning.cancel()


def _stage(runners: int) -> Stage:
    cluster = _Cluster()
    for number in range(runners):
        name = NAMES[number % len(NAMES)]
        cluster.plant(
            f"arn:aws:ecs:eu-west-1:123456789012:task/bench/{number:032x}",
            scale_set=name,
            runner_name=f"{name}-{number:08x}",
            runner_id=number + 1,
            controller=_CONTROLLER,
            definition=f"{name}:1",
        )
    settings = EngineSettings(
        controller=_CONTROLLER,
        cluster="bench",
        github="https://github.com/acme",
        scale_sets=tuple(a_scale_set(name, maximum=runners) for name in NAMES),
        definitions=DEFINITIONS,
        owner="bench",
        instance="1",
    )
    ports = EnginePorts(
        ecs=cluster,
        client=FakeGitHub(),
        journal=MemoryJournal(),
        configuration=FakeConfiguration(*settings.scale_sets),
        task_logs=FakeTaskLogs(),
        clock=SystemClock(),
        rng=random.Random(1),
        suffix=lambda: "00000000",
    )
    return Stage(assemble(settings, ports), cluster)
