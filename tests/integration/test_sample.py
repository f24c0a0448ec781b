"""The sample configuration, and that of the README, as controllers run them."""

import asyncio
import re
from pathlib import Path

import pytest

from core.world.world import World
from tests.integration.conftest import Stages
from tests.integration.faults.outsiders import jobs, until

pytestmark = pytest.mark.virtual_time

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "tests" / "data" / "sample-runners.toml").read_text(encoding="utf-8")
(README,) = re.findall(
    r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


async def each_serves_a_job(world: World) -> None:
    names = [ref.name for ref in world.github.scale_sets.values()]
    waiting = [job for name in names for job in jobs(world, 1, scale_set=name, seconds=30.0)]
    await until(lambda: all(job.result for job in waiting), 600)
    assert {job.result for job in waiting} == {"succeeded"}


@pytest.mark.parametrize(("toml", "families"), [(SAMPLE, 51), (README, 5)], ids=["the original's", "the README's"])
async def test_every_scale_set_of_it_comes_up_and_serves_a_job(stages: Stages, toml: str, families: int) -> None:
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.engine.health().ready, 300)
        assert len(world.github.scale_sets) == families
        assert world.ecs.calls["RegisterTaskDefinition"] == families
        await each_serves_a_job(world)
        await asyncio.sleep(120)
        assert not world.ecs.running()
