"""Requests to the Actions service, the host behind the admin connection.

Every request takes the current connection, builds its address under that connection's own path and query, and, should
the service refuse its token, is sent once more with a new one: a refused request did nothing, so that is safe for
every call (github-scale-set-api.md sections 2.6 and 2.9).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from core.adapters.github.errors import require
from core.adapters.github.transport import JSON_HEADERS, Authorization, Request, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.adapters.github.admin import AdminConnection, AdminConnections
    from core.adapters.github.agent import Agent
    from core.adapters.github.calls import Call
    from core.adapters.github.reply import Reply
    from core.adapters.github.transport import Transport
    from core.domain.secret import Secret

API_VERSION: Final = "6.0-preview"

SCALE_SETS: Final = "_apis/runtime/runnerscalesets"
#: With its slash, as every client sends it (section 3.7).
RUNNER_GROUPS: Final = "_apis/runtime/runnergroups/"
#: Runner registrations are agents of pool 0 (section 0.5).
AGENTS: Final = "_apis/distributedtask/pools/0/agents"


class ActionsService:
    """The Actions service of one config URL."""

    def __init__(self, connections: AdminConnections, transport: Transport) -> None:
        self._connections = connections
        self._transport = transport

    async def call(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        payload: object = None,
        agent: Agent | None = None,
    ) -> Reply:
        """A successful answer. ``payload`` becomes the JSON body, None no body; ``agent`` None is the controller."""
        body = encode(payload)

        async def send(connection: AdminConnection) -> Reply:
            url = service_url(connection.url, path, query or {})
            request = Request(method, url, Authorization(connection.token), JSON_HEADERS, body, agent)
            return await self._transport.send(call, request)

        connection = await self._connections.connection()
        reply = await send(connection)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self._connections.forget(connection)
            reply = await send(await self._connections.connection())
        return require(call, reply)

    async def call_with(
        self, call: Call, method: str, path: str, *, token: Secret, payload: object, agent: Agent
    ) -> Reply:
        """The answer to a request that a token of its own opens, whatever its status."""
        connection = await self._connections.connection()
        url = service_url(connection.url, path, {})
        request = Request(method, url, Authorization(token), JSON_HEADERS, encode(payload), agent)
        return await self._transport.send(call, request)


def service_url(base: str, path: str, query: Mapping[str, str]) -> str:
    """The address of a path below the service's base address.

    Joined with exactly one slash; the base's own query is kept, ``query`` overrules it, and ``api-version`` is added
    unless it is there already. Values are percent-encoded.
    """
    parts = urlsplit(base)
    joined = f"{parts.path.rstrip('/')}/{path.lstrip('/')}"
    merged = {"api-version": API_VERSION, **dict(parse_qsl(parts.query, keep_blank_values=True)), **query}
    return urlunsplit((parts.scheme, parts.netloc, joined, urlencode(merged, quote_via=quote), ""))
