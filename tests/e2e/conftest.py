"""A quick world, and daemons as processes in front of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from core.world.ecs import Pace
from core.world.github import Timings
from core.world.world import World, WorldSettings
from tests.daemons import Daemon, Daemons

Starter = Callable[..., Awaitable[Daemon]]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A quick world: tasks run after a moment, polls are held for a second."""
    timings = Timings(poll_hold=1.0, job_pickup=0.1)
    async with World(WorldSettings(seed=1, pace=Pace().faster(20), timings=timings, throttling=False)) as world:
        yield world


@pytest.fixture
async def daemon(world: World, tmp_path: Path) -> AsyncIterator[Starter]:
    """Starts daemons; what still runs at the end is killed."""
    async with Daemons(world, tmp_path) as daemons:
        yield daemons.start
