"""Events over the control socket: what is asked, what is told, and what becomes of those who read slowly."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.control import Limits
from core.api.client import ConnectionLost, Refused
from core.api.events import EventQuery, EventRecord
from core.api.model import Problem
from tests.fakes.control_room import FakeControlRoom, an_event
from tests.fakes.control_socket import a_client, a_deaf_reader, answer_to, serving

pytestmark = pytest.mark.virtual_time

#: The daemon's time in these tests.
NOW = 1_900_000_001.0


@pytest.fixture
def room() -> FakeControlRoom:
    return FakeControlRoom()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


async def told(path: Path, **asked: str) -> list[EventRecord]:
    return [event async for event in a_client(path).events(asked.items())]


@contextlib.asynccontextmanager
async def following(path: Path, **asked: str) -> AsyncIterator[AsyncGenerator[EventRecord, None]]:
    async with contextlib.aclosing(a_client(path).events(asked.items(), follow=True)) as events:
        yield events


async def asked_for(room: FakeControlRoom, path: Path, query: str) -> EventQuery:
    """What the engine is asked when a client asks this."""
    async with serving(room, path), answer_to(path, "GET", f"/v1/events?{query}") as answer:
        assert answer.status == 200, await answer.text()
    (one,) = room.asked
    return one


# --- what is told --------------------------------------------------------------------------------------------------


async def test_events_arrive_as_they_were_told(room: FakeControlRoom, path: Path) -> None:
    room.past = [an_event(1, data={"exit_code": 137}), an_event(2, "command", operator="alice")]
    async with serving(room, path):
        assert await told(path) == room.past


async def test_events_are_lines_that_curl_can_show(room: FakeControlRoom, path: Path) -> None:
    room.past = [an_event(1), an_event(2)]
    async with serving(room, path), answer_to(path, "GET", "/v1/events") as answer:
        assert answer.content_type == "application/x-ndjson"
        assert [json.loads(line)["text"] for line in (await answer.read()).splitlines()] == ["event 1", "event 2"]


async def test_no_events_are_an_empty_answer(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "GET", "/v1/events") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_an_event_longer_than_any_buffer_arrives_whole(room: FakeControlRoom, path: Path) -> None:
    room.past = [an_event(1, data={"scale_sets": ["x" * 60] * 20_000})]
    async with serving(room, path):
        assert await told(path) == room.past


# --- what is asked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", EventQuery()),
        ("since=2h", EventQuery(since=NOW - 7200)),
        ("since=2h&until=30m", EventQuery(since=NOW - 7200, until=NOW - 1800)),
        ("since=1970-01-01T00:01:00Z", EventQuery(since=60)),
        ("since=1970-01-01T00:01:00", EventQuery(since=60)),
        ("since=1970-01-01T02:01:00%2B02:00", EventQuery(since=60)),
        ("since=99999999d", EventQuery(since=0)),
        ("kind=stop&kind=command", EventQuery(kinds=("stop", "command"))),
        ("scale_set=linux&runner=linux-1&job=j&operator=bob", EventQuery(
            scale_set="linux", runner="linux-1", job="j", operator="bob")),
        ("scale_set=%1b%5b2J", EventQuery(scale_set="␛[2J")),
        ("limit=5", EventQuery(limit=5)),
        ("since=&until=&kind=&scale_set=&runner=&job=&operator=&limit=&follow=", EventQuery()),
    ],
)  # fmt: skip
async def test_a_query_reaches_the_engine_as_it_was_meant(
    room: FakeControlRoom, path: Path, query: str, asked: EventQuery
) -> None:
    assert await asked_for(room, path, query) == asked


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("sinc=2h", "There is no parameter 'sinc'; known are since, until, kind,"),
        ("since=yesterday", "since: 'yesterday' is neither an age nor a time; write how long ago, like 2h,"),
        ("until=-2h", "until: '-2h' lies in the future"),
        ("since=1h&until=2h", "since: it is later than until"),
        ("since=1h&since=2h", "since: it is given 2 times"),
        ("limit=0", "limit: '0' is no number from 1 to 10000."),
        ("limit=many", "limit: 'many' is no number"),
        ("limit=10001", "limit: '10001' is no number"),
        ("follow=maybe", "follow: 'maybe' is neither 1 nor 0."),
        ("follow=1&until=1h", "until: what has an end cannot be followed"),
        ("runner=" + "x" * 201, "runner: the value has 201 characters"),
        ("&".join(["kind=stop"] * 21), "kind: 21 kinds are asked for"),
    ],
)
async def test_a_query_that_makes_no_sense_is_answered_with_what_is_wrong(
    room: FakeControlRoom, path: Path, query: str, sentence: str
) -> None:
    async with serving(room, path), answer_to(path, "GET", f"/v1/events?{query}") as answer:
        assert answer.status == 400
        assert Problem.model_validate_json(await answer.read()).error.startswith(sentence)
    assert room.asked == []


async def test_a_client_says_what_was_wrong_with_its_question(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        with pytest.raises(Refused, match="neither an age nor a time"):
            await told(path, since="soon")


values = st.text(max_size=30) | st.sampled_from(["2h", "0", "-1h", "1e9h", "9" * 400 + "h", "2031-05-06", "1", "\0"])
names = st.sampled_from(["since", "until", "kind", "scale_set", "runner", "job", "operator", "limit"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(names | st.text(max_size=8), values), max_size=6))
async def test_whatever_is_asked_is_answered_with_events_or_a_sentence(parameters: list[tuple[str, str]]) -> None:
    room = FakeControlRoom()
    query = urlencode(parameters, errors="replace")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "control.sock"
        async with serving(room, path), answer_to(path, "GET", f"/v1/events?{query}") as answer:
            known = {(200, "application/x-ndjson"), (400, "application/json")}
            assert (answer.status, answer.content_type) in known
            assert (answer.status == 200) == (len(room.asked) == 1)
            if answer.status == 400:
                assert Problem.model_validate_json(await answer.read()).error.endswith(".")


# --- following -----------------------------------------------------------------------------------------------------


async def test_a_follower_hears_what_was_and_then_what_happens(room: FakeControlRoom, path: Path) -> None:
    room.past = [an_event(1)]
    async with serving(room, path), following(path) as events:
        assert await anext(events) == an_event(1)
        room.past.append(an_event(2))
        room.ring()
        assert await anext(events) == an_event(2)


async def test_following_begins_now_unless_asked_otherwise(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        for asked in ({}, {"since": "1h"}):
            async with following(path, **asked) as events:
                room.past = [an_event()]
                room.ring()
                await anext(events)
    assert [query.since for query in room.asked] == [NOW, NOW - 3600]


async def test_a_follower_waits_as_long_as_nothing_happens(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), following(path) as events:
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(7200)
        room.past = [an_event(1)]
        room.ring()
        assert await waiting == an_event(1)


async def test_a_follower_is_told_when_the_daemon_goes(room: FakeControlRoom, path: Path) -> None:
    room.past = [an_event(1)]
    async with contextlib.AsyncExitStack() as server:
        await server.enter_async_context(serving(room, path))
        async with following(path) as events:
            await anext(events)
            await server.aclose()
            with pytest.raises(ConnectionLost, match="closed the connection"):
                await anext(events)
    assert room.readers == 0


async def test_a_follower_that_hangs_up_frees_its_place_at_once(room: FakeControlRoom, path: Path) -> None:
    room.past = [an_event(1)]
    async with serving(room, path, limits=Limits(streams=1)):
        async with following(path) as events:
            await anext(events)
            with pytest.raises(Refused, match="places for screens are taken"):
                await told(path)
        async with asyncio.timeout(0.1):
            await room.until(lambda room: room.readers == 0)
        assert await told(path) == room.past


async def test_a_follower_that_does_not_read_is_dropped_after_30_s(room: FakeControlRoom, path: Path) -> None:
    room.past = [an_event(number, text="x" * 1000) for number in range(3000)]
    loop = asyncio.get_running_loop()
    async with serving(room, path), a_deaf_reader(path, "/v1/events?follow=1"):
        await room.until(lambda room: room.readers == 1)
        began = loop.time()
        await room.until(lambda room: room.readers == 0)
        assert loop.time() - began == 30


async def test_an_engine_that_fails_breaks_what_was_begun(
    room: FakeControlRoom, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room.past = [an_event(1)]
    async with serving(room, path), following(path) as events:
        await anext(events)
        room.failure = RuntimeError("history")
        room.ring()
        with pytest.raises(ConnectionLost):
            await anext(events)
    assert "control stream failed" in caplog.text
