"""The embedded ECS under the client that the product uses, over a real server and in real time.

The pace is a hundred thousand times the real one, and every wait is for an event with a limit.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError, HTTPClientError

from core.world.clock import WorldClock
from core.world.ecs import EcsWorld, Pace
from core.world.faults import Fault, FaultPlan
from tests.unit.world.ecs_stage import CLUSTER, PLAIN, dice, served

FAST = Pace().faster(100_000)
SECONDS_TO_WAIT = 10


@dataclass(frozen=True, slots=True)
class Bench:
    """A world and an aioboto3 client of it."""

    world: EcsWorld
    client: Any


@asynccontextmanager
async def bench(*, attempts: int = 1) -> AsyncIterator[Bench]:
    rng = dice(3)
    world = EcsWorld(WorldClock(), rng, faults=FaultPlan(rng), pace=FAST, throttling=False)
    world.plant_definition("linux", content=PLAIN)
    session = aioboto3.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="eu-west-1")
    config = AioConfig(retries={"total_max_attempts": attempts, "mode": "standard"})
    async with served(world.app) as url, session.client("ecs", endpoint_url=url, config=config) as client:
        yield Bench(world, client)


async def run(bench: Bench, **members: Any) -> Any:
    return await bench.client.run_task(cluster=CLUSTER, taskDefinition="linux", **members)


async def test_250_tasks_are_listed_in_three_pages_and_all_described() -> None:
    async with bench() as stage:
        for number in range(25):
            await run(stage, count=10, startedBy=f"run-{number}")
        pages = [page["taskArns"] async for page in stage.client.get_paginator("list_tasks").paginate(cluster=CLUSTER)]
        assert [len(page) for page in pages] == [100, 100, 50]
        described = [await stage.client.describe_tasks(cluster=CLUSTER, tasks=page) for page in pages]
        arns = {task["taskArn"] for answer in described for task in answer["tasks"]}
        assert arns == set(stage.world.tasks)


async def test_the_clients_own_retry_after_a_lost_answer_starts_no_second_task() -> None:
    async with bench(attempts=2) as stage:
        stage.world.faults.add("RunTask", Fault("answer_lost"))
        answer = await run(stage)
        assert [task["taskArn"] for task in answer["tasks"]] == list(stage.world.tasks)
        assert stage.world.calls["RunTask"] == 2


async def test_a_token_of_ones_own_makes_two_calls_one_run() -> None:
    async with bench() as stage:
        first, second = [await run(stage, clientToken="name-of-a-runner") for _ in range(2)]
        assert first["tasks"][0]["taskArn"] == second["tasks"][0]["taskArn"]


async def test_a_token_used_otherwise_is_a_modelled_conflict() -> None:
    async with bench() as stage:
        await run(stage, clientToken="name-of-a-runner")
        with pytest.raises(stage.client.exceptions.ConflictException):
            await run(stage, clientToken="name-of-a-runner", startedBy="somebody")


async def test_a_task_runs_is_stopped_and_shows_its_times() -> None:
    async with bench() as stage:
        runs, signalled = asyncio.Event(), asyncio.Event()
        stage.world.on_running = lambda _: runs.set()
        stage.world.on_stop_signal = lambda _: signalled.set()
        arn = (await run(stage))["tasks"][0]["taskArn"]
        async with asyncio.timeout(SECONDS_TO_WAIT):
            await runs.wait()
        await stage.client.stop_task(cluster=CLUSTER, task=arn, reason="test")
        async with asyncio.timeout(SECONDS_TO_WAIT):
            await signalled.wait()
            task = await until_stopped(stage, arn)
        assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "test")
        assert task["createdAt"] < task["startedAt"] < task["stoppingAt"] < task["stoppedAt"]


async def until_stopped(stage: Bench, arn: str) -> Any:
    while True:
        task = (await stage.client.describe_tasks(cluster=CLUSTER, tasks=[arn]))["tasks"][0]
        if task["lastStatus"] == "STOPPED":
            return task


async def test_an_unknown_task_is_missing_when_described_and_an_error_when_stopped() -> None:
    async with bench() as stage:
        unknown = "f" * 32
        answer = await stage.client.describe_tasks(cluster=CLUSTER, tasks=[unknown])
        assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]
        with pytest.raises(stage.client.exceptions.InvalidParameterException, match="referenced task was not found"):
            await stage.client.stop_task(cluster=CLUSTER, task=unknown)


async def test_throttling_is_a_plain_client_error() -> None:
    async with bench() as stage:
        stage.world.faults.add("ListTasks", Fault("throttle"))
        with pytest.raises(ClientError) as caught:
            await stage.client.list_tasks(cluster=CLUSTER)
        assert caught.value.response["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}


async def test_a_reset_connection_is_an_error_of_http() -> None:
    async with bench() as stage:
        stage.world.faults.add("ListTasks", Fault("reset"))
        with pytest.raises(HTTPClientError):
            await stage.client.list_tasks(cluster=CLUSTER)


async def test_another_service_behind_the_endpoint_is_told_apart_by_its_signature() -> None:
    async with bench() as stage:
        session = aioboto3.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="eu-west-1")
        url = stage.client.meta.endpoint_url
        config = AioConfig(retries={"total_max_attempts": 1})
        async with session.client("ssm", endpoint_url=url, config=config) as ssm:
            with pytest.raises(ClientError, match="no AWS service 'ssm'"):
                await ssm.get_parameter(Name="/arcdeck")
