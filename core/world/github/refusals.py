"""What the service says no with.

The registries raise `ServiceRefusal` with one of GitHub's exception names, or `PlainRefusal` where GitHub is not known
to have a name. Which status goes with a name on the wire is decided at the HTTP edge, because GitHub's hosts do not
agree on it; `RestRefusal` belongs to that edge alone.
"""

from collections.abc import Mapping
from enum import Enum

_RUNTIME = "GitHub.Actions.Runtime.WebApi"
_DISTRIBUTED_TASK = "GitHub.DistributedTask.WebApi"


class Complaint(Enum):
    """An exception of the Actions service: its short name, its namespace and its usual status (sections 3.6, 4.5)."""

    SCALE_SET_EXISTS = ("RunnerScaleSetExistsException", _RUNTIME, 400)
    SCALE_SET_NOT_FOUND = ("RunnerScaleSetNotFoundException", _RUNTIME, 404)
    SESSION_CONFLICT = ("RunnerScaleSetSessionConflictException", _RUNTIME, 409)
    SESSION_EXPIRED = ("RunnerScaleSetSessionExpiredException", _RUNTIME, 400)
    SESSION_EVICTED = ("RunnerAdminException", _RUNTIME, 404)
    INVALID_TOKEN = ("InvalidTokenException", _RUNTIME, 401)
    RUNNER_EXISTS = ("TaskAgentExistsException", _DISTRIBUTED_TASK, 409)
    RUNNER_NOT_FOUND = ("TaskAgentNotFoundException", _DISTRIBUTED_TASK, 404)
    JOB_STILL_RUNNING = ("TaskAgentJobStillRunningException", _DISTRIBUTED_TASK, 409)

    @property
    def type_key(self) -> str:
        """The short name."""
        return self.value[0]

    @property
    def type_name(self) -> str:
        """The assembly-qualified name, the only part clients are known to match on."""
        short, namespace, _ = self.value
        return f"{namespace}.{short}, {namespace}"

    @property
    def status(self) -> int:
        """The status it usually travels with."""
        return self.value[2]


class ServiceRefusal(Exception):
    """An exception of the Actions service."""

    def __init__(self, complaint: Complaint, message: str) -> None:
        super().__init__(message)
        self.complaint = complaint
        self.message = message


class PlainRefusal(Exception):
    """An answer in plain text, or with no body at all when `text` is empty."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class RestRefusal(Exception):
    """An error of the REST API (section 2.3)."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class RunnerRefused(Exception):
    """A runner process is turned away: its registration is gone, or was used before."""
