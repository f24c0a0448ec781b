"""The answers of the embedded ECS against botocore's own model of the service.

`Stage.call` holds every call of every test against the model; these tests make sure that it would notice a misfit, and
that a task fits in every state of its life.
"""

import asyncio
from typing import Any

import pytest

from core.world.ecs import Pace, TaskState
from core.world.ecs.mishaps import IMAGE_NOT_FOUND
from tests.unit.world.ecs_stage import Stage, ecs_stage, misfits

pytestmark = pytest.mark.virtual_time

TAG = {"key": "a", "value": "b"}
WITH_OVERRIDES: dict[str, Any] = {
    "tags": [TAG],
    "startedBy": "arcdeck/demo",
    "overrides": {"containerOverrides": [{"name": "runner", "environment": [{"name": "A", "value": "1"}]}]},
}


async def states_seen(stage: Stage, arn: str, until: TaskState) -> list[str]:
    """Describe a task every half second until it comes to a state; every description is held against the model."""
    task, seen = stage.world.tasks[arn], list[str]()
    async with asyncio.timeout(300):
        while not seen or seen[-1] != until:
            state = (await stage.describe(task, include=["TAGS"]))["lastStatus"]
            if not seen or seen[-1] != state:
                seen.append(state)
            await stage.clock.sleep(0.5)
    return seen


@pytest.mark.parametrize(
    ("answer", "misfit"),
    [
        ({"tasks": [{"lastStatus": 7}]}, "lastStatus"),
        ({"tasks": [{"moonPhase": "full"}]}, "moonPhase"),
        ({"tasks": [{"startedAt": None}]}, "startedAt"),
        ({"tasks": [{"startedAt": "soon"}]}, "startedAt"),
    ],
)
async def test_an_answer_that_does_not_fit_the_model_is_noticed(answer: dict[str, Any], misfit: str) -> None:
    assert misfit in misfits("DescribeTasks", answer, of_input=False)


async def test_a_task_fits_the_model_in_every_state_of_its_life() -> None:
    async with ecs_stage() as stage:
        task = await stage.run_on_fargate(**WITH_OVERRIDES)
        assert await states_seen(stage, task.arn, TaskState.RUNNING) == [
            "PROVISIONING",
            "PENDING",
            "ACTIVATING",
            "RUNNING",
        ]
        stage.world.exit(task.arn, 0)
        assert await states_seen(stage, task.arn, TaskState.STOPPED) == [
            "RUNNING",
            "DEACTIVATING",
            "STOPPING",
            "DEPROVISIONING",
            "STOPPED",
        ]


async def test_a_failed_start_fits_the_model() -> None:
    async with ecs_stage() as stage:
        stage.world.next_start(IMAGE_NOT_FOUND)
        task = await stage.run_on_fargate()
        assert (await states_seen(stage, task.arn, TaskState.STOPPED))[-1] == "STOPPED"


async def test_moments_with_fractions_fit_the_model() -> None:
    async with ecs_stage(pace=Pace(jitter=0.3)) as stage:
        task = await stage.run_on_fargate()
        await stage.clock.sleep(120)
        described = await stage.describe(task)
        assert described["startedAt"] % 1 != 0
