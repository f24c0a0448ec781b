"""The control socket as tests set it up: a server on a path, clients of every kind, and readers that do not read."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from core.adapters.control import ControlServer
from core.adapters.control.peers import Admission, Operators, Peer
from core.api.client import ControlClient
from core.api.model import Hello, Snapshot, Update
from tests.fakes.control_room import FakeControlRoom


def _yes(_peer: Peer) -> bool:
    return True


def _no(_peer: Peer) -> bool:
    return False


@dataclass(frozen=True)
class Doorkeeper(Admission):
    """Asks functions who may look and who may act."""

    own_uid: int = 0
    looks: Callable[[Peer], bool] = _yes
    acts: Callable[[Peer], bool] = _yes

    def __call__(self, peer: Peer) -> bool:
        return self.looks(peer)

    def may_act(self, peer: Peer) -> bool:
        return self.acts(peer)


EVERYBODY = Doorkeeper()
NOBODY = Doorkeeper(looks=_no, acts=_no)
READERS = Doorkeeper(acts=_no)


def serving(room: FakeControlRoom, path: Path, **changes: Any) -> ControlServer:
    """A server that admits everybody, as login user 1000; ``changes`` are its other arguments."""
    given: dict[str, Any] = {
        "admitted": EVERYBODY,
        "version": "1.2.3",
        "metrics": lambda: "up 1\n",
        "operators": Operators(login_of=lambda _pid: 1000, name_of=lambda uid: f"user-{uid}"),
    }
    return ControlServer(room, path, **given | changes)


def a_client(path: Path, **changes: Any) -> ControlClient:
    """A client that claims nothing."""
    return ControlClient(path, **{"environ": {}} | changes)


@contextlib.asynccontextmanager
async def streaming(path: Path) -> AsyncIterator[AsyncGenerator[Hello | Update, None]]:
    """A stream whose hello and snapshot have been read."""
    async with contextlib.aclosing(a_client(path).stream()) as stream:
        assert isinstance(await anext(stream), Hello)
        assert isinstance(await anext(stream), Snapshot)
        yield stream


@contextlib.asynccontextmanager
async def answer_to(
    path: Path, method: str, url: str, body: bytes | None = None
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer to a request as plain HTTP, whatever it is."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
        session.request(method, f"http://arcdeck{url}", data=body) as response,
    ):
        yield response


@contextlib.asynccontextmanager
async def beating(room: FakeControlRoom) -> AsyncIterator[None]:
    """The room rings each second."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(1)
            room.ring()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()


@contextlib.asynccontextmanager
async def a_deaf_reader(path: Path, url: str = "/v1/stream") -> AsyncIterator[socket.socket]:
    """A connection that asks for a stream and never reads it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, str(path))
        await loop.sock_sendall(connection, f"GET {url} HTTP/1.1\r\nHost: arcdeck\r\n\r\n".encode())
        yield connection
