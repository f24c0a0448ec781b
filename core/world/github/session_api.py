"""The Actions service's message sessions, and the jobs that a session may acquire (E15 to E17, E20, E21)."""

from collections.abc import Iterator

from aiohttp import web

from core.world.github.addresses import SCALE_SETS_PATH, acquire_url, queue_url, service_url
from core.world.github.bodies import SessionBody, read_body
from core.world.github.edge import Edge, Realm, Route
from core.world.github.gate import Gate
from core.world.github.records import ScaleSetRecord, Session
from core.world.github.refusals import PlainRefusal
from core.world.github.service import ScaleSetService
from core.world.github.tokens import TokenKind, TokenOffice
from core.world.github.wire import listing, offer_json, scale_set_json, session_json


class SessionApi:
    """The handlers of sessions and acquisition; all but `acquire_jobs` want an admin token."""

    def __init__(self, service: ScaleSetService, gate: Gate, edge: Edge, tokens: TokenOffice) -> None:
        self._service = service
        self._gate = gate
        self._edge = edge
        self._tokens = tokens

    def routes(self) -> Iterator[Route]:
        """Yield the routes of E15, E16, E17, E20 and E21."""
        scale_set = f"{SCALE_SETS_PATH}/{{id:\\d+}}"
        session = f"{scale_set}/sessions/{{session}}"
        yield Route(Realm.SERVICE, "POST", f"{scale_set}/sessions", "create_session", self._create)
        yield Route(Realm.SERVICE, "PATCH", session, "refresh_session", self._refresh)
        yield Route(Realm.SERVICE, "DELETE", session, "delete_session", self._delete)
        yield Route(Realm.SERVICE, "POST", f"{scale_set}/acquirejobs", "acquire_jobs", self._acquire)
        yield Route(Realm.SERVICE, "GET", f"{scale_set}/acquirablejobs", "acquirable_jobs", self._acquirable)

    async def _create(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        body = await read_body(request, SessionBody)
        scale_set = self._scale_set(request)
        return self._shown(request, scale_set, self._service.sessions.open(scale_set, body.owner))

    async def _refresh(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        scale_set = self._scale_set(request)
        session = self._service.sessions.refresh(scale_set, request.match_info["session"])
        return self._shown(request, scale_set, session)

    async def _delete(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        self._service.sessions.close(self._scale_set(request), request.match_info["session"])
        return web.Response(status=204)

    async def _acquire(self, request: web.Request) -> web.Response:
        routed = self._service.quirks.acquire_route
        if not (self._service.flow == "acquire" if routed is None else routed):
            raise PlainRefusal(404, "404 page not found")
        scale_set = self._scale_set(request)
        self._gate.require_acquirer(request, scale_set)
        request_ids = await read_body(request, list[int])
        return self._edge.json(listing(self._service.board.acquire(scale_set, request_ids)))

    async def _acquirable(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        scale_set = self._scale_set(request)
        address = acquire_url(request, scale_set.id)
        offers = [offer_json(job, address) for job in self._service.board.waiting_for(scale_set)]
        return self._edge.json(listing(offers)) if offers else web.Response(status=204)

    def _scale_set(self, request: web.Request) -> ScaleSetRecord:
        return self._service.registry.find(int(request.match_info["id"]))

    def _shown(self, request: web.Request, scale_set: ScaleSetRecord, session: Session) -> web.Response:
        """Answer with the session and a new queue token for it."""
        token, _ = self._tokens.issue(TokenKind.QUEUE, self._service.timings.queue_token_life, session.id)
        address = "" if self._service.quirks.empty_queue_url else queue_url(request, scale_set.id)
        shown = scale_set_json(scale_set, self._service.board.statistics(scale_set), service_url(request))
        return self._edge.json(session_json(session, shown, address, token))
