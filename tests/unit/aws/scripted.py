"""Two small stand-ins for ECS that answer what a test tells them to, and remember what they were asked.

`ScriptedClient` stands where botocore's client does; it holds requests *and* answers against botocore's own service
model, so that a test cannot teach ECS words it does not know. `ScriptedServer` speaks the JSON protocol over HTTP, for
what happens below: connections that break, pages of HTML, timeouts (ecs-api.md B7).
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

REGION = "eu-west-1"

Answer = Mapping[str, Any] | Exception | Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    operation: str
    body: dict[str, Any]


class ScriptedClient:
    """Answers each operation with what was queued for it; the last answer of a queue is given for ever.

    Each call takes `seconds`; `most_at_once` tells how many were under way at the same time.
    """

    def __init__(self) -> None:
        self.meta = SimpleNamespace(region_name=REGION)
        self.asked: list[Asked] = []
        self.seconds = 0.0
        self.most_at_once = 0
        self._under_way = 0
        self._answers: dict[str, deque[Answer]] = defaultdict(deque)

    def answer(self, operation: str, *answers: Answer) -> None:
        """Queue answers: a mapping is returned, an exception raised, a function called with the request."""
        self._answers[operation].extend(answers)

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """What an operation was asked, in order."""
        return [asked.body for asked in self.asked if asked.operation == operation]

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Mapping[str, Any]]]:
        model = _operations()[method]

        async def call(**request: Any) -> Mapping[str, Any]:
            _check(request, model.input_shape)
            self.asked.append(Asked(model.name, request))
            queue = self._answers[model.name]
            scripted = queue.popleft() if len(queue) > 1 else queue[0]
            with self._counted():
                await asyncio.sleep(self.seconds)
            if isinstance(scripted, Exception):
                raise scripted
            answer = scripted(request) if callable(scripted) else scripted
            _check(answer, model.output_shape)
            return answer

        return call

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            yield
        finally:
            self._under_way -= 1


@cache
def _operations() -> dict[str, OperationModel]:
    model = ServiceModel(Loader().load_service_model("ecs", "service-2"), "ecs")
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


def _check(value: Mapping[str, Any], shape: Any) -> None:
    known = {key: inner for key, inner in value.items() if key != "ResponseMetadata"}
    report = ParamValidator().validate(known, shape)
    assert not report.has_errors(), report.generate_report()


HttpAnswer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedServer:
    """An HTTP endpoint that answers every request by its present handler, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.handler: HttpAnswer = answering({})
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Note the request, then let the present handler answer it."""
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        self.asked.append(Asked(operation, json.loads(await request.read())))
        return await self.handler(request)

    async def start(self) -> web.AppRunner:
        """Listen on a free port of loopback; the caller cleans the runner up."""
        app = web.Application()
        app.router.add_post("/", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner


def answering(members: Mapping[str, Any], *, status: int = 200) -> HttpAnswer:
    """Answer in ECS's protocol."""

    async def handler(_: web.Request) -> web.StreamResponse:
        body = json.dumps(members).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": "request-1"}
        return web.Response(status=status, body=body, headers=headers)

    return handler


def refusing(code: str, message: str = "", *, status: int = 400) -> HttpAnswer:
    """Refuse in ECS's words."""
    return answering({"__type": code, "message": message}, status=status)


def html(status: int) -> HttpAnswer:
    """Answer as a proxy does, in HTML."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="<html>gateway</html>", content_type="text/html")

    return handler


async def hanging_up(request: web.Request) -> web.StreamResponse:
    """Read the request, then close the connection without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def resetting(request: web.Request) -> web.StreamResponse:
    """Read the request, then reset the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def silent(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.sleep(3600)
    return web.Response()
