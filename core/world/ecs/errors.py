"""The refusals of ECS, as it words them.

Operations raise an `EcsError`; the endpoint turns it into the wire's `{"__type": code, "message": …}`. The texts are
AWS's where they are known (ecs-api.md part A names them), because clients know some cases by their text only.
"""

from collections.abc import Mapping


class EcsError(Exception):
    """A request that ECS refuses.

    `code` is the wire's `__type`; `status` the HTTP status, 400 for the client's faults and 500 for the service's;
    `details` are further members of the answer.
    """

    def __init__(
        self, code: str, message: str, *, status: int = 400, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.details: Mapping[str, object] = details or {}


def invalid_parameter(message: str) -> EcsError:
    """Return the refusal of a parameter that cannot be right."""
    return EcsError("InvalidParameterException", message)


def client_exception(message: str) -> EcsError:
    """Return the refusal that ECS uses for unknown identifiers and for definitions that cannot work."""
    return EcsError("ClientException", message)


def cluster_not_found() -> EcsError:
    """Return the refusal of a call that names another cluster."""
    return EcsError("ClusterNotFoundException", "Cluster not found.")


def throttled() -> EcsError:
    """Return the refusal of a call that came too soon."""
    return EcsError("ThrottlingException", "Rate exceeded")


def token_conflict(task_arns: list[str]) -> EcsError:
    """Return the refusal of a client token that belongs to another request; `task_arns` are that request's tasks."""
    message = "The provided client token is already in use with a different RunTask request."
    return EcsError("ConflictException", message, details={"resourceIds": task_arns})
