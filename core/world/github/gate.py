"""Who may ask what: the credential each endpoint wants, and the form in which a request has to come.

A request that is not what a correct client sends is refused with a text that says why, so that a mistake in the
product shows where it is made (github-scale-set-api.md section 11.2).
"""

import json

from aiohttp import web

from core.world.clock import WorldClock
from core.world.github.jwts import app_jwt_fault
from core.world.github.records import ScaleSetRecord, Session
from core.world.github.refusals import Complaint, PlainRefusal, RestRefusal, ServiceRefusal
from core.world.github.service import ScaleSetService
from core.world.github.settings import Credentials
from core.world.github.tokens import Grant, TokenKind, TokenOffice

API_VERSION = "6.0-preview"
"""The value of `api-version`, in a query on the Actions service and inside Accept on the queue (section 0.5)."""

CAPACITY_HEADER = "X-ScaleSetMaxCapacity"
"""Where a poll says how many runners there can be (section 5.5)."""

_USER_AGENT_KEYS = {
    "system": str,
    "version": str,
    "commit_sha": str,
    "scale_set_id": int,
    "subsystem": str,
    "build_version": str,
    "build_commit_sha": str,
    "kind": str,
}


class Gate:
    """Checks credentials and form; every method raises a refusal or returns what the caller has proved."""

    def __init__(
        self, clock: WorldClock, service: ScaleSetService, tokens: TokenOffice, credentials: Credentials
    ) -> None:
        self._clock = clock
        self._service = service
        self._tokens = tokens
        self._credentials = credentials

    def kind_of(self, request: web.Request) -> str:
        """Return what kind of credential a request carries, for the log: a kind of token, or a word for the rest."""
        _, token = _presented(request)
        if not token:
            return "none"
        if token in self._credentials.personal_access_tokens:
            return "pat"
        grant = self._tokens.grant(token)
        if grant is not None:
            return grant.kind.value
        fault = app_jwt_fault(token, self._clock.time(), self._credentials.app_public_key)
        return "app" if fault is None else "unknown"

    def require_app(self, request: web.Request) -> None:
        """Let an App pass that signs for itself (section 2.2)."""
        scheme, token = _presented(request)
        fault = app_jwt_fault(token, self._clock.time(), self._credentials.app_public_key)
        if scheme != "bearer" or fault is not None:
            raise RestRefusal(401, fault or "Requires authentication")

    def require_rest(self, request: web.Request) -> bool:
        """Let an installation or a person pass; return whether it is an installation."""
        scheme, token = _presented(request)
        if scheme in ("bearer", "token"):
            if token in self._credentials.personal_access_tokens:
                return False
            if self._granted(token, TokenKind.INSTALLATION) is not None:
                return True
        raise RestRefusal(401, "Bad credentials")

    def require_registration(self, request: web.Request) -> None:
        """Let the holder of a registration token pass (section 2.5)."""
        scheme, token = _presented(request)
        if scheme != "remoteauth" or self._granted(token, TokenKind.REGISTRATION) is None:
            raise RestRefusal(401, "Bad credentials")

    def require_admin(self, request: web.Request) -> None:
        """Let the holder of an admin token pass whose request has the form of a scale-set client's."""
        _require_client_form(request)
        scheme, token = _presented(request)
        if scheme != "bearer" or self._granted(token, TokenKind.ADMIN) is None:
            raise ServiceRefusal(Complaint.INVALID_TOKEN, "The token is not valid or has expired.")

    def require_acquirer(self, request: web.Request, scale_set: ScaleSetRecord) -> None:
        """Let the holder of the scale set's queue token pass: acquiring wants that one, not the admin's (5.10)."""
        _require_client_form(request)
        self._require_queue_token(request, scale_set)

    def require_reader(self, request: web.Request) -> tuple[ScaleSetRecord, Session]:
        """Return the scale set and the session that a queue request is for; the token must be of that session."""
        scale_set = self._service.registry.scale_sets.get(whole_number("scope", request.query.get("scope", "")))
        if scale_set is None:
            raise PlainRefusal(404)
        return scale_set, self._require_queue_token(request, scale_set)

    def _require_queue_token(self, request: web.Request, scale_set: ScaleSetRecord) -> Session:
        scheme, token = _presented(request)
        grant = self._granted(token, TokenKind.QUEUE)
        if scheme != "bearer" or grant is None:
            raise PlainRefusal(401)
        session = self._service.sessions.current(scale_set)
        if session is None or session.id != grant.subject:
            raise PlainRefusal(self._service.quirks.gone_session_status)
        return session

    def _granted(self, token: str, kind: TokenKind) -> Grant | None:
        grant = self._tokens.grant(token)
        return grant if grant is not None and grant.kind is kind else None


def require_poll_form(request: web.Request) -> int:
    """Return the capacity that a poll advertises; raises PlainRefusal for a poll of the wrong form (section 5.5)."""
    accepted = request.headers.get("Accept", "").replace(" ", "")
    if accepted != f"application/json;api-version={API_VERSION}":
        raise PlainRefusal(400, f"Accept must be application/json; api-version={API_VERSION}")
    return whole_number(CAPACITY_HEADER, request.headers.get(CAPACITY_HEADER, ""))


def whole_number(name: str, text: str) -> int:
    """Return `text` as an integer of at least 0; raises PlainRefusal that names what was wrong."""
    if not (text.isascii() and text.isdigit()):
        raise PlainRefusal(400, f"{name} must be a whole number of at least 0")
    return int(text)


def _presented(request: web.Request) -> tuple[str, str]:
    """Return the scheme in lower case and the credential; empty strings where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower(), token


def _require_client_form(request: web.Request) -> None:
    if request.query.get("api-version") != API_VERSION:
        raise PlainRefusal(400, f"the query needs api-version={API_VERSION}")
    try:
        agent = json.loads(request.headers.get("User-Agent", ""))
    except ValueError:
        agent = None
    if not isinstance(agent, dict) or not all(isinstance(agent.get(key), of) for key, of in _USER_AGENT_KEYS.items()):
        raise PlainRefusal(400, f"User-Agent must be a JSON object with {', '.join(_USER_AGENT_KEYS)}")
