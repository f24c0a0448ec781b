"""What a message session consists of between two refreshes, and the addresses that follow from it.

The queue's address may carry a query of its own, a signature among others; it is kept exactly as it came, and only the
parameter that is ours is set (github-scale-set-api.md sections 5.5, 5.9 and 6.7).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from core.adapters.github.admin import expiry

if TYPE_CHECKING:
    from core.adapters.github.wire import Session
    from core.domain.secret import Secret
    from core.ports import Clock

#: Seconds before the queue token's end from which it is refreshed: room for a few polls to try in, should it fail.
REFRESH_LEAD: Final = 300.0


@dataclass(frozen=True, slots=True)
class Lease:
    """A session as it was last granted."""

    session_id: str
    queue_url: str = field(repr=False)
    token: Secret
    refresh_at: float | None  #: monotonic seconds; None when the token does not say when it ends


def granted(session: Session, clock: Clock) -> Lease:
    """The lease that a new session is."""
    token = session.message_queue_access_token
    return Lease(session.id, session.message_queue_url, token, _refresh_at(token, clock))


def renewed(old: Lease, session: Session, clock: Clock) -> Lease:
    """The lease after a refresh: replaced as a whole, except for what the answer left out."""
    token = session.message_queue_access_token or old.token
    return Lease(
        session_id=session.id or old.session_id,
        queue_url=session.message_queue_url or old.queue_url,
        token=token,
        refresh_at=_refresh_at(token, clock),
    )


def poll_url(queue_url: str, last_message_id: int) -> str:
    """Where to ask for the first message after ``last_message_id``; 0 asks for the first there is."""
    if last_message_id <= 0:
        return queue_url
    return str(httpx.URL(queue_url).copy_set_param("lastMessageId", last_message_id))


def message_url(queue_url: str, message_id: int) -> str:
    """The address of one message, for deleting it."""
    url = httpx.URL(queue_url)
    path, mark, query = url.raw_path.partition(b"?")
    return str(url.copy_with(raw_path=b"%s/%d%s%s" % (path.rstrip(b"/"), message_id, mark, query)))


def _refresh_at(token: Secret, clock: Clock) -> float | None:
    """When to refresh a token, by its own word; never earlier than half of its life, however short that is.

    A token that is over already by this machine's clock is left to the queue's judgement: the clocks may differ.
    """
    end = expiry(token)
    life = 0.0 if end is None else end - clock.now().timestamp()
    return clock.monotonic() + max(life - REFRESH_LEAD, life / 2) if life > 0 else None
