"""Task definitions on the wire and back: marks, sameness, and what counts as not there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.adapters.aws.definitions import registered_from, registration_request
from core.adapters.aws.ecs import EcsRunner
from core.domain.errors import ConfigurationError, PermissionDenied
from core.domain.scale_set import LaunchType, Placement, ScaleSetSpec, Shape
from core.domain.task_definition import DefinitionSettings, TaskDefinition, content_hash, desired_definition
from core.ports import RegisteredDefinition
from tests.unit.aws.scripted import ScriptedClient
from tests.unit.aws.test_errors import refused

SETTINGS = DefinitionSettings("arn:aws:iam::1:role/pull", "arn:aws:iam::1:role/job", "/ecs/runners", "eu-west-1")
ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/small:3"


def definition(*, dind: bool = True, architecture: str = "ARM64") -> TaskDefinition:
    shape = Shape(cpu=1024, memory=2048, runner_image="runner:1", dind=dind, architecture=architecture)
    placement = Placement(launch_type=LaunchType.EXTERNAL, network_mode="bridge")
    return desired_definition(ScaleSetSpec(name="ci-small", family="small", shape=shape, placement=placement), SETTINGS)


def as_registered(wanted: TaskDefinition, **changed: Any) -> dict[str, Any]:
    """The definition as ECS gives it back, with all that ECS fills in."""
    request = registration_request(wanted, "ci-blue")
    del request["tags"]
    containers = [
        {"cpu": 0, "portMappings": [], "environment": [], "mountPoints": [], "volumesFrom": [], "systemControls": []}
        | container
        for container in request["containerDefinitions"]
    ]
    return {
        **request,
        "containerDefinitions": containers,
        "volumes": [{**volume, "host": {}} for volume in request.get("volumes", [])][::-1],
        "placementConstraints": [],
        "taskDefinitionArn": ARN,
        "revision": 3,
        "status": "ACTIVE",
        "compatibilities": ["EXTERNAL", "EC2"],
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"}],
        "registeredBy": "arn:aws:iam::1:user/somebody",
        **changed,
    }


def marked(**marks: str) -> list[dict[str, str]]:
    return [{"key": f"arcdeck:{key}", "value": value} for key, value in marks.items()]


class TestRegistration:
    async def test_says_whose_it_is_and_what_it_says(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        wanted = definition()
        client.answer("RegisterTaskDefinition", {"taskDefinition": as_registered(wanted)})
        await ecs.register_definition(wanted)
        (request,) = client.requests("RegisterTaskDefinition")
        assert {tag["key"]: tag["value"] for tag in request["tags"]} == {
            "ecs-arc:managed": "true",
            "arcdeck:controller": "ci-blue",
            "arcdeck:hash": content_hash(wanted),
        }

    async def test_gives_back_the_revision_with_the_marks_it_was_sent(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        wanted = definition()
        client.answer("RegisterTaskDefinition", {"taskDefinition": as_registered(wanted)})
        registered = await ecs.register_definition(wanted)
        assert registered == RegisteredDefinition("small:3", True, "ci-blue", content_hash(wanted))

    async def test_a_privileged_fargate_definition_is_refused_before_it_is_sent(
        self, ecs: EcsRunner, client: ScriptedClient
    ) -> None:
        with pytest.raises(ConfigurationError, match="privileged"):
            await ecs.register_definition(replace(definition(), compatibility="FARGATE"))
        assert client.asked == []

    def test_writes_what_ecs_reads(self) -> None:
        request = registration_request(definition(dind=False), "ci-blue")
        del request["tags"]
        assert request == {
            "family": "small",
            "cpu": "1024",
            "memory": "2048",
            "networkMode": "bridge",
            "requiresCompatibilities": ["EXTERNAL"],
            "executionRoleArn": "arn:aws:iam::1:role/pull",
            "taskRoleArn": "arn:aws:iam::1:role/job",
            "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
            "containerDefinitions": [
                {
                    "name": "runner",
                    "image": "runner:1",
                    "essential": True,
                    "command": ["/home/runner/run.sh"],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": "/ecs/runners",
                            "awslogs-region": "eu-west-1",
                            "awslogs-stream-prefix": "small",
                        },
                    },
                }
            ],
        }

    def test_leaves_the_platform_out_without_an_os(self) -> None:
        assert "runtimePlatform" not in registration_request(replace(definition(), os="", architecture=""), "ci")

    def test_leaves_the_architecture_out_where_it_is_not_set(self) -> None:
        request = registration_request(definition(architecture=""), "ci")
        assert request["runtimePlatform"] == {"operatingSystemFamily": "LINUX"}


class TestSameness:
    @pytest.mark.parametrize("dind", [False, True])
    def test_one_without_a_hash_is_compared_by_what_it_says(self, *, dind: bool) -> None:
        wanted = definition(dind=dind)
        tags = [{"key": "ecs-arc:managed", "value": "true"}]
        registered = registered_from({"taskDefinition": as_registered(wanted), "tags": tags})
        assert (registered.managed, registered.controller) == (True, None)
        assert registered.content_hash == content_hash(wanted)

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param({"ipcMode": "host"}, id="something of the task"),
            pytest.param({"ephemeralStorage": {"sizeInGiB": 40}}, id="storage"),
            pytest.param({"volumes": [{"name": "work", "host": {"sourcePath": "/data"}}]}, id="a host path"),
            pytest.param({"requiresCompatibilities": ["EXTERNAL", "EC2"]}, id="two compatibilities"),
        ],
    )
    def test_one_that_says_more_than_ours_is_the_same_as_none(self, changed: dict[str, Any]) -> None:
        assert registered_from({"taskDefinition": as_registered(definition(), **changed)}).content_hash is None

    @pytest.mark.parametrize(
        "changed", [{"secrets": [{"name": "A", "valueFrom": "arn"}]}, {"stopTimeout": 60}, {"entryPoint": ["sh"]}]
    )
    def test_one_whose_container_says_more_is_the_same_as_none(self, changed: dict[str, Any]) -> None:
        raw = as_registered(definition(dind=False))
        raw["containerDefinitions"][0] |= changed
        assert registered_from({"taskDefinition": raw}).content_hash is None

    def test_one_that_says_another_thing_has_another_hash(self) -> None:
        registered = registered_from({"taskDefinition": as_registered(definition(), cpu="2048")})
        assert registered.content_hash not in (None, content_hash(definition()))

    def test_the_tag_counts_where_there_is_one(self) -> None:
        answer = {"taskDefinition": as_registered(definition()), "tags": marked(hash="cafe")}
        assert registered_from(answer).content_hash == "cafe"

    def test_one_without_logs_is_the_same_as_one_without_logs(self) -> None:
        wanted = definition(dind=False)
        wanted = replace(wanted, containers=tuple(replace(container, log=None) for container in wanted.containers))
        assert registered_from({"taskDefinition": as_registered(wanted)}).content_hash == content_hash(wanted)

    def test_one_of_another_log_driver_is_the_same_as_none(self) -> None:
        raw = as_registered(definition(dind=False))
        raw["containerDefinitions"][0]["logConfiguration"] = {"logDriver": "fluentd", "options": {"tag": "x"}}
        assert registered_from({"taskDefinition": raw}).content_hash is None


class TestLookingUp:
    async def test_asks_for_the_family_with_tags(self, ecs: EcsRunner, client: ScriptedClient) -> None:
        client.answer("DescribeTaskDefinition", {"taskDefinition": as_registered(definition())})
        registered = await ecs.registered_definition("small")
        assert client.requests("DescribeTaskDefinition") == [{"taskDefinition": "small", "include": ["TAGS"]}]
        assert registered is not None
        assert registered.reference == "small:3"

    @pytest.mark.parametrize("tags", [[], [{"key": "ecs-arc:managed", "value": "false"}]])
    async def test_one_without_the_mark_is_not_managed(
        self, ecs: EcsRunner, client: ScriptedClient, tags: list[dict[str, str]]
    ) -> None:
        client.answer("DescribeTaskDefinition", {"taskDefinition": as_registered(definition()), "tags": tags})
        registered = await ecs.registered_definition("small")
        assert registered is not None
        assert registered.managed is False

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(
                refused("ClientException", "Unable to describe task definition.", by="DescribeTaskDefinition"),
                id="not found",
            ),
            pytest.param({"taskDefinition": as_registered(definition(), status="INACTIVE")}, id="inactive"),
        ],
    )
    async def test_only_one_that_is_not_there_is_none(
        self, ecs: EcsRunner, client: ScriptedClient, answer: Mapping[str, Any] | Exception
    ) -> None:
        client.answer("DescribeTaskDefinition", answer)
        assert await ecs.registered_definition("small") is None

    @pytest.mark.parametrize(
        ("code", "expected"), [("AccessDeniedException", PermissionDenied), ("ClientException", ConfigurationError)]
    )
    async def test_any_other_error_stays_an_error(
        self, ecs: EcsRunner, client: ScriptedClient, code: str, expected: type[Exception]
    ) -> None:
        client.answer("DescribeTaskDefinition", refused(code, "for another reason", by="DescribeTaskDefinition"))
        with pytest.raises(expected):
            await ecs.registered_definition("small")
