"""The Actions service's scale sets and runner groups (E4 to E10)."""

from collections.abc import Iterator

from aiohttp import web

from core.world.github.addresses import GROUPS_PATH, SCALE_SETS_PATH, service_url
from core.world.github.bodies import ScaleSetBody, read_body
from core.world.github.edge import Edge, Realm, Route
from core.world.github.gate import Gate, whole_number
from core.world.github.records import ScaleSetRecord
from core.world.github.service import ScaleSetService
from core.world.github.wire import Json, group_json, listing, scale_set_json


class ScaleSetApi:
    """The handlers of scale sets and runner groups; all want an admin token."""

    def __init__(self, service: ScaleSetService, gate: Gate, edge: Edge) -> None:
        self._service = service
        self._gate = gate
        self._edge = edge

    def routes(self) -> Iterator[Route]:
        """Yield the routes of E4 to E10."""
        one = f"{SCALE_SETS_PATH}/{{id:\\d+}}"
        yield Route(
            Realm.SERVICE, "GET", SCALE_SETS_PATH, "list_scale_sets", self._list, operation_with_name="get_scale_set"
        )
        yield Route(Realm.SERVICE, "POST", SCALE_SETS_PATH, "create_scale_set", self._create)
        yield Route(Realm.SERVICE, "GET", one, "get_scale_set_by_id", self._get)
        yield Route(Realm.SERVICE, "PATCH", one, "update_scale_set", self._update)
        yield Route(Realm.SERVICE, "DELETE", one, "delete_scale_set", self._delete)
        for path in (f"{GROUPS_PATH}/", GROUPS_PATH):
            yield Route(Realm.SERVICE, "GET", path, "runner_group", self._groups)

    async def _list(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        group = request.query.get("runnerGroupId")
        group_id = None if group is None else whole_number("runnerGroupId", group)
        found = self._service.registry.listed(group_id, request.query.get("name"))
        return self._edge.json(listing(self._shown(request, scale_set) for scale_set in found))

    async def _get(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        return self._edge.json(self._shown(request, self._service.registry.find(int(request.match_info["id"]))))

    async def _create(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        body = await read_body(request, ScaleSetBody)
        return self._edge.json(self._shown(request, self._service.registry.create(body.change())))

    async def _update(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        body = await read_body(request, ScaleSetBody)
        scale_set = self._service.update_scale_set(int(request.match_info["id"]), body.change())
        return self._edge.json(self._shown(request, scale_set))

    async def _delete(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        self._service.delete_scale_set(int(request.match_info["id"]))
        return web.Response(status=204)

    async def _groups(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        groups = self._service.registry.groups_named(request.query.get("groupName"))
        return self._edge.json(listing(group_json(group) for group in groups))

    def _shown(self, request: web.Request, scale_set: ScaleSetRecord) -> Json:
        return scale_set_json(scale_set, self._service.board.statistics(scale_set), service_url(request))
