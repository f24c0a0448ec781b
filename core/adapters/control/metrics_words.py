"""The labels of metrics: each value that one may have comes from a list that is written here, or from the settings.

What GitHub, ECS and the authors of workflows write is never a label: a word that is not in its list is ``other``, one
that was not said is ``none``. So the number of series is bounded by what is configured, whatever happens outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.domain import errors

if TYPE_CHECKING:
    from core.domain.errors import ArcdeckError
    from core.domain.task import Task

OTHER: Final = "other"
NONE: Final = "none"

#: Seconds: what it takes to start a runner, and what a job waits for one. These and the next are boundaries of ARC's,
#: thinned out, so that its heat maps show both.
START_BUCKETS: Final = (1, 2, 5, 10, 15, 20, 30, 60, 90, 120, 180, 240, 300, 600, 900, 1200, 1800)
#: Seconds: what jobs and states take; beyond ARC's hour up to the six that a job may take on GitHub's own runners.
JOB_BUCKETS: Final = (1, 2, 5, 10, 15, 20, 30, 60, 90, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 21600)
#: Seconds: what a look at a cluster takes, with the stops that follow, which wait for their turn.
SWEEP_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
#: Seconds: a call takes milliseconds, a poll is held for 50 s.
CALL_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

#: What a start came to; the classes of ``core.domain.failures`` and those that only GitHub's refusals have.
ACCEPTED: Final = "accepted"
_FAILURES: Final[tuple[tuple[type[ArcdeckError], str], ...]] = (
    (errors.Throttled, "throttle"),
    (errors.OutcomeUnknown, "unanswered"),
    (errors.Unavailable, "unavailable"),
    (errors.PermissionDenied, "permission"),
    (errors.CredentialsRejected, "credentials"),
    (errors.ConfigurationError, "configuration"),
    (errors.Rejected, "unknown"),
    (errors.Conflict, "conflict"),
    (errors.Gone, "gone"),
    (errors.ProtocolError, "protocol"),
)

#: ``stopCode`` of DescribeTasks (ecs-api.md A5).
_STOP_CODES: Final = frozenset(
    {
        "EssentialContainerExited",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TaskFailedToStart",
        "TerminationNotice",
        "UserInitiated",
    }
)
#: Exit codes from here on: ended by a signal, SIGKILL and SIGTERM above all.
_SIGNALLED: Final = 128

#: How jobs end (github-scale-set-api.md section 5.8), in GitHub's spelling.
_RESULTS: Final = {
    "abandoned": "abandoned",
    "canceled": "canceled",
    "cancelled": "canceled",
    "failed": "failed",
    "skipped": "skipped",
    "succeeded": "succeeded",
    "success": "succeeded",
}
#: What starts workflows (docs.github.com, Events that trigger workflows).
_EVENTS: Final = frozenset(
    {
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "create",
        "delete",
        "deployment",
        "deployment_status",
        "discussion",
        "discussion_comment",
        "dynamic",
        "fork",
        "gollum",
        "image_version",
        "issue_comment",
        "issues",
        "label",
        "merge_group",
        "milestone",
        "page_build",
        "public",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "pull_request_target",
        "push",
        "registry_package",
        "release",
        "repository_dispatch",
        "schedule",
        "status",
        "watch",
        "workflow_call",
        "workflow_dispatch",
        "workflow_run",
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What all series of ARC's metrics share: where the runners are, and whose they are. Empty = does not apply."""

    namespace: str = ""  #: ARC's Kubernetes namespace; here the name of the ECS cluster
    enterprise: str = ""
    organization: str = ""
    repository: str = ""

    @classmethod
    def of(cls, config_url: str, cluster: str) -> Scope:
        """The scope of a controller: ``config_url`` as GitHub gives it (section 1.1), ``cluster`` by name or ARN."""
        namespace = cluster.rpartition("/")[2]
        owner, _, rest = urlsplit(config_url).path.strip("/").partition("/")
        if owner.lower() == "enterprises":
            return cls(namespace, enterprise=rest)
        return cls(namespace, organization=owner, repository=rest)


#: The labels of ARC's metrics, by its names.
SCOPED: Final = ("name", "namespace", "enterprise", "organization", "repository")


def scoped(scale_set: str, scope: Scope) -> tuple[str, ...]:
    """The values of ``SCOPED``."""
    return (scale_set, scope.namespace, scope.enterprise, scope.organization, scope.repository)


def outcome_word(error: ArcdeckError | None) -> str:
    """What a start came to; None = ECS accepted its task."""
    if error is None:
        return ACCEPTED
    if isinstance(error, errors.TransientCapacityError):
        return error.kind.value
    return next((word for kind, word in _FAILURES if isinstance(error, kind)), OTHER)


def stop_code_word(task: Task | None) -> str:
    """Why ECS says that a task ended."""
    if task is None or not task.stop_code:
        return NONE
    return task.stop_code if task.stop_code in _STOP_CODES else OTHER


def exit_word(task: Task | None) -> str:
    """How the runner's container ended: ``none`` when it never ran, or ECS did not say."""
    if task is None or task.exit_code is None:
        return NONE
    if task.exit_code >= _SIGNALLED:
        return "killed"
    return "failed" if task.exit_code else "ok"


def event_word(event: str) -> str:
    """What started a job's workflow."""
    return event if event in _EVENTS else _unlisted(event)


def result_word(result: str) -> str:
    """How a job ended."""
    return _RESULTS.get(result.lower()) or _unlisted(result)


def _unlisted(said: str) -> str:
    return OTHER if said else NONE
