"""What a controller reads beside ECS, against moto as the world offers it at its one AWS address; in real time."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.adapters.aws.logs import CloudWatchTaskLogs
from core.adapters.aws.parameters import ParameterSource
from core.adapters.aws.secret_values import secret_value
from core.adapters.aws.session import connect
from core.bootstrap import controller
from core.config.settings import load_settings
from core.domain.errors import ConfigurationError
from core.domain.task import Task, TaskStatus
from core.ports import LogPage
from core.world.ecs import Planted
from core.world.world import World, WorldSettings

TOML = '[[runner]]\nfamily = "small"\ncpu = 1024\nmemory = 2048\ncompatibility = "EXTERNAL"\n'
SETTING = "GITHUB_APP_PRIVATE_KEY_SECRET"


def fresh(name: str) -> str:
    """Moto's state outlives a test: each one has names of its own."""
    return f"/arcdeck/{name}-{random.SystemRandom().randrange(10**12)}"


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A world with neighbours, to which the AWS settings of the process lead."""
    async with World(WorldSettings(seed=1, neighbours=True)) as world:
        for variable, value in world.environment().items():
            if variable.startswith("AWS_"):
                monkeypatch.setenv(variable, value)
        yield world


@pytest.fixture
async def clients(world: World) -> AsyncIterator[dict[str, Any]]:
    assert world.aws_url
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(connect())
        yield {"ecs": connection.ecs} | {
            service: await stack.enter_async_context(connection.client(service))
            for service in ("ssm", "secretsmanager", "logs")
        }


@pytest.mark.parametrize("kind", ["String", "SecureString"])
async def test_a_parameter_is_read_in_clear(clients: dict[str, Any], kind: str) -> None:
    name = fresh("runners")
    await clients["ssm"].put_parameter(Name=name, Value=TOML, Type=kind)
    assert (await ParameterSource(clients["ssm"], name).read()).text == TOML


async def test_the_version_of_a_parameter_changes_when_it_is_put_again_and_only_then(clients: dict[str, Any]) -> None:
    name, ssm = fresh("runners"), clients["ssm"]
    await ssm.put_parameter(Name=name, Value=TOML, Type="String")
    source = ParameterSource(ssm, name)
    versions = [(await source.read()).version for _ in range(2)]
    await ssm.put_parameter(Name=name, Value=TOML, Type="String", Overwrite=True)
    versions.append((await source.read()).version)
    assert versions[0] == versions[1] != versions[2]


async def test_a_missing_parameter_is_a_configuration_error(clients: dict[str, Any]) -> None:
    name = fresh("absent")
    with pytest.raises(ConfigurationError, match=rf"SSM parameter '{name}' was not found"):
        await ParameterSource(clients["ssm"], name).read()


class TestLogs:
    """CloudWatch Logs: a task whose definition logs to a group, and what its runner wrote."""

    async def a_task(self, world: World, logs: Any, group: str, *lines: str) -> Task:
        driver = {"awslogs-group": group, "awslogs-region": world.settings.region, "awslogs-stream-prefix": "small"}
        container = {"name": "runner", "image": "r", "logConfiguration": {"logDriver": "awslogs", "options": driver}}
        world.ecs.plant_definition("small", content={"containerDefinitions": [container]})
        task = world.ecs.plant_task(Planted("small"))
        await logs.create_log_group(logGroupName=group)
        if lines:
            await logs.create_log_stream(logGroupName=group, logStreamName=f"small/runner/{task.id}")
            await self.write(logs, group, task.id, *lines)
        return Task(task.arn, TaskStatus.RUNNING, definition="small:1")

    async def write(self, logs: Any, group: str, task: str, *lines: str) -> None:
        now = int(datetime.now(UTC).timestamp() * 1000)
        events = [{"timestamp": now + number, "message": text} for number, text in enumerate(lines)]
        await logs.put_log_events(logGroupName=group, logStreamName=f"small/runner/{task}", logEvents=events)

    async def test_the_newest_lines_of_a_task_are_read_and_then_nothing_more(
        self, world: World, clients: dict[str, Any]
    ) -> None:
        reader = CloudWatchTaskLogs(clients["logs"], clients["ecs"])
        task = await self.a_task(world, clients["logs"], fresh("runners"), "one", "two", "three")
        page = await reader.tail(task, None, 2)
        assert [line.text for line in page.lines] == ["two", "three"]
        assert (await reader.tail(task, page.next, 10)).lines == ()

    async def test_what_is_written_later_is_found_behind_the_token(self, world: World, clients: dict[str, Any]) -> None:
        reader, group = CloudWatchTaskLogs(clients["logs"], clients["ecs"]), fresh("runners")
        task = await self.a_task(world, clients["logs"], group, "one")
        page = await reader.tail(task, None, 10)
        await self.write(clients["logs"], group, task.arn.rpartition("/")[2], "two", "three")
        later = await reader.tail(task, page.next, 10)
        assert [line.text for line in later.lines] == ["two", "three"]

    async def test_a_task_that_has_not_written_yet_has_no_lines(self, world: World, clients: dict[str, Any]) -> None:
        reader = CloudWatchTaskLogs(clients["logs"], clients["ecs"])
        task = await self.a_task(world, clients["logs"], fresh("runners"))
        assert await reader.tail(task, None, 10) == LogPage((), "")


@pytest.mark.parametrize("how", ["SecretString", "SecretBinary"])
async def test_a_secret_is_read_by_its_arn(clients: dict[str, Any], how: str) -> None:
    value = secrets.token_hex(20)
    made = await clients["secretsmanager"].create_secret(
        Name=fresh("key"), **{how: value if how == "SecretString" else value.encode()}
    )
    assert (await secret_value(clients["secretsmanager"], made["ARN"], setting=SETTING)).reveal() == value


async def test_a_missing_secret_is_a_configuration_error(clients: dict[str, Any]) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:absent-AbCdEf"
    with pytest.raises(ConfigurationError, match=f"secret {arn} was not found"):
        await secret_value(clients["secretsmanager"], arn, setting=SETTING)


async def test_a_controller_runs_with_its_runners_and_its_key_in_aws(
    world: World, clients: dict[str, Any], tmp_path: Path
) -> None:
    name = fresh("runners")
    await clients["ssm"].put_parameter(Name=name, Value=TOML, Type="SecureString")
    key = await clients["secretsmanager"].create_secret(Name=fresh("key"), SecretString=world.private_key)
    environ = world.environment(
        SSM_PARAMETER_NAME=name,
        GITHUB_APP_PRIVATE_KEY_SECRET=key["ARN"],
        ARCDECK_STATE_DIR=str(tmp_path / "state"),
        ARCDECK_SOCKET=str(tmp_path / "control.sock"),
    )
    del environ["GITHUB_APP_PRIVATE_KEY"]
    stop = asyncio.Event()
    async with controller(load_settings(environ, {}), environ) as engine, asyncio.timeout(30):
        running = asyncio.create_task(engine.run(stop))
        async for _ in engine.updates():
            if engine.health().ready:
                break
        assert [ref.name for ref in world.github.scale_sets.values()] == ["small"]
        stop.set()
        await running
