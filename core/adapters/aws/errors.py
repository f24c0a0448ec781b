"""From botocore's exceptions to errors of the domain, once, by code and by type.

What matters most is whether the request may have been carried out. Unavailable says: certainly not. A change (RunTask
above all) that was sent and got no readable answer, or an answer of 5xx, is OutcomeUnknown (behaviour.md row 14); a
read in the same case is Unavailable, since nothing hangs on it. aiobotocore calls a connection that broke in the middle
``EndpointConnectionError``, like one that never came about; the two are told apart here.

Messages keep AWS's own text, cleaned, and errors keep AWS's request id and the original as their cause. Where the
original could repeat what was sent, the overrides with their JIT config among it, it is not kept (invariant I6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

# aiohttp's name for "no connection came about", from where aiobotocore itself has it.
from aiobotocore.httpsession import ClientConnectorError
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from core.domain.errors import (
    ArcdeckError,
    ConfigurationError,
    CredentialsRejected,
    Gone,
    OutcomeUnknown,
    PermissionDenied,
    Rejected,
    TaskNotFound,
    Throttled,
    Unavailable,
)
from core.domain.failures import CREDENTIAL_CODES, FailureClass, classify_api_error, refusal, telling_reason
from core.domain.text import plain

if TYPE_CHECKING:
    from core.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Subject:
    """The one thing that a call reads, for the sentence that says why it cannot be read."""

    what: str  #: as in "SSM parameter '/runners'"
    setting: str  #: the setting that names it
    permissions: str  #: what the controller's role needs for it


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked of AWS when something went wrong."""

    operation: str
    cluster: str = ""
    region: str = ""
    secret: Secret | None = None  #: something in the request that no error may repeat
    subject: Subject | None = None  #: None where the call is about a cluster, or about nothing in particular

    @property
    def changes(self) -> bool:
        """Whether it does something, and is not merely a look."""
        return self.operation in _CHANGES

    def repeated_in(self, text: str) -> bool:
        """Whether a text holds the secret, or as much of its beginning as a text cut short would show."""
        shown = self.secret.reveal()[:_TELLTALE] if self.secret else ""
        return bool(shown) and shown in text


#: What an unheard answer leaves open.
_CHANGES = frozenset({"RunTask", "StopTask", "RegisterTaskDefinition", "DeregisterTaskDefinition", "TagResource"})
#: Characters of a secret by which a text that repeats it is known, whole or cut short.
_TELLTALE = 64


class UnreadableAnswerError(Exception):
    """AWS, or something that answers in its place, answered without what was asked for."""


#: All that a call of botocore raises, but for cancellation. The built-in ones come from answers of another shape than
#: the service model's, for instance a proxy's.
CALL_ERRORS = (
    UnreadableAnswerError,
    boto.BotoCoreError,
    boto.ClientError,
    ResponseParserError,
    TimeoutError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

_TOO_MANY_REQUESTS = 429
_SERVER_FAULT = 500

#: Codes of AWS's own faults, which some front ends send with a status of 400.
_FAULT_CODES = frozenset(
    {
        "internalerror",
        "internalfailure",
        "internalservererror",
        "internalserviceerror",
        "requesttimeout",
        "requesttimeoutexception",
        "serverexception",
        "serviceunavailable",
        "serviceunavailableexception",
    }
)

#: What has no code of its own: the operation, part of its text, and what it says is not there.
_NOT_FOUND: tuple[tuple[str, str, type[Gone]], ...] = (
    ("StopTask", "task was not found", TaskNotFound),
    ("TagResource", "specified resource was not found", TaskNotFound),
    ("DescribeTaskDefinition", "Unable to describe task definition", Gone),
    ("GetLogEvents", "does not exist", Gone),  # stream or group: nothing was written yet
)

#: Codes by which SSM and Secrets Manager say that what was asked for is not there (ecs-api.md A8).
_ABSENT_CODES = frozenset({"ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException"})
#: Codes by which they say that the key which protects it may not be used, or is gone.
_DECRYPTION_CODES = frozenset({"DecryptionFailure", "InvalidKeyId"})

#: Sources of credentials that are asked over the network, and may be back in a moment.
_REMOTE_CREDENTIALS = frozenset({"container-role", "iam-role"})
_PARAMETER = re.compile(r"(?:in|parameter) ([A-Za-z][\w.\[\]]*)")


_BY_VERDICT: dict[FailureClass, type[ArcdeckError]] = {
    FailureClass.THROTTLE: Throttled,
    FailureClass.PERMISSION: PermissionDenied,
    FailureClass.CONFIGURATION: ConfigurationError,
}


def translate(error: Exception, call: Call) -> ArcdeckError:
    """Give the error of the domain for one that botocore raised; raise it ``from`` its own ``__cause__``."""
    translated = _from_answer(error, call) if isinstance(error, boto.ClientError) else _from_library(error, call)
    translated.__cause__ = error if _may_be_kept(error, call) else None
    return translated


def cluster_unusable(cluster: str, region: str, why: str) -> ConfigurationError:
    """Give the sentence for a cluster that is not there or not ACTIVE."""
    return ConfigurationError(
        f"ECS cluster {cluster!r} {why} in region {region}; "
        "check ECS_CLUSTER, AWS_REGION and the account that the credentials belong to"
    )


def _may_be_kept(error: Exception, call: Call) -> bool:
    return not isinstance(error, boto.ParamValidationError | ResponseParserError) and not call.repeated_in(str(error))


# --- AWS answered --------------------------------------------------------------------------------------------------


def _from_answer(error: boto.ClientError, call: Call) -> ArcdeckError:
    code, text = _said(error, call)
    message = f"{error.operation_name} was refused: {code}: {text}"
    request_id = _request_id(error)
    if code.lower() in CREDENTIAL_CODES:
        return CredentialsRejected(f"AWS does not accept our credentials: {code}: {text}", request_id=request_id)
    if code == "ClusterNotFoundException":
        return cluster_unusable(call.cluster, call.region, "was not found")
    for operation, part, gone in _NOT_FOUND:
        if operation == error.operation_name and part in text:
            return gone(message, request_id=request_id)
    if call.subject is not None and code in _ABSENT_CODES:
        return _absent(call.subject, call.region, request_id)
    verdict = _verdict(error, code, text)
    if call.operation == "RunTask" and verdict.capacity_kind is not None:
        return refusal(verdict, message, reasons=(telling_reason(code, text),), request_id=request_id)
    if verdict is FailureClass.PERMISSION:
        message += _remedy(call)
    return _type_of(verdict, error, code, call)(message, request_id=request_id)


def _verdict(error: boto.ClientError, code: str, text: str) -> FailureClass:
    if _status(error) == _TOO_MANY_REQUESTS:
        return FailureClass.THROTTLE
    return FailureClass.PERMISSION if code in _DECRYPTION_CODES else classify_api_error(code, text)


def _absent(subject: Subject, region: str, request_id: str | None) -> ConfigurationError:
    return ConfigurationError(
        f"{subject.what} was not found in region {region}; "
        f"check {subject.setting}, AWS_REGION and the account that the credentials belong to",
        request_id=request_id,
    )


def _remedy(call: Call) -> str:
    """What would lift a denial; empty where the call does not say what it is about."""
    if call.subject is not None:
        return f" (the controller's role needs {call.subject.permissions})"
    return f" (the controller's role needs ecs:{call.operation} on cluster {call.cluster})" if call.cluster else ""


def _type_of(verdict: FailureClass, error: boto.ClientError, code: str, call: Call) -> type[ArcdeckError]:
    fault = code.lower() in _FAULT_CODES or (_status(error) >= _SERVER_FAULT and verdict is not FailureClass.THROTTLE)
    return _unanswered(call) if fault else _BY_VERDICT.get(verdict, Rejected)


def _unanswered(call: Call) -> type[Unavailable]:
    return OutcomeUnknown if call.changes else Unavailable


def _said(error: boto.ClientError, call: Call) -> tuple[str, str]:
    """AWS's code and text, cleaned; the text withheld when it repeats what must not be shown."""
    said = error.response.get("Error", {})
    code, text = str(said.get("Code", "")), str(said.get("Message", ""))
    return plain(code), "(text withheld: it repeats the request)" if call.repeated_in(text) else plain(text)


def _status(error: boto.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _request_id(error: boto.ClientError) -> str | None:
    return error.response.get("ResponseMetadata", {}).get("RequestId") or None


# --- AWS did not answer --------------------------------------------------------------------------------------------


def _from_library(error: Exception, call: Call) -> ArcdeckError:
    operation, text = call.operation, plain(str(error))
    kind: type[ArcdeckError]
    match error:
        case boto.NoRegionError():
            kind, sentence = ConfigurationError, "no AWS region is set; set AWS_REGION, or region in the AWS profile"
        case boto.ParamValidationError():
            kind, sentence = ConfigurationError, f"{operation} cannot be sent, a parameter is not valid: {_names(text)}"
        case (
            boto.NoCredentialsError()
            | boto.NoAuthTokenError()
            | boto.PartialCredentialsError()
            | boto.TokenRetrievalError()
            | boto.SSOError()
        ):
            kind, sentence = CredentialsRejected, f"there are no usable AWS credentials: {text}"
        case boto.CredentialRetrievalError() if error.kwargs.get("provider") not in _REMOTE_CREDENTIALS:
            kind, sentence = CredentialsRejected, f"there are no usable AWS credentials: {text}"
        case boto.EndpointConnectionError() if not isinstance(error.kwargs.get("error"), ClientConnectorError):
            kind, sentence = _unanswered(call), f"{operation}: the connection to AWS broke: {text}"
        case boto.CredentialRetrievalError() | boto.MetadataRetrievalError() | boto.ConnectionError():
            kind, sentence = Unavailable, f"{operation} could not be sent to AWS: {text}"
        case boto.HTTPClientError() | boto.IncompleteReadError() | TimeoutError():
            kind, sentence = _unanswered(call), f"{operation} got no answer from AWS: {text or 'timed out'}"
        case boto.BotoCoreError():
            kind, sentence = ConfigurationError, f"{operation} cannot be sent to AWS: {text}"
        case _:
            kind, sentence = _unanswered(call), f"{operation} got an unreadable answer from AWS: {type(error).__name__}"
    return kind(sentence)


def _names(report: str) -> str:
    """The names of the parameters in botocore's report, without their values."""
    return ", ".join(dict.fromkeys(_PARAMETER.findall(report))) or "see the service model"
