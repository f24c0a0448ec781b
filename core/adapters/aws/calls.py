"""One call to AWS: a time limit and errors of the domain for every one; its turn and a measurement for those to ECS.

Nothing is retried here. Who asked knows whether a repeat makes sense, and has a backoff of its own; botocore's retries
are off (ecs-api.md A2, SDK retry facts).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from botocore import xform_name

from core.adapters.aws.budget import CallBudget
from core.adapters.aws.errors import CALL_ERRORS, Call, UnreadableAnswerError, translate
from core.domain.errors import ArcdeckError, Throttled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.secret import Secret
    from core.ports import Clock

#: Seconds for one call, connecting and reading included; botocore's own limits are per step and never add up to one.
CALL_TIMEOUT = 30.0

#: What an answer must hold, one of them at least. botocore reads an answer cut short, or a proxy's page of HTML with a
#: status of 200, as one in which nothing is said: without this, an empty list.
_EXPECTED: dict[str, frozenset[str]] = {
    "RunTask": frozenset({"tasks", "failures"}),
    "StopTask": frozenset({"task"}),
    "ListTasks": frozenset({"taskArns"}),
    "DescribeTasks": frozenset({"tasks"}),
    "DescribeClusters": frozenset({"clusters"}),
    "DescribeTaskDefinition": frozenset({"taskDefinition"}),
    "ListTaskDefinitions": frozenset({"taskDefinitionArns"}),
    "DeregisterTaskDefinition": frozenset({"taskDefinition"}),
    "RegisterTaskDefinition": frozenset({"taskDefinition"}),
    "TagResource": frozenset({"ResponseMetadata"}),  # it says nothing but yes
    "GetParameter": frozenset({"Parameter"}),
    "GetLogEvents": frozenset({"events"}),
    "GetCallerIdentity": frozenset({"Arn"}),
    "SimulatePrincipalPolicy": frozenset({"EvaluationResults"}),
    "GetSecretValue": frozenset({"SecretString", "SecretBinary"}),
}


async def ask(client: Any, call: Call, request: Mapping[str, Any]) -> Any:
    """Call an operation of a client of botocore's kind once and return its answer. Raises errors of the domain only."""
    method = getattr(client, xform_name(call.operation))
    try:
        async with asyncio.timeout(CALL_TIMEOUT):
            answer = await method(**request)
        if not _EXPECTED[call.operation] & answer.keys():
            raise UnreadableAnswerError
    except CALL_ERRORS as error:
        failure = translate(error, call)
        raise failure from failure.__cause__
    return answer


class OnCall(Protocol):
    """Told of every call when it is over: ``ok``, ``cancelled`` or the name of the error, and how long it took."""

    def __call__(self, operation: str, outcome: str, seconds: float) -> None:
        """Take note; must not raise."""


class EcsCalls:
    """Calls operations of one ECS client by their API names. The client stays the caller's, who closes it."""

    def __init__(self, client: Any, *, cluster: str, clock: Clock, on_call: OnCall | None) -> None:
        self._client = client
        self._cluster = cluster
        self._clock = clock
        self._on_call = on_call
        self._budget = CallBudget(clock)

    @property
    def region(self) -> str:
        """The Region that is called."""
        return str(self._client.meta.region_name)

    async def __call__(self, operation: str, request: Mapping[str, Any], *, secret: Secret | None = None) -> Any:
        """Call ECS once and return its answer; waiting for the call's turn is not part of its time.

        ``secret`` is something in the request that no error may repeat. Raises errors of the domain only.
        """
        await self._budget.take(operation)
        began, outcome = self._clock.monotonic(), "cancelled"
        try:
            answer = await ask(self._client, Call(operation, self._cluster, self.region, secret), request)
        except ArcdeckError as failure:
            outcome = type(failure).__name__
            if isinstance(failure, Throttled):
                self._budget.throttled(operation)
            raise
        else:
            outcome = "ok"
            self._budget.succeeded(operation)
            return answer
        finally:
            if self._on_call is not None:
                self._on_call(operation, outcome, self._clock.monotonic() - began)
