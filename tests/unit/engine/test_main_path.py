"""One job from its message to its end."""

import asyncio

import pytest

from core.api.model import RunnerState
from core.domain.task import Container, TaskStatus
from tests.builders import job_completed, job_started
from tests.unit.engine.conftest import Rigs

pytestmark = pytest.mark.virtual_time


async def test_a_job_is_served_from_its_message_to_the_end_of_its_task(rigs: Rigs) -> None:
    async with rigs.running() as rig:
        rig.github.send("small", assigned=1)
        await asyncio.sleep(1)
        (name,) = rig.in_state(RunnerState.PENDING)
        arn = rig.ecs.arn_of(name)

        rig.ecs.move(arn, TaskStatus.RUNNING)
        rig.github.send("small", job_started(name, runner_id=1001), assigned=1)
        await asyncio.sleep(6)
        assert rig.in_state(RunnerState.BUSY) == [name]

        rig.github.send("small", job_completed(name, runner_id=1001), assigned=0)
        await asyncio.sleep(1)
        assert rig.in_state(RunnerState.FINISHING) == [name]
        assert rig.github.removed == [1001]

        rig.ecs.move(
            arn,
            TaskStatus.STOPPED,
            stop_code="EssentialContainerExited",
            containers=(Container("runner", exit_code=0),),
        )
        await asyncio.sleep(31)
        assert rig.runners[name].exit_code == 0
        assert [entry.runner_name for entry in rig.kept("task-ended")] == [name]
        assert len(rig.ecs.starts) == 1
