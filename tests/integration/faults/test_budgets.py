"""Limits that scale sets share: the sample sums to 420 runners on a host for a dozen (behaviour.md row 18).

That no budget is exceeded by a start is asserted when each world is left (invariant I1).
"""

import asyncio
from pathlib import Path

import pytest

from core.api.model import RunnerState
from tests.integration.conftest import Stages
from tests.integration.faults.outsiders import jobs, runners, until
from tests.integration.faults.planted import plant
from tests.stages import shared_limits

pytestmark = pytest.mark.virtual_time

BUDGET = """
[[budget]]
name = "host"
scale_sets = ["a", "b", "c"]
"""
SIX = runners("a", "b", "c") + BUDGET + "max_runners = 6\n"
MEMORY = runners("a", "b", "c") + BUDGET + "max_memory = 8192\nmax_cpu = 100000\n"


async def test_a_burst_of_all_its_scale_sets_stays_within_the_budget_and_is_served(stages: Stages) -> None:
    # behaviour.md row 18
    async with stages.world(toml=SIX) as world, stages.controller(world, toml=SIX) as stage:
        await asyncio.sleep(5)
        waiting = [job for name in "abc" for job in jobs(world, 8, scale_set=name, seconds=60.0)]
        await asyncio.sleep(30)
        assert len(world.ecs.tasks) == 6
        told = [stage.scale_set(name).why for name in "abc"]
        assert any("budget host: 6 of 6 runners taken" in why for why in told)
        await until(lambda: all(job.result for job in waiting), 3_000)


async def test_what_runners_need_counts_not_only_how_many_there_are(stages: Stages) -> None:
    # behaviour.md row 18
    async with stages.world(toml=MEMORY) as world, stages.controller(world, toml=MEMORY) as stage:
        await asyncio.sleep(5)
        waiting = [job for name in "abc" for job in jobs(world, 3, scale_set=name, seconds=60.0)]
        await asyncio.sleep(30)
        assert len(world.ecs.tasks) == 4  # of 2,048 MiB each
        assert any("8192 of 8192 MiB taken" in stage.scale_set(name).why for name in "abc")
        await until(lambda: all(job.result for job in waiting), 2_000)


async def test_github_is_told_of_what_the_budget_leaves_and_of_one_to_learn_who_waits(stages: Stages) -> None:
    # behaviour.md rows 12 and 18
    async with stages.world(toml=SIX) as world, stages.controller(world, toml=SIX) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        assert stage.scale_set("a").capacity == 6
        jobs(world, 6, scale_set="b", seconds=300.0)
        await until(lambda: len(stage.in_state(RunnerState.BUSY)) == 6, 240)
        await until(lambda: stage.scale_set("a").capacity == 1, 60)


async def test_a_scale_set_with_steady_demand_starves_no_other(stages: Stages) -> None:
    # behaviour.md row 18
    async with stages.world(toml=SIX) as world, stages.controller(world, toml=SIX):
        await asyncio.sleep(5)
        jobs(world, 40, scale_set="a", seconds=120.0)
        await asyncio.sleep(60)
        (late,) = jobs(world, 1, scale_set="b", seconds=30.0)
        waited = await until(lambda: late.result, 600)
        assert waited < 400  # one of a's six has ended, and made room, by then


async def test_one_that_needs_much_is_not_starved_by_those_that_need_little(stages: Stages) -> None:
    # behaviour.md row 18
    toml = "\n".join((runners("a", "b"), runners("c", cpu=4096), BUDGET, "max_cpu = 4096"))
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml):
        await asyncio.sleep(5)
        jobs(world, 40, scale_set="a", seconds=60.0)
        await asyncio.sleep(60)
        (big,) = jobs(world, 1, scale_set="c", seconds=30.0)
        await until(lambda: big.result, 900)


async def test_tasks_above_a_budget_are_adopted_and_nothing_starts_before_there_is_room(stages: Stages) -> None:
    # behaviour.md rows 7 and 18
    async with stages.world(toml=SIX) as world:
        planted = [task for name in "abc" for task in plant(world, name, 3)]
        async with stages.controller(world, toml=SIX) as stage:
            await until(lambda: stage.engine.health().ready, 60)
            (waiting,) = jobs(world, 4, scale_set="a", seconds=30.0)[:1]
            await asyncio.sleep(120)
            assert world.ecs.calls["RunTask"] == 0
            for task in planted:
                world.ecs.exit(task.arn, 0)
            await until(lambda: waiting.result, 400)


async def test_a_budget_that_is_lowered_stops_nobody_and_holds_from_then_on(stages: Stages, tmp_path: Path) -> None:
    # behaviour.md row 18
    lower = SIX.replace("= 6", "= 3")
    settings = {"SSM_POLL_INTERVAL": "10s"}
    async with stages.world(toml=SIX) as world, stages.controller(world, toml=SIX, settings=settings) as stage:
        await asyncio.sleep(5)
        running = jobs(world, 6, scale_set="a", seconds=120.0)
        await until(lambda: len(stage.in_state(RunnerState.BUSY)) == 6, 240)
        stages.theatre(world).checker.set_shared(shared_limits(lower))
        (tmp_path / "controller.toml").write_text(lower)
        await asyncio.sleep(30)
        more = jobs(world, 6, scale_set="b", seconds=30.0)
        await until(lambda: all(job.result == "succeeded" for job in (*running, *more)), 1_500)
        assert world.ecs.calls["StopTask"] == 0
