"""An ordered list of capacity providers: the next one while the first has no room, and back (behaviour.md row 17)."""

import asyncio

import pytest

from core.api.model import ScaleSetState
from core.world.ecs import Capacity
from core.world.faults import Fault
from core.world.world import World, WorldSettings
from tests.integration.conftest import Stages
from tests.integration.faults.outsiders import jobs, until
from tests.integration.faults.planted import WELL

pytestmark = pytest.mark.virtual_time

TOML = """
[[runner]]
family = "small"
cpu = 1024
memory = 2048
compatibility = "FARGATE"
subnets = ["subnet-0a1b2c3d"]
capacity_providers = ["FARGATE_SPOT", "FARGATE"]
max_runners = 10
"""
FULL = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
WORLD = WorldSettings(capacity=Capacity(providers=("FARGATE", "FARGATE_SPOT")))


def places(world: World) -> list[str]:
    """Where each task was placed, in the order of the starts."""
    tasks = sorted(world.ecs.tasks.values(), key=lambda task: task.sequence)
    return [task.placement.pool for task in tasks]


async def test_with_room_everything_goes_to_the_first(stages: Stages) -> None:
    # behaviour.md row 17
    async with stages.world(WORLD, toml=TOML) as world, stages.controller(world, toml=TOML):
        await asyncio.sleep(5)
        running = jobs(world, 4)
        await until(lambda: all(job.result for job in running), 400)
        assert places(world) == ["FARGATE_SPOT"] * 4


async def test_while_the_first_is_full_starts_go_to_the_next_and_then_back(stages: Stages) -> None:
    # behaviour.md row 17
    async with stages.world(WORLD, toml=TOML) as world, stages.controller(world, toml=TOML) as stage:
        await asyncio.sleep(5)
        world.ecs.capacity.close(FULL, pool="FARGATE_SPOT", seconds=600)
        first = jobs(world, 4, seconds=30.0)
        await until(lambda: all(job.result for job in first), 200)
        assert set(places(world)) == {"FARGATE"}
        shown = stage.scale_set()
        assert (shown.state, shown.capacity) == (ScaleSetState.OK, 10)
        assert shown.reason.startswith("falls back to FARGATE: no room in FARGATE_SPOT for 1024 cpu with 2048 MiB")
        assert any("falls back to FARGATE" in text for text in stage.events("fallback"))
        assert any("; falls back to FARGATE" in text for text in stage.events("scale-up"))
        await asyncio.sleep(900)
        later = jobs(world, 2, seconds=30.0)
        await until(lambda: all(job.result for job in later), 200)
        assert sorted(places(world)[4:]) == ["FARGATE", "FARGATE_SPOT"]  # one tried, the other did not wait for it
        last = jobs(world, 3, seconds=30.0)
        await until(lambda: all(job.result for job in last), 200)
        assert set(places(world)[6:]) == {"FARGATE_SPOT"}
        assert stage.events("fallback")[-1] == "small: back to FARGATE_SPOT"


async def test_the_first_is_tried_again_by_one_start_at_a_time(stages: Stages) -> None:
    # behaviour.md row 17
    async with stages.world(WORLD, toml=TOML) as world, stages.controller(world, toml=TOML) as stage:
        await asyncio.sleep(5)
        world.ecs.capacity.close(FULL, pool="FARGATE_SPOT")
        for _ in range(20):
            running = jobs(world, 3, seconds=10.0)
            await until(lambda: all(job.result for job in running), 200)  # noqa: B023 - waited for in the same turn
        refused = [text for text in stage.events("capacity") if "no room" in text]
        assert 3 <= len(refused) <= 12
        assert set(places(world)) == {"FARGATE"}


async def test_with_every_place_full_the_one_that_opens_first_is_told_and_capacity_falls(stages: Stages) -> None:
    # behaviour.md rows 12 and 17
    async with stages.world(WORLD, toml=TOML) as world, stages.controller(world, toml=TOML) as stage:
        await asyncio.sleep(5)
        world.ecs.capacity.close(FULL, seconds=300)
        running = jobs(world, 2)
        await until(lambda: stage.scale_set().state is ScaleSetState.BACKOFF, 60)
        await asyncio.sleep(5)
        assert "; nor in 1 other place" in stage.scale_set().why
        assert (stage.scale_set().capacity or 0) <= 2
        await until(lambda: all(job.result for job in running), 900)
        assert stage.scale_set().capacity == 10


async def test_a_throttled_account_is_no_reason_to_go_elsewhere(stages: Stages) -> None:
    async with stages.world(WORLD, toml=TOML) as world, stages.controller(world, toml=TOML):
        await asyncio.sleep(5)
        world.faults.add("RunTask", Fault("throttle"), times=2)
        running = jobs(world, 3)
        await until(lambda: all(job.result for job in running), 400)
        assert set(places(world)) == {"FARGATE_SPOT"}


async def test_a_start_whose_answer_is_lost_is_repeated_where_it_was_begun(stages: Stages) -> None:
    # behaviour.md rows 14 and 17: the identical request, whatever is learned about its place meanwhile
    async with stages.world(WORLD, toml=TOML) as world, stages.controller(world, toml=TOML):
        await asyncio.sleep(5)
        for fault in (Fault("answer_lost"), WELL, Fault("answer_lost")):
            world.faults.add("RunTask", fault)
        (first,) = jobs(world, 1)
        await until(lambda: world.ecs.tasks, 10, step=0.1)
        world.ecs.capacity.close(FULL, pool="FARGATE_SPOT", seconds=60)
        (second,) = jobs(world, 1)  # which learns that there is no room, before the first one's request is repeated
        await until(lambda: first.result and second.result, 300)
        assert sorted(places(world)) == ["FARGATE", "FARGATE_SPOT"]
        asked = [call.request for call in world.ecs.log if call.operation == "RunTask"]
        sent = {(one["clientToken"], one["capacityProviderStrategy"][0]["capacityProvider"]) for one in asked}
        assert len(sent) == len({token for token, _ in sent}) < len(asked)
