"""What a service manager is told, over a real socket."""

import asyncio
import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.adapters.systemd import Beats, Manager, status_line, told_to_the_manager, watchdog
from core.api.model import Health
from tests.fakes.control_room import FakeControlRoom

WELL = Health(live=True, ready=True)
WAITING = Health(live=True, ready=False, reasons=("small: does not listen yet", "ECS\ncannot be read"))


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@{tmp_path}"


@pytest.fixture
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(0)
        listening.bind(address.replace("@", "\0", 1))
        yield listening


def told(manager: socket.socket) -> list[str]:
    """Every datagram that has come."""
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


async def turns(number: int = 5) -> None:
    """Let everybody have some turns."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_ready_comes_first_and_stopping_as_soon_as_it_is_told_to_stop(
    manager: socket.socket, address: str
) -> None:
    stop = asyncio.Event()
    async with told_to_the_manager(FakeControlRoom(), {"NOTIFY_SOCKET": address}, stop):
        await turns()
        assert told(manager) == ["READY=1\nSTATUS=ready"]
        stop.set()
        await turns()
        assert told(manager) == ["STOPPING=1"]


async def test_the_watchdog_is_told_that_the_loop_beats(manager: socket.socket, address: str) -> None:
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"}
    async with told_to_the_manager(FakeControlRoom(), environ, asyncio.Event()):
        await turns()
    assert told(manager) == ["READY=1\nSTATUS=ready\nWATCHDOG=1"]


async def test_without_a_manager_nothing_runs() -> None:
    async with told_to_the_manager(FakeControlRoom(), {}, asyncio.Event()):
        assert len(asyncio.all_tasks()) == 1


async def test_a_manager_that_is_gone_is_said_once_and_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Manager(str(tmp_path / "nobody")) as nobody:
        nobody.tell("READY=1")
        nobody.tell("WATCHDOG=1")
    assert caplog.text.count("NOTIFY_SOCKET") == 1


@pytest.mark.virtual_time
async def test_the_watchdog_hears_twice_within_its_patience() -> None:
    beats, heard = Beats(30.0), []
    for _ in range(100):
        if beats.due():
            heard.append(asyncio.get_running_loop().time())
        await asyncio.sleep(beats.rest)
    assert [later - earlier for earlier, later in itertools.pairwise(heard)] == [15.0] * 6


@pytest.mark.parametrize(
    ("environ", "patience"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
    ],
    ids=["not asked for", "off", "nonsense", "asked for", "of us", "of another process"],
)
def test_a_watchdog_is_heeded_that_means_us(environ: dict[str, str], patience: float | None) -> None:
    assert watchdog(environ) == patience


def test_the_status_is_one_line_without_power() -> None:
    assert status_line(WELL) == "ready"
    assert status_line(WAITING) == "not ready: small: does not listen yet; ECS␊cannot be read"
    assert len(status_line(Health(live=True, ready=False, reasons=("long " * 200,)))) == 300
