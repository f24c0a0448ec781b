"""Bad input on the control socket: whatever bytes come, the answer is a sentence in JSON or a clean close.

Raw bytes, requests that are almost right, commands of every shape, cut anywhere and sent at any pace, against the real
server on a real unix socket in virtual time. After each of them the server answers as before, nothing of the peer is
left (no reader, no command, no task, no file), and the daemon's log has no error: the mistake was not its own.
"""

import asyncio
import io
import json
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.control import Limits
from core.api.client import Refused
from core.api.model import PROTOCOL, Problem
from core.api.wire import PROTOCOL_HEADER
from tests.contract.raw_peer import Piece, Reply, heard_late, replies, said_to
from tests.every_command import as_sent, every_kind
from tests.fakes.control_room import FakeControlRoom, a_snapshot
from tests.fakes.control_socket import NOBODY, a_client, serving

pytestmark = pytest.mark.virtual_time

#: The same examples in every run: a failure is somebody's change, and not the day's dice.
fuzzed = settings(derandomize=True, max_examples=100, deadline=None)

OK, NO_PLACE = 200, 503
#: What a request can be refused with; 503 means that there is no place, and nothing else.
REFUSALS = {400, 403, 404, 405, 408, 413, 417, NO_PLACE}
SWEEP = {"kind": "sweep", "id": "1"}


# --- what must hold ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def besieged(**changes: Any) -> AsyncIterator[tuple[FakeControlRoom, Path]]:
    """A server that must be none the worse at the end."""
    room, tasks, files = FakeControlRoom(), asyncio.all_tasks(), open_files()
    with tempfile.TemporaryDirectory() as folder, no_complaints():
        path = Path(folder) / "control.sock"
        async with serving(room, path, **changes):
            yield room, path
            await room.until(lambda room: room.readers == 0 and room.under_way == 0)
            assert await a_client(path).health() == room.well
        assert asyncio.all_tasks() == tasks
        assert open_files() == files


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@contextmanager
def no_complaints() -> Iterator[None]:
    """Nothing is logged as an error, whoever logs it."""
    complaints = io.StringIO()
    handler = logging.StreamHandler(complaints)
    handler.setLevel(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
    assert complaints.getvalue() == ""


def check(reply: Reply) -> None:
    """An answer of ours: what was asked for, or one sentence that says why not."""
    assert reply.headers[PROTOCOL_HEADER] == str(PROTOCOL)
    kind = reply.headers["Content-Type"].partition(";")[0]
    if reply.status == OK:
        assert kind in {"application/json", "application/x-ndjson", "text/plain"}
        return
    assert reply.status in REFUSALS
    assert kind == "application/json"
    if reply.body:  # there is none for HEAD
        sentence = Problem.model_validate_json(reply.body).error
        assert sentence.rstrip(".") + "." == sentence
        assert sentence.isprintable()
        assert len(sentence) < 400


# --- bytes ---------------------------------------------------------------------------------------------------------

FRAGMENTS = (
    *(b"GET ", b"POST ", b"HEAD ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
    *(b"/", b"/v1/commands", b"/v1/snapshot", b"/v1/stream", b"/v1/events?follow=1", b"/v1/tasks//logs", b"/healthz"),
    *(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/0.9\r\n", b"\r\n", b"\r\n\r\n", b"\n", b" ", b"\t", b"\x00", b"%00"),
    *(b"Host: arcdeck\r\n", b"Content-Length: 25\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Connection: keep-alive\r\n", b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: websocket\r\n"),
    *(b"Expect: 100-continue\r\n", b"5\r\n", b"0\r\n\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n", b"zz\r\n"),
    json.dumps(SWEEP).encode(),
)
bytes_of_any_kind = st.binary(max_size=200) | st.lists(
    st.sampled_from(FRAGMENTS) | st.binary(max_size=4), max_size=14
).map(b"".join)
pauses = st.sampled_from([0.0, 0.0, 0.0, 0.5, 9.0, 20.0, 100.0])


@st.composite
def in_pieces(draw: st.DrawFn, data: bytes) -> list[Piece]:
    """The same bytes, cut somewhere, with pauses: a slow loris among them."""
    cuts = sorted(draw(st.lists(st.integers(min_value=0, max_value=len(data)), max_size=4)))
    starts, ends = [0, *cuts], [*cuts, len(data)]
    return [Piece(data[start:end], draw(pauses)) for start, end in zip(starts, ends, strict=True)]


@fuzzed
@given(bytes_of_any_kind.flatmap(in_pieces), st.booleans())
async def test_whatever_bytes_come_each_answer_is_a_proper_one(pieces: list[Piece], hang_up: bool) -> None:
    async with besieged() as (_, path):
        for reply in replies(await said_to(path, pieces, hang_up=hang_up)):
            check(reply)


# --- requests that are almost right --------------------------------------------------------------------------------

methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "X"])
paths = st.sampled_from(
    [
        *("/v1/snapshot", "/v1/events", "/v1/commands", "/v1/tasks/linux-0/logs", "/healthz", "/readyz", "/metrics"),
        *("/", "*", "", "//v1/snapshot", "/v1/../v1/snapshot", "/v1/snapshot/", "/v2/snapshot", "/%2e%2e/etc/passwd"),
        *("/v1/tasks/%00%1b[2J/logs", "/v1/tasks/%ED%A0%80/logs", "/v1/tasks/" + "x" * 5000 + "/logs", "/%zz"),
        *("http://arcdeck/healthz", "http://[::1/healthz", "http://x:99999/", "arcdeck:80", "/healthz#there"),
    ]
)
queries = st.sampled_from(
    ["", "?", "?since=1h", "?since=%ff", "?limit=-1", "?limit=" + "9" * 400, "?kind=&kind=", "?after=%00", "?a" * 50]
)
versions = st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/3", "HTTP", ""])
header_lines = st.sampled_from(
    [
        *("Host: arcdeck", "Host: [", "Host:", "Accept: text/html", "Content-Type: text/plain; charset=nonsense"),
        *("Content-Encoding: gzip", "Content-Encoding: br", "Expect: 100-continue", "Expect: the worst"),
        *("Connection: close", "Connection: upgrade", "Upgrade: h2c", "Range: bytes=0-1", "If-Match: *"),
        *("X-Arcdeck-Read-Only: yes", "X-Arcdeck-Sudo-User: %ff%00\xe9", "X: " + "y" * 8200, "no colon", ": no name"),
        *("Cookie: a=\x01", "X-Folded: a\r\n b", "Content-Length: nonsense", "Transfer-Encoding: gzip"),
    ]
)
bodies = st.sampled_from([b"", b"{}", b"[1,2", json.dumps(SWEEP).encode(), b"\xff" * 30, b" " * 70_000, b"\0"])


def chunked(body: bytes) -> bytes:
    return b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"\r\n"


FRAMINGS: tuple[Callable[[bytes], bytes], ...] = (
    lambda body: b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
    lambda body: b"Content-Length: %d\r\n\r\n%b" % (len(body) + 5, body),  # more is promised than comes
    lambda body: b"Content-Length: %d\r\n\r\n%b" % (max(0, len(body) - 1), body),  # more comes than was promised
    lambda body: b"\r\n" + body,
    chunked,
    lambda body: chunked(body).replace(b"0\r\n\r\n", b""),  # it never ends
    lambda body: chunked(body).replace(b"\r\n0\r\n", b"\r\nzz\r\n"),  # it ends in nonsense
)


@st.composite
def almost_right(draw: st.DrawFn) -> bytes:
    """A request."""
    lines = draw(st.lists(header_lines, max_size=4))
    first = f"{draw(methods)} {draw(paths)}{draw(queries)} {draw(versions)}"
    head = "".join(f"{line}\r\n" for line in [first, *lines]).encode("latin-1")
    frame = draw(st.sampled_from(FRAMINGS))
    return head + frame(draw(bodies))


@fuzzed
@given(almost_right().flatmap(in_pieces), st.booleans())
async def test_a_request_that_is_almost_right_is_answered_properly_and_once(pieces: list[Piece], hang_up: bool) -> None:
    async with besieged() as (room, path):
        told = replies(await said_to(path, pieces, hang_up=hang_up))
        for reply in told:
            check(reply)
            assert reply.whole
        assert len(room.commands) <= 1


# --- commands of every shape ---------------------------------------------------------------------------------------

KINDS = dict(every_kind())
wrong_values = st.sampled_from([{}, {"a": 1}, [], [[]], [None]])  # which no field takes


def posted(command: object) -> bytes:
    body = json.dumps(command).encode()
    return b"POST /v1/commands HTTP/1.1\r\nHost: arcdeck\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_least_of_every_kind_of_command_is_carried_out(kind: str) -> None:
    async with besieged() as (room, path):
        (reply,) = replies(await said_to(path, [Piece(posted(as_sent(kind, KINDS[kind], "7", "linux-0")))]))
        check(reply)
        assert (reply.status, json.loads(reply.body)["id"]) == (OK, "7")
        assert [(command.id, command.kind) for command, _ in room.commands] == [("7", kind)]


@fuzzed
@given(st.sampled_from(list(KINDS)), st.data())
async def test_a_field_of_a_wrong_type_is_named_and_nothing_is_done(kind: str, data: st.DataObject) -> None:
    command = as_sent(kind, KINDS[kind], "7", "linux-0")
    field = data.draw(st.sampled_from(sorted(KINDS[kind].model_fields)))
    command[field] = data.draw(wrong_values)
    async with besieged() as (room, path):
        (reply,) = replies(await said_to(path, [Piece(posted(command))]))
        check(reply)
        assert reply.status == 400
        assert Problem.model_validate_json(reply.body).error.startswith(f"{field}")
        assert room.commands == []


@fuzzed
@given(st.sampled_from(list(KINDS)), st.data())
async def test_a_field_that_is_missing_is_named_and_nothing_is_done(kind: str, data: st.DataObject) -> None:
    command = as_sent(kind, KINDS[kind], "7", "linux-0")
    field = data.draw(st.sampled_from(sorted(command)))
    del command[field]
    async with besieged() as (room, path):
        (reply,) = replies(await said_to(path, [Piece(posted(command))]))
        check(reply)
        assert reply.status == 400
        assert Problem.model_validate_json(reply.body).error.startswith(f"{field}: ")
        assert room.commands == []


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


@fuzzed
@given(st.sampled_from(list(KINDS)), st.dictionaries(st.text(max_size=8), json_values, max_size=4), st.data())
async def test_a_command_is_carried_out_or_refused_and_never_both(
    kind: str, more: dict[str, object], data: st.DataObject
) -> None:
    command = as_sent(kind, KINDS[kind], "7", "linux-0") | more
    for field in data.draw(st.sets(st.sampled_from(sorted(KINDS[kind].model_fields)), max_size=2)):
        command[field] = data.draw(json_values)
    async with besieged() as (room, path):
        (reply,) = replies(await said_to(path, [Piece(posted(command))]))
        check(reply)
        assert (reply.status == OK) == (len(room.commands) == 1)


# --- one after another on one connection ---------------------------------------------------------------------------

asked = st.sampled_from(
    [
        ("HEAD", OK, b"HEAD /healthz HTTP/1.1\r\nHost: arcdeck\r\n\r\n"),
        ("GET", OK, b"GET /v1/snapshot HTTP/1.1\r\nHost: arcdeck\r\n\r\n"),
        ("GET", 404, b"GET /nowhere HTTP/1.1\r\nHost: arcdeck\r\n\r\n"),
        ("POST", 405, b"POST /readyz HTTP/1.1\r\nHost: arcdeck\r\nContent-Length: 2\r\n\r\n{}"),
        ("POST", 400, posted([])),
        ("POST", OK, posted(SWEEP)),
    ]
)


@fuzzed
@given(st.lists(asked, min_size=1, max_size=45), st.data())
async def test_requests_one_behind_the_other_are_answered_in_their_order(
    requests: list[tuple[str, int, bytes]], data: st.DataObject
) -> None:
    raw = b"".join(request for _, _, request in requests)
    cuts = data.draw(st.lists(st.integers(min_value=0, max_value=len(raw)), max_size=4).map(sorted))
    pieces = [Piece(raw[start:end], 0.5) for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    async with besieged() as (room, path):
        told = replies(await said_to(path, pieces), [method for method, _, _ in requests])
        assert [reply.status for reply in told] == [status for _, status, _ in requests]
        assert len(room.commands) == sum(request == posted(SWEEP) for _, _, request in requests)


async def test_a_sender_that_hangs_up_in_mid_command_has_asked_for_nothing() -> None:
    whole = posted(SWEEP)
    for length in range(1, len(whole)):
        async with besieged() as (room, path):
            await said_to(path, [Piece(whole[:length])], hang_up=True)
            assert room.commands == []


# --- words for what is wrong ---------------------------------------------------------------------------------------

POST = "POST /v1/commands HTTP/1.1\r\nHost: arcdeck\r\n"


@pytest.mark.parametrize(
    ("request_", "status", "sentence"),
    [
        ("GET /healthz HTTP/9.9\r\n\r\n", 400, "The request is not HTTP: Bad status line."),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400, "The request is not HTTP: Missing 'Host' header in request."),
        ("GET healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "The request is not HTTP: its address makes no sense."),
        (f"{POST}Content-Length: -1\r\n\r\n", 400, "The request is not HTTP: Invalid character in Content-Length."),
        (f"{POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "The request is not HTTP: Invalid character in chunk"),
        (f"{POST}X: {'x' * 9000}\r\n\r\n", 400, "The request is not HTTP: Got more than 8190 bytes"),
        (f"{POST}Expect: a miracle\r\n\r\n", 417, "Expectation Failed."),
        (f"{POST}Content-Length: 70000\r\n\r\n{' ' * 70000}", 413, "The request is larger than 65536 bytes."),
        ("CONNECT arcdeck:80 HTTP/1.1\r\nHost: a\r\n\r\n", 404, "There is nothing at an empty path."),
        (f"GET /v1/tasks/{'x' * 300}/logs HTTP/1.1\r\nHost: a\r\n\r\n", 404, f"no runner {'x' * 199}… is known here."),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(request_: str, status: int, sentence: str) -> None:
    async with besieged() as (_, path):
        (reply,) = replies(await said_to(path, [Piece(request_.encode())]))
        check(reply)
        assert reply.status == status
        assert Problem.model_validate_json(reply.body).error.startswith(sentence)


async def test_a_body_that_turns_out_to_be_nonsense_is_answered_once() -> None:
    head = f"{POST}Transfer-Encoding: chunked\r\n\r\n".encode()
    async with besieged() as (_, path):
        (reply,) = replies(await said_to(path, [Piece(head, 1.0), Piece(b"zz\r\n")]))
        check(reply)
        assert reply.status == 408  # the library waits for the rest of what can have none


# --- those who hold on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [b"", b"GET /heal", b"POST /v1/commands HTTP/1.1\r\nHost: a\r\nX: "])
async def test_a_request_that_never_gets_finished_is_hung_up_on(head: bytes) -> None:
    async with besieged() as (_, path):
        began = asyncio.get_running_loop().time()
        assert await said_to(path, [Piece(head)]) == b""
        assert asyncio.get_running_loop().time() - began == Limits().keepalive


@pytest.mark.parametrize(
    "asked_for",
    [b"GET /v1/snapshot HTTP/1.0\r\nHost: a\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 400],
    ids=["a snapshot", "much that is small"],
)
async def test_who_takes_no_answer_is_cut_off_whatever_was_asked(asked_for: bytes) -> None:
    async with besieged(metrics=lambda: "up 1\n" * 1000) as (room, path):
        room.publish(a_snapshot(runners=3000))
        whole = len(await said_to(path, [Piece(asked_for)]))
        late = await heard_late(path, asked_for, Limits().reader_patience + 1)
        assert 0 < len(late) < whole


async def test_one_connection_more_than_there_are_places_is_told_so_and_closed() -> None:
    async with besieged(limits=Limits(connections=3)) as (_, path):
        idle = [await asyncio.open_unix_connection(path) for _ in range(3)]
        (reply,) = replies(await said_to(path, [Piece(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")]))
        check(reply)
        assert reply.status == NO_PLACE
        with pytest.raises(Refused, match="All 3 places for connections are taken"):
            await a_client(path).health()
        for _, writer in idle:
            writer.transport.abort()
        await asyncio.sleep(0.1)


async def test_a_peer_without_rights_learns_nothing_from_nonsense() -> None:
    tasks, files = asyncio.all_tasks(), open_files()
    room = FakeControlRoom()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "control.sock"
        async with serving(room, path, admitted=NOBODY):
            told = [
                reply
                for raw in (posted(SWEEP), posted([]), b"nonsense\r\n\r\n", f"{POST}Expect: more\r\n\r\n".encode())
                for reply in replies(await said_to(path, [Piece(raw)]))
            ]
    assert [reply.status for reply in told] == [403, 403, 400, 417]
    assert room.commands == []
    assert (asyncio.all_tasks(), open_files()) == (tasks, files)
