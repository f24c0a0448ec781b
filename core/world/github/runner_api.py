"""The Actions service's runners: made by a JIT config, found, removed (E11 to E14)."""

from collections.abc import Iterator

from aiohttp import web

from core.world.github.addresses import RUNNERS_PATH, SCALE_SETS_PATH
from core.world.github.bodies import JitBody, read_body
from core.world.github.edge import Edge, Realm, Route
from core.world.github.gate import Gate
from core.world.github.records import RunnerRecord
from core.world.github.refusals import Complaint, ServiceRefusal
from core.world.github.runners import RemovedBy
from core.world.github.service import ScaleSetService
from core.world.github.wire import Json, listing, runner_json


class RunnerApi:
    """The handlers of runners; all want an admin token. `secrets` collects the marker of every JIT config."""

    def __init__(self, service: ScaleSetService, gate: Gate, edge: Edge, secrets: set[str]) -> None:
        self._service = service
        self._gate = gate
        self._edge = edge
        self._secrets = secrets

    def routes(self) -> Iterator[Route]:
        """Yield the routes of E11 to E14."""
        jit = f"{SCALE_SETS_PATH}/{{id:\\d+}}/generatejitconfig"
        one = f"{RUNNERS_PATH}/{{id:\\d+}}"
        yield Route(Realm.SERVICE, "POST", jit, "generate_jit_config", self._generate)
        yield Route(Realm.SERVICE, "GET", RUNNERS_PATH, "get_runner_by_name", self._list)
        yield Route(Realm.SERVICE, "GET", one, "get_runner", self._get)
        yield Route(Realm.SERVICE, "DELETE", one, "remove_runner", self._remove)

    async def _generate(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        body = await read_body(request, JitBody)
        scale_set = self._service.registry.find(int(request.match_info["id"]))
        runner, jit = self._service.pool.register(scale_set, body.name, body.work_folder)
        self._secrets.add(jit.marker)
        answer: Json = {"runner": runner_json(runner), "encodedJITConfig": jit.encoded}
        return self._edge.json(answer)

    async def _list(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        return self._edge.json(listing(runner_json(runner) for runner in self._named(request.query.get("agentName"))))

    async def _get(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        return self._edge.json(runner_json(self._service.pool.find(int(request.match_info["id"]))))

    async def _remove(self, request: web.Request) -> web.Response:
        self._gate.require_admin(request)
        try:
            runner = self._service.pool.find(int(request.match_info["id"]))
            self._service.remove_runner(runner, RemovedBy.SERVICE)
        except ServiceRefusal as refusal:
            unknown = refusal.complaint is Complaint.RUNNER_NOT_FOUND
            if not (unknown and self._service.quirks.forgives_unknown_runners):
                raise
        return web.Response(status=204)

    def _named(self, name: str | None) -> list[RunnerRecord]:
        if name is None:
            return list(self._service.pool.runners.values())
        runner = self._service.pool.named(name)
        return [] if runner is None else [runner]
