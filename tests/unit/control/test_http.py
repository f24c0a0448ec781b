"""Health and metrics on TCP."""

import httpx
import pytest

from core.adapters.control.http import health_on_tcp
from core.domain.errors import ConfigurationError
from tests.fakes.control_room import FakeControlRoom


async def test_health_readiness_and_metrics_are_answered_and_nothing_else() -> None:
    async with (
        health_on_tcp(FakeControlRoom(), "127.0.0.1", 0, lambda: "up 1\n") as (host, port),
        httpx.AsyncClient(base_url=f"http://{host}:{port}") as client,
    ):
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/metrics")).text == "up 1\n"
        assert (await client.get("/v1/snapshot")).status_code == 404


async def test_an_address_that_cannot_be_had_is_named() -> None:
    async with health_on_tcp(FakeControlRoom(), "127.0.0.1", 0, lambda: "") as (_, port):
        with pytest.raises(ConfigurationError, match=f"ARCDECK_HTTP_LISTEN: 127.0.0.1:{port}"):
            async with health_on_tcp(FakeControlRoom(), "127.0.0.1", port, lambda: ""):
                pass
