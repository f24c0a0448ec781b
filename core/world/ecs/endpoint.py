"""The HTTP face of the service: the AWS JSON 1.1 protocol, as ECS speaks it.

One endpoint receives the calls of every AWS service, as `AWS_ENDPOINT_URL` makes clients do. A call is ECS's when its
`X-Amz-Target` says so or, without a target, when it is signed for `ecs`; all others go to the fallback, unread.

For an ECS call, in this order: a planned fault strikes, the throttle is asked, the request is read, the operation is
carried out and the call is written down. An operation runs without awaiting anything, so calls never interleave inside
it and no lock is needed. Source of the protocol: ecs-api.md section B7.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from core.world.clock import WorldClock
from core.world.ecs.calls import CallLog
from core.world.ecs.errors import EcsError, throttled
from core.world.ecs.operations import Operations
from core.world.ecs.throttle import Throttle
from core.world.faults import Fault, FaultPlan, answer_under
from core.world.iam import Iam

TARGET_PREFIX = "AmazonEC2ContainerServiceV20141113."
CONTENT_TYPE = "application/x-amz-json-1.1"

Fallback = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Answers the calls of the other services of AWS."""

_SIGNED_FOR = re.compile(r"Credential=[^/,]+/\d+/[^/,]+/(?P<service>[^/,]+)/aws4_request")
_KEPT_FROM_THE_SERVICE = frozenset({"status", "reset", "throttle"})


def service_of(request: web.Request) -> str:
    """Return the AWS service that a request is for, by its signing name; "" when nothing says."""
    if request.headers.get("X-Amz-Target", "").startswith(TARGET_PREFIX):
        return "ecs"
    signed = _SIGNED_FOR.search(request.headers.get("Authorization", ""))
    return signed["service"] if signed else ""


class Endpoint:
    """Reads calls, carries them out and answers them."""

    def __init__(
        self,
        clock: WorldClock,
        operations: Operations,
        *,
        throttle: Throttle,
        faults: FaultPlan,
        log: CallLog,
        fallback: Fallback | None,
        iam: Iam,
    ) -> None:
        self._iam = iam
        self._clock = clock
        self._operations = operations
        self._throttle = throttle
        self._faults = faults
        self._log = log
        self._fallback = fallback

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a call of any service."""
        service = service_of(request)
        if service == "ecs":
            return await self._handle_ecs(request)
        if (answer := await self._iam.answer(request)) is not None:
            return answer
        if self._fallback is not None:
            return await self._fallback(request)
        error = EcsError("NotImplemented", f"There is no AWS service {service!r} behind this endpoint.", status=501)
        return _refused(error)

    async def _handle_ecs(self, request: web.Request) -> web.StreamResponse:
        operation = _operation_of(request)
        if operation not in self._operations:
            return _refused(EcsError("UnknownOperationException", f"There is no operation {operation!r}."))
        if f"ecs:{operation}" in self._iam.refused:
            sentence = f"User: arcdeck is not authorized to perform: ecs:{operation}"
            return _refused(EcsError("AccessDeniedException", sentence))
        fault = self._faults.take(operation)
        if fault is not None and fault.kind in _KEPT_FROM_THE_SERVICE:
            self._log.note(self._clock.now(), operation, {}, fault.kind)
        return await answer_under(fault, request, self._carry_out, _throttled)

    async def _carry_out(self, request: web.Request) -> web.Response:
        body = await request.read()
        name = _operation_of(request)
        sent: Mapping[str, Any] = {}
        try:
            self._throttle.admit(name)
            operation = self._operations[name]
            read = operation.request.read(body)
            sent = read.wire()
            answer = operation.perform(read)
        except EcsError as error:
            self._log.note(self._clock.now(), name, sent, error.code)
            return _refused(error)
        self._log.note(self._clock.now(), name, sent, "ok")
        return _answered(200, answer)


def _operation_of(request: web.Request) -> str:
    return request.headers.get("X-Amz-Target", "").removeprefix(TARGET_PREFIX)


def _throttled(_fault: Fault) -> web.Response:
    return _refused(throttled())


def _refused(error: EcsError) -> web.Response:
    return _answered(error.status, {"__type": error.code, "message": error.message, **error.details})


def _answered(status: int, members: Mapping[str, object]) -> web.Response:
    return web.Response(status=status, body=json.dumps(members).encode(), headers={"Content-Type": CONTENT_TYPE})
