from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from core.world.ecs.requests import RegisterTaskDefinitionRequest
from core.world.ecs.sizes import FARGATE_MEMORY, cpu_units, memory_mib
from tests.unit.world.ecs_stage import FARGATE, PLAIN, WITH_DOCKER, Stage, ecs_stage

pytestmark = pytest.mark.virtual_time

TAGS = [{"key": "ecs-arc:managed", "value": "true"}]
RUNNER = {"name": "runner", "image": "runner"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage() as stage:
        yield stage


async def register(stage: Stage, family: str, content: Mapping[str, Any] = PLAIN, **more: Any) -> dict[str, Any]:
    answer = await stage.call("RegisterTaskDefinition", family=family, **{**content, **more})
    definition: dict[str, Any] = answer["taskDefinition"]
    return definition


class TestRegister:
    async def test_revisions_count_up_even_for_the_same_content(self, stage: Stage) -> None:
        assert [(await register(stage, "a"))["revision"] for _ in range(3)] == [1, 2, 3]

    async def test_a_revision_number_is_not_used_again(self, stage: Stage) -> None:
        await register(stage, "a")
        await stage.call("DeregisterTaskDefinition", taskDefinition="a:1")
        assert (await register(stage, "a"))["revision"] == 2

    async def test_the_content_comes_back_with_the_defaults_of_ecs(self, stage: Stage) -> None:
        definition = await register(stage, "a", volumes=[{"name": "work"}])
        assert definition["containerDefinitions"] == [
            {
                **PLAIN["containerDefinitions"][0],
                "cpu": 0,
                "essential": True,
                "environment": [],
                "mountPoints": [],
                "portMappings": [],
                "systemControls": [],
                "volumesFrom": [],
            }
        ]
        assert definition["volumes"] == [{"name": "work", "host": {}}]

    async def test_members_that_no_rule_reads_come_back_unchanged(self, stage: Stage) -> None:
        platform = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
        logs = {"logDriver": "awslogs", "options": {"awslogs-group": "runners"}}
        container = {**RUNNER, "logConfiguration": logs}
        definition = await register(stage, "a", runtimePlatform=platform, containerDefinitions=[container])
        assert definition["runtimePlatform"] == platform
        assert definition["containerDefinitions"][0]["logConfiguration"] == logs

    async def test_it_says_when_it_was_registered(self, stage: Stage) -> None:
        await stage.clock.sleep(7)
        assert stage.seconds((await register(stage, "a"))["registeredAt"]) == 7

    async def test_tags_come_back_beside_the_definition(self, stage: Stage) -> None:
        answer = await stage.call("RegisterTaskDefinition", family="a", tags=TAGS, **PLAIN)
        assert answer["tags"] == TAGS
        assert "tags" not in answer["taskDefinition"]

    async def test_docker_in_docker_is_registered_for_ec2(self, stage: Stage) -> None:
        assert (await register(stage, "a", WITH_DOCKER))["compatibilities"] == ["EC2", "EXTERNAL"]

    @pytest.mark.parametrize(
        ("cpu", "memory"), [(cpu, memory) for cpu, sold in FARGATE_MEMORY.items() for memory in (min(sold), max(sold))]
    )
    async def test_fargate_takes_the_sizes_that_it_sells(self, stage: Stage, cpu: int, memory: int) -> None:
        definition = await register(stage, "a", FARGATE, cpu=str(cpu), memory=str(memory))
        assert "FARGATE" in definition["compatibilities"]

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            pytest.param({**FARGATE, "memory": "1024"}, "No Fargate configuration exists for given", id="memory"),
            pytest.param({**FARGATE, "cpu": "1000"}, "No Fargate configuration exists for given", id="cpu"),
            pytest.param({**FARGATE, "memory": None}, "Fargate requires that 'memory'", id="no memory on Fargate"),
            pytest.param({**FARGATE, "cpu": None}, "Fargate requires that 'cpu'", id="no cpu on Fargate"),
            pytest.param({**FARGATE, "networkMode": "bridge"}, "Fargate only supports", id="bridge on Fargate"),
            pytest.param(
                {**FARGATE, "containerDefinitions": [{**RUNNER, "privileged": True}]},
                "do not support privileged",
                id="privileged on Fargate",
            ),
            pytest.param(
                {
                    **FARGATE,
                    "executionRoleArn": None,
                    "containerDefinitions": [{**RUNNER, "logConfiguration": {"logDriver": "awslogs"}}],
                },
                "execution role ARN",
                id="logs without a role",
            ),
            pytest.param({**PLAIN, "cpu": "much"}, "Invalid 'cpu' setting", id="cpu in words"),
            pytest.param({**PLAIN, "cpu": "64"}, "Invalid 'cpu' setting", id="too little cpu"),
            pytest.param({**PLAIN, "memory": "much"}, "Invalid 'memory' setting", id="memory in words"),
            pytest.param({**PLAIN, "memory": None}, "At least one of 'memory'", id="no memory anywhere"),
            pytest.param({**PLAIN, "containerDefinitions": [RUNNER, RUNNER]}, "unique", id="a name twice"),
            pytest.param(
                {**PLAIN, "containerDefinitions": [{**RUNNER, "essential": False}]},
                "essential container is required",
                id="nothing essential",
            ),
            pytest.param(
                {
                    **PLAIN,
                    "containerDefinitions": [
                        {**RUNNER, "dependsOn": [{"containerName": "nobody", "condition": "START"}]}
                    ],
                },
                "Invalid dependency",
                id="waiting for nobody",
            ),
            pytest.param(
                {
                    **PLAIN,
                    "containerDefinitions": [
                        {"name": "init", "image": "i"},
                        {**RUNNER, "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
                    ],
                },
                "cannot be waited for to end",
                id="waiting for the end of an essential container",
            ),
            pytest.param(
                {
                    **PLAIN,
                    "containerDefinitions": [
                        {"name": "dind", "image": "d"},
                        {**RUNNER, "dependsOn": [{"containerName": "dind", "condition": "HEALTHY"}]},
                    ],
                },
                "no health check",
                id="waiting for health that is not checked",
            ),
            pytest.param(
                {**PLAIN, "requiresCompatibilities": ["EXTERNAL"], "networkMode": "awsvpc"},
                "awsvpc network mode is not supported",
                id="awsvpc outside AWS",
            ),
        ],
    )
    async def test_a_definition_that_cannot_work_is_refused(
        self, stage: Stage, content: dict[str, Any], text: str
    ) -> None:
        present = {name: value for name, value in content.items() if value is not None}
        refusal = await stage.refused("RegisterTaskDefinition", family="a", **present)
        assert (refusal.status, refusal.code) == (400, "ClientException")
        assert text in refusal.message

    @pytest.mark.parametrize("family", ["", "a b", "x" * 256])
    async def test_a_family_of_no_possible_name_is_refused(self, stage: Stage, family: str) -> None:
        refusal = await stage.refused("RegisterTaskDefinition", family=family, **PLAIN)
        assert refusal.code == "InvalidParameterException"

    async def test_a_definition_without_containers_is_refused(self, stage: Stage) -> None:
        refusal = await stage.refused("RegisterTaskDefinition", family="a", containerDefinitions=[])
        assert refusal.code == "InvalidParameterException"

    async def test_a_missing_member_is_named(self, stage: Stage) -> None:
        refusal = await stage.refused("RegisterTaskDefinition", **PLAIN)
        assert (refusal.code, refusal.message) == ("InvalidParameterException", "family can not be blank.")


class TestDescribe:
    async def test_a_family_is_its_latest_active_revision(self, stage: Stage) -> None:
        for _ in range(3):
            await register(stage, "a")
        await stage.call("DeregisterTaskDefinition", taskDefinition="a:3")
        described = await stage.call("DescribeTaskDefinition", taskDefinition="a")
        assert described["taskDefinition"]["revision"] == 2

    async def test_a_revision_is_described_by_name_and_by_arn(self, stage: Stage) -> None:
        arn = (await register(stage, "a"))["taskDefinitionArn"]
        by_name = await stage.call("DescribeTaskDefinition", taskDefinition="a:1")
        assert by_name == await stage.call("DescribeTaskDefinition", taskDefinition=arn)

    async def test_an_inactive_revision_is_still_described(self, stage: Stage) -> None:
        await register(stage, "a")
        await stage.call("DeregisterTaskDefinition", taskDefinition="a:1")
        described = await stage.call("DescribeTaskDefinition", taskDefinition="a:1")
        assert described["taskDefinition"]["status"] == "INACTIVE"

    async def test_tags_are_shown_only_when_asked_for(self, stage: Stage) -> None:
        await register(stage, "a", tags=TAGS)
        assert "tags" not in await stage.call("DescribeTaskDefinition", taskDefinition="a")
        assert (await stage.call("DescribeTaskDefinition", taskDefinition="a", include=["TAGS"]))["tags"] == TAGS

    @pytest.mark.parametrize("reference", ["nothing", "linux:9", "linux:0"])
    async def test_what_does_not_exist_cannot_be_described(self, stage: Stage, reference: str) -> None:
        refusal = await stage.refused("DescribeTaskDefinition", taskDefinition=reference)
        assert (refusal.code, refusal.message) == ("ClientException", "Unable to describe task definition.")

    async def test_a_family_without_an_active_revision_cannot_be_described(self, stage: Stage) -> None:
        await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        assert (await stage.refused("DescribeTaskDefinition", taskDefinition="linux")).code == "ClientException"


class TestDeregister:
    async def test_a_retired_revision_is_inactive_and_says_since_when(self, stage: Stage) -> None:
        await stage.clock.sleep(9)
        answer = await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        definition = answer["taskDefinition"]
        assert (definition["status"], stage.seconds(definition["deregisteredAt"])) == ("INACTIVE", 9)

    async def test_retiring_twice_keeps_the_first_time(self, stage: Stage) -> None:
        await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        await stage.clock.sleep(9)
        answer = await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        assert stage.seconds(answer["taskDefinition"]["deregisteredAt"]) == 0

    async def test_a_family_alone_is_not_retired(self, stage: Stage) -> None:
        refusal = await stage.refused("DeregisterTaskDefinition", taskDefinition="linux")
        assert refusal.code == "InvalidParameterException"

    async def test_its_tasks_run_on(self, stage: Stage) -> None:
        task = await stage.run()
        await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        await stage.clock.sleep(60)
        assert task.last_status == "RUNNING"


class TestListing:
    async def test_families_are_listed_by_prefix_whatever_their_status(self, stage: Stage) -> None:
        for family in ("build-large", "build-small", "test"):
            await register(stage, family)
        await stage.call("DeregisterTaskDefinition", taskDefinition="build-large:1")
        answer = await stage.call("ListTaskDefinitionFamilies", familyPrefix="build")
        assert answer["families"] == ["build-large", "build-small"]

    @pytest.mark.parametrize(("status", "families"), [("ACTIVE", ["fargate"]), ("INACTIVE", ["linux"])])
    async def test_families_are_listed_by_status(self, stage: Stage, status: str, families: list[str]) -> None:
        await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        assert (await stage.call("ListTaskDefinitionFamilies", status=status))["families"] == families

    async def test_families_come_in_pages(self, stage: Stage) -> None:
        first = await stage.call("ListTaskDefinitionFamilies", maxResults=1)
        second = await stage.call("ListTaskDefinitionFamilies", maxResults=1, nextToken=first["nextToken"])
        assert (first["families"], second) == (["fargate"], {"families": ["linux"]})

    async def test_revisions_of_exactly_one_family_are_listed(self, stage: Stage) -> None:
        await register(stage, "linux-large")
        assert await self.revisions(stage, familyPrefix="linux") == ["linux:1"]

    async def test_revisions_are_listed_by_number_and_not_by_letters(self, stage: Stage) -> None:
        for _ in range(10):
            await register(stage, "linux")
        listed = await self.revisions(stage, familyPrefix="linux")
        assert listed == [f"linux:{number}" for number in range(1, 12)]

    async def test_the_newest_comes_first_when_asked_for_through_all_pages(self, stage: Stage) -> None:
        for _ in range(2):
            await register(stage, "linux")
        listed = await self.revisions(stage, familyPrefix="linux", sort="DESC", maxResults=2)
        assert listed == ["linux:3", "linux:2", "linux:1"]

    async def test_inactive_revisions_are_listed_only_when_asked_for(self, stage: Stage) -> None:
        await register(stage, "linux")
        await stage.call("DeregisterTaskDefinition", taskDefinition="linux:1")
        assert await self.revisions(stage, familyPrefix="linux") == ["linux:2"]
        assert await self.revisions(stage, familyPrefix="linux", status="INACTIVE") == ["linux:1"]

    async def test_nothing_is_ever_being_deleted(self, stage: Stage) -> None:
        assert await self.revisions(stage, status="DELETE_IN_PROGRESS") == []

    @staticmethod
    async def revisions(stage: Stage, **members: Any) -> list[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = await stage.call("ListTaskDefinitions", **members, **token)
            found += [arn.rsplit("/", 1)[-1] for arn in answer["taskDefinitionArns"]]
            if "nextToken" not in answer:
                return found
            token = {"nextToken": answer["nextToken"]}


@pytest.mark.parametrize(
    ("text", "units"), [("1024", 1024), ("1 vCPU", 1024), (".5 vcpu", None), ("0.25vCPU", 256), ("1 GB", None)]
)
async def test_cpu_is_read_in_units_and_in_vcpus(text: str, units: int | None) -> None:
    assert cpu_units(text) == units


@pytest.mark.parametrize(("text", "mib"), [("2048", 2048), ("2 GB", 2048), ("0.5gb", 512), ("2 MB", None), ("", None)])
async def test_memory_is_read_in_mib_and_in_gb(text: str, mib: int | None) -> None:
    assert memory_mib(text) == mib


async def test_a_definition_without_a_size_of_its_own_takes_what_its_containers_take(stage: Stage) -> None:
    containers = [{**RUNNER, "cpu": 100, "memory": 300}, {"name": "side", "image": "s", "memoryReservation": 50}]
    definition = stage.world.plant_definition("sum", content={"containerDefinitions": containers})
    assert isinstance(definition.content, RegisterTaskDefinitionRequest)
    assert (definition.size.cpu, definition.size.memory) == (1024, 2048)
    await register(stage, "sum", {"containerDefinitions": containers})
    task = await stage.run("sum")
    assert (task.size.cpu, task.size.memory) == (100, 350)
