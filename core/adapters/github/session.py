"""The message session of one scale set: the long poll, acknowledging, acquiring, and the queue token behind them.

The queue token is refreshed ahead of its end, and once more when the queue refuses it; the answer to a refresh
replaces the session as a whole, its address included. A token that is refused twice, or a session that GitHub does not
know any more, is SessionGone: whoever listens opens a new one. Polling and acknowledging may go on at the same time
and never refresh twice for the same token (github-scale-set-api.md section 5).
"""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from core.adapters.github.calls import (
    ACQUIRE_JOBS,
    CREATE_SESSION,
    DELETE_MESSAGE,
    DELETE_SESSION,
    GET_MESSAGE,
    REFRESH_SESSION,
)
from core.adapters.github.decode import decode, decode_message, odd
from core.adapters.github.errors import refusal, require
from core.adapters.github.lease import granted, message_url, poll_url, renewed
from core.adapters.github.service import API_VERSION, SCALE_SETS
from core.adapters.github.transport import JSON_HEADERS, Authorization, Request
from core.adapters.github.wire import Acquired, Session
from core.domain.errors import ArcdeckError, Gone, ScaleSetNotFound, SessionGone, Unavailable
from core.domain.messages import Statistics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.adapters.github.agent import Agent
    from core.adapters.github.calls import Call
    from core.adapters.github.lease import Lease
    from core.adapters.github.reply import Reply
    from core.adapters.github.service import ActionsService
    from core.adapters.github.transport import Transport
    from core.domain.messages import Message
    from core.ports import Clock

#: Seconds that refreshing ahead of time may take. A session that is not polled for a minute expires, so a GitHub that
#: hangs must not keep us from polling with a token that is still good.
EARLY_REFRESH_SECONDS: Final = 20.0
#: Seconds to pause after an answer that is no answer, so that a glitch does not become a storm.
EMPTY_ANSWER_PAUSE: Final = 1.0
MAX_CAPACITY: Final = 2**31 - 1

_LOST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class GitHubMessageSession:
    """An open message session (port: ``MessageSession``). Made by ``open_session``."""

    def __init__(
        self,
        scale_set_id: int,
        lease: Lease,
        statistics: Statistics,
        *,
        service: ActionsService,
        transport: Transport,
        clock: Clock,
        agent: Agent,
    ) -> None:
        self._path = f"{SCALE_SETS}/{scale_set_id}"
        self._lease = lease
        self._statistics = statistics
        self._service = service
        self._transport = transport
        self._clock = clock
        self._agent = agent
        self._refreshing = asyncio.Lock()
        self._closed = False

    @property
    def id(self) -> str:
        """The session's UUID."""
        return self._lease.session_id

    @property
    def statistics(self) -> Statistics:
        """The newest statistics that came with opening or refreshing it (section 5.2)."""
        return self._statistics

    async def next_message(self, last_message_id: int, capacity: int) -> Message | None:
        """Wait for a message; None when none came within the hold time.

        Sent once: whoever polls has a rhythm of its own. Raises SessionGone, OutcomeUnknown after 90 s without an
        answer, UnreadableMessage for one that can only be acknowledged.
        """
        headers = {
            "Accept": f"application/json; api-version={API_VERSION}",
            "X-ScaleSetMaxCapacity": str(min(max(capacity, 0), MAX_CAPACITY)),
        }

        async def poll(lease: Lease) -> Reply:
            url = poll_url(lease.queue_url, last_message_id)
            return await self._transport.send(GET_MESSAGE, self._queue_request("GET", url, lease, headers))

        reply = await self._with_queue_token(GET_MESSAGE, poll)
        if reply.status in _LOST:
            raise refusal(GET_MESSAGE, reply, SessionGone)
        require(GET_MESSAGE, reply)
        if reply.status != HTTPStatus.OK:
            return None
        if reply.is_empty or reply.body.strip() == b"null":
            await self._clock.sleep(EMPTY_ANSWER_PAUSE)
            return None
        return decode_message(GET_MESSAGE, reply)

    async def refresh(self) -> None:
        """Refresh it now, though its token is good, for the sake of the statistics."""
        try:
            async with asyncio.timeout(EARLY_REFRESH_SECONDS):
                await self._refreshed(self._lease)
        except TimeoutError as silence:
            raise Unavailable(f"{REFRESH_SESSION.operation}: no answer in {EARLY_REFRESH_SECONDS:.0f} s") from silence

    async def acknowledge(self, message_id: int) -> None:
        """Delete a handled message; one that is gone already is fine."""

        async def delete(lease: Lease) -> Reply:
            url = message_url(lease.queue_url, message_id)
            return await self._transport.send(DELETE_MESSAGE, self._queue_request("DELETE", url, lease, JSON_HEADERS))

        require(DELETE_MESSAGE, await self._with_queue_token(DELETE_MESSAGE, delete))

    async def acquire(self, request_ids: Sequence[int]) -> list[int]:
        """Claim offered jobs; the ids won. Where jobs are assigned without being claimed, there is nothing to win."""
        if not request_ids:
            return []

        async def claim(lease: Lease) -> Reply:
            path = f"{self._path}/acquirejobs"
            return await self._service.call_with(
                ACQUIRE_JOBS, "POST", path, token=lease.token, payload=list(request_ids), agent=self._agent
            )

        reply = await self._with_queue_token(ACQUIRE_JOBS, claim)
        if reply.status == HTTPStatus.NOT_FOUND and not isinstance(refusal(ACQUIRE_JOBS, reply), ScaleSetNotFound):
            return []  # github.com has no such route and offers no jobs (section 5.10)
        return list(decode(Acquired, ACQUIRE_JOBS, require(ACQUIRE_JOBS, reply)).value)

    async def close(self) -> None:
        """Delete the session; one that is gone already is fine. Once that succeeded, closing again does nothing."""
        if self._closed:
            return
        with contextlib.suppress(Gone):
            await self._service.call(DELETE_SESSION, "DELETE", self._session_path(self._lease), agent=self._agent)
        self._closed = True

    async def _with_queue_token(self, call: Call, send: Callable[[Lease], Awaitable[Reply]]) -> Reply:
        """Send with the queue token, and once more with a new one when the queue refuses it."""
        lease = await self._good_lease()
        reply = await send(lease)
        if reply.status != HTTPStatus.UNAUTHORIZED:
            return reply
        reply = await send(await self._refreshed(lease))
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise refusal(call, reply, SessionGone)
        return reply

    async def _good_lease(self) -> Lease:
        """The current lease, renewed when its end is near; when that fails, the old one still serves for a while."""
        if self._closed:
            raise SessionGone(f"the message session {self.id} is closed")
        lease = self._lease
        if lease.refresh_at is None or self._clock.monotonic() < lease.refresh_at:
            return lease
        try:
            async with asyncio.timeout(EARLY_REFRESH_SECONDS):
                return await self._refreshed(lease)
        except SessionGone:
            raise
        except (ArcdeckError, TimeoutError):
            return lease

    async def _refreshed(self, stale: Lease) -> Lease:
        async with self._refreshing:
            if self._lease is stale:
                session = await self._refresh(stale)
                if session.statistics is not None:
                    self._statistics = session.statistics.statistics()
                self._lease = renewed(stale, session, self._clock)
            return self._lease

    async def _refresh(self, lease: Lease) -> Session:
        path = self._session_path(lease)
        try:
            reply = await self._service.call(REFRESH_SESSION, "PATCH", path, agent=self._agent)
        except ScaleSetNotFound as gone:
            raise SessionGone(gone.message, request_id=gone.request_id) from gone
        return decode(Session, REFRESH_SESSION, reply)

    def _session_path(self, lease: Lease) -> str:
        return f"{self._path}/sessions/{lease.session_id}"

    def _queue_request(self, method: str, url: str, lease: Lease, headers: dict[str, str]) -> Request:
        return Request(method, url, Authorization(lease.token), headers, agent=self._agent)


async def open_session(
    scale_set_id: int, owner: str, *, service: ActionsService, transport: Transport, clock: Clock, agent: Agent
) -> GitHubMessageSession:
    """Open the one message session of a scale set; ``owner`` is only a note on it.

    Sent once: a second attempt after a lost answer would meet the first one's session. Raises SessionConflict,
    ScaleSetNotFound; Unavailable for a session without a queue, a token or statistics, as a degraded backend gives
    them, which is deleted again (github-scale-set-api.md sections 5.1 to 5.3).
    """
    path = f"{SCALE_SETS}/{scale_set_id}/sessions"
    reply = await service.call(CREATE_SESSION, "POST", path, payload={"ownerName": owner}, agent=agent)
    created = decode(Session, CREATE_SESSION, reply)
    if not created.id:
        raise odd(CREATE_SESSION, reply, "names no session")
    statistics = created.statistics.statistics() if created.statistics else None
    session = GitHubMessageSession(
        scale_set_id,
        granted(created, clock),
        statistics or Statistics(),
        service=service,
        transport=transport,
        clock=clock,
        agent=agent,
    )
    if missing := _missing(created):
        with contextlib.suppress(ArcdeckError):
            await session.close()
        raise Unavailable(f"{CREATE_SESSION.operation}: GitHub opened a session without its {missing}")
    return session


def _missing(session: Session) -> str:
    """What a new session cannot do without and does not have; empty when it is whole."""
    parts = {
        "queue": session.message_queue_url,
        "queue token": session.message_queue_access_token,
        "statistics": session.statistics,
    }
    return " and ".join(name for name, part in parts.items() if not part)
