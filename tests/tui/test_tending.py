"""What is done once in a while, from the palette: reload, agree, adopt, recreate, shutdown."""

from __future__ import annotations

import pytest

from core.api.commands import (
    AdoptScaleSet,
    Answer,
    Command,
    Outcome,
    RecreateScaleSet,
    StopDaemon,
    TendConfiguration,
)
from core.api.model import RunnerState, ScaleSetState
from tests.tui.desk import Desk, sitting
from tests.tui.samples import runner, scale_set, snapshot
from tests.tui.world import FakeDaemon

NAME = "runner-small-plain"


async def choose(desk: Desk, name: str) -> None:
    """Open the palette, type a name, and do it."""
    await desk.press("colon")
    await desk.type(name)
    await desk.press("enter")


def sees(desk: Desk, *words: str) -> bool:
    return any(all(word in line for word in words) for line in desk.lines())


async def agree_with(desk: Desk, phrase: str) -> list[Command]:
    """Type the phrase that the question wants, and agree; the commands that went out."""
    desk.pilot.app.screen.query_one("#phrase").focus()
    await desk.type(phrase)
    await desk.press("enter", "tab", "enter")  # past Cancel
    return desk.daemon.commands


async def test_reload_needs_no_question() -> None:
    async with sitting(unlocked=True) as desk:
        await choose(desk, "reload")
        assert [type(command) for command in desk.daemon.commands] == [TendConfiguration]
        assert "reload: done" in desk.text("message")


async def test_on_a_locked_screen_the_palette_says_so_and_does_nothing() -> None:
    async with sitting() as desk:
        await desk.press("colon")
        await desk.type("reload")
        assert sees(desk, "reload", "locked, u unlocks")
        await desk.press("enter")
        assert desk.daemon.commands == []


async def test_an_agreement_names_what_would_go_and_has_to_be_typed() -> None:
    waits = scale_set(
        "runner-old", state=ScaleSetState.OBSERVING, reason="no longer configured; this removes 1 of 2", busy=3
    )
    async with sitting(snapshot(scale_sets=(scale_set(), waits)), unlocked=True) as desk:
        await choose(desk, "agree")
        assert sees(desk, "runner-old", "3 busy")
        await desk.press("y")
        assert desk.daemon.commands == []
        (sent,) = await agree_with(desk, "agree")
        assert isinstance(sent, TendConfiguration)
        assert sent.kind == "agree"


async def test_a_shutdown_says_what_stays_and_means_this_start_of_the_daemon() -> None:
    rows = (runner(state=RunnerState.BUSY), runner("runner-small-plain-0000000b"))
    async with sitting(snapshot(scale_sets=(scale_set(),), runners=rows), unlocked=True) as desk:
        await choose(desk, "shutdown")
        assert sees(desk, "2 runners stay, 1 of them busy")
        (sent,) = await agree_with(desk, "stop it")
        assert isinstance(sent, StopDaemon)
        assert sent.instance == "first"


async def test_what_recreating_would_do_is_asked_before_it_is_done() -> None:
    daemon = FakeDaemon(snapshot(scale_sets=(scale_set(NAME),)))
    daemon.answer = Answer(id="", outcome=Outcome.DONE, text="it has 3 waiting jobs, and no runner")
    async with sitting(daemon=daemon, unlocked=True) as desk:
        await desk.press("1")
        await choose(desk, "recreate")
        assert sees(desk, "it has 3 waiting jobs, and no runner")
        preview, sent = await agree_with(desk, "recreate 1")
        assert isinstance(preview, RecreateScaleSet)
        assert isinstance(sent, RecreateScaleSet)
        assert (preview.preview, sent.preview, sent.scale_set) == (True, False, NAME)


async def test_adopting_asks_and_takes_nothing_from_another_by_name() -> None:
    async with sitting(snapshot(scale_sets=(scale_set(NAME),)), unlocked=True) as desk:
        await desk.press("1")
        await choose(desk, "adopt")
        assert sees(desk, "get the marks of ci-prod")
        await desk.press("y")
        (sent,) = desk.daemon.commands
        assert isinstance(sent, AdoptScaleSet)
        assert (sent.scale_set, sent.owner) == (NAME, "")


@pytest.mark.parametrize("name", ["adopt", "recreate"])
async def test_without_a_scale_set_there_is_nothing_to_do_it_to(name: str) -> None:
    async with sitting(snapshot(), unlocked=True) as desk:
        await desk.press("colon")
        await desk.type(name)
        assert sees(desk, name, "only for a scale set")
        await desk.press("enter")
        assert desk.daemon.commands == []
