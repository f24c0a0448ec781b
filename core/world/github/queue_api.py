"""The message queue: the long poll and the acknowledgement (E18, E19).

A poll is held until there is something for it or its time is over. Its capacity and position are fixed when it comes;
only what `Quirks.waking` names makes it look again, so a job that starts meanwhile is reported by the next poll
(github-scale-set-api.md sections 5.5, 5.11 and 11.4). A client that goes away loses nothing: what was meant for it
stays until it is deleted. For its going to be noticed, the application must run with `handler_cancellation`.
"""

import asyncio
import contextlib
from collections.abc import Iterator

from aiohttp import web

from core.world.github.addresses import QUEUE_PATH, acquire_url
from core.world.github.edge import Edge, Realm, Route
from core.world.github.gate import Gate, require_poll_form, whole_number
from core.world.github.mailbox import Message, OpenPoll
from core.world.github.records import ScaleSetRecord, Session
from core.world.github.refusals import PlainRefusal
from core.world.github.service import ScaleSetService
from core.world.github.wire import envelope_json


class QueueApi:
    """The handlers of the queue; both want a queue token of the session."""

    def __init__(self, service: ScaleSetService, gate: Gate, edge: Edge) -> None:
        self._service = service
        self._gate = gate
        self._edge = edge

    def routes(self) -> Iterator[Route]:
        """Yield the routes of E18 and E19."""
        yield Route(Realm.QUEUE, "GET", QUEUE_PATH, "get_message", self._poll)
        yield Route(Realm.QUEUE, "DELETE", f"{QUEUE_PATH}/{{message:\\d+}}", "delete_message", self._delete)

    async def _poll(self, request: web.Request) -> web.Response:
        scale_set, session = self._gate.require_reader(request)
        bell = asyncio.Event()
        last = whole_number("lastMessageId", request.query.get("lastMessageId", "0"))
        poll = OpenPoll(require_poll_form(request), last, bell.set)
        self._service.open_poll(scale_set, poll)
        try:
            message = await self._held(scale_set, session, poll, bell)
        finally:
            self._service.close_poll(scale_set, session, poll)
        if message is None:
            return web.Response(status=202)
        statistics = self._service.board.statistics(scale_set)
        return self._edge.json(envelope_json(message, statistics, acquire_url(request, scale_set.id)))

    async def _held(
        self, scale_set: ScaleSetRecord, session: Session, poll: OpenPoll, bell: asyncio.Event
    ) -> Message | None:
        """Wait for a message; None when the hold time is over or a newer poll has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._service.timings.poll_hold):
                while not poll.superseded:
                    bell.clear()
                    self._require_alive(scale_set, session)
                    message = scale_set.mailbox.next_message(poll.last_message_id)
                    if message is not None:
                        return message
                    await bell.wait()
        return None

    def _require_alive(self, scale_set: ScaleSetRecord, session: Session) -> None:
        if self._service.registry.scale_sets.get(scale_set.id) is not scale_set:
            raise PlainRefusal(404)
        if scale_set.session is not session:
            raise PlainRefusal(self._service.quirks.gone_session_status)

    async def _delete(self, request: web.Request) -> web.Response:
        scale_set, _ = self._gate.require_reader(request)
        if not scale_set.mailbox.delete(int(request.match_info["message"])):
            raise PlainRefusal(404)
        return web.Response(status=204)
