"""What a controller must be allowed to do in AWS, and to what (ecs-api.md A9): the least, as ``deploy/`` grants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_OUR_TAG = {"aws:TagKeys": "arcdeck:controller"}
_AS_REGISTERED = {"ecs:CreateAction": "RegisterTaskDefinition"}
_TASKS_PASS_ROLE = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class Permission:
    """One action on one kind of thing."""

    action: str  #: as IAM writes it, such as ``ecs:RunTask``
    resource: str  #: an ARN, or ``*``
    purpose: str  #: what cannot be done without it, as the end of "without it …"
    context: Mapping[str, str] = field(default_factory=dict, hash=False)  #: condition keys of the call


@dataclass(frozen=True, slots=True)
class Account:
    """Where in AWS a controller works."""

    partition: str  #: ``aws``, ``aws-cn``, ``aws-us-gov``
    region: str
    number: str  #: 12 digits
    cluster: str  #: its name

    def ecs(self, what: str) -> str:
        """The ARN of something of ECS."""
        return f"arn:{self.partition}:ecs:{self.region}:{self.number}:{what}"


def needed(account: Account, roles: tuple[str, ...], *, family: str, logs: str = "") -> tuple[Permission, ...]:
    """All that a controller needs beside its configuration; ``family`` is one of its task definitions.

    ``roles`` are the ARNs that tasks are given, ``logs`` is the log group of the runners.
    """
    cluster = account.ecs(f"cluster/{account.cluster}")
    task = account.ecs(f"task/{account.cluster}/*")
    definition = account.ecs(f"task-definition/{family}:1")
    here = {"ecs:cluster": cluster}
    return (
        Permission("ecs:DescribeClusters", cluster, "it does not start"),
        Permission("ecs:ListTasks", "*", "nothing can be seen", here),
        Permission("ecs:DescribeTasks", task, "nothing can be seen", here),
        Permission("ecs:RunTask", definition, "no runner starts", here),
        Permission("ecs:TagResource", task, "no runner starts, for tasks are tagged", {"ecs:CreateAction": "RunTask"}),
        Permission("ecs:TagResource", task, "another controller's tasks cannot be adopted", _OUR_TAG),
        Permission("ecs:StopTask", task, "stuck tasks stay, and hold their slots", here),
        Permission("ecs:DescribeTaskDefinition", "*", "no scale set comes up"),
        Permission("ecs:RegisterTaskDefinition", "*", "no changed or new family comes up"),
        Permission("ecs:TagResource", definition, "no changed or new family comes up", _AS_REGISTERED),
        Permission("ecs:ListTaskDefinitions", "*", "definitions of removed scale sets stay registered"),
        Permission("ecs:DeregisterTaskDefinition", "*", "definitions of removed scale sets stay registered"),
        *(Permission("iam:PassRole", role, "no runner starts", _TASKS_PASS_ROLE) for role in dict.fromkeys(roles)),
        *_logs(account, logs),
    )


def _logs(account: Account, group: str) -> tuple[Permission, ...]:
    if not group:
        return ()
    arn = f"arn:{account.partition}:logs:{account.region}:{account.number}:log-group:{group}:log-stream:*"
    return (Permission("logs:GetLogEvents", arn, "what a runner prints cannot be shown here"),)
