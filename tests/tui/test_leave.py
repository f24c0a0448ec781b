"""Leaving a screen whose daemon this arcdeck started: three answers, and none of them by mistake."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.api.client import ConnectionLost
from core.api.commands import Answer, Outcome, StopDaemon
from tests.tui.desk import Desk
from tests.tui.samples import fleet
from tests.tui.world import FakeDaemon, HandClock, screen, settle
from tui.dialogs.leave import LeaveDialog
from tui.looks import ENDED, SERVING
from tui.screens.overview import OverviewScreen
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.app import ArcdeckApp

STOP = StopDaemon(id="command-1", instance="first")


@asynccontextmanager
async def at_our_own(
    daemon: FakeDaemon | None = None, *, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Desk, ArcdeckApp]]:
    """Somebody sits in front of a daemon that was started for this screen."""
    daemon, clock = daemon or FakeDaemon(), HandClock()
    app = screen(daemon, clock, ours=True)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield Desk(pilot, daemon, clock), app


def question(app: ArcdeckApp) -> str:
    assert isinstance(app.screen, LeaveDialog)
    return app.screen.query_one("#question", Lines).text


async def test_leaving_asks_with_the_numbers_of_the_moment() -> None:
    async with at_our_own() as (desk, app):
        await desk.press("q")
        assert "This arcdeck started the controller." in question(app)
        live = [row for row in fleet().runners if row.state not in ENDED]
        busy = sum(row.state in SERVING for row in live)
        assert f"{len(live)} runners, {busy} busy, and all scale sets stay." in question(app).replace("\n", " ")


async def test_enter_alone_and_escape_stay() -> None:
    async with at_our_own() as (desk, app):
        for key in ("enter", "escape"):
            await desk.press("q", key)
            assert isinstance(app.screen, OverviewScreen)
        assert desk.daemon.commands == []


@pytest.mark.parametrize("keys", [("d",), ("right", "enter"), ("ctrl+c",), ("ctrl+q",)], ids=" ".join)
async def test_detaching_leaves_and_sends_nothing(keys: tuple[str, ...]) -> None:
    async with at_our_own() as (desk, app):
        await desk.pilot.press("q", *keys)
        await desk.pilot.pause()
        assert not app.is_running
        assert (desk.daemon.commands, app.stops_daemon) == ([], False)


async def test_stopping_tells_the_daemon_that_was_looked_at_and_leaves() -> None:
    async with at_our_own() as (desk, app):
        await desk.pilot.press("q", "s")
        await desk.pilot.pause()
        assert not app.is_running
        assert desk.daemon.commands == [STOP]
        assert app.stops_daemon


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(id="", outcome=Outcome.REFUSED, text="look again"), "refused. look again"),
        (ConnectionLost("The connection broke."), "The connection broke."),
    ],
    ids=["refused", "lost"],
)
async def test_a_daemon_that_does_not_stop_keeps_its_screen(answer: Answer | ConnectionLost, said: str) -> None:
    async with at_our_own() as (desk, app):
        desk.daemon.answer = answer
        await desk.press("q", "s")
        assert app.is_running
        assert f"stop the controller: {said}" in desk.text("message")


async def test_what_cannot_be_told_to_stop_can_only_be_left() -> None:
    async with at_our_own() as (desk, app):
        desk.daemon.send(ConnectionLost("The daemon closed the connection."))
        await desk.press("q")
        assert "NOT CONNECTED" in question(app)
        await desk.press("s")
        assert isinstance(app.screen, LeaveDialog)
        assert desk.daemon.commands == []


async def test_all_answers_fit_the_smallest_screen() -> None:
    async with at_our_own(size=(60, 18)) as (desk, _):
        await desk.press("q")
        shown = "\n".join(desk.lines())
        assert all(words in shown for words in ("[ Stay ]", "[ Detach (d) ]", "[ Stop (s) ]", "scale sets stay."))


async def test_a_screen_on_somebody_elses_daemon_just_leaves() -> None:
    app = screen()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running
