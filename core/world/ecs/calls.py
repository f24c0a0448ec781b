"""What was asked of the service: counts for ever, the last requests in full but for their secrets.

The environment of an override carries the runner's credential, so its values are never kept here: they stand in the
task's overrides and nowhere else.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_KEPT = 10_000
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `outcome` is "ok", the code of the refusal, or the kind of the fault that kept it outside."""

    at: datetime
    operation: str
    request: Mapping[str, Any]
    outcome: str


class CallLog:
    """Counts by operation, and the last 10,000 calls, oldest first."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.calls: deque[Call] = deque(maxlen=_KEPT)

    def note(self, at: datetime, operation: str, request: Mapping[str, Any], outcome: str) -> None:
        """Write down a call that came in at `at`."""
        self.counts[operation] += 1
        self.calls.append(Call(at, operation, _without_secrets(request), outcome))


def _without_secrets(request: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = request.get("overrides", {}).get("containerOverrides", [])
    if not containers:
        return request
    hidden = [
        {**one, "environment": [_hidden(variable) for variable in one.get("environment", [])]} for one in containers
    ]
    return {**request, "overrides": {**request["overrides"], "containerOverrides": hidden}}


def _hidden(variable: Mapping[str, str]) -> Mapping[str, str]:
    return {**variable, "value": _HIDDEN}
