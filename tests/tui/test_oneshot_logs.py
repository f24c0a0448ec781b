"""``logs``: the real command line against a real control socket, with runners behind it that print."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain.errors import ArcdeckError, PermissionDenied, Throttled
from core.ports import LogLine, LogPage
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import serving
from tests.tui.samples import fleet
from tests.tui.shell import Shell
from tui import exits
from tui.oneshot import logs

LIVES = "runner-small-plain-5a90d3e7"
ENDED = "runner-small-docker-e5d41b90"
AT = datetime(2030, 3, 17, 23, 59, 59, tzinfo=UTC)


def page(*texts: str, after: str = "f/1") -> LogPage:
    return LogPage(tuple(LogLine(AT + timedelta(seconds=number), text) for number, text in enumerate(texts)), after)


class PrintingRoom(FakeControlRoom):
    """A control room whose runners print one page after another, and then nothing more."""

    def __init__(self) -> None:
        super().__init__(fleet())
        self.pages: list[LogPage | ArcdeckError] = []

    async def logs(self, runner: str, after: str | None, limit: int) -> LogPage:
        self.log_questions.append((runner, after, limit))
        told = self.pages.pop(0) if self.pages else page(after=after or "")
        if isinstance(told, ArcdeckError):
            raise told
        return told


@pytest.fixture
def room() -> PrintingRoom:
    return PrintingRoom()


@pytest.fixture
async def shell(room: PrintingRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    monkeypatch.setattr(logs, "PAUSE", 0.0)
    async with serving(room, tmp_path / "control.sock"):
        yield Shell(monkeypatch, tmp_path / "control.sock")


# --- once ----------------------------------------------------------------------------------------------------------


async def test_lines_stand_under_their_day_with_their_time(room: PrintingRoom, shell: Shell) -> None:
    room.pages = [page("Running job: unit", "done")]
    done = await shell.pipe("logs", LIVES)
    assert (done.code, done.err) == (exits.DONE, "")
    assert done.out.splitlines() == [
        "--- 2030-03-17 UTC",
        "23:59:59Z Running job: unit",
        "--- 2030-03-18 UTC",
        "00:00:00Z done",
    ]
    assert room.log_questions == [(LIVES, None, 100)]


async def test_json_has_a_line_for_each_with_its_time_in_seconds(room: PrintingRoom, shell: Shell) -> None:
    room.pages = [page("one", "zwei € 2")]
    told = [json.loads(line) for line in (await shell.pipe("logs", LIVES, "--json")).out.splitlines()]
    assert told == [{"at": AT.timestamp(), "text": "one"}, {"at": AT.timestamp() + 1, "text": "zwei € 2"}]


async def test_the_tail_is_as_long_as_was_asked_for(room: PrintingRoom, shell: Shell) -> None:
    await shell.pipe("logs", LIVES, "--tail", "7")
    assert room.log_questions == [(LIVES, None, 7)]


@pytest.mark.parametrize("number", ["0", "-1", "1001", "many", "9" * 400, "٣"])
async def test_a_tail_that_cannot_be_is_a_usage_error(room: PrintingRoom, shell: Shell, number: str) -> None:
    done = await shell.pipe("logs", LIVES, f"--tail={number}")
    assert done.code == exits.USAGE
    assert "is no number from 1 to 1000" in done.err
    assert room.log_questions == []


async def test_a_runner_is_also_found_by_its_task(room: PrintingRoom, shell: Shell) -> None:
    arn = next(row.task_arn for row in room.current.runners if row.name == ENDED)
    for named in (arn, arn.rpartition("/")[2]):
        await shell.pipe("logs", named)
    assert {runner for runner, _, _ in room.log_questions} == {ENDED}


async def test_one_that_has_left_the_screens_is_the_controllers_to_know(room: PrintingRoom, shell: Shell) -> None:
    room.pages = [page("the last words")]
    assert "the last words" in (await shell.pipe("logs", "small-00000001")).out


async def test_one_that_has_printed_nothing_says_so_beside_the_log(shell: Shell) -> None:
    done = await shell.pipe("logs", LIVES)
    assert (done.code, done.out) == (exits.DONE, "")
    assert done.err == f"arcdeck: {LIVES} has printed nothing that can be read yet.\n"


@pytest.mark.parametrize("error", [Throttled("CloudWatch is busy"), PermissionDenied("the role needs more")])
async def test_what_aws_refuses_is_told_in_its_words(room: PrintingRoom, shell: Shell, error: ArcdeckError) -> None:
    room.pages = [error]
    done = await shell.pipe("logs", LIVES)
    assert (done.code, done.err) == (exits.FAILED, f"arcdeck: {error}.\n")


async def test_a_runner_that_nobody_knows_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(FakeControlRoom(), tmp_path / "control.sock"):
        done = await Shell(monkeypatch, tmp_path / "control.sock").pipe("logs", "nobody")
    assert (done.code, done.err) == (exits.FAILED, "arcdeck: no runner nobody is known here.\n")


@pytest.mark.parametrize("as_json", [False, True], ids=["people", "scripts"])
async def test_what_is_printed_has_no_power_over_a_terminal(room: PrintingRoom, shell: Shell, as_json: bool) -> None:
    room.pages = [page("␛[31mred␛[0m \x1b[1mbold\x1b[0m", "\x1b]52;c;aGk=\x07\x1b[2J\u202eevil\r\n\tend")]
    out = (await shell.terminal("logs", LIVES, *(["--json"] if as_json else []))).out
    assert "red bold" in out
    assert not {"\x1b", "\x07", "\u202e", "\r", "\t"} & set(out)


# --- following -----------------------------------------------------------------------------------------------------


async def test_following_goes_on_where_the_last_answer_ended_until_the_runner_has(
    room: PrintingRoom, shell: Shell
) -> None:
    room.pages = [page("one", after="f/1"), page(after="f/1"), page("two", after="f/2")]
    done = await shell.pipe("logs", ENDED, "--follow")
    assert done.code == exits.DONE
    assert [line.split()[-1] for line in done.out.splitlines() if "Z " in line] == ["one", "two"]
    assert done.err == f"arcdeck: {ENDED} has ended.\n"
    assert [after for _, after, _ in room.log_questions[:4]] == [None, "f/1", "f/1", "f/2"]


async def test_one_that_lives_is_followed_however_long_it_is_silent(room: PrintingRoom, shell: Shell) -> None:
    room.pages = [page("one"), *[page()] * 23, page("two"), PermissionDenied("enough")]
    done = await shell.pipe("logs", LIVES, "--follow")
    assert "two" in done.out
    assert (done.code, done.err) == (exits.FAILED, "arcdeck: enough.\n")


async def test_a_log_that_is_out_of_reach_for_a_moment_is_asked_for_again(room: PrintingRoom, shell: Shell) -> None:
    room.pages = [page("one"), Throttled("slower"), Throttled("slower"), page("two")]
    done = await shell.pipe("logs", ENDED, "--follow")
    assert (done.code, "two" in done.out) == (exits.DONE, True)


async def test_ctrl_c_ends_following_without_a_word(room: PrintingRoom, tmp_path: Path) -> None:
    room.pages = [page("one")]
    path = tmp_path / "control.sock"
    async with serving(room, path):
        following = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli", "logs", LIVES, "--follow", "--socket", str(path)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert following.stdout is not None
        await following.stdout.readuntil(b"one\n")
        following.send_signal(signal.SIGINT)
        _, err = await following.communicate()
    assert (following.returncode, err) == (130, b"")
