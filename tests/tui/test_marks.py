"""Marks: several rows by name, one question for all of them, a result for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.api.commands import DeregisterRunner, HoldRunner, ReleaseRunner, SteerScaleSet, StopTask
from core.api.model import HoldView, JobView, RunnerState
from tests.tui.desk import Desk, sitting
from tests.tui.samples import HOUR, NOW, runner, scale_set, snapshot
from tui.marks import Marks

if TYPE_CHECKING:
    from core.api.model import Snapshot

IDLE = [f"runner-small-plain-0000000{number}" for number in range(4)]
BUSY = "runner-small-plain-0badcafe"


def small_fleet(**busy: Any) -> Snapshot:
    rows = [runner(name, state=RunnerState.IDLE, since=NOW - 60 - n) for n, name in enumerate(IDLE)]
    job = JobView(id="job-17", repository="acme/api", workflow="release", name="deploy")
    serving = runner(BUSY, **{"state": RunnerState.BUSY, "since": NOW - HOUR, "job": job} | busy)
    sets = (scale_set("runner-small-plain"), scale_set("runner-large-plain"))
    return snapshot(runners=(*rows, serving), scale_sets=sets)


def sees(desk: Desk, *words: str) -> bool:
    return any(all(word in line for word in words) for line in desk.lines())


class TestMarks:
    def test_a_mark_is_set_and_taken_off_again(self) -> None:
        marks = Marks()
        marks.toggle("b")
        marks.toggle("a")
        marks.toggle("b")
        assert list(marks) == ["a"]

    def test_a_range_goes_from_the_last_mark_in_either_direction(self) -> None:
        marks = Marks()
        marks.toggle("d")
        marks.up_to("b", ["a", "b", "c", "d"])
        assert sorted(marks) == ["b", "c", "d"]

    def test_without_a_mark_in_view_a_range_is_one_row(self) -> None:
        marks = Marks()
        marks.up_to("b", ["a", "b"])
        assert list(marks) == ["b"]

    def test_all_are_marked_and_then_none(self) -> None:
        marks = Marks()
        marks.all_of(["a", "b"])
        before = list(marks)
        marks.all_of(["a", "b"])
        assert (before, list(marks)) == (["a", "b"], [])

    def test_who_is_gone_is_forgotten_and_told(self) -> None:
        marks = Marks()
        marks.all_of(["a", "b"])
        assert marks.keep({"b"}) == ["a"]
        assert list(marks) == ["b"]


async def test_marked_rows_have_a_sign_and_are_counted() -> None:
    async with sitting(small_fleet()) as desk:
        await desk.press("space", "space")
        assert sum("+" in line[:2] for line in desk.lines()) == 2
        assert "2 marked" in desk.rule("runners")


async def test_one_question_stops_all_that_are_marked_and_tells_a_result_for_each() -> None:
    async with sitting(small_fleet(), unlocked=True) as desk:
        await desk.press("slash")
        await desk.type("state=idle")
        await desk.press("enter", "A", "x")
        assert sees(desk, "Stop 4 runners")
        await desk.press("y")
        sent = desk.daemon.commands
        assert sorted(command.runner for command in sent if isinstance(command, StopTask)) == IDLE
        assert sees(desk, "4 done")
        assert all(sees(desk, "done", name) for name in IDLE)
        await desk.press("escape")
        assert "stop 4 runners: 4 done" in desk.text("message")


async def test_a_busy_one_among_them_has_to_be_meant_and_is_named_first() -> None:
    async with sitting(small_fleet(), unlocked=True) as desk:
        await desk.press("A", "x")
        lines = desk.lines()
        first = next(line for line in lines if ("runner-small-plain-0" in line and "│" in line) or BUSY in line)
        assert BUSY in first
        assert sees(desk, "THIS JOB FAILS: acme/api · release · deploy")
        await desk.press("y")
        assert desk.daemon.commands == []
        await desk.press("tab", "tab")
        assert sees(desk, "type", "stop 5")


async def test_marks_that_the_filter_hides_are_told_in_the_question() -> None:
    async with sitting(small_fleet(), unlocked=True) as desk:
        await desk.press("A", "slash")
        await desk.type(IDLE[0])
        await desk.press("enter")
        assert "5 marked, 4 of them not shown" in desk.rule("runners")
        await desk.press("x")
        assert sees(desk, "4 of them the list does not show now.")


async def test_marks_of_rows_that_leave_are_dropped_and_that_is_said() -> None:
    async with sitting(small_fleet()) as desk:
        await desk.press("A")
        await desk.send(runners_gone=(IDLE[1], IDLE[2]))
        assert "3 marked" in desk.rule("runners")
        assert "2 marked of runners are gone" in desk.text("message")


async def test_escape_takes_the_filter_off_first_and_then_the_marks() -> None:
    async with sitting(small_fleet()) as desk:
        await desk.press("A", "slash")
        await desk.type(IDLE[0])
        await desk.press("enter", "escape")
        assert "5 marked" in desk.rule("runners")
        await desk.press("escape")
        assert "marked" not in desk.rule("runners")


async def test_pausing_marked_scale_sets_pauses_each() -> None:
    async with sitting(small_fleet(), unlocked=True) as desk:
        await desk.press("1", "A", "p")
        sent = [command for command in desk.daemon.commands if isinstance(command, SteerScaleSet)]
        assert sorted((command.kind, command.scale_set) for command in sent) == [
            ("pause", "runner-large-plain"),
            ("pause", "runner-small-plain"),
        ]


async def test_draining_marked_scale_sets_asks_once() -> None:
    async with sitting(small_fleet(), unlocked=True) as desk:
        await desk.press("1", "A", "P")
        assert sees(desk, "Drain 2 scale sets")
        assert sees(desk, "runner-small-plain", "4 idle, 1 busy")
        await desk.press("y")
        assert len(desk.daemon.commands) == 2


async def test_on_a_locked_screen_marks_do_nothing_by_themselves() -> None:
    async with sitting(small_fleet()) as desk:
        await desk.press("A", "x")
        assert desk.daemon.commands == []
        assert "Locked" in desk.text("message")


@pytest.mark.parametrize(("key", "kind"), [("D", DeregisterRunner), ("H", HoldRunner)])
async def test_what_can_be_done_with_one_can_be_done_with_all(key: str, kind: type) -> None:
    async with sitting(small_fleet(), unlocked=True) as desk:
        await desk.press("slash")
        await desk.type("state=idle")
        await desk.press("enter", "A", key, "y")
        assert [type(command) for command in desk.daemon.commands] == [kind] * 4


async def test_a_held_runner_is_marked_as_such_and_let_go_by_the_same_key() -> None:
    hold = HoldView(by="alice", since=NOW - 60, until=NOW + 3540)
    async with sitting(small_fleet(hold=hold), unlocked=True) as desk:
        await desk.press("slash")
        await desk.type(BUSY)
        await desk.press("enter")
        assert sees(desk, "◊ BUSY", "◊59m left", BUSY)
        await desk.press("H", "y")
        (sent,) = desk.daemon.commands
        assert isinstance(sent, ReleaseRunner)
        assert sent.runner == BUSY
