"""GitHub's REST rate limits: read from every answer, remembered, and obeyed before the next request.

Asking on while limited makes GitHub limit longer, so a gate refuses locally until the wait is over. The order of the
rules is GitHub's (github-scale-set-api.md section 6.6; https://docs.github.com/rest, *rate limits*): ``retry-after``
when it is there; else, with nothing remaining, the time of the reset; else a minute, then twice as long each time.
A gate holds one budget and belongs to one event loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from core.domain.errors import Throttled

if TYPE_CHECKING:
    from core.adapters.github.calls import Call
    from core.adapters.github.reply import Reply
    from core.ports import Clock

#: Seconds to wait when GitHub limits without saying for how long, and the most that doubling it leads to.
SECONDARY_WAIT: Final = 60.0
MAX_SECONDARY_WAIT: Final = 3600.0

_SHORTEST_WAIT: Final = 1.0
_LIMITING = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A primary limit as GitHub last told it."""

    remaining: int  #: requests left until ``reset``
    limit: int  #: requests allowed in a window
    reset: datetime  #: aware UTC: when the window ends


class RateGate:
    """One budget of requests: what is left of it, and until when it is closed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closed_until: float | None = None
        self._unexplained = 0  # limits in a row that came without a time
        #: None until GitHub told a limit; GitHub Enterprise Server may never tell one.
        self.rate: RateLimit | None = None

    def check(self, call: Call) -> None:
        """Raise Throttled, with the seconds left, while the budget is known to be used up."""
        if self._closed_until is None:
            return
        left = self._closed_until - self._clock.monotonic()
        if left > 0:
            raise Throttled(f"{call.operation}: GitHub's rate limit is reached, {left:.0f} s to go", retry_after=left)
        self._closed_until = None

    def observe(self, reply: Reply) -> float | None:
        """Learn from an answer; the seconds to wait when it says that we are limited, else None."""
        self.rate = _told(reply) or self.rate
        if not _is_limited(reply):
            self._unexplained = 0
            if _used_up(reply) and self.rate is not None:
                self._close_for(self._until_reset(self.rate))
            return None
        wait = self._wait(reply)
        self._close_for(wait)
        return wait

    def _wait(self, reply: Reply) -> float:
        if reply.retry_after is not None:
            return max(reply.retry_after, _SHORTEST_WAIT)
        if _used_up(reply) and self.rate is not None:
            return max(self._until_reset(self.rate), _SHORTEST_WAIT)
        self._unexplained += 1
        return min(SECONDARY_WAIT * 2.0 ** (self._unexplained - 1), MAX_SECONDARY_WAIT)

    def _until_reset(self, rate: RateLimit) -> float:
        return (rate.reset - self._clock.now()).total_seconds()

    def _close_for(self, seconds: float) -> None:
        self._closed_until = self._clock.monotonic() + seconds


def _told(reply: Reply) -> RateLimit | None:
    names = ("x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-reset")
    try:
        remaining, limit, reset = (int(reply.headers[name]) for name in names)
        return RateLimit(remaining, limit, datetime.fromtimestamp(reset, UTC))
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _used_up(reply: Reply) -> bool:
    return reply.headers.get("x-ratelimit-remaining", "").strip() == "0"


def _is_limited(reply: Reply) -> bool:
    """Whether an answer is a rate limit and not the lack of a permission, which is a 403 too."""
    if reply.status not in _LIMITING:
        return False
    return (
        reply.status == HTTPStatus.TOO_MANY_REQUESTS
        or reply.retry_after is not None
        or _used_up(reply)
        or b"rate limit" in reply.body.lower()
    )
