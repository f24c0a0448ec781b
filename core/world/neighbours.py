"""The AWS services that are not ECS, answered by moto behind the world's one AWS endpoint.

A controller reads its configuration from SSM and its private key from Secrets Manager, and shows task logs from
CloudWatch Logs. moto is right enough for these as it stands (ecs-api.md B5), so whatever the ECS endpoint leaves to its
fallback is passed on to moto's threaded server unchanged; moto finds the service in the request's signature (B1).

moto is imported and its server started by the first request that needs it, in a thread. Hence this belongs to the demo
and to tests in real time: a thread does not move with a virtual clock. Where moto is not installed, such requests are
answered 501 with a sentence that says so.

There is one moto in a process, with one state (B9): two worlds at once would share their neighbours.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiohttp import ClientSession, DummyCookieJar, web
from multidict import CIMultiDict

if TYPE_CHECKING:
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # lazily: half a second

_HOP_BY_HOP = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})
_MISSING = "the services beside ECS are answered by moto, which is not installed: pip install 'arcdeck[demo]'"


class Neighbours:
    """The fallback of the ECS endpoint. Close it with `close`."""

    def __init__(self) -> None:
        self._starting = asyncio.Lock()
        self._server: ThreadedMotoServer | None = None
        self._client: ClientSession | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for any other service as moto does."""
        try:
            client, address = await self._ready()
        except ModuleNotFoundError:
            return web.json_response({"__type": "UnknownOperationException", "message": _MISSING}, status=501)
        return await _forward(client, address, request)

    async def close(self) -> None:
        """Stop moto, if it was ever needed; takes up to half a second."""
        if self._client is not None:
            await self._client.close()
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    async def call(self, region: str, service: str, target: str, body: Mapping[str, object]) -> int:
        """Send one JSON request to a neighbour on the world's own behalf, and return the HTTP status of its answer.

        `service` is the name that signs (`logs`, `ssm`), `target` the whole X-Amz-Target. Raises ModuleNotFoundError
        without moto.
        """
        credential = f"Credential=world/20300101/{region}/{service}/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
        }
        client, address = await self._ready()
        async with client.post(address, data=json.dumps(body), headers=headers) as answer:
            await answer.read()
            return answer.status

    async def _ready(self) -> tuple[ClientSession, str]:
        async with self._starting:
            if self._server is None:
                self._server = await asyncio.to_thread(_start_moto)
            if self._client is None:
                self._client = ClientSession(cookie_jar=DummyCookieJar(), auto_decompress=False)
        host, port = self._server.get_host_and_port()
        return self._client, f"http://{host}:{port}"


async def _forward(client: ClientSession, address: str, request: web.Request) -> web.Response:
    headers = CIMultiDict((k, v) for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP)
    url = f"{address}{request.raw_path}"
    async with client.request(request.method, url, data=await request.read(), headers=headers) as answer:
        kept = CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP)
        return web.Response(status=answer.status, body=await answer.read(), headers=kept)


def _start_moto() -> "ThreadedMotoServer":
    """Import and start moto. Its server logs every request and each traceback to stderr, so that logger is silenced."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: PLC0415  # lazily: half a second

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    return server
