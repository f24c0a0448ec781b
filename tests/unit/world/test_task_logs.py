"""What runners print, read back through the API of CloudWatch Logs, in real time."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
import pytest

from core.world.clock import WorldClock
from core.world.ecs import EcsTask, Planted
from core.world.neighbours import Neighbours
from core.world.task_logs import TaskLogs
from core.world.world import World, WorldSettings
from tests.controller_by_hand import ONCE


def log_configuration(group: str) -> dict[str, object]:
    """One container `runner` that logs as behaviour.md section 3.3 has it."""
    options = {"awslogs-group": group, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "small"}
    driver = {"logDriver": "awslogs", "options": options}
    return {"containerDefinitions": [{"name": "runner", "image": "runner:latest", "logConfiguration": driver}]}


def fresh_group() -> str:
    """Moto's state outlives a test: each one has a group of its own."""
    return f"/arcdeck/test-{random.SystemRandom().randrange(10**12)}"


@asynccontextmanager
async def stage(group: str) -> AsyncIterator[tuple[World, EcsTask, Any]]:
    """A world with neighbours, a task that logs to `group`, and a client of CloudWatch Logs."""
    session = aioboto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
    async with World(WorldSettings(neighbours=True)) as world:
        world.ecs.plant_definition("small", content=log_configuration(group))
        task = world.ecs.plant_task(Planted("small"))
        async with session.client("logs", endpoint_url=world.aws_url, config=ONCE) as client:
            yield world, task, client


async def written(world: World, neighbours: Neighbours, task: EcsTask, *lines: str) -> None:
    logs = TaskLogs(WorldClock(), world.settings.region, neighbours)
    for line in lines:
        logs.write(task, line)
        await logs.put_next()


async def test_lines_stand_in_the_stream_of_the_task_in_their_order() -> None:
    group, neighbours = fresh_group(), Neighbours()
    async with stage(group) as (world, task, client):
        await written(world, neighbours, task, "listening for jobs", "running job: unit", "completed")
        answer = await client.get_log_events(logGroupName=group, logStreamName=f"small/runner/{task.id}")
        assert [event["message"] for event in answer["events"]] == [
            "listening for jobs",
            "running job: unit",
            "completed",
        ]
    await neighbours.close()


async def test_a_task_without_a_log_configuration_is_not_written_about() -> None:
    logs = TaskLogs(WorldClock(), "eu-west-1", Neighbours())
    async with World() as world:
        task = world.ecs.plant_task(Planted("plain"))
        logs.write(task, "nobody reads this")
        assert logs.waiting == 0


async def test_without_moto_the_lines_are_dropped_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed() -> None:
        raise ModuleNotFoundError("moto")

    monkeypatch.setattr("core.world.neighbours._start_moto", not_installed)
    logs = TaskLogs(WorldClock(), "eu-west-1", Neighbours())
    async with World() as world:
        world.ecs.plant_definition("small", content=log_configuration("/arcdeck"))
        logs.write(world.ecs.plant_task(Planted("small")), "nobody reads this")
        await logs.run()
