"""Who we are to GitHub's REST API: a GitHub App, by short-lived installation tokens, or a personal access token.

An installation token lives for an hour and is shared by all calls until shortly before its end; GitHub asks Apps to
reuse it. Fetching it is single flight. What GitHub no longer accepts is forgotten once, by whoever notices first
(github-scale-set-api.md sections 2.1 to 2.3).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.adapters.github.calls import INSTALLATION_TOKEN
from core.adapters.github.decode import decode, odd
from core.adapters.github.errors import require
from core.adapters.github.lenient import is_sendable
from core.adapters.github.transport import Authorization, Request
from core.adapters.github.wire import Token
from core.domain.errors import ConfigurationError
from core.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from core.adapters.github.reply import Reply
    from core.adapters.github.transport import Transport
    from core.ports import Clock

#: Headers of GitHub's REST API; its version is pinned (https://docs.github.com/rest, *API versions*).
REST_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}

#: Seconds that a JWT of the App is backdated by, against clocks that differ, and that it then lives.
JWT_BACKDATED: Final = 60
JWT_LIFETIME: Final = 9 * 60
#: Seconds before its end from which an installation token is not used any more.
TOKEN_MARGIN: Final = 60.0


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """A GitHub App. Raises ConfigurationError when one of the three is missing."""

    client_id: str  #: the App's client id; its numeric id, as text, works too
    installation_id: int
    private_key: Secret  #: RSA in PEM, PKCS#1 or PKCS#8

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ConfigurationError("the App's client id is missing: set GITHUB_APP_CLIENT_ID or GITHUB_APP_ID")
        if self.installation_id <= 0:
            raise ConfigurationError("the App's installation id is missing: set GITHUB_APP_INSTALLATION_ID")
        if not self.private_key:
            raise ConfigurationError("the App's private key is missing: set GITHUB_APP_PRIVATE_KEY")


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """A personal access token. Raises ConfigurationError when it is empty or could not be sent in a header."""

    token: Secret

    def __post_init__(self) -> None:
        if not self.token or not is_sendable(self.token.reveal()):
            raise ConfigurationError("GITHUB_TOKEN should be a token on one line, without spaces")


Credentials = AppCredentials | TokenCredentials


class Tokens(Protocol):
    """Where the bearer tokens of REST calls come from."""

    async def token(self) -> Secret:
        """A token that should be good now."""

    def forget(self, token: Secret) -> bool:
        """Note that GitHub refused this one; whether ``token()`` may have a better one."""


class PersonalToken:
    """A personal access token: there is only this one."""

    def __init__(self, credentials: TokenCredentials) -> None:
        self._token = credentials.token

    async def token(self) -> Secret:
        """The token."""
        return self._token

    def forget(self, token: Secret) -> bool:
        """There is no other."""
        del token
        return False


class InstallationTokens:
    """Installation tokens of an App, each used for nearly an hour.

    Raises ConfigurationError at once when the private key is not an RSA key in PEM.
    """

    def __init__(self, credentials: AppCredentials, *, api: str, transport: Transport, clock: Clock) -> None:
        self._client_id = credentials.client_id
        self._key = _rsa_key(credentials.private_key)
        self._url = f"{api}/app/installations/{credentials.installation_id}/access_tokens"
        self._transport = transport
        self._clock = clock
        self._lock = asyncio.Lock()
        self._current: Token | None = None

    async def token(self) -> Secret:
        """The current token, fetched first when there is none or when its end is near."""
        async with self._lock:
            if self._current is None or not self._is_good(self._current.expires_at):
                self._current = await self._fetch()
            return self._current.token

    def forget(self, token: Secret) -> bool:
        """Drop the token if it is still the current one."""
        if self._current is not None and self._current.token is token:
            self._current = None
        return True

    async def _fetch(self) -> Token:
        request = Request("POST", self._url, Authorization(self._app_jwt()), REST_HEADERS)
        reply = require(INSTALLATION_TOKEN, await self._transport.send(INSTALLATION_TOKEN, request))
        token = decode(Token, INSTALLATION_TOKEN, reply)
        if not token.token:
            raise odd(INSTALLATION_TOKEN, reply, "holds no token")
        return token

    def _is_good(self, expires_at: datetime | None) -> bool:
        """Whether a token can still be used; one whose end is not known is used once."""
        return expires_at is not None and (expires_at - self._clock.now()).total_seconds() > TOKEN_MARGIN

    def _app_jwt(self) -> Secret:
        return Secret(app_jwt(self._client_id, self._key, self._clock.now()))


def token_source(credentials: Credentials, *, api: str, transport: Transport, clock: Clock) -> Tokens:
    """The tokens that these credentials give."""
    if isinstance(credentials, TokenCredentials):
        return PersonalToken(credentials)
    return InstallationTokens(credentials, api=api, transport=transport, clock=clock)


def app_jwt(client_id: str, key: RSAPrivateKey, now: datetime) -> str:
    """The JWT by which an App names itself.

    https://docs.github.com/apps, *generating a JSON Web Token*: backdated by a minute, and not longer than ten.
    """
    issued = int(now.timestamp()) - JWT_BACKDATED
    claims = {"iat": issued, "exp": issued + JWT_LIFETIME, "iss": client_id}
    return jwt.encode(claims, key, algorithm="RS256")


async def with_token(tokens: Tokens, send: Callable[[Secret], Awaitable[Reply]]) -> Reply:
    """Send with a token, and once more with a fresh one when GitHub refuses it and there is a fresh one to be had."""
    token = await tokens.token()
    reply = await send(token)
    if reply.status == HTTPStatus.UNAUTHORIZED and tokens.forget(token):
        return await send(await tokens.token())
    return reply


def _rsa_key(pem: Secret) -> RSAPrivateKey:
    problem = ConfigurationError("the App's private key is not an unencrypted RSA private key in PEM form")
    try:
        key = load_pem_private_key(pem.reveal().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise problem from None
    if not isinstance(key, RSAPrivateKey):
        raise problem
    return key
