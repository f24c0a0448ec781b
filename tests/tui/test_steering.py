"""Pausing, draining and retrying scale sets from the screen, and how those look that are held."""

from __future__ import annotations

import pytest

from core.api.commands import SteerScaleSet
from core.api.model import PauseView, RunnerState, ScaleSetState, Snapshot
from tests.tui.desk import sitting
from tests.tui.samples import NOW, runner, scale_set, snapshot
from tui.dialogs.confirm import ConfirmDialog

NAME = "runner-small-plain"
PAUSED = scale_set(state=ScaleSetState.PAUSED, pause=PauseView(by="alice", since=NOW - 240))
DRAINING = scale_set(state=ScaleSetState.PAUSED, pause=PauseView(by="alice", since=NOW - 240, drains=True))
BLOCKED = scale_set(state=ScaleSetState.BLOCKED, pause=PauseView(by="alice", since=NOW - 240))


def small(*runners: RunnerState) -> Snapshot:
    """One scale set with runners in these states."""
    rows = tuple(runner(f"{NAME}-{number:08x}", state=state) for number, state in enumerate(runners))
    return snapshot(scale_sets=(scale_set(),), runners=rows)


async def test_p_pauses_a_scale_set_without_a_question() -> None:
    async with sitting(small(), unlocked=True) as desk:
        await desk.press("1", "p")
        assert desk.daemon.commands == [SteerScaleSet(kind="pause", id="command-1", scale_set=NAME)]
        assert f"pause {NAME}: done." in desk.text("message")


async def test_p_lets_a_paused_scale_set_start_again() -> None:
    async with sitting(snapshot(scale_sets=(PAUSED,)), unlocked=True) as desk:
        await desk.press("1")
        assert "p resume" in desk.text("footer")
        await desk.press("p")
        assert desk.daemon.commands == [SteerScaleSet(kind="resume", id="command-1", scale_set=NAME)]


async def test_on_a_runner_the_keys_are_about_its_scale_set() -> None:
    async with sitting(small(RunnerState.IDLE), unlocked=True) as desk:
        await desk.press("r")
        assert desk.daemon.commands == [SteerScaleSet(kind="retry", id="command-1", scale_set=NAME)]


async def test_a_drain_names_who_goes_and_sends_nothing_on_enter_alone() -> None:
    async with sitting(small(RunnerState.IDLE, RunnerState.BUSY, RunnerState.IDLE), unlocked=True) as desk:
        await desk.press("1", "P")
        dialog = desk.pilot.app.screen
        assert isinstance(dialog, ConfirmDialog)
        words = "\n".join("".join(span.text for span in line) for line in dialog.question.lines)
        assert f"{NAME}  2 idle runners, 1 busy" in words
        assert (f"{NAME}-00000000" in words, f"{NAME}-00000001" in words) == (True, False)
        await desk.press("enter")
        assert desk.daemon.commands == []
        await desk.press("P", "y")
        assert desk.daemon.commands == [SteerScaleSet(kind="drain", id="command-1", scale_set=NAME)]


async def test_y_says_yes_but_not_where_a_phrase_has_to_be_typed() -> None:
    async with sitting(small(RunnerState.BUSY), unlocked=True) as desk:
        await desk.press("x", "y")
        assert isinstance(desk.pilot.app.screen, ConfirmDialog)
        assert desk.daemon.commands == []


@pytest.mark.parametrize("key", ["p", "P", "r"])
async def test_a_locked_screen_steers_nothing(key: str) -> None:
    async with sitting(small()) as desk:
        await desk.press("1", key)
        assert desk.daemon.commands == []
        assert desk.pilot.app.screen is desk.screen
        assert "u unlocks" in desk.text("message")


async def test_read_only_has_no_keys_that_steer() -> None:
    async with sitting(small(), read_only=True) as desk:
        await desk.press("1", "p", "P", "r")
        assert desk.daemon.commands == []
        assert not {"pause", "drain", "retry"} & set(desk.text("footer").split())


async def test_letters_in_one_burst_with_the_filters_key_are_no_keys() -> None:
    async with sitting(small(), unlocked=True) as desk:
        await desk.press("1")
        await desk.type("/px")
        assert desk.screen.sets.filter == "px"
        assert desk.daemon.commands == []


@pytest.mark.parametrize(
    ("row", "words"),
    [(PAUSED, "■ PAUSED 4m"), (DRAINING, "▼ DRAINING 4m"), (BLOCKED, "\N{MULTIPLICATION SIGN} BLOCKED paused")],
    ids=["paused", "draining", "blocked"],
)
async def test_a_scale_set_that_is_held_shows_it_whatever_else_ails_it(row: object, words: str) -> None:
    async with sitting(snapshot(scale_sets=(row,)), size=(80, 24)) as desk:
        await desk.press("1")
        assert any(words in line for line in desk.lines())


async def test_a_pause_is_counted_at_the_top() -> None:
    async with sitting(snapshot(scale_sets=(PAUSED,)), size=(80, 24)) as desk:
        assert "■1 paused" in desk.text("pulse")
