import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.world.ecs import Capacity, EcsTask
from tests.unit.world.ecs_stage import AWSVPC, CLUSTER, PACE, PLAIN, WITH_DOCKER, Stage, ecs_stage

pytestmark = pytest.mark.virtual_time

JIT = {"name": "ACTIONS_RUNNER_INPUT_JITCONFIG", "value": "not a real one"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage(capacity=Capacity(providers=("FARGATE", "FARGATE_SPOT", "hosts", "spare"))) as stage:
        yield stage


def overriding(*environment: dict[str, str]) -> dict[str, Any]:
    return {"containerOverrides": [{"name": "runner", "environment": list(environment)}]}


async def test_a_task_on_ec2_in_bridge_mode_begins_pending(stage: Stage) -> None:
    assert (await stage.run()).last_status == "PENDING"


async def test_a_task_on_fargate_begins_provisioning(stage: Stage) -> None:
    assert (await stage.run_on_fargate()).last_status == "PROVISIONING"


async def test_a_task_of_a_capacity_provider_begins_provisioning(stage: Stage) -> None:
    task = await stage.run(capacityProviderStrategy=[{"capacityProvider": "hosts", "weight": 1}])
    assert task.last_status == "PROVISIONING"


async def test_a_task_id_is_32_hex_digits_below_the_cluster(stage: Stage) -> None:
    prefix, cluster, task_id = (await stage.run()).arn.split("/")
    assert (prefix, cluster) == ("arn:aws:ecs:eu-west-1:123456789012:task", CLUSTER)
    assert len(task_id) == 32
    assert set(task_id) <= set("0123456789abcdef")


async def test_the_same_seed_gives_the_same_task_ids() -> None:
    ids = []
    for _ in range(2):
        async with ecs_stage() as stage:
            ids.append((await stage.run()).id)
    assert ids[0] == ids[1]


async def test_a_count_starts_as_many_tasks(stage: Stage) -> None:
    answer = await stage.call("RunTask", taskDefinition="linux", count=10)
    assert len(answer["tasks"]) == len(stage.world.tasks) == 10


async def test_a_family_means_its_latest_active_revision(stage: Stage) -> None:
    await stage.register()
    await stage.register()
    await stage.call("DeregisterTaskDefinition", taskDefinition="linux:3")
    assert (await stage.run()).definition.revision == 2


async def test_overrides_come_back_in_clear_and_unchanged(stage: Stage) -> None:
    overrides = {**overriding(JIT), "taskRoleArn": "arn:aws:iam::123456789012:role/task"}
    task = await stage.run(overrides=overrides)
    assert (await stage.describe(task))["overrides"] == {**overrides, "inferenceAcceleratorOverrides": []}
    assert task.override_env == {JIT["name"]: JIT["value"]}


async def test_a_task_does_not_show_its_overrides_in_its_repr(stage: Stage) -> None:
    assert JIT["value"] not in repr(await stage.run(overrides=overriding(JIT)))


async def test_the_log_of_calls_hides_the_override_environment(stage: Stage) -> None:
    await stage.run(overrides=overriding(JIT), startedBy="somebody")
    call = stage.world.log[-1]
    assert (call.operation, call.outcome, call.request["startedBy"]) == ("RunTask", "ok", "somebody")
    assert call.request["overrides"] == overriding({"name": JIT["name"], "value": "***"})


async def test_a_task_is_of_its_familys_group_unless_another_is_named(stage: Stage) -> None:
    groups = [(await stage.run()).group, (await stage.run(group="night")).group]
    assert groups == ["family:linux", "night"]


async def test_tags_are_those_of_the_request_over_those_of_the_definition_under_the_managed_ones(stage: Stage) -> None:
    await stage.register("tagged", {**PLAIN, "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]})
    task = await stage.run(
        "tagged", tags=[{"key": "b", "value": "2"}], propagateTags="TASK_DEFINITION", enableECSManagedTags=True
    )
    assert task.tags == {"a": "1", "b": "2", "aws:ecs:clusterName": CLUSTER}


async def test_tags_of_the_definition_are_not_propagated_unasked(stage: Stage) -> None:
    await stage.register("tagged", {**PLAIN, "tags": [{"key": "a", "value": "1"}]})
    assert (await stage.run("tagged")).tags == {}


async def test_a_task_in_awsvpc_has_an_interface_in_one_of_the_subnets(stage: Stage) -> None:
    attachment = (await stage.describe(await stage.run_on_fargate()))["attachments"][0]
    details = {detail["name"]: detail["value"] for detail in attachment["details"]}
    assert (attachment["type"], attachment["status"]) == ("ElasticNetworkInterface", "ATTACHING")
    assert details["subnetId"] in AWSVPC["awsvpcConfiguration"]["subnets"]


async def test_a_launch_type_alone_names_no_capacity_provider(stage: Stage) -> None:
    described = await stage.describe(await stage.run_on_fargate())
    assert (described["launchType"], described.get("capacityProviderName")) == ("FARGATE", None)


async def test_fargate_spot_is_reached_through_a_strategy(stage: Stage) -> None:
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    task = await stage.run("fargate", capacityProviderStrategy=strategy, networkConfiguration=AWSVPC)
    described = await stage.describe(task)
    assert (described["launchType"], described["capacityProviderName"]) == ("FARGATE", "FARGATE_SPOT")


async def test_a_run_without_placement_goes_to_the_clusters_default_provider() -> None:
    capacity = Capacity(providers=("hosts",), default_provider="hosts")
    async with ecs_stage(capacity=capacity) as stage:
        assert (await stage.run()).placement.pool == "hosts"


async def test_a_strategy_fills_its_base_before_its_weights(stage: Stage) -> None:
    strategy = [{"capacityProvider": "hosts", "base": 2, "weight": 0}, {"capacityProvider": "spare", "weight": 1}]
    await stage.call("RunTask", taskDefinition="linux", count=4, capacityProviderStrategy=strategy)
    pools = [task.placement.pool for task in stage.world.tasks.values()]
    assert pools == ["hosts", "hosts", "spare", "spare"]


async def test_the_size_is_the_overrides_over_the_definitions(stage: Stage) -> None:
    described = await stage.describe(await stage.run(overrides={"memory": "4 GB"}))
    assert (described["cpu"], described["memory"]) == ("1024", "4096")


async def test_overrides_of_8192_characters_pass_and_one_more_does_not(stage: Stage) -> None:
    empty = len(json.dumps(overriding({"name": "A", "value": ""}), separators=(",", ":")))
    await stage.run(overrides=overriding({"name": "A", "value": "x" * (8192 - empty)}))
    refusal = await stage.refused(
        "RunTask", taskDefinition="linux", overrides=overriding({"name": "A", "value": "x" * (8193 - empty)})
    )
    assert (refusal.code, refusal.message) == (
        "InvalidParameterException",
        "Container Overrides length must be at most 8192",
    )


def strategy(*items: dict[str, Any]) -> dict[str, Any]:
    return {"capacityProviderStrategy": list(items)}


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        pytest.param({"cluster": "other"}, "ClusterNotFoundException", "Cluster not found.", id="another cluster"),
        pytest.param({"taskDefinition": "nothing"}, "ClientException", "TaskDefinition not found.", id="no family"),
        pytest.param({"taskDefinition": "linux:9"}, "ClientException", "TaskDefinition not found.", id="no revision"),
        pytest.param({"taskDefinition": "a b"}, "ClientException", "Invalid task definition", id="no such name"),
        pytest.param({"count": 0}, "InvalidParameterException", "count", id="count of none"),
        pytest.param({"count": 11}, "InvalidParameterException", "count", id="count above ten"),
        pytest.param({"count": "1"}, "SerializationException", "count", id="count in letters"),
        pytest.param({"startedBy": "a:b"}, "InvalidParameterException", "startedBy", id="colon in startedBy"),
        pytest.param({"startedBy": "x" * 129}, "InvalidParameterException", "startedBy", id="long startedBy"),
        pytest.param({"clientToken": "a b"}, "InvalidParameterException", "clientToken", id="space in token"),
        pytest.param({"clientToken": "x" * 65}, "InvalidParameterException", "clientToken", id="long token"),
        pytest.param({"tags": [{"key": "aws:x"}]}, "InvalidParameterException", "reserved", id="reserved tag"),
        pytest.param({"tags": [{"key": ""}]}, "InvalidParameterException", "tags.0.key", id="empty tag key"),
        pytest.param(
            {"tags": [{"key": "a"}, {"key": "a"}]}, "InvalidParameterException", "Duplicate", id="tag given twice"
        ),
        pytest.param(
            {"tags": [{"key": f"k{n}"} for n in range(51)]}, "InvalidParameterException", "tags", id="51 tags"
        ),
        pytest.param(
            {"launchType": "EC2", **strategy({"capacityProvider": "hosts", "weight": 1})},
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy",
            id="launch type and strategy",
        ),
        pytest.param({"launchType": "MOON"}, "InvalidParameterException", "launchType", id="no such launch type"),
        pytest.param(
            {"launchType": "FARGATE"},
            "InvalidParameterException",
            "Task definition does not support launch_type FARGATE.",
            id="not for Fargate",
        ),
        pytest.param(
            strategy({"capacityProvider": "moon", "weight": 1}),
            "InvalidParameterException",
            "not associated with the cluster",
            id="provider of no cluster",
        ),
        pytest.param(
            strategy({"capacityProvider": "hosts", "weight": 0}),
            "InvalidParameterException",
            "weight greater than zero",
            id="no weight",
        ),
        pytest.param(
            strategy({"capacityProvider": "hosts", "weight": 1}, {"capacityProvider": "FARGATE", "weight": 1}),
            "InvalidParameterException",
            "mix of capacity providers",
            id="Fargate mixed with hosts",
        ),
        pytest.param(
            strategy(
                {"capacityProvider": "hosts", "weight": 1, "base": 1},
                {"capacityProvider": "spare", "weight": 1, "base": 1},
            ),
            "InvalidParameterException",
            "Only one capacity provider",
            id="two bases",
        ),
        pytest.param(
            {"networkConfiguration": AWSVPC},
            "InvalidParameterException",
            "Network Configuration is not valid for the given networkMode",
            id="network in bridge mode",
        ),
        pytest.param(
            {"taskDefinition": "fargate"},
            "InvalidParameterException",
            "Network Configuration must be provided",
            id="no network in awsvpc mode",
        ),
        pytest.param(
            {
                "taskDefinition": "fargate",
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}},
            },
            "InvalidParameterException",
            "Assign public IP is not supported",
            id="public address on EC2",
        ),
        pytest.param(
            {"overrides": {"containerOverrides": [{"name": "nobody"}]}},
            "InvalidParameterException",
            "Override for container named nobody",
            id="override of no container",
        ),
        pytest.param(
            {
                "taskDefinition": "fargate",
                "launchType": "FARGATE",
                "networkConfiguration": AWSVPC,
                "overrides": {"memory": "1024"},
            },
            "ClientException",
            "No Fargate configuration exists for given values: 1024 CPU, 1024 memory.",
            id="size that Fargate does not sell",
        ),
        pytest.param({"overrides": {"cpu": "much"}}, "ClientException", "'cpu'", id="cpu in words"),
        pytest.param({"platformVersion": "1.4.0"}, "InvalidParameterException", "platform", id="platform on EC2"),
        pytest.param(
            {"overrides": {"ephemeralStorage": {"sizeInGiB": 30}}},
            "InvalidParameterException",
            "storage",
            id="storage on EC2",
        ),
        pytest.param({"propagateTags": "SERVICE"}, "InvalidParameterException", "service", id="tags of a service"),
        pytest.param({"enableExecuteCommand": True}, "InvalidParameterException", "taskRoleArn", id="exec, no role"),
    ],
)
async def test_a_run_that_cannot_be_right_is_refused(
    stage: Stage, members: dict[str, Any], code: str, text: str
) -> None:
    refusal = await stage.refused("RunTask", **{"taskDefinition": "linux", **members})
    assert (refusal.status, refusal.code) == (400, code)
    assert text in refusal.message
    assert not stage.world.tasks


async def test_an_inactive_revision_is_not_run(stage: Stage) -> None:
    await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
    refusal = await stage.refused("RunTask", taskDefinition="linux:1")
    assert (refusal.code, refusal.message) == ("InvalidParameterException", "TaskDefinition is inactive")


async def test_a_refusal_does_not_repeat_the_value_it_refuses(stage: Stage) -> None:
    refusal = await stage.refused("RunTask", taskDefinition="linux", startedBy="a:secret")
    assert "secret" not in refusal.message


async def test_a_task_with_docker_runs_when_its_init_container_has_ended(stage: Stage) -> None:
    await stage.register("docker", WITH_DOCKER)
    task = await stage.run("docker")
    await stage.clock.sleep(60)
    containers = (await stage.describe(task))["containers"]
    seen = {one["name"]: (one["lastStatus"], one.get("exitCode"), one["healthStatus"]) for one in containers}
    assert seen == {
        "init": ("STOPPED", 0, "UNKNOWN"),
        "dind": ("RUNNING", None, "HEALTHY"),
        "runner": ("RUNNING", None, "UNKNOWN"),
    }


async def test_each_task_tells_when_it_runs(stage: Stage) -> None:
    heard: list[tuple[EcsTask, float | None]] = []
    stage.world.on_running = lambda task: heard.append((task, stage.seconds(stage.clock.now())))
    task = await stage.run()
    await stage.clock.sleep(60)
    up = PACE.connecting + PACE.preparing + PACE.pulling + PACE.creating + PACE.activating
    assert heard == [(task, up)]
