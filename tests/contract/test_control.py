"""The control socket from end to end: the client against the server, over a real unix socket, in virtual time."""

import asyncio
import contextlib
import os
import socket
from pathlib import Path

import pytest

from core.adapters.control import Limits
from core.api.client import ConnectionLost, NotRunning, Refused
from core.api.commands import SweepNow
from core.api.model import Delta, Heartbeat, Hello
from core.domain.errors import ConfigurationError
from tests.fakes.control_room import FakeControlRoom, a_runner, a_snapshot
from tests.fakes.control_socket import a_client, a_deaf_reader, answer_to, beating, serving, streaming

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def room() -> FakeControlRoom:
    return FakeControlRoom()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


async def everything_from(connection: socket.socket) -> bytes:
    received = b""
    while chunk := await asyncio.get_running_loop().sock_recv(connection, 65536):
        received += chunk
    return received


# --- looking -------------------------------------------------------------------------------------------------------


async def test_a_snapshot_of_1200_runners_arrives_whole(path: Path) -> None:
    room = FakeControlRoom(a_snapshot(runners=1200))
    async with serving(room, path):
        assert await a_client(path).snapshot() == room.current


async def test_a_snapshot_comes_in_lines_that_curl_can_show(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "GET", "/v1/snapshot") as answer:
        assert answer.content_type == "application/x-ndjson"
        assert [line[:16] for line in (await answer.read()).splitlines()] == [
            b'{"type":"begin",',
            b'{"type":"rows","',
            b'{"type":"end","v',
        ]


async def test_a_stream_says_hello_then_shows_everything(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), contextlib.aclosing(a_client(path).stream()) as stream:
        assert await anext(stream) == Hello(version="1.2.3", controller="prod", instance="a1", may_act=True)
        assert await anext(stream) == room.current


async def test_a_stream_tells_what_changed_and_that_nothing_did(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), streaming(path) as stream:
        room.publish(a_snapshot(version=2, runners=4))
        assert await anext(stream) == Delta(base=1, version=2, now=room.current.now, runners=(a_runner("linux-3"),))
        room.ring()
        assert await anext(stream) == Heartbeat(version=2, now=room.current.now)


async def test_all_streams_are_told(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), streaming(path) as one, streaming(path) as other:
        room.publish(a_snapshot(version=2, runners=4))
        assert await anext(one) == await anext(other)


async def test_a_reader_that_hangs_up_ends_its_iterator_at_once(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        async with streaming(path):
            assert room.readers == 1
        async with asyncio.timeout(0.1):
            await room.until(lambda room: room.readers == 0)


async def test_a_reader_that_does_not_read_is_dropped_after_30_s(path: Path) -> None:
    room = FakeControlRoom(a_snapshot(runners=3000))
    loop = asyncio.get_running_loop()
    async with serving(room, path), a_deaf_reader(path):
        await room.until(lambda room: room.readers == 1)
        began = loop.time()
        await room.until(lambda room: room.readers == 0)
        assert loop.time() - began == 30


async def test_a_reader_that_does_not_read_holds_up_nobody_else(path: Path) -> None:
    room = FakeControlRoom(a_snapshot(runners=3000))
    async with serving(room, path), streaming(path) as stream, beating(room), a_deaf_reader(path):
        for _ in range(40):
            assert isinstance(await anext(stream), Heartbeat)
        assert room.readers == 1


async def test_a_dropped_reader_finds_everything_when_it_comes_back(path: Path) -> None:
    room = FakeControlRoom(a_snapshot(runners=3000))
    async with serving(room, path), a_deaf_reader(path):
        await room.until(lambda room: room.readers == 1)
        await room.until(lambda room: room.readers == 0)
        room.publish(a_snapshot(version=9, runners=2))
        async with contextlib.aclosing(a_client(path).stream()) as stream:
            assert [await anext(stream) for _ in range(2)][1] == room.current


async def test_one_stream_more_than_there_are_places_is_refused(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path, limits=Limits(streams=1)), streaming(path):
        with pytest.raises(Refused, match="places for screens are taken") as caught:
            await anext(a_client(path).stream())
        assert caught.value.status == 503


async def test_a_place_is_free_again_when_its_reader_has_gone(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path, limits=Limits(streams=1)):
        async with streaming(path):
            pass
        await room.until(lambda room: room.readers == 0)
        async with streaming(path):
            assert room.readers == 1


async def test_an_engine_that_fails_breaks_the_stream_and_is_logged(
    room: FakeControlRoom, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(room, path), streaming(path) as stream:
        room.failure = RuntimeError("views")
        room.ring()
        with pytest.raises(ConnectionLost):
            await anext(stream)
    assert "control stream failed" in caplog.text


# --- the server's own life -----------------------------------------------------------------------------------------


async def test_a_second_server_is_refused_and_the_first_one_named(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        with pytest.raises(ConfigurationError, match=rf"process {os.getpid()}\) already serves"):
            await serving(room, path).__aenter__()
        assert await a_client(path).snapshot() == room.current


async def test_the_next_server_may_have_the_socket_when_the_first_has_gone(room: FakeControlRoom, path: Path) -> None:
    for _ in range(2):
        async with serving(room, path):
            assert await a_client(path).snapshot() == room.current


async def test_the_socket_of_a_dead_daemon_is_replaced(room: FakeControlRoom, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with serving(room, path):
        assert await a_client(path).snapshot() == room.current


async def test_closing_ends_every_stream_within_a_second(path: Path) -> None:
    room = FakeControlRoom(a_snapshot(runners=3000))
    async with contextlib.AsyncExitStack() as readers, contextlib.AsyncExitStack() as server:
        await server.enter_async_context(serving(room, path))
        streams = [await readers.enter_async_context(streaming(path)) for _ in range(5)]
        await readers.enter_async_context(a_deaf_reader(path))
        await room.until(lambda room: room.readers == 6)
        began = asyncio.get_running_loop().time()
        await server.aclose()
        assert asyncio.get_running_loop().time() - began < 1
        assert room.readers == 0
        for stream in streams:
            with pytest.raises(ConnectionLost, match="closed the connection"):
                await anext(stream)


async def test_closing_does_not_wait_for_a_reader_that_is_behind(path: Path) -> None:
    room = FakeControlRoom(a_snapshot(runners=3000))
    async with contextlib.AsyncExitStack() as server:
        await server.enter_async_context(serving(room, path))
        async with a_deaf_reader(path) as connection:
            await room.until(lambda room: room.readers == 1)
            await asyncio.sleep(1)
            began = asyncio.get_running_loop().time()
            await server.aclose()
            assert asyncio.get_running_loop().time() == began
            received = await everything_from(connection)
            assert len(received) > 0
            assert not received.endswith(b"0\r\n\r\n")  # cut short, and visibly so


async def test_closing_cuts_off_a_command_that_does_not_end(room: FakeControlRoom, path: Path) -> None:
    room.may_finish.clear()
    async with serving(room, path):
        sender = asyncio.create_task(a_client(path).execute(SweepNow(id="1")))
        await room.until(lambda room: len(room.commands) == 1)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 1
    assert room.under_way == 0
    with pytest.raises(ConnectionLost):
        await sender


async def test_nobody_answers_once_the_server_has_closed(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        pass
    with pytest.raises(NotRunning, match="there is no socket"):
        await a_client(path).health()
