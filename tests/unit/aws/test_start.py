"""A controller that starts with its configuration and its key in AWS: what it waits for, and what it refuses."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.bootstrap import controller
from core.bootstrap.parts import CONFIG_RETRY
from core.config.settings import load_settings
from core.domain.errors import ConfigurationError, PermissionDenied
from core.engine.engine import Engine
from tests.unit.aws.scripted import REGION, HttpAnswer, ScriptedServer, answering, refusing

pytestmark = pytest.mark.virtual_time

TOML = '[[runner]]\nfamily = "small"\ncpu = 1024\nmemory = 2048\ncompatibility = "EXTERNAL"\n'
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:app-key-AbCdEf"
PARAMETER = answering({"Parameter": {"Value": TOML, "Version": 1}})
THROTTLED = refusing("ThrottlingException")


@pytest.fixture
def environ(tmp_path: Path, server: ScriptedServer) -> dict[str, str]:
    del server  # the AWS settings of the process lead to it
    return {
        "GITHUB_CONFIG_URL": "https://github.com/acme",
        "GITHUB_TOKEN": secrets.token_hex(20),
        "ECS_CLUSTER": "ci",
        "SSM_PARAMETER_NAME": "/arcdeck/runners",
        "RUNNER_EXECUTION_ROLE_ARN": "arn:aws:iam::123456789012:role/pull",
        "RUNNER_TASK_ROLE_ARN": "arn:aws:iam::123456789012:role/job",
        "RUNNER_LOG_GROUP": "/arcdeck/runners",
        "ARCDECK_STATE_DIR": str(tmp_path / "state"),
        "ARCDECK_SOCKET": str(tmp_path / "control.sock"),
    }


@pytest.fixture
def with_key(environ: dict[str, str]) -> dict[str, str]:
    del environ["GITHUB_TOKEN"]
    return environ | {
        "GITHUB_APP_CLIENT_ID": "Iv1",
        "GITHUB_APP_INSTALLATION_ID": "7",
        "GITHUB_APP_PRIVATE_KEY_SECRET": ARN,
    }


def in_turn(*handlers: HttpAnswer) -> HttpAnswer:
    """Answer the first request as the first handler does, and so on; then as the last one does."""
    left = list(handlers)

    async def handler(request: web.Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return handler


def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


async def started(environ: dict[str, str], look: Callable[[Engine], Any] = lambda _: None) -> Any:
    """Make a controller, which does not run yet, and look at it."""
    async with controller(load_settings(environ, {}), environ) as engine:
        return look(engine)


async def test_the_scale_sets_come_from_the_parameter(environ: dict[str, str], server: ScriptedServer) -> None:
    server.handler = PARAMETER
    names = await started(environ, lambda engine: [view.name for view in engine.snapshot().scale_sets])
    assert names == ["small"]


async def test_a_parameter_that_is_out_of_reach_is_waited_for(environ: dict[str, str], server: ScriptedServer) -> None:
    server.handler = in_turn(THROTTLED, refusing("InternalServerError", status=500), PARAMETER)
    began = asyncio.get_running_loop().time()
    await started(environ)
    assert asyncio.get_running_loop().time() - began == pytest.approx(2 * CONFIG_RETRY, abs=0.1)


async def test_a_parameter_that_is_denied_ends_the_start(environ: dict[str, str], server: ScriptedServer) -> None:
    server.handler = refusing("AccessDeniedException", "no")
    with pytest.raises(PermissionDenied, match="ssm:GetParameter"):
        await started(environ)


@pytest.mark.parametrize("as_json", [False, True], ids=["PEM", "JSON"])
async def test_the_key_comes_from_its_secret_which_is_waited_for(
    with_key: dict[str, str], server: ScriptedServer, *, as_json: bool
) -> None:
    text = pem()
    if as_json:
        text = '{"private_key": "' + text.replace("\n", "\\n") + '"}'
    server.handler = in_turn(PARAMETER, THROTTLED, answering({"SecretString": text}))
    await started(with_key)
    assert [asked.operation for asked in server.asked] == ["GetParameter", "GetSecretValue", "GetSecretValue"]


async def test_a_secret_that_is_no_key_is_refused_without_repeating_it(
    with_key: dict[str, str], server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.handler = in_turn(PARAMETER, answering({"SecretString": "hunter2"}))
    with pytest.raises(ConfigurationError) as raised:
        await started(with_key)
    assert str(raised.value).startswith(f"GITHUB_APP_PRIVATE_KEY_SECRET: secret {ARN} is not a PEM private key")
    assert "hunter2" not in str(raised.value) + caplog.text
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)


async def test_while_its_configuration_is_out_of_reach_it_lives_is_not_ready_and_says_why(
    environ: dict[str, str], server: ScriptedServer, unused_tcp_port: int
) -> None:
    environ["ARCDECK_HTTP_LISTEN"] = f"127.0.0.1:{unused_tcp_port}"
    server.handler = THROTTLED
    being_made = asyncio.create_task(started(environ))
    await asyncio.sleep(2 * CONFIG_RETRY)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, "the runner configuration is out of reach" in ready.text) == (503, True)
        assert (await client.get("/metrics")).status_code == 200
    server.handler = PARAMETER
    await being_made
