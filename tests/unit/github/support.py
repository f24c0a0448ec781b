"""A GitHub that answers from a script, and the names of the vectors (github-scale-set-api.md, Appendix A)."""

import asyncio
import base64
import json
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.adapters.github import GitHubScaleSetClient, TokenCredentials
from core.adapters.github.transport import OnCall
from core.domain.secret import Secret
from tests.fakes.clock import ManualClock

CONFIG_URL = "https://github.com/acme-robotics"
API = "https://api.github.com"
SERVICE_URL = "https://svc.example.test/tenant-9f3a/"
QUEUE_URL = "https://queue.example.test/scalesets/message?scope=37"
SESSION_ID = "5c0f8d9e-1f2a-4b3c-8d4e-6f7081920a1b"
RUNNER = "linux-small-0a1b2c3d"
PAT = "personal-token"

REGISTRATION_PATH = "/orgs/acme-robotics/actions/runners/registration-token"
ADMIN_PATH = "/actions/runner-registration"
SETS_PATH = "/tenant-9f3a/_apis/runtime/runnerscalesets"
AGENTS_PATH = "/tenant-9f3a/_apis/distributedtask/pools/0/agents"
SESSIONS_PATH = f"{SETS_PATH}/37/sessions"
SESSION_PATH = f"{SESSIONS_PATH}/{SESSION_ID}"
QUEUE_PATH = "/scalesets/message"
REST_RUNNERS_PATH = "/orgs/acme-robotics/actions/runners"

#: The end of the admin token of the vectors: 2030-01-01T00:00:00Z, 59 minutes after the manual clock starts.
ADMIN_END = 1_893_456_000

AV = {"api-version": "6.0-preview"}
RUNTIME = "GitHub.Actions.Runtime.WebApi"
DISTRIBUTED_TASK = "GitHub.DistributedTask.WebApi"

STATISTICS = {
    "totalAvailableJobs": 1,
    "totalAcquiredJobs": 0,
    "totalAssignedJobs": 3,
    "totalRunningJobs": 1,
    "totalRegisteredRunners": 2,
    "totalBusyRunners": 1,
    "totalIdleRunners": 1,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, which can be given any number of times."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, content=self.body, headers=self.headers)


Reaction = Answer | Exception | Callable[[httpx.Request], Awaitable[Answer]]


def says(payload: object, status: int = 200, /, **headers: str) -> Answer:
    """An answer in JSON; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(payload).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **named})


def text(body: str, status: int, **headers: str) -> Answer:
    """An answer in plain text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body.encode(), {"Content-Type": "text/plain", **named})


def refuses(short_name: str, status: int, message: str = "no", namespace: str = RUNTIME, **headers: str) -> Answer:
    """An exception of the Actions service."""
    error = {"typeName": f"{namespace}.{short_name}, {namespace}", "typeKey": short_name, "message": message}
    return says(error, status, **headers)


def jwt_until(end: int | None, name: str = "") -> str:
    """A token whose payload says when it ends, and whose signature is junk."""
    claims: dict[str, object] = {"iss": "emulator", "name": name}
    if end is not None:
        claims["exp"] = end
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "anVuaw"])


ADMIN = jwt_until(ADMIN_END, "admin")


def admin_grant(token: str = ADMIN) -> Answer:
    """An answer to E3."""
    return says({"url": SERVICE_URL, "token": token, "token_schema": "OAuthAccessToken"})


def session(issue: int = 1, /, **changes: object) -> dict[str, object]:
    """The body of an answer to E15 or E16."""
    return {
        "sessionId": SESSION_ID,
        "ownerName": "ip-10-0-3-17",
        "runnerScaleSet": {"id": 37, "name": "linux-small", "runnerGroupId": 1, "labels": None},
        "messageQueueUrl": QUEUE_URL,
        "messageQueueAccessToken": f"queue-token-{issue}",
        "statistics": {**STATISTICS, "totalAssignedJobs": 2},
        **changes,
    }


class Server:
    """Answers each method and path with its script; the last entry of a script stays. Anything else fails the test."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._scripts: dict[tuple[str, str], list[Reaction]] = {}
        self.on("POST", REGISTRATION_PATH, says({"token": "registration-token", "expires_at": None}, 201))
        self.on("POST", ADMIN_PATH, admin_grant())

    def on(self, method: str, path: str, *reactions: Reaction) -> None:
        """Answer like this from now on."""
        self._scripts[method, path] = list(reactions)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)  # as on a network, others may run before the answer is there
        script = self._scripts.get((request.method, request.url.path))
        if script is None:
            raise AssertionError(f"nobody expected {request.method} {request.url}")
        reaction = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(reaction, Exception):
            raise reaction
        answer = reaction if isinstance(reaction, Answer) else await reaction(request)
        return answer.response()

    def asked(self, method: str, path: str) -> list[httpx.Request]:
        """The requests that came for one method and path."""
        return [request for request in self.requests if (request.method, request.url.path) == (method, path)]

    def last(self) -> httpx.Request:
        """The latest request."""
        return self.requests[-1]

    @property
    def lines(self) -> list[str]:
        """Every request as ``METHOD path``."""
        return [f"{request.method} {request.url.path}" for request in self.requests]


class FixedRandom(random.Random):
    """Chance that always falls on the same share of what is possible; 0 is no jitter at all."""

    def __init__(self, share: float = 0.0) -> None:
        super().__init__(0)
        self._share = share

    def random(self) -> float:
        return self._share


def sent(request: httpx.Request) -> Any:
    """The JSON body of a request."""
    return json.loads(request.content)


def query(request: httpx.Request) -> dict[str, str]:
    """The query of a request, decoded."""
    return dict(request.url.params)


def bearer(request: httpx.Request) -> str:
    """The bearer token of a request."""
    return request.headers["Authorization"].removeprefix("Bearer ")


@dataclass(slots=True)
class Calls:
    """What the hook for metrics was told."""

    seen: list[tuple[str, str, float]] = field(default_factory=list)

    def __call__(self, operation: str, outcome: str, seconds: float) -> None:
        self.seen.append((operation, outcome, seconds))

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(operation, outcome) for operation, outcome, _ in self.seen]


def job_batch(*entries: object) -> str:
    """The body of an envelope."""
    return json.dumps(entries)


def leaks(error: BaseException | None, secrets: Iterable[str]) -> list[str]:
    """The secrets that an error, or anything behind it, would show."""
    shown = []
    while error is not None:
        shown.append(f"{error} {error!r} {vars(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return [secret for secret in secrets if any(secret in line for line in shown)]


def make_client(
    server: Server, clock: ManualClock, *, config_url: str = CONFIG_URL, on_call: OnCall | None = None, **more: Any
) -> GitHubScaleSetClient:
    """A client with a personal access token whose network is the script."""
    return GitHubScaleSetClient(
        **{
            "config_url": config_url,
            "credentials": TokenCredentials(Secret(PAT)),
            "clock": clock,
            "rng": FixedRandom(),
            "version": "0.1.0",
            "on_call": on_call,
            "network": httpx.MockTransport(server),
            **more,
        }
    )
