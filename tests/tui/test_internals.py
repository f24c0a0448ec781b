"""Mismatches, sessions and placements: what disagrees, who listens, where there is no room, and the remedies by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.api.commands import DeregisterRunner, SteerScaleSet, StopTask
from core.api.model import RunnerState, SessionView
from core.api.trouble import MismatchKind, MismatchView, Remedy
from tests.tui.desk import Desk, sitting
from tests.tui.samples import NOW, scale_set, snapshot
from tests.tui.trouble import GHOST, LARGE, LOST, SMALL, full, lost, trouble
from tui.dialogs.confirm import ConfirmDialog
from tui.internals import MISMATCHES, PLACEMENTS, SESSIONS, SessionRow
from tui.internals.placements import placement_why
from tui.screens.detail import DetailScreen
from tui.screens.internals import InternalsScreen
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from tui.lists import Kind


def sees(desk: Desk, *words: str) -> bool:
    return any(all(word in line for word in words) for line in desk.lines())


def why(desk: Desk) -> str:
    return desk.pilot.app.screen.query_one("#why", Lines).text


async def test_mismatches_stand_side_by_side_the_worst_first() -> None:
    async with sitting(trouble(), size=(80, 24)) as desk:
        await desk.press("m")
        rows = [line for line in desk.lines() if "ghost" in line or "unregistered" in line]
        assert [("dead0001" in row, "5a90d3e7" in row) for row in rows[:2]] == [(True, False), (False, True)]
        assert sees(desk, "ghost", "30m/1h", "offline", "no task", "unknown")
        assert sees(desk, "unregistered", "not listed", "RUNNING", "idle")
        assert "serves nobody" in why(desk)


async def test_each_mismatch_has_the_key_that_mends_it_in_the_footer_and_no_other() -> None:
    async with sitting(trouble(), unlocked=True) as desk:
        await desk.press("m")
        assert sees(desk, "D deregister")
        assert not sees(desk, "x stop")
        await desk.press("down")
        assert sees(desk, "x stop")
        assert not sees(desk, "D deregister")


async def test_a_ghost_is_deregistered_by_its_name_after_a_yes() -> None:
    async with sitting(trouble(), unlocked=True) as desk:
        await desk.press("m", "D")
        assert sees(desk, "Deregister 1 registration")
        assert desk.daemon.commands == []
        await desk.press("y")
        (sent,) = desk.daemon.commands
        assert isinstance(sent, DeregisterRunner)
        assert (sent.runner, sent.seen_state) == (GHOST, None)


async def test_a_task_that_github_forgot_is_stopped_like_any_other() -> None:
    async with sitting(trouble(), unlocked=True) as desk:
        await desk.press("m", "down", "x", "y")
        (sent,) = desk.daemon.commands
        assert isinstance(sent, StopTask)
        assert (sent.runner, sent.seen_state) == (LOST, RunnerState.IDLE)


async def test_a_ghost_that_goes_while_the_question_is_open_is_struck_out_and_left_alone() -> None:
    async with sitting(trouble(), unlocked=True) as desk:
        await desk.press("m", "A", "D")
        assert sees(desk, "1 that is marked, too, cannot be meant by this.")
        await desk.send(mismatches=(lost(),))
        dialog = desk.pilot.app.screen
        assert isinstance(dialog, ConfirmDialog)
        dialog.look_again()
        await desk.press()
        assert sees(desk, GHOST, "is gone; nothing to do")


async def test_what_settles_by_itself_offers_nothing() -> None:
    async with sitting(snapshot(mismatches=(lost(Remedy.NONE),)), unlocked=True) as desk:
        await desk.press("m", "x")
        assert isinstance(desk.pilot.app.screen, InternalsScreen)
        assert not sees(desk, "x stop")


async def test_enter_opens_the_runner_and_esc_comes_back_to_the_same_row() -> None:
    async with sitting(trouble()) as desk:
        await desk.press("m", "down", "enter")
        assert isinstance(desk.pilot.app.screen, DetailScreen)
        await desk.press("escape")
        assert sees(desk, ">", "unregistered")


async def test_sessions_show_who_listens_and_what_ails_them() -> None:
    async with sitting(trouble()) as desk:
        await desk.press("m", "2")
        assert sees(desk, ">", "conflict 1m", LARGE, "0:28", "host build-7")
        assert sees(desk, "open", SMALL)
        assert "stands by and changes nothing" in why(desk)


async def test_a_scale_set_is_paused_from_its_session() -> None:
    async with sitting(trouble(), unlocked=True) as desk:
        await desk.press("m", "2", "p")
        assert desk.daemon.commands == [SteerScaleSet(kind="pause", id="command-1", scale_set=LARGE)]


async def test_placements_show_where_there_is_no_room_and_a_key_tries_again() -> None:
    async with sitting(trouble(), unlocked=True) as desk:
        await desk.press("m", "3")
        assert sees(desk, "0:47", "3", "EXTERNAL for 4096 cpu and more", "RESOURCE:CPU")
        assert f"waiting: {LARGE}" in why(desk)
        await desk.press("r")
        assert desk.daemon.commands == [SteerScaleSet(kind="retry", id="command-1", scale_set=LARGE)]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("1", "GitHub, ECS and this controller agree about every runner"),
        ("2", "no scale sets are configured"),
        ("3", "every placement is open: nobody waits for room"),
    ],
)
async def test_where_there_is_nothing_to_see_that_is_said(key: str, sentence: str, size: tuple[int, int]) -> None:
    async with sitting(snapshot(), size=size) as desk:
        await desk.press("m", key)
        assert sees(desk, sentence)


async def test_a_filter_holds_in_its_own_list_and_esc_takes_it_off_before_it_leaves() -> None:
    async with sitting(trouble()) as desk:
        await desk.press("m", "slash")
        await desk.type("github=offline")
        await desk.press("enter")
        assert not sees(desk, "unregistered", "not listed")
        await desk.press("escape")
        assert sees(desk, "unregistered", "not listed")
        await desk.press("escape")
        assert not isinstance(desk.pilot.app.screen, InternalsScreen)


@pytest.mark.parametrize("width", [60, 80, 99, 100, 139, 140, 200])
def test_columns_fit_every_width_and_cells_take_what_is_not_known(width: int) -> None:
    kinds: list[tuple[Kind[Any], object]] = [
        (MISMATCHES, MismatchView(name="", kind=MismatchKind.ORPHAN)),
        (SESSIONS, SessionRow(scale_set())),
        (PLACEMENTS, full(waiting=())),
    ]
    for kind, row in kinds:
        columns = kind.columns(width)
        assert sum(column.width + 1 for column in columns) + 2 <= max(width, 80)
        assert all(isinstance(column.cell(row, NOW).text, str) for column in columns)


def test_a_closed_placement_says_what_happens_next() -> None:
    assert "3 refusals in a row, one start tries again at 14:03:18Z" in placement_why(full())
    assert "1 refusal in a row, one start tries now" in placement_why(full(failures=1, probing=True))
    assert "no scale set waits for it alone" in placement_why(full(waiting=()))


def test_a_session_that_was_opened_anew_says_how_often_and_what_was() -> None:
    session = SessionView(state="open", opened=3, owner="build-7", problem="the last one was lost")
    assert SessionRow(scale_set(session=session)).why == (
        "open: this controller decides about the scale set; opened 3 times since the controller started; as build-7;"
        " last: the last one was lost"
    )
