"""Where credentials come from: AWS's ordinary chain, a profile, a container's role, a role that is assumed.

What counts is who signed the call in the end, which its Authorization header says.
"""

import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from core.adapters.aws.session import connect
from tests.unit.aws.scripted import REGION

SIGNED_BY = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")
END = "2099-01-01T00:00:00Z"


class Cloud:
    """ECS, STS and a container's credentials at one address; notes who signed each call."""

    def __init__(self) -> None:
        self.signers: list[tuple[str, str]] = []  #: the key, and the service it signed for
        self.key, self.assumed_key = secrets.token_hex(10), secrets.token_hex(10)
        self.container_token = ""
        self.url = ""

    async def call(self, request: web.Request) -> web.Response:
        signed = SIGNED_BY.search(request.headers["Authorization"])
        assert signed is not None
        self.signers.append((signed[1], signed[2]))
        if signed[2] == "sts":
            return web.Response(body=self._assumed().encode(), content_type="text/xml")
        return web.json_response({"taskArns": []}, content_type="application/x-amz-json-1.1")

    async def container(self, request: web.Request) -> web.Response:
        """Answer as the agent of ECS does to the containers of a task."""
        self.container_token = request.headers.get("Authorization", "")
        secret = {"AccessKeyId": self.key, "SecretAccessKey": secrets.token_hex(20), "Token": secrets.token_hex(8)}
        return web.json_response({**secret, "Expiration": END})

    def _assumed(self) -> str:
        return (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"<AccessKeyId>{self.assumed_key}</AccessKeyId><SecretAccessKey>{secrets.token_hex(20)}</SecretAccessKey>"
            f"<SessionToken>{secrets.token_hex(8)}</SessionToken><Expiration>{END}</Expiration>"
            "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )


@pytest.fixture
async def cloud(aws_settings: pytest.MonkeyPatch) -> AsyncIterator[Cloud]:
    cloud, app = Cloud(), web.Application()
    app.router.add_post("/", cloud.call)
    app.router.add_get("/role", cloud.container)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cloud.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    aws_settings.setenv("AWS_ENDPOINT_URL", cloud.url)
    yield cloud
    await runner.cleanup()


def without_keys(settings: pytest.MonkeyPatch) -> None:
    settings.delenv("AWS_ACCESS_KEY_ID")
    settings.delenv("AWS_SECRET_ACCESS_KEY")


async def who_listed_tasks(cloud: Cloud) -> str:
    """The key that signs a call to ECS."""
    async with connect() as connection:
        await connection.ecs.list_tasks(cluster="ci")
    key, service = cloud.signers[-1]
    assert service == "ecs"
    return key


async def test_a_profile_gives_credentials_and_region(
    cloud: Cloud, aws_settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_keys(aws_settings)
    aws_settings.delenv("AWS_REGION")
    (tmp_path / "credentials").write_text(
        f"[build]\naws_access_key_id = {cloud.key}\naws_secret_access_key = {secrets.token_hex(20)}\n"
    )
    (tmp_path / "config").write_text("[profile build]\nregion = eu-central-1\n")
    aws_settings.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    aws_settings.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    aws_settings.setenv("AWS_PROFILE", "build")
    assert await who_listed_tasks(cloud) == cloud.key
    async with connect() as connection:
        assert connection.region == "eu-central-1"


async def test_a_container_has_the_credentials_of_its_task_role(cloud: Cloud, aws_settings: pytest.MonkeyPatch) -> None:
    without_keys(aws_settings)
    token = secrets.token_hex(8)
    aws_settings.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{cloud.url}/role")
    aws_settings.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)
    assert await who_listed_tasks(cloud) == cloud.key
    assert cloud.container_token == token


async def test_a_profile_may_name_a_role_to_assume(
    cloud: Cloud, aws_settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_keys(aws_settings)
    role = "arn:aws:iam::123456789012:role/controller"
    (tmp_path / "config").write_text(
        f"[profile build]\nregion = {REGION}\nrole_arn = {role}\nsource_profile = person\n"
        f"[profile person]\naws_access_key_id = {cloud.key}\naws_secret_access_key = {secrets.token_hex(20)}\n"
    )
    aws_settings.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    aws_settings.setenv("AWS_PROFILE", "build")
    assert await who_listed_tasks(cloud) == cloud.assumed_key
    assert cloud.signers[0] == (cloud.key, "sts")
