"""Who we are in AWS, and what IAM would let us do: both are asked for without doing anything.

IAM's policy simulator is the only dry call there is for ECS, whose actions know none of their own. It judges the
policies of the role or user that we are; what an organization forbids above that, it may not see.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from core.adapters.aws.calls import ask
from core.adapters.aws.errors import Call, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.domain.permissions import Permission

_ASSUMED = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/.*")
_ALLOWED = "allowed"
#: Condition keys that hold several values.
_TYPES = {"aws:TagKeys": "stringList"}


class IamAccount:
    """The port ``AwsAccount``, by way of clients of ``sts`` and ``iam`` that stay the caller's."""

    def __init__(self, sts: Any, iam: Any) -> None:
        self._sts = sts
        self._iam = iam

    async def identity(self) -> str:
        """The ARN of who calls, such as that of an assumed role's session."""
        subject = Subject("who the credentials belong to", "AWS_PROFILE or the role", "credentials that are valid")
        call = Call("GetCallerIdentity", region=str(self._sts.meta.region_name), subject=subject)
        return str((await ask(self._sts, call, {}))["Arn"])

    async def refused(self, who: str, permissions: Sequence[Permission]) -> list[Permission]:
        """Those of the permissions that IAM would refuse ``who``, an ARN that ``identity`` gave.

        Raises PermissionDenied when the simulation itself is not allowed, and what every call may raise.
        """
        return [permission for permission in permissions if not await self._allowed(principal(who), permission)]

    async def _allowed(self, who: str, permission: Permission) -> bool:
        subject = Subject("what IAM would allow", "the role's policies", f"iam:SimulatePrincipalPolicy on {who}")
        call = Call("SimulatePrincipalPolicy", region=str(self._iam.meta.region_name), subject=subject)
        request = {
            "PolicySourceArn": who,
            "ActionNames": [permission.action],
            "ResourceArns": [permission.resource],
            "ContextEntries": [
                {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": _TYPES.get(key, "string")}
                for key, value in permission.context.items()
            ],
        }
        answer = await ask(self._iam, call, request)
        return all(result["EvalDecision"] == _ALLOWED for result in answer["EvaluationResults"])


def principal(who: str) -> str:
    """The role behind a session of it, which is what policies are attached to; everybody else is who they are.

    The session's ARN leaves out a role's path, so that of a role with one is not found.
    """
    session = _ASSUMED.fullmatch(who)
    if session is None:
        return who
    return "arn:{partition}:iam::{account}:role/{role}".format(**session.groupdict())
