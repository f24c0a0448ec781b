"""A controller in this process against a world in another: the ordinary engine on the ordinary adapters, in real time.

Put together here and not by `core.bootstrap`, because what is compared are settings of the engine that no operator has.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.adapters.aws.ecs import EcsRunner
from core.adapters.aws.session import connect
from core.adapters.clock import SystemClock
from core.adapters.github.auth import AppCredentials
from core.adapters.github.client import GitHubScaleSetClient
from core.domain.scale_set import ScaleSetSpec
from core.domain.secret import Secret
from core.engine.engine import Engine
from core.engine.ground import EnginePorts, EngineSettings
from tests.benchmarks.far_world import FarWorld, environment
from tests.builders import DEFINITIONS
from tests.fakes.configuration import FakeConfiguration
from tests.fakes.journal import MemoryJournal
from tests.fakes.task_logs import FakeTaskLogs

CONTROLLER = "bench"


@asynccontextmanager
async def controller_in(world: FarWorld, scale_sets: Sequence[ScaleSetSpec], **facts: Any) -> AsyncIterator[Engine]:
    """An engine that listens for all its scale sets, and is stopped in order; `facts` are fields of its settings."""
    environ, clock, rng = world.ask(environment), SystemClock(), random.Random(1)
    settings = EngineSettings(
        controller=CONTROLLER,
        cluster=environ["ECS_CLUSTER"],
        github=environ["GITHUB_CONFIG_URL"],
        scale_sets=tuple(scale_sets),
        definitions=DEFINITIONS,
        owner="bench",
        instance="1",
        **facts,
    )
    async with _adapters(environ, clock, rng) as (ecs, github):
        ports = EnginePorts(
            ecs=ecs,
            client=github,
            journal=MemoryJournal(),
            configuration=FakeConfiguration(*settings.scale_sets),
            task_logs=FakeTaskLogs(),
            clock=clock,
            rng=rng,
            suffix=lambda: f"{rng.getrandbits(32):08x}",
        )
        async with _running(Engine(settings, ports)) as engine:
            yield engine


@asynccontextmanager
async def _adapters(
    environ: dict[str, str], clock: SystemClock, rng: random.Random
) -> AsyncIterator[tuple[EcsRunner, GitHubScaleSetClient]]:
    """Both adapters, connected to the world with that environment."""
    with pytest.MonkeyPatch.context() as process:
        for name, value in environ.items():
            if name.startswith("AWS_"):
                process.setenv(name, value)
        credentials = AppCredentials(
            environ["GITHUB_APP_CLIENT_ID"],
            int(environ["GITHUB_APP_INSTALLATION_ID"]),
            Secret(environ["GITHUB_APP_PRIVATE_KEY"]),
        )
        github_url = environ["GITHUB_CONFIG_URL"]
        client = GitHubScaleSetClient(
            config_url=github_url, credentials=credentials, clock=clock, rng=rng, version="bench"
        )
        async with connect() as aws, client as github:
            yield EcsRunner(aws.ecs, cluster=environ["ECS_CLUSTER"], controller=CONTROLLER, clock=clock), github


@asynccontextmanager
async def _running(engine: Engine) -> AsyncIterator[Engine]:
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    try:
        while not engine.health().ready:
            if running.done():
                running.result()
            await asyncio.sleep(0.02)
        yield engine
    finally:
        stop.set()
        await running
