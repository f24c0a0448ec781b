"""One job, from its message to the end of its task, over real HTTP."""

import asyncio

import pytest

from core.api.model import RunnerState
from core.world.ecs import Stuck, TaskState
from core.world.github import Flow
from core.world.world import WorldSettings
from tests.integration.conftest import Stages

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize("flow", ["broker", "acquire"])
async def test_a_job_is_served_from_its_message_to_the_end_of_its_task(stages: Stages, flow: Flow) -> None:
    async with stages.world(WorldSettings(seed=1, flow=flow)) as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        job = world.github.enqueue_job("small", name="unit", repository="acme/api", workflow="ci", duration=120)
        await asyncio.sleep(400)
        assert job.result == "succeeded"
        (runner,) = stage.snapshot().runners
        assert runner.state is RunnerState.STOPPED
        assert runner.exit_code == 0
        assert not world.github.runners
        assert world.ecs.calls["RunTask"] == 1


async def test_a_task_stuck_in_pending_is_reaped_and_replaced(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.ecs.next_start(Stuck(TaskState.PENDING))
        job = world.github.enqueue_job("small", name="unit", repository="acme/api", workflow="ci", duration=60)
        await asyncio.sleep(600)
        assert job.result == "succeeded"
        (stop,) = stage.events("stop")
        assert "stuck in PENDING for 5m" in stop
        assert world.ecs.calls["RunTask"] == 2
