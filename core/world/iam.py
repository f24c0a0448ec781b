"""Who calls, and what they may do: as much of STS and IAM as a dry look asks for.

Both speak AWS's query protocol: a form in, XML out. An action in `refused` is denied by the simulator, and by ECS when
it is really called. Nothing else about policies is played.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from xml.sax.saxutils import escape

from aiohttp import web

_SERVICES = {"sts": "https://sts.amazonaws.com/doc/2011-06-15/", "iam": "https://iam.amazonaws.com/doc/2010-05-08/"}
_SIGNED_FOR = re.compile(r"Credential=[^/,]+/\d+/[^/,]+/(?P<service>sts|iam)/aws4_request")

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Iam:
    """The policies of the one who calls. `role` is the name of the role whose session that is."""

    def __init__(self, account: str, role: str = "arcdeck-controller") -> None:
        self._account = account
        self._role = role
        self.refused: set[str] = set()
        self.principals: set[str] = set()  #: whose policies were simulated

    async def answer(self, request: web.Request) -> web.StreamResponse | None:
        """Answer a call for STS or IAM; None when it is for another service."""
        signed = _SIGNED_FOR.search(request.headers.get("Authorization", ""))
        if signed is None:
            return None
        form = dict(await request.post())
        action = str(form.get("Action", ""))
        if f"{signed['service']}:{action}" in self.refused:
            return _xml(signed["service"], action, _DENIED.format(action=action), status=403)
        if action == "GetCallerIdentity":
            arn = f"arn:aws:sts::{self._account}:assumed-role/{self._role}/bastion"
            return _xml(
                "sts", action, f"<Arn>{arn}</Arn><UserId>AROA:bastion</UserId><Account>{self._account}</Account>"
            )
        if action == "SimulatePrincipalPolicy":
            return _xml("iam", action, self._simulated(form))
        return _xml(signed["service"], action, _UNKNOWN, status=400)

    def _simulated(self, form: Mapping[str, object]) -> str:
        self.principals.add(str(form.get("PolicySourceArn", "")))
        results = []
        for key, value in form.items():
            if key.startswith("ActionNames.member."):
                decision = "implicitDeny" if value in self.refused else "allowed"
                results.append(
                    f"<member><EvalActionName>{escape(str(value))}</EvalActionName>"
                    f"<EvalDecision>{decision}</EvalDecision></member>"
                )
        return f"<IsTruncated>false</IsTruncated><EvaluationResults>{''.join(results)}</EvaluationResults>"


_DENIED = (
    "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform {action}</Message></Error>"
)
_UNKNOWN = "<Error><Type>Sender</Type><Code>InvalidAction</Code><Message>no such action</Message></Error>"
_OK = 200


def _xml(service: str, action: str, inside: str, status: int = _OK) -> web.Response:
    body = f"<{action}Result>{inside}</{action}Result>" if status == _OK else inside
    name = f"{action}Response" if status == _OK else "ErrorResponse"
    namespace = _SERVICES[service]
    text = (
        f'<{name} xmlns="{namespace}">{body}<ResponseMetadata><RequestId>world</RequestId></ResponseMetadata></{name}>'
    )
    return web.Response(status=status, body=text.encode(), content_type="text/xml")
