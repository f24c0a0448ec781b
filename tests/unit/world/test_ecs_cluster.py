from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.world.ecs import Capacity, Planted, Room, TaskState
from tests.unit.world.ecs_stage import Stage, ecs_stage

pytestmark = pytest.mark.virtual_time

TAG = {"key": "a", "value": "b"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    capacity = Capacity(rooms={"hosts": Room(4096, 8192)}, providers=("FARGATE", "hosts"), default_provider="hosts")
    async with ecs_stage(capacity=capacity) as stage:
        yield stage


async def cluster(stage: Stage, **members: Any) -> dict[str, Any]:
    answer = await stage.call("DescribeClusters", clusters=[stage.world.names.cluster], **members)
    described: dict[str, Any] = answer["clusters"][0]
    return described


async def test_a_cluster_counts_what_runs_and_what_starts(stage: Stage) -> None:
    for state in (TaskState.RUNNING, TaskState.RUNNING, TaskState.PENDING, TaskState.PROVISIONING):
        stage.world.plant_task(Planted("linux", state=state))
    described = await cluster(stage)
    assert (described["runningTasksCount"], described["pendingTasksCount"]) == (2, 2)


async def test_a_cluster_names_its_providers_and_its_default(stage: Stage) -> None:
    described = await cluster(stage)
    assert described["capacityProviders"] == ["FARGATE", "hosts"]
    assert described["defaultCapacityProviderStrategy"] == [{"capacityProvider": "hosts", "weight": 1, "base": 0}]


async def test_another_cluster_is_missing(stage: Stage) -> None:
    answer = await stage.call("DescribeClusters", clusters=["other"])
    arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/other"
    assert answer == {"clusters": [], "failures": [{"arn": arn, "reason": "MISSING"}]}


async def test_describing_no_cluster_means_the_default_one(stage: Stage) -> None:
    failures = (await stage.call("DescribeClusters"))["failures"]
    assert failures == [{"arn": "arn:aws:ecs:eu-west-1:123456789012:cluster/default", "reason": "MISSING"}]


async def test_a_cluster_shows_its_tags_only_when_asked_for(stage: Stage) -> None:
    await stage.call("TagResource", resourceArn=stage.world.names.cluster_arn, tags=[TAG])
    assert (await cluster(stage))["tags"] == []
    assert (await cluster(stage, include=["TAGS"]))["tags"] == [TAG]


async def test_all_providers_are_described_unasked(stage: Stage) -> None:
    answer = await stage.call("DescribeCapacityProviders")
    kinds = {provider["name"]: provider["type"] for provider in answer["capacityProviders"]}
    assert kinds == {"FARGATE": "FARGATE", "FARGATE_SPOT": "FARGATE_SPOT", "hosts": "EC2_AUTOSCALING"}


async def test_providers_come_in_pages(stage: Stage) -> None:
    first = await stage.call("DescribeCapacityProviders", maxResults=2)
    rest = await stage.call("DescribeCapacityProviders", maxResults=2, nextToken=first["nextToken"])
    assert [len(page["capacityProviders"]) for page in (first, rest)] == [2, 1]


async def test_an_unknown_provider_is_missing(stage: Stage) -> None:
    answer = await stage.call("DescribeCapacityProviders", capacityProviders=["hosts", "moon"])
    assert [provider["name"] for provider in answer["capacityProviders"]] == ["hosts"]
    arn = "arn:aws:ecs:eu-west-1:123456789012:capacity-provider/moon"
    assert answer["failures"] == [{"arn": arn, "reason": "MISSING"}]


async def test_a_task_and_a_definition_are_tagged_after_the_fact(stage: Stage) -> None:
    task = stage.world.plant_task(Planted("linux", tags={"a": "old", "c": "d"}))
    for arn in (task.arn, task.definition.arn):
        await stage.call("TagResource", resourceArn=arn, tags=[TAG])
    assert (task.tags, task.definition.tags) == ({"a": "b", "c": "d"}, {"a": "b"})
    listed = await stage.call("ListTagsForResource", resourceArn=task.definition.arn)
    assert listed["tags"] == [TAG]


@pytest.mark.parametrize("resource", ["task/arcdeck-demo/" + "0" * 32, "task-definition/nothing:1", "moon/1"])
async def test_what_does_not_exist_has_no_tags(stage: Stage, resource: str) -> None:
    arn = f"arn:aws:ecs:eu-west-1:123456789012:{resource}"
    tagging = await stage.refused("TagResource", resourceArn=arn, tags=[TAG])
    listing = await stage.refused("ListTagsForResource", resourceArn=arn)
    assert (tagging.code, listing.code) == ("ResourceNotFoundException", "InvalidParameterException")


async def test_a_resource_has_50_tags_at_most(stage: Stage) -> None:
    arn = stage.world.names.cluster_arn
    await stage.call("TagResource", resourceArn=arn, tags=[{"key": f"k{n}", "value": ""} for n in range(50)])
    refusal = await stage.refused("TagResource", resourceArn=arn, tags=[TAG])
    assert refusal.code == "InvalidParameterException"
