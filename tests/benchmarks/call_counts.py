"""What the controller asks of AWS and GitHub, counted where the calls arrive, in virtual time: exact, call by call.

The same two courses of events are figures of the benchmark and assertions of tests/integration/test_call_counts.py.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.api.commands import Operator, SweepNow
from core.api.model import RunnerState
from core.world.ecs import Planted
from core.world.exchanges import Exchange
from core.world.faults import Fault
from core.world.world import World
from tests.benchmarks.report import Figure
from tests.integration.conftest import Stages

TASKS = 1_000
NAMES = tuple(f"set-{number:02}" for number in range(51))
SCALE_SETS = "\n".join(
    f'[[runner]]\nfamily = "{name}"\ncpu = 1024\nmemory = 2048\ncompatibility = "EXTERNAL"\nmax_runners = 20'
    for name in NAMES
)

#: Until 51 scale sets listen: RegisterTaskDefinition takes 20 at once and one a second from then on (ecs-api.md A2).
_ALL_LISTEN = 70.0
_JIT_CONFIG_TAKES = 3.0
_LONG = 60.0


def runner_tasks(controller: str) -> Iterable[Planted]:
    """The fleet of an earlier run of that controller: 1,000 RUNNING tasks, spread over 51 scale sets."""
    for number in range(TASKS):
        name = NAMES[number % len(NAMES)]
        tags = {
            "ecs-arc:scale-set": name,
            "ecs-arc:runner-name": f"{name}-{number:08x}",
            "arcdeck:controller": controller,
        }
        yield Planted(name, age=60.0, started_by=f"arcdeck/{controller}", tags=tags)


@dataclass(frozen=True)
class Sweep:
    """A sweep: how many runners it was about, and each call to AWS by its name."""

    runners: int
    calls: Counter[str]


async def a_sweep(stages: Stages) -> Sweep:
    """Let a controller adopt the 1,000 tasks, listen for all scale sets, and then sweep once."""
    async with stages.world(toml=SCALE_SETS) as world:
        for name in NAMES:
            world.ecs.plant_definition(name, tags={"ecs-arc:managed": "true"})
        for planted in runner_tasks("test"):
            world.ecs.plant_task(planted)
        async with stages.controller(world, toml=SCALE_SETS) as stage:
            await asyncio.sleep(_ALL_LISTEN)
            assert stage.engine.health().ready
            before = world.ecs.calls.copy()
            await stage.engine.execute(SweepNow(id="1"), Operator(uid=0))
            calls = world.ecs.calls - before
            return Sweep(len(stage.in_state(RunnerState.ASSUMED_BUSY)), calls)


@dataclass(frozen=True)
class Way:
    """From a message that is ready to the first RunTask: calls that were over by then, calls that were not, seconds."""

    waited_for: list[str]
    beside: list[str]
    seconds: float


class _UntilRunTask:
    """Watches a world from now on, and writes down what has happened when a RunTask first arrives."""

    def __init__(self, world: World) -> None:
        self.way: Way | None = None
        self._world = world
        self._began = world.clock.monotonic()
        self._github, self._ecs = len(world.github.log), len(world.ecs.log)
        world.witness.subscribe(self)

    def arrived(self, exchange: Exchange) -> None:
        if exchange.operation != "RunTask" or self.way is not None:
            return
        github = list(self._world.github.log)[self._github :]
        over = [call.operation for call in github if call.status is not None]
        over += [call.operation for call in list(self._world.ecs.log)[self._ecs :]]
        beside = [call.operation for call in github if call.status is None]
        self.way = Way(over, beside, self._world.clock.monotonic() - self._began)

    def answered(self, exchange: Exchange) -> None:
        pass


async def way_to_run_task(stages: Stages) -> Way:
    """Let one job come to a controller that listens, where every call but the JIT config takes a minute."""
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        assert stage.engine.health().ready
        world.faults.add("generate_jit_config", Fault("latency", _JIT_CONFIG_TAKES), times=None)
        world.faults.add("RunTask", Fault("latency", 0.1), times=None)
        world.faults.chance("*", Fault("latency", _LONG), 1.0)
        watch = _UntilRunTask(world)
        world.github.enqueue_job("small")
        await asyncio.sleep(_LONG / 2)
        world.faults.clear()
        await asyncio.sleep(_LONG)
        assert watch.way is not None
        return watch.way


async def figures() -> AsyncIterator[Figure]:
    """Both, as figures."""
    with pytest.MonkeyPatch.context() as monkeypatch, tempfile.TemporaryDirectory() as folder:
        stages = Stages(Path(folder), monkeypatch)
        sweep = await a_sweep(stages)
        way = await way_to_run_task(stages)
    calls = ", ".join(f"{count} {name}" for name, count in sorted(sweep.calls.items()))
    what = f"a sweep of {sweep.runners:,} tasks over {len(NAMES)} scale sets: {calls}"
    yield Figure(f"{sweep.calls.total()} calls", what, "20")
    beside = f"; sent beside it: {', '.join(way.beside)}" if way.beside else ""
    what = f"waited for from a ready message to the first RunTask: {', '.join(way.waited_for)}{beside}"
    yield Figure(f"{len(way.waited_for)} call", what, "1")
