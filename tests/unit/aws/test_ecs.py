"""The port on ECS: what it asks, page by page and batch by batch, and how it reads what comes back."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.adapters.aws.ecs import EcsRunner
from core.domain.errors import (
    CapacityKind,
    ConfigurationError,
    OutcomeUnknown,
    PermissionDenied,
    TransientCapacityError,
    Unavailable,
)
from core.domain.run_task import RunTaskInput
from core.domain.scale_set import LaunchType
from core.domain.secret import Secret
from core.domain.task import TaskStatus
from tests.unit.aws.scripted import ScriptedClient
from tests.unit.aws.test_errors import refused
from tests.virtual_time import running_loop

JIT_CONFIG = Secret(secrets.token_urlsafe(3000))
START = RunTaskInput(
    task_definition="small:3",
    jit_config_encoded=JIT_CONFIG,
    runner_name="ci-small-0a1b2c3d",
    scale_set_name="ci-small",
    subnets=("subnet-1", "subnet-2"),
    security_groups=("sg-1",),
    capacity_provider="",
    launch_type=LaunchType.FARGATE,
    runner_id=42,
    controller="ci-blue",
)
STARTED = {"tasks": [{"taskArn": "arn:task/ci/0", "lastStatus": "PROVISIONING"}], "failures": []}


def arn(number: int) -> str:
    return f"arn:aws:ecs:eu-west-1:123456789012:task/ci/{number:032x}"


async def request_of(ecs: EcsRunner, client: ScriptedClient, start: RunTaskInput) -> dict[str, Any]:
    client.answer("RunTask", STARTED)
    await ecs.run_task(start)
    (request,) = client.requests("RunTask")
    return request


class TestRunTask:
    async def test_asks_for_one_task_of_the_pinned_revision(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        request = await request_of(ecs, client, START)
        assert (request["cluster"], request["taskDefinition"], request["count"]) == ("ci", "small:3", 1)

    async def test_overrides_the_container_runner_with_jit_config_and_name(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        (override,) = (await request_of(ecs, client, START))["overrides"]["containerOverrides"]
        assert override["name"] == "runner"
        assert {pair["name"]: pair["value"] for pair in override["environment"]} == {
            "ACTIONS_RUNNER_INPUT_JITCONFIG": JIT_CONFIG.reveal(),
            "ARCDECK_RUNNER_NAME": "ci-small-0a1b2c3d",
        }

    async def test_tags_the_task_with_what_it_is_and_whose(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        request = await request_of(ecs, client, START)
        assert {tag["key"]: tag["value"] for tag in request["tags"]} == {
            "ecs-arc:scale-set": "ci-small",
            "ecs-arc:runner-name": "ci-small-0a1b2c3d",
            "arcdeck:controller": "ci-blue",
            "arcdeck:runner-id": "42",
        }

    async def test_writes_no_tag_for_a_registration_it_does_not_know(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        request = await request_of(ecs, client, replace(START, runner_id=0))
        assert "arcdeck:runner-id" not in {tag["key"] for tag in request["tags"]}

    async def test_has_ecs_tag_it_too_and_takes_the_definitions_tags(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        request = await request_of(ecs, client, START)
        assert (request["enableECSManagedTags"], request["propagateTags"]) == (True, "TASK_DEFINITION")

    async def test_names_the_intent_and_the_controller(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        request = await request_of(ecs, client, START)
        assert (request["clientToken"], request["startedBy"]) == (START.client_token, "arcdeck/ci-blue")

    async def test_marks_a_start_without_a_controller_as_its_own(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        request = await request_of(ecs, client, replace(START, controller=""))
        assert request["startedBy"] == "arcdeck/ci-blue"
        assert {"key": "arcdeck:controller", "value": "ci-blue"} in request["tags"]

    async def test_gives_subnets_and_groups_and_no_public_address(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        request = await request_of(ecs, client, START)
        assert request["networkConfiguration"]["awsvpcConfiguration"] == {
            "subnets": ["subnet-1", "subnet-2"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "DISABLED",
        }

    async def test_says_nothing_of_the_network_without_subnets(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        assert "networkConfiguration" not in await request_of(ecs, client, replace(START, subnets=()))

    async def test_uses_the_launch_type_without_a_capacity_provider(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        request = await request_of(ecs, client, START)
        assert request["launchType"] == "FARGATE"
        assert "capacityProviderStrategy" not in request

    async def test_a_capacity_provider_excludes_the_launch_type(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        request = await request_of(ecs, client, replace(START, capacity_provider="FARGATE_SPOT"))
        assert request["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        assert "launchType" not in request

    async def test_repeats_itself_to_the_letter(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("RunTask", STARTED)
        await ecs.run_task(START)
        await ecs.run_task(START)
        first, second = client.requests("RunTask")
        assert first == second

    async def test_refuses_overrides_that_are_too_long_before_it_calls(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        with pytest.raises(ConfigurationError, match="8192 at most") as raised:
            await ecs.run_task(replace(START, jit_config_encoded=Secret("x" * 8192)))
        assert client.asked == []
        assert "xxx" not in str(raised.value)

    async def test_sends_overrides_that_just_fit(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("RunTask", STARTED)
        with pytest.raises(ConfigurationError) as raised:
            await ecs.run_task(replace(START, jit_config_encoded=Secret("x" * 8192)))
        (length,) = re.findall(r"overrides of (\d+)", raised.value.message)
        fitting = 8192 - (int(length) - 8192)
        await ecs.run_task(replace(START, jit_config_encoded=Secret("x" * fitting)))
        assert len(client.asked) == 1

    async def test_gives_the_task_with_what_the_start_says_of_it(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("RunTask", STARTED)
        task = await ecs.run_task(START)
        assert (task.arn, task.status) == ("arn:task/ci/0", TaskStatus.PROVISIONING)
        assert (task.scale_set, task.runner_name, task.runner_id) == ("ci-small", "ci-small-0a1b2c3d", 42)
        assert (task.controller, task.definition) == ("ci-blue", "small:3")

    async def test_a_task_beside_failures_is_a_task(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("RunTask", {**STARTED, "failures": [{"reason": "AGENT"}]})
        assert (await ecs.run_task(START)).arn == "arn:task/ci/0"

    async def test_no_task_and_a_reason_is_that_reason(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        failures = [{"arn": "arn:instance/1", "reason": "RESOURCE:CPU"}, {"reason": "RESOURCE:MEMORY", "detail": "x"}]
        client.answer("RunTask", {"tasks": [], "failures": failures, "ResponseMetadata": {"RequestId": "r-9"}})
        with pytest.raises(TransientCapacityError) as raised:
            await ecs.run_task(START)
        error = raised.value
        assert error.message.endswith("arn:instance/1: RESOURCE:CPU; RESOURCE:MEMORY (x); ")
        assert error.reasons == ("RESOURCE:CPU", "RESOURCE:MEMORY")
        assert (error.kind, error.request_id) == (CapacityKind.CAPACITY, "r-9")

    async def test_neither_a_task_nor_a_reason_leaves_it_open(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("RunTask", {"tasks": [], "failures": []})
        with pytest.raises(OutcomeUnknown):
            await ecs.run_task(START)


class TestStopTask:
    async def test_names_the_task_and_the_reason(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("StopTask", {"task": {"taskArn": arn(1)}})
        await ecs.stop_task(arn(1), "ecs-arc: stuck in PENDING for 6m10s (threshold: 5m0s)")
        assert client.requests("StopTask") == [
            {"cluster": "ci", "task": arn(1), "reason": "ecs-arc: stuck in PENDING for 6m10s (threshold: 5m0s)"}
        ]


class TestListTasks:
    async def test_reads_every_page(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer(
            "ListTasks",
            {"taskArns": [arn(1), arn(2)], "nextToken": "a"},
            {"taskArns": [], "nextToken": "b"},
            {"taskArns": [arn(3)]},
        )
        assert await ecs.list_tasks() == [arn(1), arn(2), arn(3)]
        assert [request.get("nextToken") for request in client.requests("ListTasks")] == [None, "a", "b"]

    @pytest.mark.parametrize(("stopped", "status"), [(False, "RUNNING"), (True, "STOPPED")])
    async def test_asks_for_the_desired_status_by_name(
        self, ecs: EcsRunner, client: ScriptedClient, *, stopped: bool, status: str
    ) -> None:
        client.answer("ListTasks", {"taskArns": []})
        await ecs.list_tasks(desired_stopped=stopped)
        assert client.requests("ListTasks") == [{"cluster": "ci", "desiredStatus": status, "maxResults": 100}]

    async def test_names_a_task_that_moved_between_pages_once(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("ListTasks", {"taskArns": [arn(1)], "nextToken": "a"}, {"taskArns": [arn(1)]})
        assert await ecs.list_tasks() == [arn(1)]

    async def test_a_page_that_fails_fails_the_list(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("ListTasks", {"taskArns": [arn(1)], "nextToken": "a"}, refused("AccessDeniedException"))
        with pytest.raises(PermissionDenied):
            await ecs.list_tasks()

    async def test_pages_that_never_end_fail_the_list(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("ListTasks", {"taskArns": [arn(1)], "nextToken": "a"})
        with pytest.raises(Unavailable, match="not complete"):
            await ecs.list_tasks()

    async def test_throttling_slows_the_reads_that_follow(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("ListTasks", refused("ThrottlingException"), {"taskArns": []})
        with pytest.raises(Exception, match="Throttling"):
            await ecs.list_tasks()
        await ecs.list_tasks()
        assert running_loop().time() == pytest.approx(1 / 5)


def describing(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Describe every task but the odd ones, which are missing."""
    tasks, failures = [], []
    for task_arn in request["tasks"]:
        if int(task_arn[-1], 16) % 2:
            failures.append({"arn": task_arn, "reason": "MISSING"})
        else:
            tasks.append({"taskArn": task_arn, "lastStatus": "RUNNING"})
    return {"tasks": tasks, "failures": failures}


class TestDescribeTasks:
    async def test_asks_a_hundred_at_a_time_with_tags(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("DescribeTasks", describing)
        await ecs.describe_tasks([arn(number) for number in range(250)])
        requests = client.requests("DescribeTasks")
        assert sorted(len(request["tasks"]) for request in requests) == [50, 100, 100]
        assert all((request["cluster"], request["include"]) == ("ci", ["TAGS"]) for request in requests)

    async def test_gives_every_task_and_every_missing_arn_in_order(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        client.answer("DescribeTasks", describing)
        arns = [arn(number) for number in range(250)]
        described = await ecs.describe_tasks(arns)
        assert [task.arn for task in described.tasks] == arns[::2]
        assert list(described.missing) == arns[1::2]

    async def test_asks_for_each_task_once(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("DescribeTasks", describing)
        await ecs.describe_tasks([arn(2), arn(2)])
        assert client.requests("DescribeTasks")[0]["tasks"] == [arn(2)]

    async def test_asks_nothing_about_nothing(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        described = await ecs.describe_tasks([])
        assert (described.tasks, described.missing, client.asked) == ((), (), [])

    async def test_a_batch_that_fails_fails_the_whole_as_itself(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("DescribeTasks", describing, refused("AccessDeniedException"))
        with pytest.raises(PermissionDenied) as raised:
            await ecs.describe_tasks([arn(number) for number in range(300)])
        assert raised.value.__cause__ is not None

    async def test_a_missing_arn_is_given_back_as_it_was_asked(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        short = f"arn:aws:ecs:eu-west-1:123456789012:task/{1:032x}"
        client.answer("DescribeTasks", {"tasks": [], "failures": [{"arn": short, "reason": "MISSING"}]})
        assert (await ecs.describe_tasks([arn(1)])).missing == (arn(1),)

    @pytest.mark.parametrize(
        "failures", [[], [{"arn": arn(1), "reason": "OTHER"}], [{"reason": "MISSING"}]], ids=["none", "other", "no arn"]
    )
    async def test_what_ecs_does_not_call_missing_is_not_missing(
        self, ecs: EcsRunner, client: ScriptedClient, failures: list[dict[str, str]]
    ) -> None:
        client.answer("DescribeTasks", {"tasks": [], "failures": failures})
        described = await ecs.describe_tasks([arn(1)])
        assert (described.tasks, described.missing) == ((), ())

    async def test_describes_no_more_than_four_batches_at_once(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("DescribeTasks", describing)
        client.seconds = 1
        await ecs.describe_tasks([arn(number) for number in range(1000)])
        assert client.most_at_once == 4
        assert running_loop().time() == pytest.approx(3.0)


class TestCheckCluster:
    async def test_an_active_cluster_is_fine(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("DescribeClusters", {"clusters": [{"clusterName": "ci", "status": "ACTIVE"}]})
        await ecs.check_cluster()
        assert client.requests("DescribeClusters") == [{"clusters": ["ci"]}]

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param({"clusters": [], "failures": [{"arn": "ci", "reason": "MISSING"}]}, id="missing"),
            pytest.param({"clusters": [{"clusterName": "ci", "status": "INACTIVE"}]}, id="inactive"),
            pytest.param({"clusters": [{"clusterName": "ci", "status": "FAILED"}]}, id="failed"),
            pytest.param(refused("ClusterNotFoundException", "Cluster not found."), id="not found"),
        ],
    )
    async def test_any_other_is_a_sentence_with_cluster_and_region_and_how_to_mend_it(
        self, ecs: EcsRunner, client: ScriptedClient, answer: Mapping[str, Any] | Exception
    ) -> None:
        client.answer("DescribeClusters", answer)
        with pytest.raises(ConfigurationError, match=r"ECS cluster 'ci' .*eu-west-1.*ECS_CLUSTER"):
            await ecs.check_cluster()
