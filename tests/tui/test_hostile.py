"""Names and reasons are whatever somebody typed: none of it may reach a terminal as anything but text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from core.api.client import ConnectionLost, NotRunning
from core.api.commands import Answer, Outcome
from core.api.events import EventRecord
from core.api.logs import LogLine
from core.api.model import BackoffView, EventView, JobView, RunnerState, ScaleSetState, Severity, Snapshot
from tests.tui.samples import CONTROLLER, NOW, runner, scale_set, snapshot
from tests.tui.world import FakeDaemon, foreseen, screen, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

#: A clipboard write, a title, a reset, C1, direction marks, markup that closes nothing, CJK, an emoji, a line end.
NASTY = "x\x1b]52;c;ZXZpbA==\x07\x1b]0;t\x07\x1bc\x9b31m\u202egro\u200b[/foo] [bold [@click=quit] 测试 🚀\r\n\tend"
POWER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def poisoned() -> Snapshot:
    job = JobView(id="j", name=NASTY, repository=NASTY, workflow=NASTY)
    name = f"{NASTY}-5f3a91c2"
    return snapshot(
        controller=CONTROLLER.model_copy(
            update={"cluster": NASTY, "region": NASTY, "sweep_failed": NASTY, "journal": NASTY, "github": NASTY}
        ),
        scale_sets=(
            scale_set(
                NASTY,
                state=ScaleSetState.BACKOFF,
                backoff=BackoffView(placement=NASTY, failures=1, since=NOW, until=NOW + 9, reason=NASTY),
                why=NASTY,
                want=3,
            ),
        ),
        runners=(
            runner(name, scale_set=NASTY, state=RunnerState.BUSY, job=job, why=NASTY, task_arn=NASTY, launch=NASTY),
            runner("failed", state=RunnerState.FAILED, reason=NASTY),
        ),
        events=(
            EventView(id=1, at=NOW, kind=NASTY, text=NASTY, runner=NASTY, operator=NASTY, severity=Severity.ERROR),
        ),
    )


def shown(pilot: Pilot[None]) -> str:
    """Every piece of text that the compositor would write."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join(segment.text for strip in lines for segment in strip)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_no_outside_text_reaches_the_terminal_as_more_than_text(size: tuple[int, int]) -> None:
    daemon = FakeDaemon(poisoned())
    daemon.preview = foreseen(*[f"{NASTY}: {NASTY}", NASTY, "", ": ", NASTY * 9] * 9)
    async with screen(daemon, unlocked=True).run_test(size=size) as pilot:
        await settle(pilot)
        for place in (
            "1",
            "3",
            "2",
            "x",
            "escape",
            "D",
            "escape",
            "W",
            "pagedown",
            "escape",
            "question_mark",
            "escape",
            "c",
        ):
            await pilot.press(place)
            await settle(pilot)
            assert not POWER.search(shown(pilot)), place


async def test_neither_journal_nor_logs_nor_names_in_the_palette_are_more_than_text() -> None:
    daemon = FakeDaemon(poisoned())
    long = NASTY * 5
    data = {"exit_code": 1, "exit_codes": {NASTY: 1}, "stopped_reason": long, "job": {"name": NASTY}, "by": NASTY}
    daemon.history = tuple(
        EventRecord(at=NOW, kind=kind, runner=f"{NASTY}-5f3a91c2", operator=NASTY, text=long, data=data)
        for kind in ("stop", "task-ended", "command", NASTY)
    )
    daemon.printed = [LogLine(at=NOW, text=long), LogLine(at=NOW, text=NASTY)]
    async with screen(daemon, unlocked=True).run_test(size=(120, 36)) as pilot:  # which has every column
        await settle(pilot)
        for place in (
            *("end", "home", "enter", "2", "3", "right", "escape", "l", "slash", "x", "enter", "n", "escape", "escape"),
            *("e", "2", "3", "4", "c", "enter", "escape", "escape", "colon", "p", "escape", "1", "P", "escape"),
        ):
            await pilot.press(place)
            await settle(pilot)
            assert not POWER.search(shown(pilot)), place


async def test_a_journal_that_cannot_be_read_and_a_log_that_cannot_are_only_text() -> None:
    daemon = FakeDaemon(poisoned())
    daemon.journal_problem = daemon.printed = ConnectionLost(NASTY)
    async with screen(daemon).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for place in ("l", "escape", "e"):
            await pilot.press(place)
            await settle(pilot)
            assert not POWER.search(shown(pilot)), place


async def test_what_is_typed_into_the_filter_is_only_text() -> None:
    async with screen(FakeDaemon(poisoned())).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash", "left_square_bracket", "slash", "f", "o", "o", "right_square_bracket", "enter")
        await settle(pilot)
        assert "filter [/foo]" in shown(pilot)


async def test_an_answer_is_only_text() -> None:
    daemon = FakeDaemon(snapshot(runners=(runner(),)))
    daemon.answer = Answer(id="", outcome=Outcome.REFUSED, text=NASTY)
    async with screen(daemon, unlocked=True).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("x", "right", "enter")
        await settle(pilot)
        assert "refused. x␛]52" in shown(pilot)
        assert not POWER.search(shown(pilot))


@pytest.mark.parametrize(
    "preview", [Answer(id="", outcome=Outcome.FAILED, text=NASTY), foreseen().model_copy(update={"text": NASTY})]
)
async def test_a_preview_that_fails_or_was_a_sweep_is_only_text(preview: Answer) -> None:
    daemon = FakeDaemon(poisoned())
    daemon.preview = preview
    async with screen(daemon, unlocked=True).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("W")
        await settle(pilot)
        assert "x␛]52" in shown(pilot)
        assert not POWER.search(shown(pilot))


async def test_an_error_of_the_connection_is_only_text() -> None:
    daemon = FakeDaemon(poisoned())
    async with screen(daemon).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        daemon.refusal = NotRunning(NASTY)
        daemon.send(ConnectionLost(NASTY))
        await settle(pilot)
        assert "NOT CONNECTED" in shown(pilot)
        assert not POWER.search(shown(pilot))
