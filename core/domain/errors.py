"""The error tree, split by what the caller does next rather than by which service spoke.

Adapters translate once, from codes and type names (never from prose where a code exists), and chain the original as
the cause. A message is complete in itself, safe to show and to log: it never holds a token, a key or a JIT config.
"""

from __future__ import annotations

from enum import StrEnum


class ArcdeckError(Exception):
    """Base of every error of ours. ``str(error)`` is one sentence a person can act on."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        #: The service's own id of the failed request, for its support; None when it gave none.
        self.request_id = request_id


# --- try again -----------------------------------------------------------------------------------------------------


class Retryable(ArcdeckError):
    """The same call may succeed later."""

    def __init__(self, message: str, *, retry_after: float | None = None, request_id: str | None = None) -> None:
        super().__init__(message, request_id=request_id)
        #: Seconds the service asked us to wait; None when it did not say.
        self.retry_after = retry_after


class Throttled(Retryable):
    """The service limits our rate (HTTP 429, ThrottlingException, an exhausted GitHub rate limit)."""


class Unavailable(Retryable):
    """The service failed or could not be reached, and certainly did nothing."""


class OutcomeUnknown(Unavailable):
    """Timeout, reset or 5xx after the request was sent: it may have been carried out (behaviour.md row 14)."""


class CapacityKind(StrEnum):
    """Why ECS had no room (ecs-api.md A1, A2)."""

    CAPACITY = "capacity"  #: no instance, no Fargate capacity, agent away
    QUOTA = "quota"  #: an account limit that frees itself as tasks end
    THROTTLE = "throttle"  #: the API's rate limit or a fault on AWS's side


class TransientCapacityError(Retryable):
    """RunTask was refused for want of room or rate; back off and try again (seed: ``ErrTransientCapacity``)."""

    def __init__(
        self,
        message: str,
        *,
        kind: CapacityKind = CapacityKind.CAPACITY,
        reasons: tuple[str, ...] = (),
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id)
        self.kind = kind
        #: The failure reasons or the error code exactly as ECS gave them, for placement classes and the screen.
        self.reasons = reasons


# --- somebody else holds it ----------------------------------------------------------------------------------------


class Conflict(ArcdeckError):
    """The thing exists already, or is held by somebody else."""


class RunnerExists(Conflict):
    """A runner of that name is registered (github-scale-set-api.md section 4.5)."""


class ScaleSetExists(Conflict):
    """A scale set of that name exists in the runner group (section 3.3)."""


class SessionConflict(Conflict):
    """Another message session of the scale set is alive (section 5.3)."""


# --- it is gone ----------------------------------------------------------------------------------------------------


class Gone(ArcdeckError):
    """The thing named does not exist."""


class RunnerNotFound(Gone):
    """No such runner registration."""


class ScaleSetNotFound(Gone):
    """The scale set was deleted; create it anew (section 3.9)."""


class SessionGone(Gone):
    """The message session expired or was evicted; open a new one (section 5.2)."""


class TaskNotFound(Gone):
    """ECS does not know the task."""


# --- leave it alone ------------------------------------------------------------------------------------------------


class Busy(ArcdeckError):
    """The thing is in use."""


class JobStillRunning(Busy):
    """The runner executes a job; it must not be removed (section 4.5)."""


# --- a person must mend it -----------------------------------------------------------------------------------------


class Rejected(ArcdeckError):
    """Repeating will not help: settings, permissions or a quota that needs a request."""


class ConfigurationError(Rejected):
    """A setting is missing, contradictory or unusable; the message names it and how to mend it."""


class CredentialsRejected(Rejected):
    """GitHub or AWS does not accept who we are."""


class PermissionDenied(Rejected):
    """We are known, but may not do this."""


class ForeignOwner(Rejected):
    """The thing exists and is not ours; it is never touched (invariant I5)."""


class ObservingOnly(Rejected):
    """This controller only observes: it changes nothing, whoever asks."""


class ProtocolError(ArcdeckError):
    """A service answered something its protocol does not allow; the answer is dropped."""


class UnreadableMessage(ProtocolError):
    """A queue message that cannot be understood, but can be acknowledged, so that it does not come again for ever."""

    def __init__(self, message: str, *, message_id: int, request_id: str | None = None) -> None:
        super().__init__(message, request_id=request_id)
        self.message_id = message_id
