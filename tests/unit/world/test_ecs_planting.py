"""What was there before anybody called the API."""

from collections.abc import AsyncIterator

import pytest

from core.world.ecs import Planted, TaskState
from tests.unit.world.ecs_stage import Stage, ecs_stage

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage() as stage:
        yield stage


async def test_a_planted_task_is_stopped_like_any_other(stage: Stage) -> None:
    task = stage.world.plant_task(Planted("linux", age=3600, started_by="ecs-arc", env={"A": "1"}, tags={"a": "b"}))
    described = await stage.describe(task, include=["TAGS"])
    assert (described["startedBy"], described["tags"]) == ("ecs-arc", [{"key": "a", "value": "b"}])
    assert (stage.seconds(task.created_at), task.override_env) == (-3600, {"A": "1"})
    await stage.call("StopTask", task=task.arn)
    await stage.clock.sleep(30)
    assert task.last_status is TaskState.STOPPED


async def test_a_planted_task_stays_in_its_state(stage: Stage) -> None:
    task = stage.world.plant_task(Planted("linux", state=TaskState.PENDING, age=400))
    await stage.clock.sleep(3600)
    assert (task.last_status, task.started_at) == (TaskState.PENDING, None)


async def test_a_task_of_an_unknown_family_is_planted_with_a_definition(stage: Stage) -> None:
    task = stage.world.plant_task(Planted("strange"))
    assert task.definition.arn in stage.world.definitions


async def test_a_task_is_not_planted_on_its_way_down(stage: Stage) -> None:
    with pytest.raises(ValueError, match="plant it RUNNING"):
        stage.world.plant_task(Planted("linux", state=TaskState.STOPPED))


async def test_the_running_tasks_of_a_scale_set_are_those_with_its_tag(stage: Stage) -> None:
    ours = stage.world.plant_task(Planted("linux", tags={"ecs-arc:scale-set": "small"}))
    theirs = stage.world.plant_task(Planted("linux", tags={"ecs-arc:scale-set": "large"}))
    await stage.run()
    assert stage.world.running("small") == [ours]
    assert stage.world.running() == [ours, theirs]
