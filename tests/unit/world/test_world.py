"""The whole world, driven over plain HTTP by a controller that the test plays itself."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest

from core.world.ecs import Pace, TaskState
from core.world.github import JobPhase, RemovedBy, Timings
from core.world.jobs import JobMix
from core.world.runners import Habits
from core.world.world import World, WorldSettings
from tests.controller_by_hand import controller_by_hand
from tests.virtual_time import running_loop

pytestmark = pytest.mark.virtual_time

EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
QUICK = Pace(provisioning=1, connecting=1, preparing=1, pulling=5, creating=1, activating=1, jitter=0)
PUNCTUAL = Habits(connecting=(2, 2), leaving=(1, 1), noticing=(3, 3))


def settings(**changes: object) -> WorldSettings:
    known = {"epoch": EPOCH, "pace": QUICK, "habits": PUNCTUAL}
    return WorldSettings(**{**known, **changes})  # type: ignore[arg-type]  # a builder: WorldSettings has the types


async def test_a_job_goes_all_the_way_where_jobs_are_assigned() -> None:
    async with World(settings()) as world, controller_by_hand(world) as controller:
        scale_set_id = await controller.set_up("small")
        job = world.jobs.enqueue("small", duration=90)

        last, assigned = await controller.next_entries()
        runner_id, jit = await controller.jit(scale_set_id, "small-0a1b2c3d")
        task = await controller.run_task("small", "small-0a1b2c3d", jit)
        last, started = await controller.next_entries(last)
        _, completed = await controller.next_entries(last)
        await asyncio.sleep(10)

        assert [entry["messageType"] for entry in assigned + started + completed] == [
            "JobAssigned",
            "JobStarted",
            "JobCompleted",
        ]
        assert (completed[0]["runnerId"], completed[0]["result"]) == (runner_id, "succeeded")
        assert job.phase is JobPhase.COMPLETED
        assert (task.last_status, task.containers[0].exit_code) == (TaskState.STOPPED, 0)
        assert task.stop_code == "EssentialContainerExited"
        assert world.github.registrations_removed == {RemovedBy.ITSELF: 1}


async def test_a_job_goes_all_the_way_where_jobs_are_acquired() -> None:
    async with World(settings(flow="acquire")) as world, controller_by_hand(world) as controller:
        scale_set_id = await controller.set_up("small")
        world.jobs.enqueue("small", duration=90)

        last, offered = await controller.next_entries()
        won = await controller.github.acquire(scale_set_id, [offered[0]["runnerRequestId"]])
        last, assigned = await controller.next_entries(last)
        task = await controller.start_runner("small", "small-0a1b2c3d")
        last, started = await controller.next_entries(last)
        _, completed = await controller.next_entries(last)
        await asyncio.sleep(10)

        assert won.json()["count"] == 1
        assert [entry["messageType"] for entry in offered + assigned + started + completed] == [
            "JobAvailable",
            "JobAssigned",
            "JobStarted",
            "JobCompleted",
        ]
        assert task.last_status is TaskState.STOPPED
        assert world.github.runners == {}


async def test_the_time_between_start_and_end_is_the_sum_of_its_parts() -> None:
    async with World(settings(timings=Timings(job_pickup=1))) as world, controller_by_hand(world) as controller:
        await controller.set_up("small")
        job = world.jobs.enqueue("small", duration=30)
        await controller.next_entries()
        began = world.clock.now()
        await controller.start_runner("small", "small-0a1b2c3d")
        await asyncio.sleep(60)
        assert job.started_at is not None
        assert job.finished_at is not None
        assert (job.started_at - began).total_seconds() == 1 + 1 + 5 + 1 + 1 + 2 + 1
        assert (job.finished_at - job.started_at).total_seconds() == 30


async def test_the_environment_is_all_that_a_daemon_needs() -> None:
    async with World(settings()) as world:
        environment = world.environment(TOML_CONFIG_FILE="/etc/runners.toml")
        assert {urlsplit(environment[name]).hostname for name in ("AWS_ENDPOINT_URL", "GITHUB_CONFIG_URL")} == {
            "127.0.0.1"
        }
        assert set(environment) >= {
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_REGION",
            "ECS_CLUSTER",
            "GITHUB_APP_CLIENT_ID",
            "GITHUB_APP_INSTALLATION_ID",
            "GITHUB_APP_PRIVATE_KEY",
            "RUNNER_EXECUTION_ROLE_ARN",
            "RUNNER_TASK_ROLE_ARN",
            "RUNNER_LOG_GROUP",
            "TOML_CONFIG_FILE",
        }


async def test_only_the_key_of_the_environment_is_let_in() -> None:
    async with World(settings()) as world, httpx.AsyncClient() as client:
        base = world.config_url.rsplit("/", 1)[0]
        url = f"{base}/api/v3/app/installations/987654/access_tokens"
        refused = await client.post(url, headers={"Authorization": "Bearer nonsense"})
        assert refused.status_code == 401


async def test_the_same_seed_is_the_same_stream_of_jobs() -> None:
    async def names(seed: int) -> list[str]:
        async with World(settings(seed=seed)) as world:
            world.let_jobs_arrive(JobMix(runs_per_minute=10, shares={"small": 1}))
            await asyncio.sleep(600)
            return [f"{job.repository}/{job.name} {job.id}" for job in world.github.jobs.values()]

    first, again, other = await names(3), await names(3), await names(4)
    assert first == again
    assert first != other


async def test_leaving_the_world_ends_everything_in_it_while_a_poll_is_held() -> None:
    async with World(settings()) as world, controller_by_hand(world) as controller:
        await controller.set_up("small")
        world.jobs.enqueue("small", duration=3600)
        await controller.next_entries()
        await controller.start_runner("small", "small-0a1b2c3d")
        await asyncio.sleep(60)
        assert world.runners.alive == 1
        poll = asyncio.create_task(controller.github.poll(10**12))
        await asyncio.sleep(1)
        await world.__aexit__(None, None, None)
        with pytest.raises(httpx.TransportError):
            await poll
        assert world.runners.alive == 0


async def test_what_goes_wrong_inside_is_raised_when_the_world_is_left() -> None:
    async def fail() -> None:
        await asyncio.sleep(1)
        raise ValueError("a mistake in the world")

    world = await World(settings()).__aenter__()
    world.background.spawn(fail(), name="failing")
    await asyncio.sleep(2)
    with pytest.raises(ExceptionGroup, match="went wrong") as raised:
        await world.__aexit__(None, None, None)
    assert raised.group_contains(ValueError, match="a mistake in the world")


async def test_an_hour_in_the_world_takes_no_time() -> None:
    async with World(settings()) as world:
        world.let_jobs_arrive(JobMix(runs_per_minute=2, shares={"small": 3, "large": 1}))
        await asyncio.sleep(3600)
        assert running_loop().time() == 3600
        assert world.github.jobs


def test_neither_the_world_nor_its_entry_loads_moto() -> None:
    program = "import sys, core.world.world; sys.exit('moto' in sys.modules or 'textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
