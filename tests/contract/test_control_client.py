"""The client against daemons that are absent, foreign, newer, silent or broken."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from core.api.client import ConnectionLost, Incompatible, NotAdmitted, NotRunning
from core.api.commands import SweepNow
from core.api.model import PROTOCOL, Delta, Heartbeat, Hello, Snapshot, Update
from core.api.wire import PROTOCOL_HEADER, encode
from tests.fakes.control_room import a_snapshot
from tests.fakes.control_socket import a_client

pytestmark = pytest.mark.virtual_time

Script = Callable[[web.StreamResponse], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@contextlib.asynccontextmanager
async def a_daemon(path: Path, *scripts: Script, protocol: str = str(PROTOCOL)) -> AsyncIterator[list[str]]:
    """A daemon that answers each request by the next script, the last one for ever; gives the paths asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        script = scripts[min(len(asked), len(scripts) - 1)]
        asked.append(request.path)
        response = web.StreamResponse(headers={PROTOCOL_HEADER: protocol} if protocol else {})
        await response.prepare(request)
        await script(response)
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.UnixSite(runner, path).start()
        yield asked
    finally:
        await runner.cleanup()


def saying(*what: Hello | Update | bytes, then: Script | None = None) -> Script:
    """Send these, then go on as ``then``; without it, end."""

    async def script(response: web.StreamResponse) -> None:
        for message in what:
            await response.write(message if isinstance(message, bytes) else b"".join(encode(message)))
        if then is not None:
            await then(response)

    return script


async def silence(_response: web.StreamResponse) -> None:
    await asyncio.Event().wait()


async def drip(response: web.StreamResponse) -> None:
    """A byte each second, and never a whole line."""
    while True:
        await response.write(b" ")
        await asyncio.sleep(1)


async def heard(path: Path, count: int) -> list[Hello | Update]:
    async with contextlib.aclosing(a_client(path).stream()) as stream:
        return [await anext(stream) for _ in range(count)]


def a_delta(base: int) -> Delta:
    return Delta(base=base, version=base + 1, now=2.0)


# --- nobody there --------------------------------------------------------------------------------------------------


async def test_without_a_socket_no_daemon_runs(path: Path) -> None:
    with pytest.raises(NotRunning, match=r"there is no socket at .*control\.sock\.$"):
        await a_client(path).snapshot()


async def test_behind_the_socket_of_a_dead_daemon_none_runs(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(NotRunning, match="was left by one that ended"):
        await a_client(path).execute(SweepNow(id="1"))


async def test_a_socket_that_this_user_may_not_open_is_a_matter_of_admission(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_unix_connection", denied)
    with pytest.raises(NotAdmitted, match="This user may not open"):
        await a_client(path).snapshot()


async def test_a_path_no_socket_can_have_is_said_to_be_unreachable(tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost, match="cannot be reached"):
        await a_client(tmp_path / ("x" * 120)).snapshot()


# --- somebody else -------------------------------------------------------------------------------------------------


async def test_another_protocol_is_refused_and_both_are_named(path: Path) -> None:
    async with a_daemon(path, silence, protocol="9"):
        with pytest.raises(Incompatible, match="speaks protocol 9; this program speaks protocol 1") as caught:
            await anext(a_client(path).stream())
    assert (caught.value.ours, caught.value.theirs) == (PROTOCOL, 9)


async def test_what_does_not_name_its_protocol_is_no_daemon_of_ours(path: Path) -> None:
    async with a_daemon(path, silence, protocol=""):
        with pytest.raises(Incompatible, match="is not an arcdeck daemon"):
            await a_client(path).health()


# --- silence and noise ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(saying(Hello(), a_snapshot(), then=silence), id="after a snapshot"),
        pytest.param(saying(Hello(), a_snapshot(), b'{"type":', then=silence), id="within a line"),
        pytest.param(saying(Hello(), a_snapshot(), then=drip), id="but for bytes that make no message"),
    ],
)
async def test_a_stream_silent_for_15_s_is_lost(path: Path, script: Script) -> None:
    async with a_daemon(path, script), contextlib.aclosing(a_client(path).stream()) as stream:
        await anext(stream)
        await anext(stream)
        began = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionLost):
            await anext(stream)
        assert asyncio.get_running_loop().time() - began == 15


async def test_a_stream_that_never_begins_is_lost_after_15_s(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        began = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionLost, match="did not answer in time"):
            await anext(a_client(path).stream())
        assert asyncio.get_running_loop().time() - began == 15


async def test_a_command_without_an_answer_is_lost_after_30_s(path: Path) -> None:
    async with a_daemon(path, silence):
        began = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionLost, match="did not answer in time"):
            await a_client(path).execute(SweepNow(id="1"))
        assert asyncio.get_running_loop().time() - began == 30


async def test_a_stream_that_the_daemon_ends_is_lost(path: Path) -> None:
    async with a_daemon(path, saying(Hello(), a_snapshot())):
        with pytest.raises(ConnectionLost, match="closed the connection"):
            await heard(path, 3)


async def test_a_stream_that_makes_no_sense_is_lost(path: Path) -> None:
    async with a_daemon(path, saying(Hello(), b"<html>\n", then=silence)):
        with pytest.raises(ConnectionLost, match="cannot read"):
            await heard(path, 2)


async def test_an_answer_that_makes_no_sense_is_lost(path: Path) -> None:
    async with a_daemon(path, saying(b"<html>")):
        with pytest.raises(ConnectionLost, match="cannot read"):
            await a_client(path).execute(SweepNow(id="1"))


# --- starting over -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(b'{"type":"weather"}\n', id="an unknown line"),
        pytest.param(a_delta(5), id="a delta that follows something else"),
        pytest.param(Heartbeat(version=5, now=1.0), id="a heartbeat of another version"),
    ],
)
async def test_a_stream_that_lost_its_thread_starts_over_after_a_second(path: Path, lost: Update | bytes) -> None:
    first = saying(Hello(), a_snapshot(1), lost, then=silence)
    again = saying(Hello(), a_snapshot(8), a_delta(8), then=silence)
    async with a_daemon(path, first, again) as asked:
        began = asyncio.get_running_loop().time()
        assert await heard(path, 5) == [Hello(), a_snapshot(1), Hello(), a_snapshot(8), a_delta(8)]
        assert asyncio.get_running_loop().time() - began == 1
        assert asked == ["/v1/stream", "/v1/stream"]


async def test_deltas_that_follow_each_other_are_handed_on_without_starting_over(path: Path) -> None:
    deltas: list[Update] = [a_delta(1), a_delta(2), Heartbeat(version=3, now=2.0), a_delta(3)]
    async with a_daemon(path, saying(Hello(), a_snapshot(1), *deltas, then=silence)) as asked:
        assert (await heard(path, 6))[2:] == deltas
        assert len(asked) == 1


async def test_a_newer_daemon_may_add_lines_to_a_snapshot(path: Path) -> None:
    begin, *rest = encode(a_snapshot())
    async with a_daemon(path, saying(begin, b'{"type":"weather"}\n', *rest)):
        assert isinstance(await a_client(path).snapshot(), Snapshot)
