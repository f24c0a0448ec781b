"""What stands beside ECS: moto, behind the same endpoint, in real time."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aioboto3
import pytest
from aiohttp import web
from botocore.config import Config
from botocore.exceptions import ClientError

from core.world import neighbours
from core.world.clock import WorldClock
from core.world.ecs import EcsWorld
from core.world.faults import FaultPlan
from core.world.neighbours import Neighbours


@asynccontextmanager
async def endpoint() -> AsyncIterator[tuple[str, Neighbours]]:
    beside, rng = Neighbours(), random.Random(1)
    ecs = EcsWorld(WorldClock(), rng, faults=FaultPlan(rng), fallback=beside.answer)
    runner = web.AppRunner(ecs.app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", beside
    finally:
        await runner.cleanup()
        await beside.close()


def session() -> aioboto3.Session:
    return aioboto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")


ONCE = Config(retries={"total_max_attempts": 1})


async def test_ssm_and_ecs_are_answered_at_one_address() -> None:
    async with (
        endpoint() as (url, _),
        session().client("ssm", endpoint_url=url, config=ONCE) as ssm,
        session().client("ecs", endpoint_url=url, config=ONCE) as ecs,
    ):
        await ssm.put_parameter(Name="/arcdeck/runners", Value="[defaults]", Type="String", Overwrite=True)
        parameter = await ssm.get_parameter(Name="/arcdeck/runners")
        assert parameter["Parameter"]["Value"] == "[defaults]"
        assert (await ecs.list_tasks(cluster="arcdeck-demo"))["taskArns"] == []


async def test_an_error_of_a_neighbour_keeps_its_code() -> None:
    async with endpoint() as (url, _), session().client("logs", endpoint_url=url, config=ONCE) as logs:
        with pytest.raises(ClientError) as refused:
            await logs.get_log_events(logGroupName="/no/such", logStreamName="none")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


async def test_the_world_itself_can_write_to_a_neighbour() -> None:
    async with endpoint() as (url, beside), session().client("logs", endpoint_url=url, config=ONCE) as logs:
        status = await beside.call(
            "eu-west-1", "logs", "Logs_20140328.CreateLogGroup", {"logGroupName": "/written/by/the/world"}
        )
        groups = await logs.describe_log_groups(logGroupNamePrefix="/written/by")
    assert status == 200
    assert [group["logGroupName"] for group in groups["logGroups"]] == ["/written/by/the/world"]


async def test_without_moto_the_answer_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed() -> None:
        raise ModuleNotFoundError("moto")

    monkeypatch.setattr(neighbours, "_start_moto", not_installed)
    async with endpoint() as (url, _), session().client("ssm", endpoint_url=url, config=ONCE) as ssm:
        with pytest.raises(ClientError, match=r"arcdeck\[demo\]"):
            await ssm.get_parameter(Name="/arcdeck/runners")
