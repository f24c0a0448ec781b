"""The HTTP side of this GitHub put together: which parts it has, and that they share one gate and one edge."""

import random

from core.world.clock import WorldClock
from core.world.faults import FaultPlan
from core.world.github.edge import Edge
from core.world.github.gate import Gate
from core.world.github.limits import RateLimiter
from core.world.github.queue_api import QueueApi
from core.world.github.rest_api import RestApi
from core.world.github.runner_api import RunnerApi
from core.world.github.scale_set_api import ScaleSetApi
from core.world.github.service import ScaleSetService
from core.world.github.session_api import SessionApi
from core.world.github.settings import Credentials
from core.world.github.tokens import TokenOffice


class Front:
    """The application over one service, and the edge that keeps its count of calls and its log."""

    def __init__(
        self,
        clock: WorldClock,
        rng: random.Random,
        service: ScaleSetService,
        *,
        org: str,
        tokens: TokenOffice,
        credentials: Credentials,
        limiter: RateLimiter,
        faults: FaultPlan,
    ) -> None:
        gate = Gate(clock, service, tokens, credentials)
        edge = Edge(clock, rng, faults=faults, quirks=service.quirks, auth_kind=gate.kind_of)
        rest = RestApi(clock, service, org=org, gate=gate, tokens=tokens, credentials=credentials, limiter=limiter)
        routes = (
            *ScaleSetApi(service, gate, edge).routes(),
            *RunnerApi(service, gate, edge, tokens.issued).routes(),
            *SessionApi(service, gate, edge, tokens).routes(),
            *QueueApi(service, gate, edge).routes(),
            *rest.routes(),
        )
        self.edge = edge
        self.app = edge.application(routes)
