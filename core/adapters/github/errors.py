"""From an answer, or from the lack of one, to an error of the domain: the one place where GitHub's failures are named.

An error's class says what to do next; its message is one sentence with GitHub's own words and correlation ids in it;
its cause is the raw failure with every detail as data. What GitHub wrote is shortened and cleaned before it enters a
message. Exceptions are known by name, first in ``typeName`` and ``typeKey``, then anywhere in the raw body (some hosts
wrap the original error in text), and never by status alone where a name exists (github-scale-set-api.md sections 3.6,
4.5 and 6.1 to 6.3).
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx

from core.domain.errors import (
    ArcdeckError,
    ConfigurationError,
    CredentialsRejected,
    JobStillRunning,
    OutcomeUnknown,
    PermissionDenied,
    ProtocolError,
    Retryable,
    RunnerExists,
    RunnerNotFound,
    ScaleSetExists,
    ScaleSetNotFound,
    SessionConflict,
    SessionGone,
    Throttled,
    Unavailable,
)
from core.domain.text import plain

if TYPE_CHECKING:
    from core.adapters.github.calls import Call
    from core.adapters.github.reply import Reply

#: Longest piece of a body that is repeated in a message.
MAX_QUOTE: Final = 300

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

# Substrings, so that the task agent's names ("TaskAgentExistsException") are found as well as the runner's.
_NAMED: Final[tuple[tuple[str, type[ArcdeckError]], ...]] = (
    ("AgentExistsException", RunnerExists),
    ("AgentNotFoundException", RunnerNotFound),
    ("JobStillRunningException", JobStillRunning),
    ("RunnerScaleSetExistsException", ScaleSetExists),
    ("RunnerScaleSetNotFoundException", ScaleSetNotFound),
    ("SessionConflictException", SessionConflict),
    ("SessionExpiredException", SessionGone),
)

# The request never left, or not as a whole request: nothing was done.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# The request cannot be sent, today or tomorrow. Their texts may quote a header, so they are not repeated.
_UNSENDABLE = (
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.TooManyRedirects,
    httpx.InvalidURL,
    UnicodeError,  # a host name that cannot be looked up
)


@dataclass(frozen=True, slots=True)
class ServiceError:
    """What the body of a refusal says. Fields are empty when it does not say them; all are cleaned."""

    type_name: str = ""
    type_key: str = ""
    message: str = ""
    text: str = "unknown error"  #: the sentence to show


class HttpStatusError(Exception):
    """The raw refusal behind an error of the domain, for whoever needs its details."""

    def __init__(self, reply: Reply, said: ServiceError) -> None:
        super().__init__(f"{reply.method} {reply.url}: {reply.status} {reply.reason}")
        self.status = reply.status
        self.reason = reply.reason
        self.method = reply.method
        self.url = reply.url
        self.activity_id = reply.activity_id
        self.github_request_id = reply.github_request_id
        self.attempts = reply.attempts
        self.said = said


def require(call: Call, reply: Reply) -> Reply:
    """The reply, when its status is a success of the call; else raises what it means."""
    if reply.status in call.ok:
        return reply
    raise refusal(call, reply)


def refusal(call: Call, reply: Reply, kind: type[ArcdeckError] | None = None) -> ArcdeckError:
    """The error that an unwelcome answer means; ``kind`` overrules what its status and body say."""
    said = read_refusal(reply)
    kind = kind or _meaning(call, reply, said)
    message = f"{call.operation}: {reply.method} {reply.url} failed({_facts(reply)}): {said.text}"
    if call.hint and issubclass(kind, (CredentialsRejected, PermissionDenied, ConfigurationError)):
        message = f"{message} ({call.hint})"
    if issubclass(kind, Retryable):
        error: ArcdeckError = kind(message, retry_after=reply.retry_after, request_id=reply.request_id)
    else:
        error = kind(message, request_id=reply.request_id)
    error.__cause__ = HttpStatusError(reply, said)
    return error


def unanswered(call: Call, error: Exception, where: str) -> ArcdeckError:
    """The error that a failed exchange means; ``where`` names the request. The caller chains what is safe to show."""
    if isinstance(error, _UNSENDABLE):
        return ProtocolError(f"{call.operation}: {where} cannot be sent ({type(error).__name__})")
    if (distrust := _certificate_problem(error)) is not None:
        return ConfigurationError(
            f"{call.operation}: {where}: the server's certificate is not trusted ({plain(distrust, MAX_QUOTE)}); "
            "name the authority that signed it with GITHUB_CA_FILE"
        )
    if isinstance(error, _NEVER_SENT):
        return Unavailable(f"{call.operation}: {where} was not sent: {_reason(error)}")
    kind = OutcomeUnknown if call.changes else Unavailable
    return kind(f"{call.operation}: {where} got no answer: {_reason(error)}")


def may_be_quoted(error: Exception) -> bool:
    """Whether a failed exchange's own text is safe in a traceback; some quote the header that would not go."""
    return not isinstance(error, _UNSENDABLE)


def read_refusal(reply: Reply) -> ServiceError:
    """What the body of an error answer says, in whichever of GitHub's forms it is written."""
    if reply.status < HTTPStatus.BAD_REQUEST:
        return ServiceError(text="an unexpected status")  # its body may be what was asked for: a token, a JIT config
    if reply.is_empty:
        return ServiceError()
    quoted = plain(reply.body.decode(errors="replace").strip(), MAX_QUOTE)
    if "text/plain" in reply.headers.get("Content-Type", "").lower():
        return ServiceError(text=quoted)
    fields = _object(reply.body)
    if fields is None:
        return ServiceError(text=f"an unexpected answer: {quoted}")
    type_name, type_key, message = (_string(fields, key) for key in ("typeName", "typeKey", "message"))
    spoken = ": ".join(part for part in (type_name, message) if part)
    return ServiceError(type_name, type_key, message, spoken or quoted)


def _meaning(call: Call, reply: Reply, said: ServiceError) -> type[ArcdeckError]:
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _server_failure(call, reply.status)
    if reply.status < HTTPStatus.BAD_REQUEST:
        return ProtocolError
    if (named := _named(reply, said)) is not None:
        return named
    if call.missing is not None and reply.status in _GONE and _speaks_for_itself(reply):
        return call.missing
    return _by_status(call, reply.status)


def _server_failure(call: Call, status: int) -> type[ArcdeckError]:
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return ProtocolError
    return OutcomeUnknown if call.changes else Unavailable


def _by_status(call: Call, status: int) -> type[ArcdeckError]:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return CredentialsRejected
        case HTTPStatus.FORBIDDEN:
            return PermissionDenied
        case HTTPStatus.CONFLICT if call.conflict is not None:
            return call.conflict
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled
        case _:
            return ProtocolError


def _named(reply: Reply, said: ServiceError) -> type[ArcdeckError] | None:
    names = f"{said.type_name} {said.type_key}".strip() or reply.body.decode(errors="replace")
    return next((kind for name, kind in _NAMED if name in names), None)


def _speaks_for_itself(reply: Reply) -> bool:
    """Whether a 404 comes from the service: a router or a proxy on the way answers in text."""
    return reply.is_empty or _object(reply.body) is not None


def _facts(reply: Reply) -> str:
    facts = [f'status="{reply.status} {plain(reply.reason, MAX_QUOTE)}"']
    if reply.activity_id:
        facts.append(f'activity_id="{reply.activity_id}"')
    if reply.github_request_id:
        facts.append(f'github_request_id="{reply.github_request_id}"')
    if reply.attempts > 1:
        facts.append(f"attempts={reply.attempts}")
    return ", ".join(facts)


def _object(body: bytes) -> dict[str, object] | None:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _string(fields: dict[str, object], key: str) -> str:
    value = fields.get(key)
    return plain(value, MAX_QUOTE) if isinstance(value, str) else ""


def _reason(error: Exception) -> str:
    return plain(str(error), MAX_QUOTE) or type(error).__name__


def _certificate_problem(error: BaseException | None) -> str | None:
    """What the TLS library says of a certificate it would not trust; None when that is not the trouble."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or str(error)
        error = error.__cause__ or error.__context__
    return None
