"""A plain client of the embedded GitHub: what a correct caller sends, with nothing done on its behalf."""

import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from aiohttp import web

from core.world.clock import WorldClock
from core.world.github import Credentials, GitHubWorld, Quirks, RateLimits, RunnerGroup, Timings
from core.world.github.settings import Flow

PAT = "pat-of-a-test"
EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
AGENT = {
    "system": "test",
    "version": "0",
    "commit_sha": "0",
    "scale_set_id": 0,
    "subsystem": "listener",
    "build_version": "0",
    "build_commit_sha": "0",
    "kind": "scaleset",
}
AV = {"api-version": "6.0-preview"}
POLL_ACCEPT = "application/json; api-version=6.0-preview"


def world(
    *,
    flow: Flow = "broker",
    timings: Timings | None = None,
    quirks: Quirks | None = None,
    credentials: Credentials | None = None,
    rate_limits: RateLimits | None = None,
    groups: Sequence[RunnerGroup] = (RunnerGroup(1, "Default"),),
) -> GitHubWorld:
    return GitHubWorld(
        WorldClock(EPOCH),
        random.Random(1),  # the world's dice are seeded and guard nothing
        flow=flow,
        timings=timings,
        quirks=quirks,
        credentials=credentials or Credentials(personal_access_tokens=frozenset({PAT})),
        rate_limits=rate_limits,
        groups=groups,
    )


@dataclass
class Client:
    """The calls of a scale-set client; `admin` and `queue` are the tokens it sends."""

    http: httpx.AsyncClient
    base: str
    service: str = ""
    admin: str = ""
    queue: str = ""
    queue_url: str = ""
    session: str = ""
    agent: dict[str, Any] = field(default_factory=lambda: dict(AGENT))

    async def rest(self, method: str, path: str, *, token: str = PAT, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.request(method, f"{self.base}/api/v3{path}", headers=headers, **options)

    async def registration_token(self) -> str:
        answer = await self.rest("POST", "/orgs/acme/actions/runners/registration-token")
        return str(answer.json()["token"])

    async def connect(self) -> None:
        """Walk the chain to an admin connection."""
        headers = {"Authorization": f"RemoteAuth {await self.registration_token()}"}
        body = {"url": f"{self.base}/acme", "runner_event": "register"}
        url = f"{self.base}/api/v3/actions/runner-registration"
        answer = (await self.http.post(url, headers=headers, json=body)).json()
        self.service, self.admin = answer["url"], answer["token"]

    async def call(
        self, method: str, path: str, *, token: str | None = None, query: dict[str, Any] | None = None, body: Any = None
    ) -> httpx.Response:
        """Ask the Actions service."""
        headers = {
            "Authorization": f"Bearer {self.admin if token is None else token}",
            "User-Agent": json.dumps(self.agent, separators=(",", ":")),
            "Content-Type": "application/json",
        }
        content = None if body is None else json.dumps(body)
        url = f"{self.service}_apis/{path}"
        return await self.http.request(method, url, headers=headers, params=AV | (query or {}), content=content)

    async def create_scale_set(self, name: str = "small", *extra_labels: str) -> int:
        labels = [{"type": "System", "name": label} for label in (name, *extra_labels)]
        body = {
            "name": name,
            "runnerGroupId": 1,
            "labels": labels,
            "RunnerSetting": {"disableUpdate": True},
            "createdOn": "0001-01-01T00:00:00Z",
        }
        answer = await self.call("POST", "runtime/runnerscalesets", body=body)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    async def generate_jit(self, scale_set_id: int, name: str = "small-0a1b2c3d") -> httpx.Response:
        path = f"runtime/runnerscalesets/{scale_set_id}/generatejitconfig"
        return await self.call("POST", path, body={"name": name, "workFolder": "_work"})

    async def create_session(self, scale_set_id: int, owner: str = "host-1") -> httpx.Response:
        body = {"sessionId": "00000000-0000-0000-0000-000000000000", "ownerName": owner}
        return await self.call("POST", f"runtime/runnerscalesets/{scale_set_id}/sessions", body=body)

    async def open_session(self, scale_set_id: int, owner: str = "host-1") -> dict[str, Any]:
        return self.keep(await self.create_session(scale_set_id, owner))

    async def refresh_session(self, scale_set_id: int) -> httpx.Response:
        return await self.call("PATCH", f"runtime/runnerscalesets/{scale_set_id}/sessions/{self.session}")

    async def close_session(self, scale_set_id: int) -> httpx.Response:
        return await self.call("DELETE", f"runtime/runnerscalesets/{scale_set_id}/sessions/{self.session}")

    def keep(self, answer: httpx.Response) -> dict[str, Any]:
        """Go on with the session in an answer."""
        assert answer.status_code == 200, answer.text
        session: dict[str, Any] = answer.json()
        self.session, self.queue = session["sessionId"], session["messageQueueAccessToken"]
        self.queue_url = session["messageQueueUrl"]
        return session

    async def poll(self, last: int = 0, *, capacity: int | str = 10, accept: str = POLL_ACCEPT) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.queue}",
            "Accept": accept,
            "X-ScaleSetMaxCapacity": str(capacity),
        }
        url = httpx.URL(self.queue_url)
        if last:
            url = url.copy_set_param("lastMessageId", last)
        return await self.http.get(url, headers=headers)

    async def acknowledge(self, message_id: int) -> httpx.Response:
        url = httpx.URL(self.queue_url)
        headers = {"Authorization": f"Bearer {self.queue}", "Content-Type": "application/json"}
        return await self.http.delete(url.copy_with(path=f"{url.path}/{message_id}"), headers=headers)

    async def acquire(self, scale_set_id: int, request_ids: list[int], *, token: str | None = None) -> httpx.Response:
        path = f"runtime/runnerscalesets/{scale_set_id}/acquirejobs"
        return await self.call("POST", path, token=token or self.queue, body=request_ids)


def entries(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the job messages of a poll's answer."""
    assert answer.status_code == 200, answer.text
    body = answer.json()["body"]
    found: list[dict[str, Any]] = json.loads(body) if body else []
    return found


def kinds(answer: httpx.Response) -> list[str]:
    """Return the types of the job messages of a poll's answer, in their order."""
    return [entry["messageType"] for entry in entries(answer)]


@asynccontextmanager
async def unconnected(github: GitHubWorld) -> AsyncIterator[Client]:
    """Serve this GitHub, and give a client that has shown no credential yet."""
    runner = web.AppRunner(github.app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with httpx.AsyncClient(timeout=120) as http:
            yield Client(http, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(github: GitHubWorld) -> AsyncIterator[Client]:
    """Serve this GitHub, and give a client with an admin connection."""
    async with unconnected(github) as client:
        await client.connect()
        yield client


def another(client: Client) -> Client:
    """Return a second client beside the first, with the same connection and no session."""
    return Client(client.http, client.base, client.service, client.admin)


async def busy(github: GitHubWorld, client: Client) -> tuple[int, int]:
    """Bring one runner to work on one job; return the ids of its scale set and of itself."""
    scale_set_id = await client.create_scale_set()
    await client.open_session(scale_set_id)
    github.enqueue_job("small")
    await client.poll()
    runner = github.connect((await client.generate_jit(scale_set_id)).json()["encodedJITConfig"])
    assert github.take_job(runner.id) is not None
    return scale_set_id, runner.id
