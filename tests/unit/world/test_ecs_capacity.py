from typing import Any

import pytest

from core.world.ecs import FARGATE_FULL, VCPU_QUOTA, Capacity, Planted, Room
from tests.unit.world.ecs_stage import AWSVPC, Stage, ecs_stage

pytestmark = pytest.mark.virtual_time

TWO_TASKS = Room(cpu=2048, memory=4096)
ON_HOSTS: dict[str, Any] = {"capacityProviderStrategy": [{"capacityProvider": "hosts", "weight": 1}]}
ON_FARGATE: dict[str, Any] = {
    "taskDefinition": "fargate",
    "launchType": "FARGATE",
    "networkConfiguration": AWSVPC,
}


def hosts(room: Room) -> Capacity:
    return Capacity(rooms={"hosts": room}, providers=("FARGATE", "FARGATE_SPOT", "hosts"))


async def reasons(stage: Stage, **members: Any) -> list[str]:
    answer = await stage.call("RunTask", **{"taskDefinition": "linux", **members})
    return [failure["reason"] for failure in answer["failures"]]


async def test_what_does_not_fit_fails_with_its_reason_and_no_error() -> None:
    async with ecs_stage(capacity=hosts(TWO_TASKS)) as stage:
        answer = await stage.call("RunTask", taskDefinition="linux", count=3, **ON_HOSTS)
        assert len(answer["tasks"]) == 2
        instance = stage.world.names.container_instance("hosts")
        assert answer["failures"] == [{"arn": instance, "reason": "RESOURCE:MEMORY"}]


async def test_a_lack_of_cpu_alone_is_named() -> None:
    async with ecs_stage(capacity=hosts(Room(cpu=1024))) as stage:
        assert await reasons(stage, count=2, **ON_HOSTS) == ["RESOURCE:CPU"]


async def test_a_smaller_task_may_fit_where_a_larger_did_not() -> None:
    async with ecs_stage(capacity=hosts(Room(memory=1024))) as stage:
        assert await reasons(stage, **ON_HOSTS) == ["RESOURCE:MEMORY"]
        assert await reasons(stage, overrides={"memory": "1024"}, **ON_HOSTS) == []


async def test_a_full_pool_does_not_fill_another() -> None:
    async with ecs_stage(capacity=hosts(Room(cpu=0))) as stage:
        assert await reasons(stage, launchType="EC2") == []


async def test_room_is_given_back_when_the_task_is_stopped_and_not_before() -> None:
    async with ecs_stage(capacity=hosts(Room(cpu=1024))) as stage:
        task = await stage.run(**ON_HOSTS)
        await stage.clock.sleep(60)
        stage.world.exit(task.arn, 0)
        assert await reasons(stage, **ON_HOSTS) == ["RESOURCE:CPU"]
        await stage.clock.sleep(30)
        assert await reasons(stage, **ON_HOSTS) == []


async def test_a_lost_host_gives_its_room_back() -> None:
    async with ecs_stage() as stage:
        task = await stage.run()
        stage.world.lose_host(task.arn)
        assert stage.world.capacity.used("EC2").cpu == 0


async def test_a_planted_task_holds_room() -> None:
    async with ecs_stage() as stage:
        stage.world.plant_task(Planted("linux"))
        used = stage.world.capacity.used("EC2")
        assert (used.cpu, used.memory) == (1024, 2048)


async def test_a_full_fargate_fails_in_its_own_words_and_without_an_arn() -> None:
    async with ecs_stage(capacity=Capacity(rooms={"FARGATE": Room(cpu=0)})) as stage:
        answer = await stage.call("RunTask", **ON_FARGATE)
        assert answer == {"tasks": [], "failures": [{"reason": FARGATE_FULL}]}


async def test_a_resized_pool_has_its_new_room() -> None:
    async with ecs_stage(capacity=hosts(Room(cpu=0))) as stage:
        stage.world.capacity.resize("hosts", TWO_TASKS)
        assert await reasons(stage, count=2, **ON_HOSTS) == []


async def test_tasks_are_refused_as_often_as_asked_for() -> None:
    async with ecs_stage() as stage:
        stage.world.capacity.refuse("AGENT", times=2)
        assert await reasons(stage, count=3) == ["AGENT", "AGENT"]


async def test_refusals_for_one_pool_leave_the_others_alone() -> None:
    async with ecs_stage(capacity=hosts(Room())) as stage:
        stage.world.capacity.refuse("RESOURCE:GPU", pool="hosts")
        assert await reasons(stage, launchType="EC2") == []
        assert await reasons(stage, **ON_HOSTS) == ["RESOURCE:GPU"]


async def test_a_closed_pool_refuses_until_its_time_is_over() -> None:
    async with ecs_stage() as stage:
        stage.world.capacity.close(VCPU_QUOTA, pool="FARGATE", seconds=60)
        await stage.clock.sleep(59)
        assert await reasons(stage, **ON_FARGATE) == [VCPU_QUOTA]
        assert await reasons(stage) == []
        await stage.clock.sleep(1)
        assert await reasons(stage, **ON_FARGATE) == []


async def test_a_closure_of_all_pools_ends_when_it_is_opened() -> None:
    async with ecs_stage() as stage:
        stage.world.capacity.close("AGENT")
        await stage.clock.sleep(86_400)
        assert await reasons(stage) == ["AGENT"]
        stage.world.capacity.open()
        assert await reasons(stage) == []


async def test_refusing_no_task_is_an_error() -> None:
    async with ecs_stage() as stage:
        with pytest.raises(ValueError, match="refused 0 times"):
            stage.world.capacity.refuse("AGENT", times=0)
