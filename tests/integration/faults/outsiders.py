"""What the tests of faults share: scale sets to run, and somebody else who speaks to the same GitHub."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.adapters.github.auth import AppCredentials, app_jwt
from core.adapters.github.client import GitHubScaleSetClient
from core.domain.secret import Secret
from core.world.github import Job, ScaleSetRecord
from core.world.world import APP_CLIENT_ID, APP_INSTALLATION_ID, World
from tests.integration.conftest import WorldTime


def runners(*families: str, **facts: object) -> str:
    """A configuration of these families, all of them with the same facts beside the ordinary ones."""
    ordinary = {"cpu": 1024, "memory": 2048, "compatibility": "EXTERNAL", "max_runners": 10}
    lines = [f"{key} = {_toml(value)}" for key, value in (ordinary | facts).items()]
    return "\n".join(line for family in families for line in ("[[runner]]", f'family = "{family}"', *lines))


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def jobs(world: World, count: int, *, scale_set: str = "small", seconds: float = 120.0) -> list[Job]:
    """That many jobs that ask for a scale set."""
    return [world.github.enqueue_job(scale_set, name=f"job {number}", duration=seconds) for number in range(count)]


def at_github(world: World, name: str = "small") -> ScaleSetRecord:
    """The scale set as GitHub has it."""
    record = world.github.scale_set(name)
    assert record is not None, f"{name} is not there"
    return record


@asynccontextmanager
async def outsider(world: World) -> AsyncIterator[GitHubScaleSetClient]:
    """Somebody who holds the App's key as well, and is not the controller."""
    environ = world.environment()
    credentials = AppCredentials(
        environ["GITHUB_APP_CLIENT_ID"],
        int(environ["GITHUB_APP_INSTALLATION_ID"]),
        Secret(environ["GITHUB_APP_PRIVATE_KEY"]),
    )
    async with GitHubScaleSetClient(
        config_url=world.config_url,
        credentials=credentials,
        clock=WorldTime(world),
        rng=random.Random(2),
        version="outsider",
    ) as client:
        yield client


async def until(holds: Callable[[], object], within: float, step: float = 1.0) -> float:
    """Wait until it holds, looking every ``step`` s; return how many seconds that took, at most ``within``."""
    for waited in itertools.count():
        if holds():
            return waited * step
        assert waited * step < within, f"it does not hold after {within:g} s"
        await asyncio.sleep(step)
    raise AssertionError("counting never ends")


async def a_token(world: World) -> str:
    """A token for the REST API, as a person would have one: no App's JWT, which tells the time, is behind it."""
    key = load_pem_private_key(world.private_key.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    signed = app_jwt(APP_CLIENT_ID, key, world.clock.now())
    address = world.config_url.replace("/acme", "/api/v3/app/installations")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {signed}"}) as client:
        answer = await client.post(f"{address}/{APP_INSTALLATION_ID}/access_tokens")
    return str(answer.json()["token"])
