"""Every token this GitHub has given out: what it is good for, how long, and how it is spelled.

Admin and queue tokens are JWTs, because clients read `exp` out of them (github-scale-set-api.md sections 2.6, 5.1);
what counts here is the book of grants alone, so a token can be made worthless before its `exp`.
"""

import random
import string
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.world.clock import WorldClock
from core.world.github.jwts import sign_hs256


class TokenKind(StrEnum):
    """What a token is for."""

    INSTALLATION = "installation"
    REGISTRATION = "registration"
    ADMIN = "admin"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Grant:
    """A token's meaning. `subject` is the session id of a queue token, otherwise empty."""

    kind: TokenKind
    expires_at: datetime
    subject: str = ""


class TokenOffice:
    """Issues tokens and says what a presented one is worth. Spellings come from `rng`."""

    def __init__(self, clock: WorldClock, rng: random.Random) -> None:
        self.issued: set[str] = set()
        self._clock = clock
        self._rng = rng
        self._key = rng.randbytes(32)
        self._grants: dict[str, Grant] = {}

    def issue(self, kind: TokenKind, life: float, subject: str = "") -> tuple[str, Grant]:
        """Return a new token that is good for `life` seconds, and its grant."""
        self._forget_expired()
        now = self._clock.now()
        grant = Grant(kind, now + timedelta(seconds=life), subject)
        token = self._spell(grant, now)
        self._grants[token] = grant
        self.issued.add(token)
        return token, grant

    def grant(self, token: str) -> Grant | None:
        """Return what a token is good for at this moment; None: nothing."""
        grant = self._grants.get(token)
        return grant if grant is not None and grant.expires_at > self._clock.now() else None

    def expire(self, kind: TokenKind) -> None:
        """Make every token of a kind worthless from now on, whatever its `exp` says."""
        self._grants = {token: grant for token, grant in self._grants.items() if grant.kind is not kind}

    def _forget_expired(self) -> None:
        now = self._clock.now()
        self._grants = {token: grant for token, grant in self._grants.items() if grant.expires_at > now}

    def _spell(self, grant: Grant, now: datetime) -> str:
        if grant.kind is TokenKind.INSTALLATION:
            return "ghs_" + "".join(self._rng.choices(string.ascii_letters + string.digits, k=36))
        if grant.kind is TokenKind.REGISTRATION:
            return "A" + "".join(self._rng.choices(string.ascii_uppercase + string.digits, k=28))
        claims: dict[str, object] = {
            "iat": int(now.timestamp()),
            "exp": int(grant.expires_at.timestamp()),
            "iss": "arcdeck-world",
            "sub": grant.kind.value,
            "jti": str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
        }
        return sign_hs256(claims, self._key)
