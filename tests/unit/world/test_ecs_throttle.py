from typing import Any

import pytest

from tests.unit.world.ecs_stage import AWSVPC, PLAIN, Stage, ecs_stage

pytestmark = pytest.mark.virtual_time

ON_SPOT: dict[str, Any] = {
    "taskDefinition": "fargate",
    "networkConfiguration": AWSVPC,
    "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
}
ON_DEMAND: dict[str, Any] = {"taskDefinition": "fargate", "networkConfiguration": AWSVPC, "launchType": "FARGATE"}


async def passed(stage: Stage, operation: str, calls: int, **members: Any) -> int:
    """Make so many calls at one moment; return how many were not throttled."""
    before = len(stage.world.log)
    for _ in range(calls):
        await stage.send(operation, **members)
    outcomes = [call.outcome for call in list(stage.world.log)[before:]]
    assert set(outcomes) <= {"ok", "ThrottlingException"}
    return outcomes.count("ok")


async def test_a_throttled_call_is_refused_with_400_and_rate_exceeded() -> None:
    async with ecs_stage(throttling=True) as stage:
        await passed(stage, "TagResource", 20, resourceArn=stage.world.names.cluster_arn, tags=[])
        refusal = await stage.refused("TagResource", resourceArn=stage.world.names.cluster_arn, tags=[])
        assert (refusal.status, refusal.code, refusal.message) == (400, "ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize(
    ("operation", "members", "burst", "refill"),
    [
        ("RunTask", {"taskDefinition": "linux"}, 100, 40),
        ("ListTasks", {}, 100, 20),
        ("DescribeClusters", {"clusters": []}, 50, 20),
        ("RegisterTaskDefinition", {"family": "linux", **PLAIN}, 20, 1),
        ("DescribeTaskDefinition", {"taskDefinition": "linux"}, 50, 20),
        ("DescribeCapacityProviders", {}, 50, 20),
    ],
)
async def test_a_bucket_holds_its_burst_and_fills_at_its_rate(
    operation: str, members: dict[str, Any], burst: int, refill: int
) -> None:
    async with ecs_stage(throttling=True) as stage:
        assert await passed(stage, operation, burst + 5, **members) == burst
        await stage.clock.sleep(1)
        assert await passed(stage, operation, refill + 5, **members) == refill


async def test_a_bucket_never_holds_more_than_its_burst() -> None:
    async with ecs_stage(throttling=True) as stage:
        await stage.clock.sleep(3600)
        assert await passed(stage, "DescribeClusters", 55, clusters=[]) == 50


async def test_the_operations_of_a_category_share_their_bucket() -> None:
    async with ecs_stage(throttling=True) as stage:
        task = await stage.run()
        assert await passed(stage, "ListTasks", 60) == 60
        assert await passed(stage, "DescribeTasks", 60, tasks=[task.arn]) == 40


async def test_a_throttled_run_starts_nothing() -> None:
    async with ecs_stage(throttling=True) as stage:
        await passed(stage, "RunTask", 105, taskDefinition="linux")
        assert len(stage.world.tasks) == 100


async def test_fargate_admits_20_calls_at_once() -> None:
    async with ecs_stage(throttling=True) as stage:
        assert await passed(stage, "RunTask", 25, **ON_DEMAND) == 20


async def test_fargate_admits_100_launches_at_once() -> None:
    async with ecs_stage(throttling=True) as stage:
        assert await passed(stage, "RunTask", 15, count=10, **ON_DEMAND) == 10


async def test_spot_launches_have_a_bucket_of_their_own() -> None:
    async with ecs_stage(throttling=True) as stage:
        assert await passed(stage, "RunTask", 10, count=10, **ON_SPOT) == 10
        assert await passed(stage, "RunTask", 10, count=10, **ON_DEMAND) == 10


async def test_a_lifted_throttle_admits_everything() -> None:
    async with ecs_stage(throttling=True) as stage:
        stage.world.throttle.lifted = True
        assert await passed(stage, "RegisterTaskDefinition", 50, family="linux", **PLAIN) == 50
