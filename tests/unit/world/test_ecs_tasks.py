"""ListTasks, DescribeTasks and StopTask, as clients see them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.world.ecs import EcsTask, Planted, TaskState, Visibility
from tests.unit.world.ecs_stage import CLUSTER, Stage, ecs_stage

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage() as stage:
        yield stage


def plant(stage: Stage, count: int, **looks: Any) -> list[EcsTask]:
    return [stage.world.plant_task(Planted(**{"family": "linux", **looks})) for _ in range(count)]


def arns(tasks: list[EcsTask]) -> list[str]:
    return [task.arn for task in tasks]


async def pages(stage: Stage, **members: Any) -> list[list[str]]:
    answer = await stage.call("ListTasks", **members)
    found = [answer["taskArns"]]
    while "nextToken" in answer:
        answer = await stage.call("ListTasks", nextToken=answer["nextToken"], **members)
        found.append(answer["taskArns"])
    return found


class TestListTasks:
    async def test_a_page_holds_100_tasks_and_leads_to_the_next(self, stage: Stage) -> None:
        planted = arns(plant(stage, 250))
        assert await pages(stage) == [planted[:100], planted[100:200], planted[200:]]

    async def test_a_full_last_page_has_no_token(self, stage: Stage) -> None:
        plant(stage, 100)
        assert "nextToken" not in await stage.call("ListTasks")

    async def test_a_page_holds_no_more_than_was_asked_for(self, stage: Stage) -> None:
        plant(stage, 5)
        assert [len(page) for page in await pages(stage, maxResults=2)] == [2, 2, 1]

    async def test_pages_may_be_shorter_than_asked_for(self) -> None:
        async with ecs_stage(visibility=Visibility(longest_page=2)) as stage:
            plant(stage, 5)
            assert [len(page) for page in await pages(stage, maxResults=100)] == [2, 2, 1]

    async def test_a_task_that_leaves_between_two_pages_hides_no_other(self, stage: Stage) -> None:
        planted = plant(stage, 4)
        first = await stage.call("ListTasks", maxResults=2)
        await stage.call("StopTask", task=planted[0].arn)
        second = await stage.call("ListTasks", maxResults=2, nextToken=first["nextToken"])
        assert second["taskArns"] == arns(planted[2:])

    async def test_a_token_is_good_for_its_own_filters_only(self, stage: Stage) -> None:
        plant(stage, 3)
        token = (await stage.call("ListTasks", maxResults=1))["nextToken"]
        refusal = await stage.refused("ListTasks", nextToken=token, family="linux")
        assert refusal.code == "InvalidParameterException"

    @pytest.mark.parametrize("token", ["", "bm90aGluZw==", "W10="])
    async def test_a_made_up_token_is_refused(self, stage: Stage, token: str) -> None:
        assert (await stage.refused("ListTasks", nextToken=token)).code == "InvalidParameterException"

    @pytest.mark.parametrize("size", [0, 101])
    async def test_a_page_of_no_possible_size_is_refused(self, stage: Stage, size: int) -> None:
        assert (await stage.refused("ListTasks", maxResults=size)).code == "InvalidParameterException"

    async def test_only_tasks_that_are_desired_to_run_are_listed_unasked(self, stage: Stage) -> None:
        kept, stopped = plant(stage, 2)
        await stage.call("StopTask", task=stopped.arn)
        assert stopped.last_status is TaskState.RUNNING
        assert await pages(stage) == [[kept.arn]]

    async def test_stopped_tasks_are_listed_when_asked_for(self, stage: Stage) -> None:
        _, stopped = plant(stage, 2)
        await stage.call("StopTask", task=stopped.arn)
        assert await pages(stage, desiredStatus="STOPPED") == [[stopped.arn]]

    async def test_no_task_is_ever_desired_to_be_pending(self, stage: Stage) -> None:
        plant(stage, 1, state=TaskState.PENDING)
        assert await pages(stage, desiredStatus="PENDING") == [[]]

    async def test_tasks_are_found_by_family(self, stage: Stage) -> None:
        plant(stage, 1)
        assert await pages(stage, family="other") == [[]]
        assert len((await pages(stage, family="linux"))[0]) == 1

    async def test_tasks_of_a_retired_definition_are_found_by_family(self, stage: Stage) -> None:
        planted = arns(plant(stage, 1))
        await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        assert await pages(stage, family="linux") == [planted]

    async def test_tasks_are_found_by_who_started_them_and_status(self, stage: Stage) -> None:
        ours = arns(plant(stage, 1, started_by="arcdeck/a"))
        plant(stage, 1, started_by="somebody")
        assert await pages(stage, startedBy="arcdeck/a", desiredStatus="RUNNING") == [ours]

    async def test_tasks_are_found_by_launch_type(self, stage: Stage) -> None:
        plant(stage, 1)
        fargate = await stage.run_on_fargate()
        assert await pages(stage, launchType="FARGATE") == [[fargate.arn]]

    async def test_tasks_are_found_by_container_instance(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        instance = (await stage.describe(task))["containerInstanceArn"]
        assert await pages(stage, containerInstance=instance) == [[task.arn]]
        assert await pages(stage, containerInstance="another") == [[]]

    async def test_no_task_belongs_to_a_service(self, stage: Stage) -> None:
        plant(stage, 1)
        assert await pages(stage, serviceName="web") == [[]]

    @pytest.mark.parametrize("other", [{"family": "linux"}, {"launchType": "EC2"}, {"serviceName": "web"}])
    async def test_who_started_a_task_excludes_other_filters(self, stage: Stage, other: dict[str, str]) -> None:
        refusal = await stage.refused("ListTasks", startedBy="somebody", **other)
        assert (refusal.code, refusal.message) == (
            "InvalidParameterException",
            "cannot specify startedBy with other arguments",
        )

    async def test_family_excludes_service(self, stage: Stage) -> None:
        assert (await stage.refused("ListTasks", family="linux", serviceName="web")).status == 400

    @pytest.mark.parametrize("cluster", ["arcdeck", "arcdeck-demo2", "default"])
    async def test_a_cluster_is_known_by_its_whole_name(self, stage: Stage, cluster: str) -> None:
        assert (await stage.refused("ListTasks", cluster=cluster)).code == "ClusterNotFoundException"

    async def test_a_cluster_is_known_by_its_arn(self, stage: Stage) -> None:
        assert await pages(stage, cluster=stage.world.names.cluster_arn) == [[]]

    async def test_a_new_task_is_listed_after_the_lag(self) -> None:
        async with ecs_stage(visibility=Visibility(listed_after=5)) as stage:
            task = await stage.run()
            assert await pages(stage) == [[]]
            await stage.clock.sleep(5)
            assert await pages(stage) == [[task.arn]]


class TestDescribeTasks:
    async def test_a_task_is_described_by_arn_and_by_id(self, stage: Stage) -> None:
        one, other = plant(stage, 2)
        answer = await stage.call("DescribeTasks", tasks=[one.arn, other.id])
        assert [task["taskArn"] for task in answer["tasks"]] == [one.arn, other.arn]

    async def test_an_unknown_task_is_missing_and_not_an_error(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        unknown = "0" * 32
        answer = await stage.call("DescribeTasks", tasks=[unknown, task.arn])
        assert [one["taskArn"] for one in answer["tasks"]] == [task.arn]
        assert answer["failures"] == [{"arn": stage.world.names.task(unknown), "reason": "MISSING"}]

    async def test_a_task_of_another_cluster_is_missing(self, stage: Stage) -> None:
        elsewhere = plant(stage, 1)[0].arn.replace(CLUSTER, "other")
        answer = await stage.call("DescribeTasks", tasks=[elsewhere])
        assert answer == {"tasks": [], "failures": [{"arn": elsewhere, "reason": "MISSING"}]}

    async def test_100_tasks_are_described_and_101_are_refused(self, stage: Stage) -> None:
        planted = arns(plant(stage, 101))
        assert len((await stage.call("DescribeTasks", tasks=planted[:100]))["tasks"]) == 100
        refusal = await stage.refused("DescribeTasks", tasks=planted)
        assert (refusal.code, refusal.message) == (
            "InvalidParameterException",
            "taskIds can have at most 100 items.",
        )

    async def test_describing_no_task_is_refused(self, stage: Stage) -> None:
        assert (await stage.refused("DescribeTasks", tasks=[])).message == "Tasks cannot be empty."

    async def test_tags_are_shown_only_when_asked_for(self, stage: Stage) -> None:
        task = plant(stage, 1, tags={"a": "b"})[0]
        assert (await stage.describe(task))["tags"] == []
        assert (await stage.describe(task, include=["TAGS"]))["tags"] == [{"key": "a", "value": "b"}]

    async def test_a_new_task_is_missing_during_the_lag(self) -> None:
        async with ecs_stage(visibility=Visibility(described_after=5)) as stage:
            task = await stage.run()
            answer = await stage.call("DescribeTasks", tasks=[task.arn])
            assert answer["failures"] == [{"arn": task.arn, "reason": "MISSING"}]
            await stage.clock.sleep(5)
            assert (await stage.describe(task))["taskArn"] == task.arn

    async def test_describing_a_task_does_not_change_it(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        assert await stage.describe(task) == await stage.describe(task)

    async def test_a_stopped_task_is_described_for_an_hour(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        stage.world.lose_host(task.arn)
        await stage.clock.sleep(3599)
        assert (await stage.describe(task))["lastStatus"] == "STOPPED"
        await stage.clock.sleep(1)
        answer = await stage.call("DescribeTasks", tasks=[task.arn])
        assert answer["failures"] == [{"arn": task.arn, "reason": "MISSING"}]
        assert task.arn not in stage.world.tasks


class TestStopTask:
    async def test_the_answer_is_the_task_still_running_and_no_longer_desired(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        answer = (await stage.call("StopTask", task=task.arn, reason="idle for too long"))["task"]
        assert (answer["lastStatus"], answer["desiredStatus"]) == ("RUNNING", "STOPPED")
        assert (answer["stopCode"], answer["stoppedReason"]) == ("UserInitiated", "idle for too long")

    async def test_a_task_is_stopped_by_its_id(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        await stage.call("StopTask", task=task.id)
        assert task.desired_status is TaskState.STOPPED

    async def test_an_unknown_task_cannot_be_stopped(self, stage: Stage) -> None:
        refusal = await stage.refused("StopTask", task="0" * 32)
        assert (refusal.code, refusal.message) == (
            "InvalidParameterException",
            "The referenced task was not found.",
        )

    async def test_a_second_stop_keeps_the_first_reason(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        await stage.call("StopTask", task=task.arn, reason="first")
        await stage.call("StopTask", task=task.arn, reason="second")
        assert task.stopped_reason == "first"

    async def test_stopping_a_stopped_task_changes_nothing(self, stage: Stage) -> None:
        task = plant(stage, 1)[0]
        stage.world.lose_host(task.arn)
        before = task.version
        answer = (await stage.call("StopTask", task=task.arn, reason="late"))["task"]
        assert (answer["stopCode"], task.version) == ("TerminationNotice", before)

    async def test_the_tags_of_a_stopped_task_are_gone(self, stage: Stage) -> None:
        task = plant(stage, 1, tags={"a": "b"})[0]
        await stage.call("StopTask", task=task.arn)
        assert (await stage.describe(task, include=["TAGS"]))["tags"] == []
        assert (await stage.call("ListTagsForResource", resourceArn=task.arn))["tags"] == []
        assert task.tags == {"a": "b"}

    async def test_the_tags_of_a_stopped_task_may_be_kept(self) -> None:
        async with ecs_stage(visibility=Visibility(tags_dropped_on_stop=False)) as stage:
            task = plant(stage, 1, tags={"a": "b"})[0]
            await stage.call("StopTask", task=task.arn)
            assert (await stage.describe(task, include=["TAGS"]))["tags"] == [{"key": "a", "value": "b"}]

    async def test_the_tags_of_a_task_that_exits_by_itself_stay(self, stage: Stage) -> None:
        task = plant(stage, 1, tags={"a": "b"})[0]
        stage.world.exit(task.arn, 0)
        await stage.clock.sleep(60)
        assert (await stage.describe(task, include=["TAGS"]))["tags"] == [{"key": "a", "value": "b"}]
