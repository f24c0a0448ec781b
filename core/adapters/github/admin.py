"""The admin connection: where the Actions service of a config URL is, and the short-lived token that opens it.

It takes two calls to get one, a registration token (E2) and the exchange of that for an address and a token (E3), and
all scale sets of a client share it. Promises:

- A connection is an immutable snapshot. It is parsed whole before it replaces the previous one, and a failed refresh
  leaves the previous one in place.
- Refreshing is single flight: whoever comes meanwhile gets its result, be it a connection or an error.
- No lock is held during a call that uses a connection (github-scale-set-api.md sections 2.4 to 2.7).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import jwt

from core.adapters.github.auth import with_token
from core.adapters.github.calls import ADMIN_CONNECTION, REGISTRATION_TOKEN
from core.adapters.github.decode import decode, odd
from core.adapters.github.errors import require
from core.adapters.github.transport import JSON_HEADERS, Authorization, Request, encode
from core.adapters.github.wire import AdminGrant, Token
from core.domain.errors import ArcdeckError

if TYPE_CHECKING:
    from core.adapters.github.auth import Tokens
    from core.adapters.github.config_url import ConfigUrl
    from core.adapters.github.reply import Reply
    from core.adapters.github.transport import Transport
    from core.domain.secret import Secret
    from core.ports import Clock

#: A connection with fewer seconds than this left is refreshed before it is used.
REFRESH_LEAD: Final = 60.0


@dataclass(frozen=True, slots=True)
class AdminConnection:
    """The way into the Actions service."""

    url: str  #: base address, used as it came, path included
    token: Secret
    expires_at: float  #: epoch seconds, by the token's own word


class AdminConnections:
    """The current admin connection of one config URL, fetched when it is first needed."""

    def __init__(self, config: ConfigUrl, *, tokens: Tokens, transport: Transport, clock: Clock) -> None:
        self._config = config
        self._tokens = tokens
        self._transport = transport
        self._clock = clock
        self._lock = asyncio.Lock()
        self._current: AdminConnection | None = None
        self._outcome: AdminConnection | ArcdeckError | None = None  # of the last refresh, good or bad

    async def connection(self) -> AdminConnection:
        """A connection with a minute or more to live, refreshed first if need be."""
        if (fresh := self._fresh()) is not None:
            return fresh
        before = self._outcome
        async with self._lock:
            outcome = self._outcome
            if outcome is None or outcome is before:
                outcome = self._outcome = await self._refreshed()
        if isinstance(outcome, ArcdeckError):
            raise outcome
        return outcome

    def forget(self, refused: AdminConnection) -> None:
        """Drop a connection that the service refused, unless it was replaced already."""
        if self._current is refused:
            self._current = None

    def _fresh(self) -> AdminConnection | None:
        current = self._current
        if current is None or self._clock.now().timestamp() + REFRESH_LEAD > current.expires_at:
            return None
        return current

    async def _refreshed(self) -> AdminConnection | ArcdeckError:
        """A new connection, put in place; or the error, for everybody who waits."""
        try:
            self._current = await self._exchange(await self._registration_token())
        except ArcdeckError as error:
            return error
        return self._current

    async def _registration_token(self) -> Secret:
        url = f"{self._config.api}{self._config.scope}/actions/runners/registration-token"
        headers = {"Content-Type": "application/vnd.github.v3+json"}

        async def send(token: Secret) -> Reply:
            request = Request("POST", url, Authorization(token), headers)
            return await self._transport.send(REGISTRATION_TOKEN, request)

        reply = require(REGISTRATION_TOKEN, await with_token(self._tokens, send))
        granted = decode(Token, REGISTRATION_TOKEN, reply)
        if not granted.token:
            raise odd(REGISTRATION_TOKEN, reply, "holds no token")
        return granted.token

    async def _exchange(self, registration: Secret) -> AdminConnection:
        body = {"url": self._config.url, "runner_event": "register"}
        request = Request(
            "POST",
            f"{self._config.api}/actions/runner-registration",
            Authorization(registration, scheme="RemoteAuth"),
            JSON_HEADERS,
            encode(body),
        )
        reply = require(ADMIN_CONNECTION, await self._transport.send(ADMIN_CONNECTION, request))
        return _connection(reply)


def expiry(token: Secret) -> float | None:
    """When a JWT expires by its own word, in epoch seconds, without verifying it; None when it does not say."""
    try:
        claims = jwt.decode(token.reveal(), options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    end = claims.get("exp")
    return float(end) if isinstance(end, (int, float)) else None


def _connection(reply: Reply) -> AdminConnection:
    grant = decode(AdminGrant, ADMIN_CONNECTION, reply)
    if not grant.url:
        raise odd(ADMIN_CONNECTION, reply, "is missing url, the address of the Actions service")
    if not grant.token:
        raise odd(ADMIN_CONNECTION, reply, "is missing token, the way into the Actions service")
    expires_at = expiry(grant.token)
    if expires_at is None:
        raise odd(ADMIN_CONNECTION, reply, "holds a token that does not say when it expires")
    return AdminConnection(grant.url, grant.token, expires_at)
