"""The demo's scenario, played to a small controller that does the least a controller must."""

import asyncio
import json
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from core.world.account import Bookkeeper, percentile
from core.world.demo import MIX, RUNNERS_TOML, SCALE_SETS, demo_settings, play
from core.world.ecs import EcsTask, TaskState
from core.world.github import JobPhase
from core.world.runners import runner_of
from core.world.world import World
from tests.controller_by_hand import NETWORK, AppClient, ControllerByHand, controller_by_hand

virtual_time = pytest.mark.virtual_time
SEEDS = [1, 2, 7]


class SmallController:
    """Starts what is missing, waits after a refusal, stops what does not come. It peeks into the world."""

    def __init__(self, hand: ControllerByHand) -> None:
        self.hand = hand
        self.world = hand.world
        self.names = 0

    async def serve(self, name: str, max_runners: int) -> None:
        """Serve one scale set until cancelled."""
        shared = self.hand.github
        client = AppClient(shared.http, shared.base, shared.service, shared.admin)
        hand = ControllerByHand(self.world, client, self.hand.ecs)
        fargate = name.startswith("fargate")
        size = ("4096", "8192") if "large" in name else ("1024", "2048")
        kind = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"} if fargate else {}
        await hand.set_up(name, cpu=size[0], memory=size[1], **kind)
        placed = {"launchType": "FARGATE", "networkConfiguration": NETWORK} if fargate else {}
        while True:
            await self._stop_the_stuck(name)
            await asyncio.sleep(0.5 if await self._start_the_missing(hand, name, placed) else 5.0)
            answer = await client.poll(capacity=max_runners)
            if answer.status_code == 200:
                await client.acknowledge(answer.json()["messageId"])

    def tasks(self, name: str) -> list[EcsTask]:
        """The tasks of a scale set that are wanted and good for something."""
        return [
            task
            for task in self.world.ecs.tasks.values()
            if task.tags.get("ecs-arc:scale-set") == name and task.desired_status is TaskState.RUNNING
        ]

    async def _start_the_missing(self, hand: ControllerByHand, name: str, placed: dict[str, Any]) -> bool:
        scale_set = self.world.github.scale_set(name)
        assert scale_set is not None
        for _ in range(scale_set.load - len(self.tasks(name))):
            self.names += 1
            _, jit = await hand.jit(scale_set.id, f"{name}-{self.names:08x}")
            if (await hand.try_run_task(name, f"{name}-{self.names:08x}", jit, **placed))["failures"]:
                return False
        return True

    async def _stop_the_stuck(self, name: str) -> None:
        for task in self.tasks(name):
            age = (self.world.clock.now() - task.created_at).total_seconds()
            runner = self.world.github.runners.get(runner_of(task) or 0)
            if task.last_status is TaskState.PENDING and age > 20:
                await self.hand.stop_task(task, "ecs-arc: stuck in PENDING")
            elif runner is not None and runner.connected_at is None and age > 60:
                await self.hand.stop_task(task, "ecs-arc: never came online")


@asynccontextmanager
async def playing(seed: int) -> AsyncIterator[World]:
    """The demo, with all scale sets served, at the moment when the script has just begun."""
    settings = replace(demo_settings(seed), neighbours=False)
    async with World(settings) as world, controller_by_hand(world) as hand, asyncio.TaskGroup() as group:
        controller = SmallController(hand)
        limits = families(RUNNERS_TOML)
        serving = [group.create_task(controller.serve(name, limits[name])) for name in SCALE_SETS]
        world.background.spawn(play(world), "demo")
        await asyncio.sleep(1)
        assert world.github.jobs
        yield world
        for task in serving:
            task.cancel()


def families(toml: str) -> dict[str, int]:
    """Expand the TOML as behaviour.md section 3.2 says, as far as the demo uses it; the values are the maxima."""
    tables = tomllib.loads(toml)
    expanded = {
        f"{template['family_prefix']}-{size}-{feature}": int(template["sizes"][size]["max_runners"])
        for template in tables["template"]
        for size, feature in product(template["sizes"], template["features"])
    }
    return expanded | {runner["family"]: int(runner["max_runners"]) for runner in tables["runner"]}


def test_the_scenario_knows_the_scale_sets_of_its_configuration() -> None:
    assert set(families(RUNNERS_TOML)) == set(SCALE_SETS) == set(MIX.shares)


@virtual_time
@pytest.mark.parametrize("seed", SEEDS)
async def test_jobs_are_served_within_fifteen_seconds(seed: int) -> None:
    async with playing(seed) as world:
        await asyncio.sleep(15)
        served = {job.labels[0] for job in world.github.jobs.values() if job.started_at is not None}
        assert served == set(SCALE_SETS)


@virtual_time
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_stuck_task_and_a_lack_of_memory_come_within_ninety_seconds(seed: int) -> None:
    async with playing(seed) as world:
        books = Bookkeeper(world)
        await asyncio.sleep(90)
        record = books.close()
        assert record.stops["ecs-arc: stuck in PENDING"] >= 1
        assert record.refusals["RESOURCE:MEMORY"] >= 1


@virtual_time
@pytest.mark.parametrize("seed", SEEDS)
async def test_the_large_runners_get_through_after_their_lack_of_memory(seed: int) -> None:
    async with playing(seed) as world:
        await asyncio.sleep(20)
        large = [job for job in world.github.jobs.values() if job.labels == ("linux-large-plain",)]
        await asyncio.sleep(130)
        assert len(large) == 4
        assert all(job.phase is JobPhase.COMPLETED for job in large)


@virtual_time
async def test_most_jobs_wait_only_for_their_task_to_start() -> None:
    async with playing(seed=3) as world:
        books = Bookkeeper(world)
        await asyncio.sleep(900)
        record = books.close()
        assert len(record.waits) > 70
        assert percentile(record.waits, 0.5) < 15


def test_the_process_tells_where_it_is_and_ends_with_an_account_when_its_input_is_closed() -> None:
    command = [sys.executable, "-m", "core.world", "--seed", "3"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.stdin.close()
        said = process.stdout.read()
    assert process.returncode == 0
    assert told["environment"]["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert told["toml"] == RUNNERS_TOML
    assert said.startswith("The world ran for 0m")
