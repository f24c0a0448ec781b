"""Starts that fail, tasks that get stuck, Spot capacity that is taken away, hosts that die."""

from collections.abc import AsyncIterator

import pytest

from core.world.ecs import KNOWN_FAILURES, EcsTask, FailedStart, Odds, Stuck, TaskState
from core.world.ecs.mishaps import EMPTY_CAPACITY_PROVIDER, IMAGE_NOT_FOUND, NETWORK_INTERFACE_TIMED_OUT
from tests.unit.world.ecs_stage import WITH_DOCKER, Stage, ecs_stage

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage() as stage:
        await stage.register("docker", WITH_DOCKER)
        yield stage


async def test_an_image_that_cannot_be_pulled_fails_the_start(stage: Stage) -> None:
    stage.world.next_start(IMAGE_NOT_FOUND)
    task = await stage.run_on_fargate()
    assert [status for _, status, _ in await stage.course(task, 30)] == [
        "PROVISIONING",
        "PENDING",
        "DEPROVISIONING",
        "STOPPED",
    ]
    described = await stage.describe(task)
    assert (described["stopCode"], described["stoppedReason"]) == ("TaskFailedToStart", IMAGE_NOT_FOUND.reason)
    assert described["containers"][0]["reason"] == IMAGE_NOT_FOUND.reason
    assert {"startedAt", "pullStoppedAt", "executionStoppedAt"}.isdisjoint(described)
    assert "exitCode" not in described["containers"][0]


async def test_an_interface_that_is_not_made_fails_the_start_before_pending(stage: Stage) -> None:
    stage.world.next_start(NETWORK_INTERFACE_TIMED_OUT)
    task = await stage.run_on_fargate()
    assert [status for _, status, _ in await stage.course(task, 30)] == ["PROVISIONING", "DEPROVISIONING", "STOPPED"]
    assert task.stopped_reason == NETWORK_INTERFACE_TIMED_OUT.reason


@pytest.mark.parametrize("failure", KNOWN_FAILURES, ids=lambda failure: failure.reason[:30])
async def test_a_failed_start_is_shown_with_its_reason(stage: Stage, failure: FailedStart) -> None:
    stage.world.next_start(failure)
    task = await stage.run_on_fargate()
    await stage.clock.sleep(60)
    described = await stage.describe(task)
    assert (described["lastStatus"], described["stoppedReason"]) == ("STOPPED", failure.reason)


async def test_a_failure_of_provisioning_strikes_a_task_that_has_none_while_pending(stage: Stage) -> None:
    stage.world.next_start(EMPTY_CAPACITY_PROVIDER)
    task = await stage.run()
    await stage.clock.sleep(60)
    assert (task.stop_code, task.stopped_reason) == ("TaskFailedToStart", "EMPTY CAPACITY PROVIDER")


async def test_a_mishap_strikes_as_many_tasks_of_its_family_as_were_asked_for(stage: Stage) -> None:
    stage.world.next_start(FailedStart("no"), times=2, family="docker")
    families = ["linux", "docker", "docker", "docker"]
    tasks = [await stage.run(family) for family in families]
    await stage.clock.sleep(60)
    assert [task.stopped_reason for task in tasks] == [None, "no", "no", None]


async def test_mishaps_come_by_chance_at_their_odds() -> None:
    async with ecs_stage(odds=[Odds(FailedStart("bad luck"), 0.5)]) as stage:
        for _ in range(10):
            await stage.call("RunTask", taskDefinition="linux", count=10)
        await stage.clock.sleep(60)
        struck = sum(task.stopped_reason == "bad luck" for task in stage.world.tasks.values())
        assert 35 < struck < 65


@pytest.mark.parametrize("state", [TaskState.PROVISIONING, TaskState.PENDING, TaskState.ACTIVATING])
async def test_a_task_stuck_on_its_way_up_stays_until_it_is_released(stage: Stage, state: TaskState) -> None:
    stage.world.next_start(Stuck(state))
    task = await stage.run_on_fargate()
    await stage.clock.sleep(3600)
    assert task.last_status is state
    stage.world.release(task.arn)
    await stage.clock.sleep(60)
    assert task.last_status is TaskState.RUNNING


@pytest.mark.parametrize("state", [TaskState.DEACTIVATING, TaskState.STOPPING, TaskState.DEPROVISIONING])
async def test_a_task_stuck_on_its_way_down_stays_until_it_is_released(stage: Stage, state: TaskState) -> None:
    stage.world.next_start(Stuck(state))
    task = await stage.run_on_fargate()
    await stage.clock.sleep(30)
    await stage.call("StopTask", task=task.arn)
    await stage.clock.sleep(3000)
    assert task.last_status is state
    stage.world.release(task.arn)
    await stage.clock.sleep(60)
    assert task.last_status is TaskState.STOPPED


async def test_releasing_a_task_before_it_is_stuck_lets_it_pass(stage: Stage) -> None:
    stage.world.next_start(Stuck(TaskState.ACTIVATING))
    task = await stage.run_on_fargate()
    stage.world.release(task.arn)
    assert (await stage.course(task, 30))[-1] == (21, "RUNNING", "RUNNING")


async def test_a_mishap_for_no_task_is_an_error(stage: Stage) -> None:
    with pytest.raises(ValueError, match="cannot strike 0 times"):
        stage.world.next_start(IMAGE_NOT_FOUND, times=0)


async def test_a_spot_task_is_undesired_while_it_still_runs(stage: Stage) -> None:
    task = await stage.run_until_running()
    heard: list[float] = []
    stage.world.on_stop_signal = lambda _: heard.append(stage.clock.monotonic())
    told = stage.clock.monotonic()
    stage.world.interrupt_spot(task.arn)
    assert (await stage.course(task, 10))[:2] == [(0, "RUNNING", "STOPPED"), (2, "STOPPING", "STOPPED")]
    assert (heard, task.stop_code, task.stopped_reason) == (
        [told],
        "SpotInterruption",
        "Your Spot Task was interrupted.",
    )


async def test_a_spot_task_may_exit_during_its_notice(stage: Stage) -> None:
    task = await stage.run_until_running()
    stage.world.on_stop_signal = lambda gone: stage.world.exit(gone.arn, 0)
    stage.world.interrupt_spot(task.arn)
    await stage.clock.sleep(1)
    assert (task.last_status, task.container("runner").exit_code) == (TaskState.STOPPED, 0)


async def test_a_task_whose_host_dies_is_stopped_without_exit_codes(stage: Stage) -> None:
    task = await stage.run_until_running()
    heard: list[EcsTask] = []
    stage.world.on_stop_signal = heard.append
    stage.world.lose_host(task.arn)
    described = await stage.describe(task)
    assert (described["lastStatus"], described["stopCode"]) == ("STOPPED", "TerminationNotice")
    assert described["stoppedReason"].startswith("Host EC2 (instance i-")
    assert "exitCode" not in described["containers"][0]
    assert heard == [task]


async def test_a_host_that_dies_under_a_stopping_task_keeps_its_stop_reason(stage: Stage) -> None:
    task = await stage.run_until_running()
    await stage.call("StopTask", task=task.arn, reason="enough")
    stage.world.lose_host(task.arn)
    assert (task.last_status, task.stop_code, task.stopped_reason) == (TaskState.STOPPED, "UserInitiated", "enough")


async def test_a_task_that_is_over_is_neither_interrupted_nor_lost_again(stage: Stage) -> None:
    task = await stage.run_until_running()
    stage.world.lose_host(task.arn)
    version = task.version
    stage.world.lose_host(task.arn)
    stage.world.interrupt_spot(task.arn)
    assert (task.version, task.stop_code) == (version, "TerminationNotice")
