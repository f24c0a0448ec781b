"""The processor time of a sweep of 1,000 tasks, beside what its 20 calls cost a bare client of aioboto3.

The world is in another process, so that only the controller's side is measured: 51 scale sets listen meanwhile.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aioboto3

from core.adapters.aws import tags
from core.api.commands import Operator, SweepNow
from core.domain.scale_set import ScaleSetSpec
from core.domain.task_definition import content_hash, desired_definition
from core.world.world import WorldSettings
from tests.benchmarks.call_counts import NAMES, TASKS, runner_tasks
from tests.benchmarks.controllers import CONTROLLER, controller_in
from tests.benchmarks.far_world import environment, far_world, plant
from tests.benchmarks.report import Figure, milliseconds, times
from tests.builders import DEFINITIONS, a_scale_set

_ROUNDS = 3


async def figures() -> AsyncIterator[Figure]:
    """The sweep, and the bare calls."""
    specs = [a_scale_set(name, maximum=TASKS) for name in NAMES]
    with far_world(WorldSettings(throttling=False)) as world:
        definitions = {spec.family: _marks(spec) for spec in specs}
        world.ask(plant, definitions, list(runner_tasks(CONTROLLER)))
        async with controller_in(world, specs) as engine:
            seen = len(engine.snapshot().runners)

            async def sweep(number: int) -> None:
                await engine.execute(SweepNow(id=str(number)), Operator(uid=0))

            ours = await _processor_time(sweep)
        bare = await _bare_calls(world.ask(environment))
    yield Figure(
        milliseconds(ours),
        f"of processor time for a sweep of {seen:,} tasks over {len(NAMES)} scale sets, all listening",
    )
    yield Figure(times(ours / bare), f"the {milliseconds(bare)} that the same 20 calls cost a bare client of aioboto3")


def _marks(spec: ScaleSetSpec) -> dict[str, str]:
    """The tags of a family that is registered already: 51 registrations, at one a second, need not be waited for."""
    content = content_hash(desired_definition(spec, DEFINITIONS))
    return {tags.MANAGED: "true", tags.CONTROLLER: CONTROLLER, tags.CONTENT_HASH: content}


async def _bare_calls(environ: dict[str, str]) -> float:
    session = aioboto3.Session(
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        region_name=environ["AWS_REGION"],
    )
    async with session.client("ecs", endpoint_url=environ["AWS_ENDPOINT_URL"]) as ecs:

        async def read_all(_number: int) -> None:
            await _list_and_describe(ecs, environ["ECS_CLUSTER"])

        return await _processor_time(read_all)


async def _list_and_describe(ecs: Any, cluster: str) -> None:
    async for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster):
        await ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"], include=["TAGS"])


async def _processor_time(work: Callable[[int], Awaitable[None]]) -> float:
    """Seconds that one round takes, the least of a few; what else runs in this process counts with it."""
    spent = []
    for number in range(_ROUNDS):
        began = time.process_time()
        await work(number)
        spent.append(time.process_time() - began)
    return min(spent)
