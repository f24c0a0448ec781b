"""A controller played by the test itself: every call is one that the test asked for, and nothing is retried.

It stands where the product stands, before the whole embedded world, with App credentials and an AWS client of its own.
Tests of the world drive it; tests of the product use it to be what was there before: an earlier controller, another
one, a stranger.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
import httpx
import jwt
from botocore.config import Config

from core.world.ecs import EcsTask
from core.world.runners import JIT_VARIABLE
from core.world.world import World
from tests.unit.world.github_support import Client, entries

ONCE = Config(retries={"total_max_attempts": 1})
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}


class AppClient(Client):
    """A scale-set client with the credentials of the world's GitHub App."""

    installation_token = ""

    async def log_in(self, world: World) -> None:
        """Walk the whole chain, from the App's key to an admin connection."""
        environment, now = world.environment(), int(world.clock.time())
        claims = {"iat": now - 60, "exp": now + 480, "iss": environment["GITHUB_APP_CLIENT_ID"]}
        signed = jwt.encode(claims, environment["GITHUB_APP_PRIVATE_KEY"], algorithm="RS256")
        path = f"/app/installations/{environment['GITHUB_APP_INSTALLATION_ID']}/access_tokens"
        answer = await self.rest("POST", path, token=signed)
        assert answer.status_code == 201, answer.text
        self.installation_token = answer.json()["token"]
        await self.connect()

    async def registration_token(self) -> str:
        answer = await self.rest("POST", "/orgs/acme/actions/runners/registration-token", token=self.installation_token)
        return str(answer.json()["token"])


class ControllerByHand:
    """`github` is a client of the Actions service, `ecs` one of aioboto3; the rest are the steps of a controller."""

    def __init__(self, world: World, github: AppClient, ecs: Any) -> None:
        self.world = world
        self.github = github
        self.ecs = ecs

    async def set_up(self, name: str = "small", **definition: Any) -> int:
        """Register the family, create the scale set and open its session; return the scale set's id."""
        await self.register(name, **definition)
        scale_set_id = await self.github.create_scale_set(name, "ecs-arc.managed")
        await self.github.open_session(scale_set_id)
        return scale_set_id

    async def register(self, family: str, **definition: Any) -> None:
        """Register a plain task definition."""
        content = {"cpu": "1024", "memory": "2048", "requiresCompatibilities": ["EXTERNAL"], "networkMode": "bridge"}
        containers = [{"name": "runner", "image": "runner:latest", "essential": True}]
        tags = [{"key": "ecs-arc:managed", "value": "true"}]
        await self.ecs.register_task_definition(
            **{"family": family, "containerDefinitions": containers, "tags": tags, **content, **definition}
        )

    async def jit(self, scale_set_id: int, runner_name: str) -> tuple[int, str]:
        """Make a registration; return the runner's id and its JIT config."""
        answer = await self.github.generate_jit(scale_set_id, runner_name)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        return int(made["runner"]["id"]), str(made["encodedJITConfig"])

    async def run_task(self, name: str, runner_name: str, jit: str, **members: Any) -> EcsTask:
        """Start one runner task of the scale set called `name`, and return the world's record of it."""
        answer = await self.try_run_task(name, runner_name, jit, **members)
        assert answer["failures"] == []
        return self.world.ecs.tasks[answer["tasks"][0]["taskArn"]]

    async def try_run_task(self, name: str, runner_name: str, jit: str, **members: Any) -> Mapping[str, Any]:
        """Call RunTask as the original does, and return the answer."""
        environment = [{"name": JIT_VARIABLE, "value": jit}]
        tags = {"ecs-arc:scale-set": name, "ecs-arc:runner-name": runner_name}
        request: dict[str, Any] = {
            "cluster": self.world.settings.cluster,
            "taskDefinition": name,
            "launchType": "EXTERNAL",
            "overrides": {"containerOverrides": [{"name": "runner", "environment": environment}]},
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        answer: Mapping[str, Any] = await self.ecs.run_task(**{**request, **members})
        return answer

    async def start_runner(self, name: str, runner_name: str, **members: Any) -> EcsTask:
        """Register and start one runner of the scale set called `name`."""
        scale_set = self.world.github.scale_set(name)
        assert scale_set is not None
        _, jit = await self.jit(scale_set.id, runner_name)
        return await self.run_task(name, runner_name, jit, **members)

    async def stop_task(self, task: EcsTask, reason: str) -> None:
        """Call StopTask."""
        await self.ecs.stop_task(cluster=self.world.settings.cluster, task=task.arn, reason=reason)

    async def next_entries(self, last: int = 0, capacity: int = 10) -> tuple[int, list[dict[str, Any]]]:
        """Poll until there is a message, acknowledge it, and return its id and its entries."""
        while (answer := await self.github.poll(last, capacity=capacity)).status_code == 202:
            pass
        assert answer.status_code == 200, answer.text
        message_id = int(answer.json()["messageId"])
        assert (await self.github.acknowledge(message_id)).status_code == 204
        return message_id, entries(answer)


@asynccontextmanager
async def controller_by_hand(world: World) -> AsyncIterator[ControllerByHand]:
    """Log in everywhere, and leave nothing open behind."""
    environment = world.environment()
    session = aioboto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    base = environment["GITHUB_CONFIG_URL"].rsplit("/", 1)[0]
    async with (
        httpx.AsyncClient(timeout=120) as http,
        session.client("ecs", endpoint_url=environment["AWS_ENDPOINT_URL"], config=ONCE) as ecs,
    ):
        client = AppClient(http, base)
        await client.log_in(world)
        yield ControllerByHand(world, client, ecs)
