"""What machines ask: does the controller live, is it ready, what do its metrics say.

Answers come from memory at once, so that a probe measures the engine and not a service behind it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.ports import Lives

#: Prometheus' text format, which its scrapers ask for by this name.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class HealthChecks:
    """Answers ``/healthz``, ``/readyz`` and ``/metrics``. ``metrics`` gives the text of a scrape."""

    def __init__(self, room: Lives, metrics: Callable[[], str]) -> None:
        self._room = room
        self._metrics = metrics

    def routes(self) -> list[web.RouteDef]:
        """Where the checks are found, on whichever server carries them."""
        return [
            web.get("/healthz", self.live),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.metrics),
        ]

    async def live(self, _request: web.Request) -> web.Response:
        """Answer 200 while the engine lives, else 503; the body is ``core.api.model.Health`` either way."""
        health = self._room.health()
        return _verdict(health.model_dump_json(), good=health.live)

    async def ready(self, _request: web.Request) -> web.Response:
        """Answer 200 once the engine does its work, else 503 with the reasons."""
        health = self._room.health()
        return _verdict(health.model_dump_json(), good=health.ready)

    async def metrics(self, _request: web.Request) -> web.Response:
        """The numbers for Prometheus."""
        return web.Response(body=self._metrics().encode(), headers={"Content-Type": _METRICS_TYPE})


def _verdict(body: str, *, good: bool) -> web.Response:
    return web.json_response(text=body, status=HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE)
