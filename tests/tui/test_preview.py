"""A sweep and the preview before it: what is asked, what is shown, and what a daemon does that is old, slow or dead."""

from __future__ import annotations

import pytest

from core.api.client import ConnectionLost, ControlError, NotRunning, Refused
from core.api.commands import Answer, Outcome, PreviewSweep, SweepNow
from tests.tui.desk import Desk, sitting
from tests.tui.world import FakeDaemon, foreseen
from tui.dialogs.confirm import ConfirmDialog

PREVIEW = PreviewSweep(id="command-1")
SWEEP = SweepNow(id="command-2")
MANY = tuple(f"runner-small-plain-{number:08x}: late by {number:02}s" for number in range(40))


def daemon(*victims: str) -> FakeDaemon:
    made = FakeDaemon()
    made.preview = foreseen(*victims)
    return made


def dialog(desk: Desk) -> ConfirmDialog:
    assert isinstance(desk.pilot.app.screen, ConfirmDialog)
    return desk.pilot.app.screen


def shown(desk: Desk) -> str:
    return "\n".join(desk.lines())


@pytest.mark.parametrize("keys", [("y",), ("right", "enter")])
async def test_whom_it_would_stop_is_asked_first_and_a_yes_sweeps(keys: tuple[str, ...]) -> None:
    async with sitting(daemon=daemon("runner-a-00000001: late"), unlocked=True) as desk:
        await desk.press("W")
        assert desk.daemon.commands == [PREVIEW]
        assert "1 of 20 runners would be stopped" in shown(desk)
        assert "runner-a-00000001: late" in shown(desk)
        await desk.press(*keys)
        assert desk.daemon.commands == [PREVIEW, SWEEP]
        assert "sweep: done. Done as asked." in desk.text("message")


async def test_enter_alone_does_not_sweep() -> None:
    async with sitting(daemon=daemon("runner-a-00000001: late"), unlocked=True) as desk:
        await desk.press("W", "enter")
        assert desk.daemon.commands == [PREVIEW]
        assert desk.pilot.app.screen is desk.screen


async def test_with_nothing_to_stop_it_can_be_swept_all_the_same() -> None:
    async with sitting(daemon=daemon(), unlocked=True) as desk:
        await desk.press("W")
        assert "There is nothing to stop." in shown(desk)
        await desk.press("y")
        assert desk.daemon.commands == [PREVIEW, SWEEP]


async def test_a_yes_before_the_daemon_has_told_is_none_and_moves_nothing_below() -> None:
    async with sitting(daemon=daemon("runner-a-00000001: late"), unlocked=True) as desk:
        desk.daemon.answering.clear()
        await desk.press("W", "y", "x", "P")
        assert "The daemon looks whom it would stop" in shown(desk)
        desk.daemon.answering.set()
        await desk.press("p")
        assert "1 of 20 runners would be stopped" in shown(desk)
        assert "runner-a-00000001: late" in shown(desk)
        assert desk.daemon.commands == [PREVIEW]


async def test_an_answer_after_a_no_disturbs_nobody() -> None:
    async with sitting(daemon=daemon("runner-a-00000001: late"), unlocked=True) as desk:
        desk.daemon.answering.clear()
        await desk.press("W", "escape")
        desk.daemon.answering.set()
        await desk.press("down")
        assert desk.pilot.app.screen is desk.screen
        assert desk.text("message") == ""


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 36)])
async def test_every_one_of_many_can_be_seen_with_the_answers_below(size: tuple[int, int]) -> None:
    async with sitting(daemon=daemon(*MANY), unlocked=True, size=size) as desk:
        await desk.press("W")
        seen = [line for line in MANY if line[-14:] in shown(desk)]
        while seen[-1] != MANY[-1]:
            assert "[ Cancel ]" in shown(desk)
            assert "Sweep, stop 40 (y)" in shown(desk)
            await desk.press("pagedown")
            page = [line for line in MANY if line[-14:] in shown(desk)]
            assert page[-1] > seen[-1]
            seen += page
        assert set(seen) == set(MANY)
        await desk.press("pageup")
        assert MANY[-1][-14:] not in shown(desk)
        assert dialog(desk).focused is dialog(desk).query_one("#cancel")


@pytest.mark.parametrize("error", [NotRunning("No daemon runs here."), ConnectionLost("The connection broke.")])
async def test_a_daemon_that_dies_before_it_has_told_says_why_and_nothing_can_be_agreed_to(error: ControlError) -> None:
    async with sitting(unlocked=True) as desk:
        desk.daemon.preview = error
        await desk.press("W", "y")
        assert f"Whom it would stop cannot be told: {error}" in shown(desk)
        assert desk.daemon.commands == [PREVIEW]


async def test_a_daemon_that_dies_between_preview_and_sweep_is_said_in_the_question() -> None:
    async with sitting(daemon=daemon("runner-a-00000001: late"), unlocked=True) as desk:
        await desk.press("W")
        desk.daemon.refusal = NotRunning("No daemon runs here.")
        desk.daemon.send(ConnectionLost("The daemon closed the connection."))
        await desk.press("y")
        assert "NOT CONNECTED: nothing can be sent until the daemon is back." in shown(desk)
        assert desk.daemon.commands == [PREVIEW]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotRunning("No daemon runs here."), "sweep: No daemon runs here."),
        (ConnectionLost("The connection broke."), "Whether it was done is not known"),
    ],
)
async def test_a_daemon_that_dies_of_the_sweep_is_said_and_stays_said(error: ControlError, words: str) -> None:
    async with sitting(daemon=daemon("runner-a-00000001: late"), unlocked=True) as desk:
        await desk.press("W")
        desk.daemon.answer = desk.daemon.refusal = error
        await desk.press("y")
        desk.daemon.send(error)
        await desk.ticks(20, silent=True)
        assert "NOT CONNECTED" in shown(desk)
        assert words in desk.text("message")
        await desk.ticks(11, silent=True)
        assert "try failed, after" in desk.text("message")


async def test_a_preview_that_the_daemon_refuses_says_its_reason() -> None:
    async with sitting(unlocked=True) as desk:
        desk.daemon.preview = Answer(id="", outcome=Outcome.FAILED, text="ListTasks: AccessDenied")
        await desk.press("W", "y")
        assert "Whom it would stop cannot be told: ListTasks: AccessDenied" in shown(desk)
        assert desk.daemon.commands == [PREVIEW]


async def test_a_daemon_that_knows_no_previews_sweeps_only_after_a_yes() -> None:
    async with sitting(unlocked=True) as desk:
        desk.daemon.preview = Refused("kind: there is no command 'preview-sweep'.", status=400)
        await desk.press("W")
        assert desk.daemon.commands == [PREVIEW]
        assert "too old to tell whom it would stop" in shown(desk)
        await desk.press("y")
        assert desk.daemon.commands == [PREVIEW, SWEEP]
