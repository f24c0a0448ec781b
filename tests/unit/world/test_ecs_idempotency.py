from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from core.world.ecs import Visibility
from core.world.faults import Fault
from tests.unit.world.ecs_stage import Stage, ecs_stage

pytestmark = pytest.mark.virtual_time

HOUR = 3600


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage(visibility=Visibility(stopped_kept=48 * HOUR)) as stage:
        yield stage


async def run(stage: Stage, **members: Any) -> dict[str, Any]:
    return await stage.call("RunTask", **{"taskDefinition": "linux", "clientToken": "one", **members})


def arns(answer: dict[str, Any]) -> list[str]:
    return [task["taskArn"] for task in answer["tasks"]]


async def test_the_same_request_under_the_same_token_is_one_run(stage: Stage) -> None:
    first, second = await run(stage, count=2), await run(stage, count=2)
    assert arns(first) == arns(second)
    assert len(stage.world.tasks) == 2


async def test_another_token_is_another_run(stage: Stage) -> None:
    assert arns(await run(stage)) != arns(await run(stage, clientToken="two"))


async def test_tokens_tell_upper_case_from_lower(stage: Stage) -> None:
    assert arns(await run(stage, clientToken="a")) != arns(await run(stage, clientToken="A"))


async def test_another_request_under_the_same_token_is_a_conflict(stage: Stage) -> None:
    bound = arns(await run(stage))
    refusal = await stage.refused("RunTask", taskDefinition="linux", clientToken="one", startedBy="somebody")
    assert (refusal.status, refusal.code) == (400, "ConflictException")
    assert refusal.members["resourceIds"] == bound


async def test_the_order_of_members_makes_no_other_request(stage: Stage) -> None:
    await run(stage, startedBy="a", group="b")
    await run(stage, group="b", startedBy="a")
    assert len(stage.world.tasks) == 1


async def test_a_lost_answer_is_recovered_by_the_same_request(stage: Stage) -> None:
    stage.world.faults.add("RunTask", Fault("answer_lost"))
    with pytest.raises(aiohttp.ClientError):
        await run(stage)
    assert arns(await run(stage)) == list(stage.world.tasks)


async def test_failures_are_part_of_what_is_repeated(stage: Stage) -> None:
    stage.world.capacity.refuse("RESOURCE:MEMORY")
    first = await run(stage, count=2)
    assert (await run(stage, count=2))["failures"] == first["failures"] != []


async def test_a_refused_request_does_not_bind_its_token(stage: Stage) -> None:
    await stage.refused("RunTask", taskDefinition="nothing", clientToken="one")
    assert len(arns(await run(stage))) == 1


async def test_a_task_that_has_stopped_comes_back_with_its_states_only(stage: Stage) -> None:
    arn = arns(await run(stage))[0]
    stage.world.lose_host(arn)
    assert (await run(stage))["tasks"] == [{"taskArn": arn, "lastStatus": "STOPPED", "desiredStatus": "STOPPED"}]


async def test_a_token_outlives_its_last_task_by_an_hour(stage: Stage) -> None:
    first, second = arns(await run(stage, count=2))
    stage.world.lose_host(first)
    await stage.clock.sleep(HOUR)
    stage.world.lose_host(second)
    await stage.clock.sleep(HOUR - 1)
    assert arns(await run(stage, count=2)) == [first, second]
    await stage.clock.sleep(1)
    assert first not in arns(await run(stage, count=2))


async def test_a_token_lives_for_a_day_at_most(stage: Stage) -> None:
    first = arns(await run(stage))
    await stage.clock.sleep(24 * HOUR - 1)
    assert arns(await run(stage)) == first
    await stage.clock.sleep(1)
    assert arns(await run(stage)) != first


async def test_a_token_without_tasks_lives_for_an_hour(stage: Stage) -> None:
    stage.world.capacity.refuse("AGENT")
    await run(stage)
    await stage.clock.sleep(HOUR)
    assert len(arns(await run(stage))) == 1
