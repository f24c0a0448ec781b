"""The plain HTTP side of the control socket: who is admitted, what machines ask, and routes that are not there."""

import os
from pathlib import Path

import pytest

from core.adapters.control import Peer
from core.api.client import NotAdmitted
from core.api.commands import SweepNow
from core.api.model import Health, Problem
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import NOBODY, Doorkeeper, a_client, answer_to, serving

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def room() -> FakeControlRoom:
    return FakeControlRoom()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


# --- who is admitted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/v1/snapshot", "/v1/stream", "/healthz", "/metrics", "/nowhere"])
async def test_a_peer_that_is_not_admitted_gets_nothing_and_is_hung_up_on(
    room: FakeControlRoom, path: Path, url: str
) -> None:
    async with serving(room, path, admitted=NOBODY), answer_to(path, "GET", url) as answer:
        assert (answer.status, answer.headers["Connection"]) == (403, "close")
        assert "is not admitted" in Problem.model_validate_json(await answer.read()).error


async def test_a_client_that_is_not_admitted_says_so(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path, admitted=NOBODY):
        with pytest.raises(NotAdmitted, match="is not admitted"):
            await a_client(path).execute(SweepNow(id="1"))
    assert room.commands == []


async def test_admission_is_asked_about_the_process_that_connected(room: FakeControlRoom, path: Path) -> None:
    asked: list[Peer] = []

    def admitted(peer: Peer) -> bool:
        asked.append(peer)
        return True

    async with serving(room, path, admitted=Doorkeeper(looks=admitted)):
        await a_client(path).health()
    assert [(peer.pid, peer.uid, peer.gid) for peer in asked] == [(os.getpid(), os.getuid(), os.getgid())]


# --- machines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "live", "ready"),
    [
        (Health(live=True, ready=True), 200, 200),
        (Health(live=True, ready=False, reasons=("ECS has not been read yet",)), 200, 503),
        (Health(live=False, ready=False, reasons=("the watcher ended",)), 503, 503),
    ],
    ids=["well", "not ready", "dead"],
)
async def test_health_is_told_by_status_and_in_words(
    room: FakeControlRoom, path: Path, health: Health, live: int, ready: int
) -> None:
    room.well = health
    async with serving(room, path):
        async with answer_to(path, "GET", "/healthz") as answer:
            assert answer.status == live
        async with answer_to(path, "GET", "/readyz") as answer:
            assert answer.status == ready
            assert Health.model_validate_json(await answer.read()) == health
        assert await a_client(path).health() == health


async def test_metrics_are_prometheus_text(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "GET", "/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert await answer.text() == "up 1\n"


# --- routes ----------------------------------------------------------------------------------------------------------


async def test_an_unknown_route_is_a_problem(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "GET", "/v2/snapshot") as answer:
        assert answer.status == 404
        assert Problem.model_validate_json(await answer.read()).error == "There is nothing at /v2/snapshot."


async def test_a_wrong_method_is_a_problem_that_names_the_right_one(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "GET", "/v1/commands") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert Problem.model_validate_json(await answer.read()).error == "/v1/commands takes POST, not GET."
