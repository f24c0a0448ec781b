"""Client tokens: the same RunTask twice is one run.

A token belongs to the first request that succeeded under it. The same request again gets the first one's outcome, its
failures included; another request under that token is a conflict. A token lives for 24 hours, or for an hour after
the last of its tasks stopped, whichever is shorter; only digests of requests are kept, since they carry secrets.
Source: ecs-api.md section A1 (AWS: "Ensuring idempotency").
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.world.clock import WorldClock
from core.world.ecs.answers import Answer
from core.world.ecs.errors import token_conflict
from core.world.ecs.requests import RunTaskRequest
from core.world.ecs.tasks import EcsTask

_LONGEST_LIFE = timedelta(hours=24)
_AFTER_THE_LAST_TASK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    digest: str
    tasks: tuple[EcsTask, ...]
    failures: tuple[Answer, ...]
    at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether the token has lived out its time."""
        if now - self.at >= _LONGEST_LIFE:
            return True
        ends = [task.stopped_at for task in self.tasks]
        last = max((end for end in ends if end is not None), default=self.at)
        return None not in ends and now - last >= _AFTER_THE_LAST_TASK


class ClientTokens:
    """The tokens of one cluster."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._outcomes: dict[str, Outcome] = {}

    def recall(self, request: RunTaskRequest) -> Outcome | None:
        """Return the outcome that this request had before; None when it is new.

        Raises EcsError (ConflictException) when its token belongs to another request.
        """
        outcome = None if request.client_token is None else self._outcomes.get(request.client_token)
        if outcome is None or outcome.is_over(self._clock.now()):
            return None
        if outcome.digest != _digest(request):
            raise token_conflict([task.arn for task in outcome.tasks])
        return outcome

    def remember(self, request: RunTaskRequest, tasks: list[EcsTask], failures: list[Answer]) -> None:
        """Keep what a new request came to, where it has a token."""
        if request.client_token is None:
            return
        now = self._clock.now()
        self._forget(now)
        self._outcomes.pop(request.client_token, None)
        self._outcomes[request.client_token] = Outcome(_digest(request), tuple(tasks), tuple(failures), now)

    def _forget(self, now: datetime) -> None:
        """Drop what is over among the oldest; what lives on behind a living token is dropped in its turn."""
        while self._outcomes and self._outcomes[token := next(iter(self._outcomes))].is_over(now):
            del self._outcomes[token]


def _digest(request: RunTaskRequest) -> str:
    sent = request.wire()
    sent.pop("clientToken", None)
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
