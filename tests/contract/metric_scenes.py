"""Scenes that move the metrics: what a scrape said before and after something happened in the embedded world.

Each plays once in virtual time, from the same seed, and tests read from it as often as they like. What a scene expects
is told by the world itself, which knows when a job began or a task was pulled, or is the scene's own arithmetic.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.adapters.control.metrics import Metrics
from core.adapters.control.metrics_words import Scope
from core.api.model import ControllerView, RunnerState, Snapshot
from core.world.ecs import Capacity, EcsTask, FailedStart, Room
from core.world.faults import Fault
from core.world.github import Job, Timings
from core.world.world import World, WorldSettings
from tests.fakes.control_socket import answer_to
from tests.integration.faults.outsiders import at_github, outsider, runners, until
from tests.stages import Stage, Stages

#: Seconds between looks at a young task.
LOOKS = 5
SWEEPING = {"OFFLINE_RUNNER_MIN_AGE": "10m", "OFFLINE_RUNNER_REAPER_INTERVAL": "5m"}


@dataclass(frozen=True)
class Scrape:
    """What one scrape said."""

    text: str
    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def of(cls, text: str) -> "Scrape":
        families = text_string_to_metric_families(text)
        found = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }
        return cls(text, found)

    def value(self, sample: str, labels: Mapping[str, str]) -> float:
        """The sum of the series of that name that have these labels; 0 without any."""
        asked = labels.items()
        return sum(number for (name, has), number in self.samples.items() if name == sample and asked <= has)


NOTHING = Scrape("", {})


@dataclass
class Scene:
    """Two scrapes, and how far each metric is to have moved between them where only the world can tell."""

    before: Scrape
    after: Scrape
    told: dict[str, float] = field(default_factory=dict)

    def moved(self, sample: str, labels: Mapping[str, str]) -> float:
        return self.after.value(sample, labels) - self.before.value(sample, labels)


class Theatre:
    """Where scenes are played."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stages = Stages(folder, monkeypatch)
        self._socket = folder / "controller.sock"

    @asynccontextmanager
    async def playing(
        self,
        settings: WorldSettings | None = None,
        *,
        toml: str | None = None,
        options: Mapping[str, str] | None = None,
        settle: float = 120.0,
    ) -> AsyncIterator[tuple[World, Stage]]:
        """A world and a controller that has listened for 5 s."""
        toml = toml or runners("small")
        async with (
            self._stages.world(settings, toml=toml, settle=settle) as world,
            self._stages.controller(world, toml=toml, settings=options) as stage,
        ):
            await asyncio.sleep(5)
            yield world, stage

    async def scrape(self) -> Scrape:
        async with answer_to(self._socket, "GET", "/metrics") as answer:
            return Scrape.of(await answer.text())


def seconds(began: datetime | None, ended: datetime | None) -> float:
    assert began is not None
    assert ended is not None
    return (ended - began).total_seconds()


def since_the_start(world: World, moment: datetime | None) -> float:
    """Seconds from the world's beginning to that moment."""
    return seconds(world.clock.now(), moment) + world.clock.monotonic()


def looked_at(world: World, moment: datetime | None) -> float:
    """When a controller that was there from the beginning looked first after that moment, in the same seconds."""
    return math.ceil(since_the_start(world, moment) / LOOKS) * LOOKS


def the_task(world: World) -> EcsTask:
    (task,) = world.ecs.tasks.values()
    return task


def a_job(world: World, lasts: float = 120.0) -> Job:
    return world.github.enqueue_job("small", name="unit", repository="acme/api", workflow="ci", duration=lasts)


async def served(theatre: Theatre) -> Scene:
    """A job of 120 s, from its arrival to the end of its task; a sweep every 30 s. GitHub takes 3 s to assign it."""
    slow = WorldSettings(seed=1, flow="acquire", timings=Timings(acquired_to_assigned=3.0))
    async with theatre.playing(slow) as (world, _):
        before, job = await theatre.scrape(), a_job(world)
        await asyncio.sleep(400)
        task = the_task(world)
        told = {
            "startup": seconds(job.assigned_at, job.started_at),
            "queued": seconds(job.queued_at, job.started_at),
            "task start": seconds(task.created_at, task.started_at),
            "pending": looked_at(world, task.started_at) - since_the_start(world, task.created_at),
            "pull": seconds(task.pull_started_at, task.pull_stopped_at),
        }
        return Scene(before, await theatre.scrape(), told)


async def working(theatre: Theatre) -> Scene:
    """In the midst of a long job, when GitHub has told of it."""
    async with theatre.playing() as (world, _):
        before = await theatre.scrape()
        a_job(world, lasts=600)
        await asyncio.sleep(200)
        return Scene(before, await theatre.scrape())


async def starting(theatre: Theatre) -> Scene:
    """Eight seconds after a job came: its task is PENDING, and the job waits."""
    async with theatre.playing() as (world, _):
        before = await theatre.scrape()
        a_job(world)
        await asyncio.sleep(8)
        return Scene(before, await theatre.scrape())


async def ending(theatre: Theatre) -> Scene:
    """A job is over, and ECS has not said STOPPED yet."""
    async with theatre.playing() as (world, stage):
        before = await theatre.scrape()
        a_job(world)
        await until(lambda: stage.in_state(RunnerState.FINISHING), 300, step=0.5)
        return Scene(before, await theatre.scrape())


async def warm(theatre: Theatre) -> Scene:
    """A minute with two idle runners, which are there from the beginning; against nothing at all before."""
    async with theatre.playing(toml=runners("small", min_runners=2, max_runners=7)):
        await asyncio.sleep(200)
        before = await theatre.scrape()
        await asyncio.sleep(60)
        return Scene(before, await theatre.scrape())


async def configured(theatre: Theatre) -> Scene:
    """A controller at rest with two idle runners, against nothing: what is there because somebody wants it."""
    async with theatre.playing(toml=runners("small", min_runners=2, max_runners=7)) as (world, _):
        await asyncio.sleep(200)
        world.github.controls.post(at_github(world).id, [])  # a word from GitHub, who counts them
        await asyncio.sleep(1)
        return Scene(NOTHING, await theatre.scrape())


async def full(theatre: Theatre) -> Scene:
    """A job came 5 s ago, and the cluster has no room for its task."""
    full_cluster = WorldSettings(seed=1, capacity=Capacity(rooms={"EXTERNAL": Room(cpu=512)}))
    async with theatre.playing(full_cluster) as (world, stage):
        before = await theatre.scrape()
        a_job(world)
        await asyncio.sleep(5)
        backoff = stage.scale_set().backoff
        assert backoff is not None
        return Scene(before, await theatre.scrape(), {"remaining": backoff.until - stage.snapshot().now})


async def stillborn(theatre: Theatre) -> Scene:
    """A task that ECS accepts and cannot start: its image is not there."""
    async with theatre.playing() as (world, _):
        before = await theatre.scrape()
        world.ecs.next_start(FailedStart("CannotPullContainerError: pull image manifest has been retried 5 time(s)"))
        a_job(world)
        await asyncio.sleep(300)
        return Scene(before, await theatre.scrape())


async def haunted(theatre: Theatre) -> Scene:
    """Somebody registers a runner that never comes, and the sweep finds it when it is old enough."""
    async with theatre.playing(options=SWEEPING, settle=1500) as (world, _):
        before = await theatre.scrape()
        async with outsider(world) as somebody:
            await somebody.generate_jit_config(at_github(world).id, "small-0000abcd")
        await asyncio.sleep(1200)
        return Scene(before, await theatre.scrape())


async def evicted(theatre: Theatre) -> Scene:
    """GitHub ends the session, and another is opened."""
    async with theatre.playing() as (world, _):
        before = await theatre.scrape()
        world.github.controls.evict_session(at_github(world).id)
        await asyncio.sleep(60)
        return Scene(before, await theatre.scrape())


async def listening(theatre: Theatre) -> Scene:
    """Ten seconds of one poll, in which ECS cannot be read."""
    async with theatre.playing(options={"REAPER_INTERVAL": "5s"}) as (world, stage):
        await until(lambda: 20 > stage.snapshot().now - (stage.scale_set().session.last_poll_at or 0) > 1, 120)
        world.faults.add("ListTasks", Fault("status", status=400), times=None)
        before = await theatre.scrape()
        await asyncio.sleep(10)
        return Scene(before, await theatre.scrape())


async def listing(theatre: Theatre) -> Scene:
    """A quarter of an hour in which GitHub's runner list is read, and nothing else of the REST API."""
    async with theatre.playing() as (world, _):
        before, listed = await theatre.scrape(), world.github.calls["list_runners"]
        await asyncio.sleep(900)
        lists = world.github.calls["list_runners"] - listed
        assert lists
        return Scene(before, await theatre.scrape(), {"calls": -lists})


async def imagined(_theatre: Theatre) -> Scene:
    """Two snapshots of a controller whose journal has lost its disk in between, and which turned to observing."""
    facts = {"id": "test", "cluster": "ci", "version": "1.2.3"}
    seen = [ControllerView(**facts), ControllerView(**facts, journal="The journal is in memory only.", observing=True)]
    metrics = Metrics(Scope(), lambda: 0.0)
    metrics.watch(lambda: Snapshot(version=1, now=0.0, controller=seen[0]))
    before = Scrape.of(metrics.text())
    del seen[0]
    return Scene(before, Scrape.of(metrics.text()))


SCENES: Mapping[str, Callable[[Theatre], Awaitable[Scene]]] = {
    scene.__name__: scene
    for scene in (
        served,
        working,
        starting,
        ending,
        warm,
        configured,
        full,
        stillborn,
        haunted,
        evicted,
        listening,
        listing,
        imagined,
    )
}
