"""Simulated runner processes, seen from ECS and from GitHub."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from core.world.ecs import Pace, Planted, TaskState
from core.world.github import JobPhase, RunnerRecord
from core.world.runners import Fate, Habits, runner_of
from core.world.world import World, WorldSettings
from tests.controller_by_hand import ControllerByHand, controller_by_hand

pytestmark = pytest.mark.virtual_time

QUICK = Pace(connecting=1, preparing=1, pulling=5, creating=1, activating=1, noticing=1, stopping=2, jitter=0)
RUNNING_AFTER = 9.0
HABITS = Habits(connecting=(2, 2), leaving=(1, 1), noticing=(3, 3))


@asynccontextmanager
async def stage(habits: Habits = HABITS) -> AsyncIterator[tuple[World, ControllerByHand]]:
    """A scale set `small` with an open session; the family is registered."""
    settings = WorldSettings(epoch=datetime(2030, 1, 1, tzinfo=UTC), pace=QUICK, habits=habits)
    async with World(settings) as world, controller_by_hand(world) as controller:
        await controller.set_up("small")
        yield world, controller


def only_runner(world: World) -> RunnerRecord:
    (runner,) = world.github.runners.values()
    return runner


async def give_a_job(world: World, controller: ControllerByHand, duration: float = 60) -> None:
    world.jobs.enqueue("small", duration=duration)
    await controller.next_entries()


async def test_a_runner_comes_online_some_time_after_its_task_runs() -> None:
    async with stage() as (world, controller):
        await controller.start_runner("small", "small-00000001")
        await asyncio.sleep(RUNNING_AFTER + 1.9)
        assert not only_runner(world).online
        await asyncio.sleep(0.2)
        assert only_runner(world).online


async def test_a_task_without_a_jit_config_has_no_runner_process() -> None:
    async with stage() as (world, controller):
        await controller.ecs.run_task(cluster="arcdeck-demo", taskDefinition="small", launchType="EXTERNAL")
        await asyncio.sleep(RUNNING_AFTER + 5)
        assert world.runners.alive == 0
        assert len(world.ecs.running()) == 1


async def test_a_task_whose_registration_was_removed_exits_with_an_error() -> None:
    async with stage() as (world, controller):
        task = await controller.start_runner("small", "small-00000001")
        await controller.github.call("DELETE", f"distributedtask/pools/0/agents/{only_runner(world).id}")
        await asyncio.sleep(60)
        assert (task.last_status, task.containers[0].exit_code) == (TaskState.STOPPED, 1)


async def test_an_idle_runner_whose_registration_is_removed_notices_and_exits() -> None:
    async with stage() as (world, controller):
        task = await controller.start_runner("small", "small-00000001")
        await asyncio.sleep(30)
        await controller.github.call("DELETE", f"distributedtask/pools/0/agents/{only_runner(world).id}")
        await asyncio.sleep(2.9)
        assert task.desired_status is TaskState.RUNNING
        await asyncio.sleep(30)
        assert (task.last_status, task.containers[0].exit_code) == (TaskState.STOPPED, 1)


async def test_a_runner_that_never_connects_runs_on_unknown_to_github() -> None:
    async with stage() as (world, controller):
        world.runners.next_fate(Fate.NEVER_CONNECTS)
        await controller.start_runner("small", "small-00000001")
        await asyncio.sleep(3600)
        assert len(world.ecs.running("small")) == 1
        assert not only_runner(world).online


async def test_a_fate_strikes_as_often_as_it_was_asked_for() -> None:
    async with stage() as (world, controller):
        world.runners.next_fate(Fate.VERSION_REFUSED, times=2)
        tasks = [await controller.start_runner("small", f"small-0000000{number}") for number in range(3)]
        await asyncio.sleep(60)
        assert Counter(task.containers[0].exit_code for task in tasks) == {7: 2, None: 1}


async def test_a_stopped_idle_runner_stays_registered_and_offline() -> None:
    async with stage() as (world, controller):
        task = await controller.start_runner("small", "small-00000001")
        await asyncio.sleep(30)
        await controller.stop_task(task, "ecs-arc: a test says so")
        await asyncio.sleep(30)
        assert (task.last_status, task.containers[0].exit_code) == (TaskState.STOPPED, 143)
        assert not only_runner(world).online


async def test_the_job_of_a_stopped_runner_fails_only_after_minutes() -> None:
    async with stage() as (world, controller):
        task = await controller.start_runner("small", "small-00000001")
        await give_a_job(world, controller, duration=300)
        await asyncio.sleep(60)
        (job,) = world.github.jobs.values()
        assert job.phase is JobPhase.RUNNING
        await controller.stop_task(task, "ecs-arc: a test says so")
        await asyncio.sleep(500)
        assert job.phase is JobPhase.RUNNING
        await asyncio.sleep(100)
        assert job.result == "failed"


async def test_a_lost_host_takes_the_process_with_it() -> None:
    async with stage() as (world, controller):
        task = await controller.start_runner("small", "small-00000001")
        await asyncio.sleep(30)
        world.ecs.lose_host(task.arn)
        await asyncio.sleep(0.1)
        assert world.runners.alive == 0
        assert not only_runner(world).online


async def test_a_runner_that_dies_in_its_job_leaves_its_registration_behind() -> None:
    async with stage() as (world, controller):
        world.runners.next_fate(Fate.DIES_IN_JOB)
        task = await controller.start_runner("small", "small-00000001")
        await give_a_job(world, controller, duration=100)
        await asyncio.sleep(200)
        assert task.containers[0].exit_code == 137
        assert only_runner(world).busy
        assert not only_runner(world).online


async def test_a_runner_whose_job_is_cancelled_notices_and_exits_well() -> None:
    async with stage() as (world, controller):
        task = await controller.start_runner("small", "small-00000001")
        await give_a_job(world, controller, duration=3600)
        await asyncio.sleep(60)
        (job,) = world.github.jobs.values()
        world.github.cancel_job(job.id)
        await asyncio.sleep(30)
        assert job.result == "canceled"
        assert (task.last_status, task.containers[0].exit_code) == (TaskState.STOPPED, 0)


async def test_a_share_of_jobs_fails_when_runners_have_that_habit() -> None:
    async with stage(Habits(failing=1.0)) as (world, controller):
        await controller.start_runner("small", "small-00000001")
        await give_a_job(world, controller)
        await asyncio.sleep(120)
        (job,) = world.github.jobs.values()
        assert job.result == "failed"


async def test_what_a_runner_prints_can_be_read_along() -> None:
    async with stage() as (world, controller):
        lines: list[str] = []
        world.runners.transcript = lambda _, line: lines.append(line)
        await controller.start_runner("small", "small-00000001")
        world.jobs.enqueue("small", name="unit (3.11)", duration=20)
        await controller.next_entries()
        await asyncio.sleep(120)
        assert lines == [
            "Connected to GitHub; listening for jobs",
            "Running job: unit (3.11)",
            "Job unit (3.11) completed with result: succeeded",
        ]


async def test_a_task_tells_which_runner_it_carries() -> None:
    async with stage() as (world, controller):
        task = await controller.start_runner("small", "small-00000001")
        stranger = world.ecs.plant_task(Planted("backup", env={"ACTIONS_RUNNER_INPUT_JITCONFIG": "not a config"}))
        assert runner_of(task) == only_runner(world).id
        assert runner_of(stranger) is None
