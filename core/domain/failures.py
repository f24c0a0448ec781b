"""What a refusal of ECS means: one table from its words to what a caller does next (behaviour.md row 13).

ECS says no in two ways: an API error with a code, and RunTask's ``failures`` in an answer of HTTP 200. Codes decide
where they can; ``ClientException`` and ``InvalidParameterException`` stand for anything, so with these the text decides
(ecs-api.md A1). Texts are matched in any case, and by the part that AWS has never varied: the quota texts hold a
typographic apostrophe, and their ends differ. The eight texts and two codes of the original (behaviour.md 1.2) are
all here; its ``AGENT`` is matched as a word, not inside another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.domain.errors import (
    ArcdeckError,
    CapacityKind,
    ConfigurationError,
    PermissionDenied,
    Rejected,
    TransientCapacityError,
)
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class FailureClass(StrEnum):
    """Why ECS refused. Of several reasons the earlier one in this list counts: any hope of room is worth a wait."""

    CAPACITY = "capacity"  #: no room now
    QUOTA = "quota"  #: a limit of the account that frees itself as tasks end
    THROTTLE = "throttle"  #: too many calls, or a fault on AWS's side
    PERMISSION = "permission"  #: a person must grant something
    CONFIGURATION = "configuration"  #: a person must mend a setting
    UNKNOWN = "unknown"  #: words that are not in the table

    @property
    def capacity_kind(self) -> CapacityKind | None:
        """How callers know the transient classes; None for those that waiting does not mend."""
        return _KINDS.get(self)


_KINDS = {
    FailureClass.CAPACITY: CapacityKind.CAPACITY,
    FailureClass.QUOTA: CapacityKind.QUOTA,
    FailureClass.THROTTLE: CapacityKind.THROTTLE,
}
_PRECEDENCE = tuple(FailureClass)


@dataclass(frozen=True, slots=True)
class RunTaskFailure:
    """One item of RunTask's ``failures``; AWS leaves the ARN and the detail out as often as not."""

    reason: str
    arn: str = ""
    detail: str = ""


#: Who we are is not accepted; the AWS adapter tells these apart from what we may not do (ecs-api.md A1, common errors).
CREDENTIAL_CODES = frozenset(
    {
        "accessdeniedforsession",
        "expiredtoken",
        "expiredtokenexception",
        "incompletesignature",
        "incompletesignatureexception",
        "invalidaccesskeyid",
        "invalidclienttokenid",
        "invalidsignatureexception",
        "missingauthenticationtoken",
        "missingauthenticationtokenexception",
        "requestexpired",
        "signaturedoesnotmatch",
        "unrecognizedclientexception",
    }
)

_CODES: dict[str, FailureClass] = {
    **dict.fromkeys(
        (
            "throttlingexception",
            "throttling",
            "throttledexception",
            "requestthrottled",
            "requestthrottledexception",
            "requestlimitexceeded",  # EC2's, passed on by ECS
            "ec2throttledexception",
            "toomanyrequestsexception",
            "slowdown",
            "serverexception",  # behaviour.md 1.2
        ),
        FailureClass.THROTTLE,
    ),
    **dict.fromkeys(("limitexceededexception", "servicequotaexceededexception"), FailureClass.QUOTA),
    **dict.fromkeys(
        (
            "accessdenied",
            "accessdeniedexception",
            "unauthorizedoperation",
            "notauthorized",
            "blockedexception",
            "optinrequired",
            *CREDENTIAL_CODES,
        ),
        FailureClass.PERMISSION,
    ),
    **dict.fromkeys(
        (
            "clusternotfoundexception",
            "conflictexception",
            "unsupportedfeatureexception",
            "platformunknownexception",
            "platformtaskdefinitionincompatibilityexception",
            "resourcenotfoundexception",
            "servicenotfoundexception",
            "validationexception",
        ),
        FailureClass.CONFIGURATION,
    ),
}

#: The codes that stand for anything; without a known text they are a matter of configuration.
_VAGUE_CODES = frozenset({"clientexception", "invalidparameterexception"})


def _phrase(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text), re.IGNORECASE)


def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(text)}(?![\w-])", re.IGNORECASE)


_Table = tuple[tuple[re.Pattern[str], FailureClass], ...]

#: Sentences, found in failure reasons and in the messages of vague codes alike.
_SENTENCES: _Table = (
    (_phrase("Capacity is unavailable"), FailureClass.CAPACITY),  # Fargate
    (_phrase("No Container Instances were found"), FailureClass.CAPACITY),  # an empty EC2 or EXTERNAL cluster
    (_phrase("EMPTY CAPACITY PROVIDER"), FailureClass.CAPACITY),
    (_phrase("NO ACTIVE INSTANCES"), FailureClass.CAPACITY),
    (_phrase("limit on the number of"), FailureClass.QUOTA),  # vCPUs or tasks "you can run concurrently"
    (_phrase("is above your limit"), FailureClass.QUOTA),  # "The requested CPU configuration …"
    (re.compile(r"(limit|quota)\b.*\bprovisioning|\bprovisioning\b.*(limit|quota)", re.IGNORECASE), FailureClass.QUOTA),
    (_phrase("Rate exceeded"), FailureClass.THROTTLE),
    (_phrase("RequestLimitExceeded"), FailureClass.THROTTLE),  # EC2, while ECS looks at subnets and groups
    (_phrase("Request limit exceeded"), FailureClass.THROTTLE),
    (_phrase("Too many concurrent attempts"), FailureClass.THROTTLE),  # two revisions of a family at once
    (_phrase("not authorized to perform"), FailureClass.PERMISSION),
    (_phrase("TaskDefinition is inactive"), FailureClass.CONFIGURATION),  # deregistered between look and start
    (_phrase("placement constraint unsatisfied"), FailureClass.CONFIGURATION),
)

#: ECS's own reason words, found in failure reasons only.
_REASON_WORDS: _Table = (
    (_phrase("RESOURCE:CPU"), FailureClass.CAPACITY),
    (_phrase("RESOURCE:MEMORY"), FailureClass.CAPACITY),
    (_phrase("RESOURCE:ENI"), FailureClass.CAPACITY),
    (_phrase("RESOURCE:PORTS"), FailureClass.CAPACITY),  # also _TCP and _UDP
    (_phrase("RESOURCE:GPU"), FailureClass.CAPACITY),
    (_word("AGENT"), FailureClass.CAPACITY),  # disconnected; agents reconnect several times an hour by design
    (_word("LOCATION"), FailureClass.CONFIGURATION),
    (_word("ATTRIBUTE"), FailureClass.CONFIGURATION),
    (_word("MISSING"), FailureClass.CONFIGURATION),
    (_word("INACTIVE"), FailureClass.CONFIGURATION),
)


def classify_reason(reason: str) -> FailureClass:
    """Classify one ``failures[].reason`` of RunTask."""
    return _most_hopeful(_matches(reason, (*_REASON_WORDS, *_SENTENCES)))


def classify_api_error(code: str, message: str) -> FailureClass:
    """Classify an API error by its code, in any case, and by its message where the code says nothing."""
    lowered = code.lower()
    if lowered in _CODES:
        return _CODES[lowered]
    told = _most_hopeful(_matches(message, _SENTENCES))
    if told is FailureClass.UNKNOWN and (lowered in _VAGUE_CODES or lowered.startswith("invalid")):
        return FailureClass.CONFIGURATION
    return told


def telling_reason(code: str, message: str) -> str:
    """Give the words an API error was classified by: its code, or its message when the code stands for anything."""
    return message if code.lower() in _VAGUE_CODES else code


def run_task_error(failures: Sequence[RunTaskFailure], *, request_id: str | None = None) -> ArcdeckError:
    """Give the error for an answer of RunTask that holds no task.

    Its message ends with the list ``arn: reason; `` of all that ECS said, cut where it grows long: an EC2 cluster
    answers with one failure for each container instance.
    """
    reasons = tuple(dict.fromkeys(failure.reason for failure in failures))
    verdict = _most_hopeful(classify_reason(reason) for reason in reasons)
    listed = plain("".join(_listed(failure) for failure in failures))
    return refusal(verdict, f"RunTask started no task: {listed}", reasons=reasons, request_id=request_id)


def refusal(
    verdict: FailureClass, message: str, *, reasons: tuple[str, ...], request_id: str | None = None
) -> ArcdeckError:
    """Give the error that tells a caller of RunTask what to do about a refusal of this class."""
    kind = verdict.capacity_kind
    if kind is not None:
        return TransientCapacityError(message, kind=kind, reasons=reasons, request_id=request_id)
    return _PERMANENT[verdict](message, request_id=request_id)


_PERMANENT: dict[FailureClass, type[Rejected]] = {
    FailureClass.PERMISSION: PermissionDenied,
    FailureClass.CONFIGURATION: ConfigurationError,
    FailureClass.UNKNOWN: Rejected,
}


def _matches(text: str, table: _Table) -> Iterable[FailureClass]:
    return (verdict for pattern, verdict in table if pattern.search(text))


def _most_hopeful(verdicts: Iterable[FailureClass]) -> FailureClass:
    return min(verdicts, key=_PRECEDENCE.index, default=FailureClass.UNKNOWN)


def _listed(failure: RunTaskFailure) -> str:
    subject = f"{failure.arn}: " if failure.arn else ""
    detail = f" ({failure.detail})" if failure.detail else ""
    return f"{subject}{failure.reason}{detail}; "
