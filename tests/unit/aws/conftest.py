"""Stand-ins for ECS, and the product's client in front of them. Everything here lives in virtual time."""

import secrets
from collections.abc import AsyncIterator

import pytest

from core.adapters.aws.ecs import EcsRunner
from core.adapters.aws.session import AwsConnection, connect
from tests.unit.aws.scripted import REGION, ScriptedClient, ScriptedServer
from tests.virtual_time import VirtualClock, pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]


class CallRecorder:
    """Remembers what the hook on calls was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, float]] = []

    def __call__(self, operation: str, outcome: str, seconds: float) -> None:
        self.calls.append((operation, outcome, seconds))


@pytest.fixture
def on_call() -> CallRecorder:
    return CallRecorder()


@pytest.fixture
def client() -> ScriptedClient:
    return ScriptedClient()


@pytest.fixture
async def ecs(client: ScriptedClient, on_call: CallRecorder) -> EcsRunner:
    return EcsRunner(client, cluster="ci", controller="ci-blue", clock=VirtualClock(), on_call=on_call)


@pytest.fixture
def aws_settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """AWS's own settings: a Region and credentials from the environment, and nothing from this host."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", secrets.token_hex(10))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secrets.token_hex(20))
    return monkeypatch


@pytest.fixture
async def server(aws_settings: pytest.MonkeyPatch) -> AsyncIterator[ScriptedServer]:
    """An HTTP endpoint that the ordinary AWS settings point to."""
    server = ScriptedServer()
    runner = await server.start()
    aws_settings.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    await runner.cleanup()


@pytest.fixture
async def connection(server: ScriptedServer) -> AsyncIterator[AwsConnection]:
    assert server.url
    async with connect() as connection:
        yield connection


@pytest.fixture
async def wired(connection: AwsConnection, on_call: CallRecorder) -> EcsRunner:
    """The product's client in front of the server, by way of botocore and a socket."""
    return EcsRunner(connection.ecs, cluster="ci", controller="ci-blue", clock=VirtualClock(), on_call=on_call)
