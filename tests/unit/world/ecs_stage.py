"""A stage for the tests of the embedded ECS: the world on a real loopback server, spoken to in its wire protocol.

Every call that goes through is held against botocore's own model of the service, the request by the input shape and
the answer by the output shape, so each test is also a test of honesty.
"""

import functools
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import botocore.session
from aiohttp import web
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from core.world.clock import WorldClock
from core.world.ecs import EcsTask, EcsWorld, Pace, TaskState
from core.world.faults import FaultPlan

EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
CLUSTER = "arcdeck-demo"
TARGET = "AmazonEC2ContainerServiceV20141113."

PACE = Pace(
    provisioning=2,
    connecting=1,
    preparing=3,
    pulling=10,
    creating=4,
    activating=1,
    noticing=1,
    deactivating=1,
    stopping=2,
    reporting=1,
    deprovisioning=5,
    jitter=0,
)
"""Whole seconds, so that a moment can be asserted exactly: PENDING at 2, RUNNING at 21."""

AWSVPC = {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}}

PLAIN: Mapping[str, Any] = {
    "containerDefinitions": [{"name": "runner", "image": "runner:latest"}],
    "cpu": "1024",
    "memory": "2048",
    "requiresCompatibilities": ["EC2"],
}
FARGATE: Mapping[str, Any] = {
    **PLAIN,
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
}
WITH_DOCKER: Mapping[str, Any] = {
    **PLAIN,
    "containerDefinitions": [
        {"name": "init", "image": "runner:latest", "essential": False},
        {
            "name": "dind",
            "image": "docker:dind",
            "privileged": True,
            "healthCheck": {"command": ["CMD", "docker", "info"]},
            "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}],
        },
        {
            "name": "runner",
            "image": "runner:latest",
            "dependsOn": [
                {"containerName": "init", "condition": "SUCCESS"},
                {"containerName": "dind", "condition": "HEALTHY"},
            ],
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error."""

    status: int
    code: str
    message: str
    members: Mapping[str, Any]


class Stage:
    """A world and a client of it."""

    def __init__(self, world: EcsWorld, clock: WorldClock, session: aiohttp.ClientSession, url: str) -> None:
        self.world = world
        self.clock = clock
        self.session = session
        self.url = url

    async def call(self, operation: str, **members: Any) -> dict[str, Any]:
        """Make a call that must succeed, in the stage's cluster unless another is named."""
        sent = _in_our_cluster(operation, members)
        assert misfits(operation, sent, of_input=True) == ""
        status, answer = await self.raw(operation, json.dumps(sent))
        assert status == 200, answer
        assert misfits(operation, answer, of_input=False) == ""
        return answer

    async def refused(self, operation: str, **members: Any) -> Refusal:
        """Make a call that must be refused."""
        status, answer = await self.send(operation, **members)
        assert status != 200, answer
        return Refusal(status, answer["__type"], answer["message"], answer)

    async def send(self, operation: str, **members: Any) -> tuple[int, dict[str, Any]]:
        """Make a call, whatever comes of it; return the HTTP status and the answer."""
        return await self.raw(operation, json.dumps(_in_our_cluster(operation, members)))

    async def raw(self, operation: str, body: str) -> tuple[int, dict[str, Any]]:
        """Send a body as it is."""
        headers = {"X-Amz-Target": TARGET + operation, "Content-Type": "application/x-amz-json-1.1"}
        async with self.session.post(self.url, data=body, headers=headers) as response:
            return response.status, json.loads(await response.read())

    async def register(self, family: str = "linux", content: Mapping[str, Any] = PLAIN) -> None:
        """Register a task definition."""
        await self.call("RegisterTaskDefinition", family=family, **content)

    async def run(self, family: str = "linux", **members: Any) -> EcsTask:
        """Run one task and return the world's record of it."""
        answer = await self.call("RunTask", taskDefinition=family, **members)
        return self.world.tasks[answer["tasks"][0]["taskArn"]]

    async def run_on_fargate(self, **members: Any) -> EcsTask:
        """Run one task of the family `fargate`."""
        return await self.run("fargate", launchType="FARGATE", networkConfiguration=AWSVPC, **members)

    async def describe(self, task: EcsTask, **members: Any) -> dict[str, Any]:
        """Return a task as clients see it."""
        answer = await self.call("DescribeTasks", tasks=[task.arn], **members)
        described: dict[str, Any] = answer["tasks"][0]
        return described

    async def run_until_running(self, family: str = "linux", **members: Any) -> EcsTask:
        """Run one task and wait until it is RUNNING."""
        task = await self.run(family, **members)
        await self.clock.sleep(30)
        assert task.last_status is TaskState.RUNNING
        return task

    async def course(self, task: EcsTask, seconds: int) -> list[tuple[float, str, str]]:
        """Watch a task for so long; return the second at which it came to each (last, desired) status."""
        begun = self.clock.monotonic()
        seen: list[tuple[float, str, str]] = []
        while (now := self.clock.monotonic() - begun) <= seconds:
            status = (task.last_status.value, task.desired_status.value)
            if not seen or seen[-1][1:] != status:
                seen.append((now, *status))
            await self.clock.sleep(0.5)
        return seen

    def seconds(self, moment: datetime | float | None) -> float | None:
        """Return a moment, or epoch seconds, as seconds since the stage was set."""
        if moment is None:
            return None
        epoch = moment.timestamp() if isinstance(moment, datetime) else moment
        return round(epoch - EPOCH.timestamp(), 6)


def dice(seed: int) -> random.Random:
    """Return dice that always fall the same way."""
    return random.Random(seed)  # guards nothing


@asynccontextmanager
async def ecs_stage(**settings: Any) -> AsyncIterator[Stage]:
    """Set a stage: a world of these settings, served on loopback, with the families `linux` and `fargate` in it."""
    clock = WorldClock(EPOCH)
    rng = dice(7)
    world = EcsWorld(clock, rng, **{"faults": FaultPlan(rng), "pace": PACE, "throttling": False, **settings})
    async with served(world.app) as url, aiohttp.ClientSession() as session:
        stage = Stage(world, clock, session, url)
        world.plant_definition("linux", content=PLAIN)
        world.plant_definition("fargate", content=FARGATE)
        yield stage


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """Serve an application on a free port of 127.0.0.1 and yield its address."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


@functools.cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("ecs")


def _in_our_cluster(operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
    takes_a_cluster = "cluster" in _model().operation_model(operation).input_shape.members
    return {"cluster": CLUSTER, **members} if takes_a_cluster else dict(members)


def misfits(operation: str, members: Mapping[str, Any], *, of_input: bool) -> str:
    """Return what does not fit the service model; an unknown member is a misfit, as is a null."""
    model = _model().operation_model(operation)
    report = ParamValidator().validate(members, model.input_shape if of_input else model.output_shape)
    text: str = report.generate_report()
    return text
