"""Logs over the control socket: what is asked, what is told, and what is refused in which words."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.api.model import Problem
from core.domain.errors import ArcdeckError, PermissionDenied, Throttled
from core.ports import LogLine, LogPage
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import answer_to, serving

pytestmark = pytest.mark.virtual_time

AT = datetime(2030, 1, 1, tzinfo=UTC)
URL = "/v1/tasks/linux-0000000a/logs"


@pytest.fixture
def room() -> FakeControlRoom:
    room = FakeControlRoom()
    room.runner_logs["linux-0000000a"] = LogPage((LogLine(AT, "one"), LogLine(AT, "two")), "f/2")
    return room


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


async def test_lines_come_as_json_with_the_token_at_the_end(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "GET", URL) as answer:
        assert answer.content_type == "application/x-ndjson"
        assert [json.loads(line) for line in (await answer.read()).splitlines()] == [
            {"at": AT.timestamp(), "text": "one"},
            {"at": AT.timestamp(), "text": "two"},
            {"next": "f/2"},
        ]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", (None, 100)),
        ("?after=f%2F12&limit=5", ("f/12", 5)),
        ("?after=&limit=", (None, 100)),
        ("?limit=1000", (None, 1000)),
    ],
)
async def test_what_is_asked_reaches_the_engine(
    room: FakeControlRoom, path: Path, query: str, asked: tuple[str | None, int]
) -> None:
    async with serving(room, path), answer_to(path, "GET", URL + query) as answer:
        assert answer.status == 200
    assert room.log_questions == [("linux-0000000a", *asked)]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("limit=0", "limit: '0' is no number from 1 to 1000."),
        ("limit=1001", "limit: '1001' is no number from 1 to 1000."),
        ("limit=" + "9" * 5000, "limit: '999"),
        ("limit=some", "limit: 'some' is no number from 1 to 1000."),
        ("after=%1b", "after: it is no token; give the next of an earlier answer."),
        ("after=" + "x" * 501, "after: it is no token; give the next of an earlier answer."),
        ("folow=1", "There is no parameter 'folow'; known are after, limit."),
    ],
)
async def test_what_makes_no_sense_is_named(room: FakeControlRoom, path: Path, query: str, sentence: str) -> None:
    async with serving(room, path), answer_to(path, "GET", f"{URL}?{query}") as answer:
        assert answer.status == 400
        assert Problem.model_validate_json(await answer.read()).error.startswith(sentence)
    assert room.log_questions == []


async def test_a_runner_that_is_not_known_is_not_found(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "GET", "/v1/tasks/nobody/logs") as answer:
        assert answer.status == 404
        assert Problem.model_validate_json(await answer.read()).error == "no runner nobody is known here."


@pytest.mark.parametrize(
    ("error", "status"), [(Throttled("slow down"), 503), (PermissionDenied("the role needs logs:GetLogEvents"), 502)]
)
async def test_what_aws_refuses_is_told_in_its_words(
    room: FakeControlRoom, path: Path, error: ArcdeckError, status: int
) -> None:
    room.runner_logs["linux-0000000a"] = error
    async with serving(room, path), answer_to(path, "GET", URL) as answer:
        assert answer.status == status
        assert Problem.model_validate_json(await answer.read()).error == f"{error}."
