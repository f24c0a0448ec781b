from collections.abc import AsyncIterator

import pytest

from core.world.ecs import OUT_OF_MEMORY, EcsTask, Pace, Stuck, TaskState
from tests.unit.world.ecs_stage import FARGATE, PLAIN, WITH_DOCKER, Stage, ecs_stage

pytestmark = pytest.mark.virtual_time

MOMENTS = (
    "createdAt",
    "connectivityAt",
    "pullStartedAt",
    "pullStoppedAt",
    "startedAt",
    "stoppingAt",
    "executionStoppedAt",
    "stoppedAt",
)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage() as stage:
        await stage.register("docker", WITH_DOCKER)
        yield stage


async def moments(stage: Stage, task: EcsTask) -> dict[str, float | None]:
    described = await stage.describe(task)
    return {name: stage.seconds(described[name]) for name in MOMENTS if name in described}


async def test_a_fargate_task_goes_up_through_every_state(stage: Stage) -> None:
    task = await stage.run_on_fargate()
    assert await stage.course(task, 30) == [
        (0, "PROVISIONING", "RUNNING"),
        (2, "PENDING", "RUNNING"),
        (20, "ACTIVATING", "RUNNING"),
        (21, "RUNNING", "RUNNING"),
    ]


async def test_the_moments_on_the_way_up_are_those_of_the_work_done(stage: Stage) -> None:
    task = await stage.run_on_fargate()
    await stage.clock.sleep(30)
    assert await moments(stage, task) == {
        "createdAt": 0,
        "connectivityAt": 3,
        "pullStartedAt": 6,
        "pullStoppedAt": 16,
        "startedAt": 21,
    }


async def test_a_moment_that_has_not_come_is_absent(stage: Stage) -> None:
    task = await stage.run_on_fargate()
    await stage.clock.sleep(7)
    assert await moments(stage, task) == {"createdAt": 0, "connectivityAt": 3, "pullStartedAt": 6}


async def test_the_version_grows_with_every_change(stage: Stage) -> None:
    task = await stage.run_on_fargate()
    versions = [task.version]
    for _ in range(4):
        await stage.clock.sleep(6)
        versions.append((await stage.describe(task))["version"])
    assert versions == sorted(versions)
    assert versions[-1] > versions[0]


async def test_a_stopped_task_is_undesired_at_once_and_walks_down(stage: Stage) -> None:
    task = await stage.run_on_fargate()
    await stage.clock.sleep(30)
    await stage.call("StopTask", task=task.arn, reason="enough")
    assert await stage.course(task, 20) == [
        (0, "RUNNING", "STOPPED"),
        (1, "DEACTIVATING", "STOPPED"),
        (2, "STOPPING", "STOPPED"),
        (5, "DEPROVISIONING", "STOPPED"),
        (10, "STOPPED", "STOPPED"),
    ]


async def test_the_moments_on_the_way_down_are_those_of_the_work_done(stage: Stage) -> None:
    task = await stage.run_on_fargate()
    await stage.clock.sleep(30)
    await stage.call("StopTask", task=task.arn)
    await stage.clock.sleep(30)
    down = {name: at for name, at in (await moments(stage, task)).items() if at is not None and at >= 30}
    assert down == {"stoppingAt": 31, "executionStoppedAt": 34, "stoppedAt": 40}


async def test_a_task_without_an_interface_is_not_deprovisioned(stage: Stage) -> None:
    task = await stage.run_until_running()
    await stage.call("StopTask", task=task.arn)
    assert [status for _, status, _ in await stage.course(task, 20)] == [
        "RUNNING",
        "DEACTIVATING",
        "STOPPING",
        "STOPPED",
    ]


async def test_a_stopped_tasks_containers_end_by_sigterm(stage: Stage) -> None:
    task = await stage.run_until_running()
    await stage.call("StopTask", task=task.arn)
    await stage.clock.sleep(30)
    assert task.container("runner").exit_code == 143


async def test_a_container_slower_than_its_stop_timeout_is_killed() -> None:
    async with ecs_stage(pace=Pace(stopping=50, jitter=0)) as stage:
        slow = {**PLAIN, "containerDefinitions": [{"name": "runner", "image": "runner", "stopTimeout": 10}]}
        await stage.register("slow", slow)
        task = await stage.run("slow")
        await stage.clock.sleep(60)
        await stage.call("StopTask", task=task.arn)
        await stage.clock.sleep(15)
        assert (task.last_status, task.container("runner").exit_code) == (TaskState.STOPPED, 137)


async def test_fargate_grants_a_stop_timeout_of_two_minutes_at_most(stage: Stage) -> None:
    patient = {**FARGATE, "containerDefinitions": [{"name": "runner", "image": "runner", "stopTimeout": 600}]}
    stage.world.plant_definition("fargate", content=patient)
    assert (await stage.run_on_fargate()).stop_timeout == 120


async def test_the_stop_signal_is_told_when_it_is_sent(stage: Stage) -> None:
    heard: list[float] = []
    task = await stage.run_until_running()
    stage.world.on_stop_signal = lambda _: heard.append(stage.clock.monotonic())
    asked = stage.clock.monotonic()
    await stage.call("StopTask", task=task.arn)
    await stage.clock.sleep(30)
    assert heard == [asked + 2]


async def test_a_task_may_exit_the_moment_it_gets_its_stop_signal(stage: Stage) -> None:
    task = await stage.run_until_running()
    stage.world.on_stop_signal = lambda stopped: stage.world.exit(stopped.arn, 5)
    await stage.call("StopTask", task=task.arn)
    assert (await stage.course(task, 20))[-1] == (3, "STOPPED", "STOPPED")
    assert (task.container("runner").exit_code, task.stop_code) == (5, "UserInitiated")


async def test_a_task_that_exits_before_the_signal_gets_none(stage: Stage) -> None:
    heard: list[EcsTask] = []
    task = await stage.run_until_running()
    stage.world.on_stop_signal = heard.append
    await stage.call("StopTask", task=task.arn)
    stage.world.exit(task.arn, 0)
    await stage.clock.sleep(30)
    assert (heard, task.last_status, task.container("runner").exit_code) == ([], TaskState.STOPPED, 0)


async def test_the_exit_of_the_essential_container_is_the_end_of_the_task(stage: Stage) -> None:
    task = await stage.run_until_running()
    stage.world.exit(task.arn, 0)
    assert (await stage.course(task, 20))[0] == (0, "RUNNING", "STOPPED")
    described = await stage.describe(task)
    assert (described["stopCode"], described["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert (described["lastStatus"], described["containers"][0]["exitCode"]) == ("STOPPED", 0)


async def test_the_other_containers_are_stopped_after_an_exit(stage: Stage) -> None:
    task = await stage.run_until_running("docker")
    stage.world.exit(task.arn, 1)
    await stage.clock.sleep(30)
    assert {one.name: one.exit_code for one in task.containers} == {"init": 0, "dind": 143, "runner": 1}


async def test_an_exit_is_not_told_as_a_stop_signal(stage: Stage) -> None:
    heard: list[EcsTask] = []
    stage.world.on_stop_signal = heard.append
    stage.world.exit((await stage.run_until_running("docker")).arn, 0)
    await stage.clock.sleep(30)
    assert heard == []


async def test_the_exit_of_a_container_that_is_not_essential_changes_nothing_else(stage: Stage) -> None:
    helped = [{"name": "runner", "image": "r"}, {"name": "helper", "image": "h", "essential": False}]
    await stage.register("helped", {**PLAIN, "containerDefinitions": helped})
    task = await stage.run_until_running("helped")
    stage.world.exit(task.arn, 1, container="helper")
    await stage.clock.sleep(30)
    assert (task.last_status, task.container("helper").exit_code) == (TaskState.RUNNING, 1)


async def test_an_exit_may_have_a_reason_that_is_shown_on_the_container(stage: Stage) -> None:
    task = await stage.run_until_running()
    stage.world.exit(task.arn, 137, reason=OUT_OF_MEMORY)
    container = (await stage.describe(task))["containers"][0]
    assert (container["exitCode"], container["reason"]) == (137, OUT_OF_MEMORY)


async def test_an_exit_on_the_stop_signal_ends_the_other_containers_too(stage: Stage) -> None:
    task = await stage.run_until_running("docker")
    stage.world.on_stop_signal = lambda stopped: stage.world.exit(stopped.arn, 5)
    await stage.call("StopTask", task=task.arn)
    await stage.clock.sleep(30)
    assert {one.name: one.exit_code for one in task.containers} == {"init": 0, "dind": 143, "runner": 5}


async def test_a_second_exit_changes_nothing(stage: Stage) -> None:
    task = await stage.run_until_running()
    stage.world.exit(task.arn, 0)
    stage.world.exit(task.arn, 9)
    assert task.container("runner").exit_code == 0


async def test_the_exit_of_an_unknown_task_or_container_is_an_error(stage: Stage) -> None:
    task = await stage.run_until_running()
    with pytest.raises(KeyError):
        stage.world.exit("arn:nothing", 0)
    with pytest.raises(KeyError):
        stage.world.exit(task.arn, 0, container="nobody")


async def test_a_task_stopped_while_pending_never_starts(stage: Stage) -> None:
    task = await stage.run()
    await stage.clock.sleep(5)
    await stage.call("StopTask", task=task.arn)
    assert [status for _, status, _ in await stage.course(task, 30)] == ["PENDING", "STOPPING", "STOPPED"]
    assert {"startedAt", "executionStoppedAt"}.isdisjoint(await moments(stage, task))
    container = (await stage.describe(task))["containers"][0]
    assert (container["lastStatus"], container.get("exitCode")) == ("STOPPED", None)


async def test_a_task_stopped_while_provisioning_is_only_deprovisioned(stage: Stage) -> None:
    stage.world.next_start(Stuck(TaskState.PROVISIONING))
    task = await stage.run_on_fargate()
    await stage.call("StopTask", task=task.arn)
    assert [status for _, status, _ in await stage.course(task, 30)] == [
        "PROVISIONING",
        "DEPROVISIONING",
        "STOPPED",
    ]


async def test_durations_are_drawn_within_the_jitter() -> None:
    async with ecs_stage(pace=Pace(jitter=0.25)) as stage:
        for _ in range(5):
            await stage.call("RunTask", taskDefinition="linux", count=10)
        await stage.clock.sleep(120)
        pulls = {
            (task.pull_stopped_at - task.pull_started_at).total_seconds()
            for task in stage.world.tasks.values()
            if task.pull_stopped_at is not None and task.pull_started_at is not None
        }
    assert len(pulls) == 50
    assert 15 <= min(pulls) < 17
    assert 23 < max(pulls) <= 25


async def test_a_faster_pace_keeps_its_jitter() -> None:
    assert Pace(pulling=20, jitter=0.5).faster(10) == Pace(
        provisioning=0.3,
        connecting=0.1,
        preparing=1.35,
        pulling=2,
        creating=0.25,
        activating=0.05,
        noticing=0.1,
        deactivating=0.05,
        stopping=0.2,
        reporting=0.05,
        deprovisioning=0.8,
        jitter=0.5,
    )


async def test_nothing_moves_once_the_world_is_closed(stage: Stage) -> None:
    task = await stage.run()
    stage.world.close()
    await stage.clock.sleep(600)
    assert task.last_status is TaskState.PENDING
