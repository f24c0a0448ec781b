"""A runner's log as the client gives it: lines, and the token to go on with."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.api.client import Refused
from core.ports import LogLine, LogPage
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import a_client, serving

pytestmark = pytest.mark.virtual_time

AT = datetime(2030, 1, 1, tzinfo=UTC)


async def test_the_client_gives_lines_and_where_to_go_on(tmp_path: Path) -> None:
    room, path = FakeControlRoom(), tmp_path / "control.sock"
    room.runner_logs["odd/name 1"] = LogPage((LogLine(AT, "one"), LogLine(AT, "two")), "f/2")
    async with serving(room, path):
        lines, after = await a_client(path).logs("odd/name 1")
    assert [(line.at, line.text) for line in lines] == [(AT.timestamp(), "one"), (AT.timestamp(), "two")]
    assert after == "f/2"


async def test_a_runner_that_nobody_knows_is_refused_in_the_daemons_words(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serving(FakeControlRoom(), path):
        with pytest.raises(Refused, match="nobody is known") as refused:
            await a_client(path).logs("nobody", after="f/1")
    assert refused.value.status == 404
