"""``mismatches``, ``sessions``, ``placements``, ``hold`` and ``release`` against a real control socket."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.api.commands import HoldRunner, ReleaseRunner
from core.api.model import SessionView
from core.api.trouble import MismatchKind, MismatchView, PlacementView, Remedy
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import serving
from tests.tui.samples import NOW, fleet, runner, scale_set, snapshot
from tests.tui.shell import Shell
from tui import exits

BUSY = "runner-large-docker-0be1c7f2"
TASK = "arn:aws:ecs:eu-west-1:111122223333:task/ci-prod/0be1"
GHOST = MismatchView(
    name="runner-large-docker-dead0001",
    kind=MismatchKind.GHOST,
    scale_set="runner-large-docker",
    github="offline",
    ecs="no task",
    ours="unknown",
    since=NOW - 1800,
    limit=3600.0,
    remedy=Remedy.DEREGISTER,
    why="serves nobody",
)
FULL = PlacementView(
    placement="EXTERNAL for 4096 cpu and more",
    failures=3,
    since=NOW - 90,
    until=NOW + 47,
    reason="RESOURCE:CPU",
    waiting=("runner-large-docker",),
)


@pytest.fixture
def room() -> FakeControlRoom:
    conflict = SessionView(state="conflict", since=NOW - 60, tries=3, retry_at=NOW + 28, problem="host build-7 has it")
    sets = (scale_set("runner-small-plain"), scale_set("runner-large-docker", session=conflict))
    rows = (runner(BUSY, task_arn=TASK),)
    return FakeControlRoom(snapshot(scale_sets=sets, runners=rows, mismatches=(GHOST,), placements=(FULL,)))


@pytest.fixture
async def shell(room: FakeControlRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    async with serving(room, tmp_path / "control.sock"):
        yield Shell(monkeypatch, tmp_path / "control.sock")


async def test_mismatches_shows_github_ecs_and_ours_side_by_side(shell: Shell) -> None:
    done = await shell.pipe("mismatches")
    heading, row = done.out.splitlines()
    assert heading.split()[:5] == ["MISMATCH", "SINCE", "RUNNER", "GITHUB", "ECS"]
    assert all(word in row for word in ("ghost", "30m/1h", GHOST.name, "offline", "no task", "unknown"))


async def test_mismatches_in_json_has_whole_names_and_remedies(shell: Shell) -> None:
    (found,) = json.loads((await shell.pipe("mismatches", "--json")).out)
    assert (found["name"], found["kind"], found["remedy"]) == (GHOST.name, "ghost", "deregister")


async def test_agreement_is_a_sentence_and_well(room: FakeControlRoom, shell: Shell) -> None:
    room.publish(fleet())
    done = await shell.pipe("mismatches")
    assert (done.code, done.out) == (exits.DONE, "GitHub, ECS and this controller agree about every runner.\n")


async def test_sessions_has_the_worst_first_with_its_next_try(shell: Shell) -> None:
    done = await shell.pipe("sessions")
    _, first, second = done.out.splitlines()
    assert all(word in first for word in ("conflict", "runner-large-docker", "0:28"))
    assert "open" in second


async def test_sessions_in_json_names_the_scale_set_and_what_ails_it(shell: Shell) -> None:
    first, _ = json.loads((await shell.pipe("sessions", "--json")).out)
    assert (first["scale_set"], first["problem"]) == ("runner-large-docker", "host build-7 has it")


async def test_placements_says_where_there_is_no_room_and_who_waits(shell: Shell) -> None:
    done = await shell.pipe("placements")
    assert all(word in done.out for word in ("0:47", "EXTERNAL for 4096 cpu", "RESOURCE:CPU"))
    (found,) = json.loads((await shell.pipe("placements", "--json")).out)
    assert found["waiting"] == ["runner-large-docker"]


@pytest.mark.parametrize("named", [BUSY, TASK, "0be1"])
async def test_hold_sends_the_runners_name_and_an_hour_unless_told(
    room: FakeControlRoom, shell: Shell, named: str
) -> None:
    done = await shell.pipe("hold", named)
    ((command, _),) = room.commands
    assert done.code == exits.DONE
    assert isinstance(command, HoldRunner)
    assert (command.runner, command.seconds) == (BUSY, 3600)


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("1h30m", 5400), ("24h", 86_400), ("60s", 60)])
async def test_a_hold_lasts_as_long_as_is_said(room: FakeControlRoom, shell: Shell, text: str, seconds: int) -> None:
    await shell.pipe("hold", BUSY, "--for", text)
    ((command, _),) = room.commands
    assert isinstance(command, HoldRunner)
    assert command.seconds == seconds


@pytest.mark.parametrize("text", ["", "5", "59s", "25h", "-1h", "h", "1 h", "1d"])
async def test_what_is_no_duration_of_a_hold_is_refused_before_anything_is_asked(
    room: FakeControlRoom, shell: Shell, text: str
) -> None:
    done = await shell.pipe("hold", BUSY, "--for", text)
    assert (done.code, room.commands) == (exits.USAGE, [])


async def test_release_lets_go_by_name(room: FakeControlRoom, shell: Shell) -> None:
    await shell.pipe("release", "0be1")
    ((command, _),) = room.commands
    assert isinstance(command, ReleaseRunner)
    assert command.runner == BUSY


async def test_a_name_that_nobody_knows_goes_to_the_controller(room: FakeControlRoom, shell: Shell) -> None:
    await shell.pipe("release", "nobody-00000000")
    ((command, _),) = room.commands
    assert getattr(command, "runner", "") == "nobody-00000000"
