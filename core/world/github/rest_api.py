"""GitHub's REST API, as much as a runner controller uses: tokens, and the runners of an organization (E1-E3, E22, E23).

Every path answers under `/api/v3`, as on GHES, and without that prefix, as on a host of its own. The organization of
this GitHub may be addressed as an organization, by any repository of it, and as an enterprise; all share one pool of
runners.
"""

from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web
from yarl import URL

from core.world.clock import WorldClock
from core.world.github.addresses import service_url
from core.world.github.bodies import RegistrationBody, read_body
from core.world.github.edge import Realm, Route, rest_json
from core.world.github.gate import Gate, whole_number
from core.world.github.limits import CORE, REGISTRATION, RateLimiter
from core.world.github.records import RunnerRecord
from core.world.github.refusals import PlainRefusal, RestRefusal, ServiceRefusal
from core.world.github.runners import RemovedBy
from core.world.github.service import ScaleSetService
from core.world.github.settings import Credentials
from core.world.github.tokens import TokenKind, TokenOffice
from core.world.github.wire import Json, rest_runner_json, rest_time

PREFIXES = ("/api/v3", "")
"""Where the REST API is served."""

_SCOPES = ("/orgs/{org}", "/repos/{org}/{repository}", "/enterprises/{enterprise}")
_SCOPES_WITH_GROUPS = ("/orgs/{org}", "/enterprises/{enterprise}")
_MOST_PER_PAGE = 100
_DEFAULT_PER_PAGE = 30

Answer = Callable[[web.Request], Awaitable[web.Response]]
"""How one endpoint answers, apart from its rate limit."""


class RestApi:
    """The handlers of the REST API."""

    def __init__(
        self,
        clock: WorldClock,
        service: ScaleSetService,
        *,
        org: str,
        gate: Gate,
        tokens: TokenOffice,
        credentials: Credentials,
        limiter: RateLimiter,
    ) -> None:
        self._clock = clock
        self._service = service
        self._org = org
        self._gate = gate
        self._tokens = tokens
        self._credentials = credentials
        self._limiter = limiter

    def routes(self) -> Iterator[Route]:
        """Yield the routes of E1, E2, E3, E22 and E23."""
        for prefix in PREFIXES:
            installation = f"{prefix}/app/installations/{{id}}/access_tokens"
            yield self._route("POST", installation, "installation_token", CORE, self._installation_token)
            admin = f"{prefix}/actions/runner-registration"
            yield self._route("POST", admin, "admin_connection", REGISTRATION, self._admin_connection)
            for scope in _SCOPES:
                runners = f"{prefix}{scope}/actions/runners"
                token = f"{runners}/registration-token"
                yield self._route("POST", token, "registration_token", REGISTRATION, self._registration_token)
                yield self._route("GET", runners, "list_runners", CORE, self._list_runners)
                yield self._route("DELETE", f"{runners}/{{id:\\d+}}", "delete_runner", CORE, self._delete_runner)
            for scope in _SCOPES_WITH_GROUPS:
                groups = f"{prefix}{scope}/actions/runner-groups"
                yield self._route("GET", groups, "list_runner_groups", CORE, self._list_groups)

    def _route(self, method: str, path: str, operation: str, resource: str, answer: Answer) -> Route:
        async def limited(request: web.Request) -> web.StreamResponse:
            headers = self._limiter.spend(resource)
            try:
                response = await answer(request)
            except PlainRefusal as refusal:
                raise RestRefusal(refusal.status, refusal.text, headers) from refusal
            except RestRefusal as refusal:
                raise RestRefusal(refusal.status, refusal.message, headers | refusal.headers) from refusal
            response.headers.update(headers)
            return response

        return Route(Realm.REST, method, path, operation, limited)

    async def _installation_token(self, request: web.Request) -> web.Response:
        self._gate.require_app(request)
        known = self._credentials.installation_id
        if known is not None and request.match_info["id"] != str(known):
            raise RestRefusal(404, "Not Found")
        token, grant = self._tokens.issue(TokenKind.INSTALLATION, self._service.timings.installation_token_life)
        answer: Json = {
            "token": token,
            "expires_at": rest_time(grant.expires_at),
            "permissions": {"organization_self_hosted_runners": "write", "metadata": "read"},
            "repository_selection": "all",
        }
        return rest_json(answer, 201)

    async def _registration_token(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        token, grant = self._tokens.issue(TokenKind.REGISTRATION, self._service.timings.registration_token_life)
        return rest_json({"token": token, "expires_at": rest_time(grant.expires_at)}, 201)

    async def _admin_connection(self, request: web.Request) -> web.Response:
        self._gate.require_registration(request)
        body = await read_body(request, RegistrationBody)
        if not self._is_ours(URL(body.url)):
            raise RestRefusal(404, "Not Found")
        token, _ = self._tokens.issue(TokenKind.ADMIN, self._service.timings.admin_token_life)
        return rest_json({"url": service_url(request), "token": token, "token_schema": "OAuthAccessToken"})

    async def _list_runners(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        per_page = min(_positive(request, "per_page", _DEFAULT_PER_PAGE), _MOST_PER_PAGE)
        page = _positive(request, "page", 1)
        name = request.query.get("name")
        runners = [runner for runner in self._service.pool.runners.values() if name in (None, runner.name)]
        shown = runners[(page - 1) * per_page : page * per_page]
        answer: Json = {"total_count": len(runners), "runners": [self._shown(runner) for runner in shown]}
        return rest_json(answer, headers=_link(request, page, -(-len(runners) // per_page)))

    async def _delete_runner(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        runner = self._service.pool.runners.get(int(request.match_info["id"]))
        if runner is None:
            raise RestRefusal(404, "Not Found")
        try:
            self._service.remove_runner(runner, RemovedBy.REST)
        except ServiceRefusal as refusal:
            message = f"Runner {runner.name} is currently running a job and cannot be deleted."
            raise RestRefusal(422, message) from refusal
        return web.Response(status=204)

    async def _list_groups(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        groups = self._service.registry.groups_named(None)
        shown = [
            {"id": group.id, "name": group.name, "default": group.is_default}
            | {"visibility": "all", "allows_public_repositories": group.admits_public}
            for group in groups
        ]
        return rest_json({"total_count": len(shown), "runner_groups": shown}, 200)

    def _shown(self, runner: RunnerRecord) -> Json:
        quirks = self._service.quirks
        online = runner.online and runner.id not in quirks.shown_offline
        return rest_runner_json(
            runner, online=online, busy=runner.busy_as_seen(self._clock.monotonic(), quirks.busy_lag)
        )

    def _require_scope(self, request: web.Request) -> None:
        """Let a caller pass that may manage the runners of the path's scope; an App has no enterprises (2.1)."""
        is_installation = self._gate.require_rest(request)
        enterprise = request.match_info.get("enterprise")
        if enterprise is not None and is_installation:
            raise RestRefusal(403, "Resource not accessible by integration")
        if (enterprise or request.match_info.get("org", "")).lower() != self._org.lower():
            raise RestRefusal(404, "Not Found")

    def _is_ours(self, config_url: URL) -> bool:
        parts = [part.lower() for part in config_url.path.split("/") if part]
        return parts[:1] == [self._org.lower()] or parts == ["enterprises", self._org.lower()]


def _positive(request: web.Request, name: str, default: int) -> int:
    return max(whole_number(name, request.query.get(name, str(default))), 1)


def _link(request: web.Request, page: int, last: int) -> dict[str, str]:
    """Return the Link header to the pages around this one; none where one page holds all."""
    targets: dict[str, int] = {}
    if page > 1:
        targets |= {"prev": page - 1, "first": 1}
    if page < last:
        targets |= {"next": page + 1, "last": last}
    links = (f'<{request.url.update_query(page=number)}>; rel="{rel}"' for rel, number in targets.items())
    return {"Link": ", ".join(links)} if targets else {}
