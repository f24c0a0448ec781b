"""200 starts in one scale set, where a JIT config and a RunTask take 40 ms each: in turn, side by side, and paced.

First between the fakes, in virtual time, where nothing but waiting takes time; then in real time and over HTTP, where
the work of both sides comes on top.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from core.domain.run_task import RunTaskInput
from core.domain.task import Task
from core.engine.ground import START_BURST, START_RATE
from core.world.world import WorldSettings
from tests.benchmarks.controllers import controller_in
from tests.benchmarks.far_world import carried_out, enqueue, far_world, slow_down
from tests.benchmarks.report import Figure, times
from tests.builders import a_scale_set
from tests.fakes.ecs import FakeEcs
from tests.fakes.scale_sets import FakeGitHub
from tests.unit.engine.conftest import Rigs

STARTS = 200
CALL = 0.04
#: What the token bucket alone needs to let them through.
BUCKET = (STARTS - START_BURST) / START_RATE

_LIFTED = {"start_rate": 1e9, "start_burst": 1e9}
_IN_TURN = {**_LIFTED, "start_concurrency": 1}


class _StampingEcs(FakeEcs):
    """Remembers when it answered each RunTask."""

    def __init__(self) -> None:
        super().__init__(latency=CALL)
        self.answered: list[float] = []

    async def run_task(self, start: RunTaskInput) -> Task:
        task = await super().run_task(start)
        self.answered.append(asyncio.get_running_loop().time())
        return task


async def between_fakes() -> AsyncIterator[Figure]:
    """In virtual time."""
    async for figure in _compared(await _fake(_IN_TURN), await _fake(_LIFTED), await _fake({})):
        yield figure


async def over_http() -> AsyncIterator[Figure]:
    """In real time."""
    async for figure in _compared(await _http(_IN_TURN), await _http(_LIFTED), await _http({})):
        yield figure


async def _compared(in_turn: float, lifted: float, paced: float) -> AsyncIterator[Figure]:
    yield Figure(
        times(in_turn / lifted),
        f"faster with 20 in flight ({lifted:.2f} s) than one after another ({in_turn:.2f} s), the rate limit lifted",
        "at least 6",
    )
    yield Figure(
        times(paced / BUCKET),
        f"the bucket's own time, {STARTS - START_BURST:.0f} / {START_RATE:.0f} = {BUCKET:.2f} s, "
        f"at the documented rate ({paced:.2f} s)",
        "at most 1.15",
    )


async def _fake(facts: dict[str, Any]) -> float:
    """Seconds from the message to the answer of the last RunTask."""
    rigs = Rigs()
    rigs.ecs, rigs.github = ecs, _ = _StampingEcs(), FakeGitHub(latency=CALL)
    async with rigs.running(a_scale_set(maximum=STARTS), **facts) as rig:
        began = asyncio.get_running_loop().time()
        rig.github.send("small", assigned=STARTS)
        await asyncio.sleep(60)
        assert len(ecs.answered) == STARTS
        return ecs.answered[-1] - began


async def _http(facts: dict[str, Any]) -> float:
    """Seconds from the arrival of the jobs to the last RunTask that the world carried out."""
    with far_world(WorldSettings(throttling="start_rate" not in facts)) as world:
        for operation in ("generate_jit_config", "RunTask"):
            world.ask(slow_down, operation, CALL)
        async with controller_in(world, [a_scale_set(maximum=STARTS)], **facts):
            began = world.ask(enqueue, "small", STARTS)
            while True:
                await asyncio.sleep(0.1)
                done = world.ask(carried_out, "RunTask")
                if len(done) == STARTS:
                    return (done[-1] - began).total_seconds()
