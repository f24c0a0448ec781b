"""Names and reasons are whatever somebody typed: none of it may reach a terminal as anything but text."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, get_origin
from xml.etree import ElementTree as ET

import pytest
from pydantic import BaseModel

from core.api.client import ConnectionLost, NotRunning
from core.api.commands import Answer, Outcome
from tests.tui.samples import fleet, runner, snapshot
from tests.tui.scenes import SCENES, Scene, played
from tests.tui.shell import Terminal
from tests.tui.world import ENVIRON, FakeDaemon, foreseen, screen, settle
from tui import crash, rows
from tui.oneshot.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

#: A clipboard write, a title, a reset, C1, direction marks, markup that closes nothing, CJK, an emoji, a line end.
NASTY = "x\x1b]52;c;ZXZpbA==\x07\x1b]0;t\x07\x1bc\x9b31m\u202egro\u200b[/foo] [bold [@click=quit] 测试 🚀\r\n\tend"
POWER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def poison(value: Any) -> Any:
    """The same with power in front of every text that anybody outside can have written; what was one name stays one."""
    match value:
        case str() if not isinstance(value, Enum):
            return NASTY + value
        case BaseModel():
            fields = type(value).model_fields.items()
            free = [name for name, field in fields if get_origin(field.annotation) is not Literal]
            return value.model_copy(update={name: poison(getattr(value, name)) for name in free})
        case dict():
            return {name: poison(each) for name, each in value.items()}
        case list() | tuple():
            return type(value)(poison(each) for each in value)
        case Exception():
            value.args = (NASTY + str(value),)
    return value


def poisoned(daemon: FakeDaemon) -> FakeDaemon:
    """A daemon that passes on what hostile people wrote."""
    daemon.first, daemon.hello = poison(daemon.first), poison(daemon.hello)
    daemon.history, daemon.printed = poison(daemon.history), poison(daemon.printed)
    daemon.answer, daemon.preview = poison(daemon.answer), poison(daemon.preview)
    daemon.journal_problem, daemon.refusal = poison(daemon.journal_problem), poison(daemon.refusal)
    return daemon


def hostile(name: str) -> Scene:
    """A scene before such a daemon."""
    scene = SCENES[name]
    return replace(scene, daemon=lambda: poisoned(scene.daemon()))


def shown(pilot: Pilot[None]) -> str:
    """Every piece of text that the compositor would write."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join(segment.text for strip in lines for segment in strip)


#: Every scene where all columns are, and what else has a place of its own for outside text at other sizes.
PLACES = [(name, (120, 36)) for name in SCENES] + [
    (name, size) for name in ("live", "runner", "history", "stop-busy", "palette") for size in ((80, 24), (200, 50))
]


@pytest.mark.parametrize(("name", "size"), PLACES, ids=[f"{name}-{size[0]}x{size[1]}" for name, size in PLACES])
async def test_no_outside_text_reaches_the_terminal_as_more_than_text(name: str, size: tuple[int, int]) -> None:
    async with played(hostile(name), size) as pilot:
        assert not POWER.search(shown(pilot))


async def test_the_places_are_really_poisoned() -> None:
    async with played(hostile("runner"), (120, 36)) as pilot:
        assert shown(pilot).count("x␛]52;c;ZXZpbA==␇␛]0;t␇␛c�31m�gro�[/foo] [bold [@click=quit]") > 5


@pytest.mark.parametrize("name", ["live", "runner", "history", "sweep"])
async def test_a_picture_holds_nothing_but_text(name: str, tmp_path: Path) -> None:
    environ = {**ENVIRON, "XDG_STATE_HOME": str(tmp_path)}
    async with played(hostile(name), (120, 36), environ) as pilot:
        await pilot.app.run_action("picture")
        (file,) = (tmp_path / "arcdeck").iterdir()
        svg = await asyncio.to_thread(file.read_text)
    assert not POWER.search(svg)
    assert "@font-face" not in svg
    assert "url(http" not in svg
    words = "".join(ET.fromstring(svg).itertext())  # noqa: S314  # made here
    assert "[@click=quit]" in words.replace("\xa0", " ")


@pytest.mark.parametrize("name", ["live", "sets", "events-panel", "runner", "history"])
async def test_what_is_copied_is_one_line_of_text(name: str) -> None:
    async with played(hostile(name), (120, 36)) as pilot:
        await pilot.press("c")
        await settle(pilot)
        assert "[@click=quit]" in pilot.app.clipboard
        assert not POWER.search(pilot.app.clipboard)
        assert "\n" not in pilot.app.clipboard
        assert not POWER.search(shown(pilot))


def test_a_crash_report_holds_nothing_but_text() -> None:
    report = "\n".join(crash.report(ValueError(NASTY)))
    assert "ValueError: x␛]52" in report
    assert not POWER.search(report)


@pytest.mark.parametrize("columns", [rows.runner_columns, rows.scale_set_columns])
@pytest.mark.parametrize("width", [80, 200])
def test_a_table_of_a_command_holds_nothing_but_text(columns: Callable[[int], Any], width: int) -> None:
    out, snapshot = io.StringIO(), poison(fleet())
    found = snapshot.runners if columns is rows.runner_columns else snapshot.scale_sets
    Output(out, io.StringIO(), as_json=False, width=width).table(columns(width), found, snapshot.now)
    assert "x␛]52" in out.getvalue()
    assert not POWER.search(out.getvalue())


def test_whatever_a_command_says_is_only_text() -> None:
    out, errors = io.StringIO(), Terminal("no\n")
    answer = Output(out, errors, as_json=False, width=80)
    answer.line(NASTY)
    answer.sentence(NASTY, first="  ")
    answer.json({"text": NASTY})
    answer.complain(NASTY)
    answer.ask(NASTY, Terminal("no\n"))
    for written in (out.getvalue(), errors.getvalue()):
        assert "[@click=quit]" in written
        assert not POWER.search(written)


async def test_a_journal_that_cannot_be_read_and_a_log_that_cannot_are_only_text() -> None:
    daemon = poisoned(FakeDaemon())
    daemon.journal_problem = daemon.printed = ConnectionLost(NASTY)
    async with screen(daemon).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for place in ("l", "escape", "e"):
            await pilot.press(place)
            await settle(pilot)
            assert not POWER.search(shown(pilot)), place


async def test_what_is_typed_into_the_filter_is_only_text() -> None:
    async with screen(poisoned(FakeDaemon())).run_test(size=(80, 24)) as pilot:
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
    daemon = poisoned(FakeDaemon())
    daemon.preview = preview
    async with screen(daemon, unlocked=True).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("W")
        await settle(pilot)
        assert "x␛]52" in shown(pilot)
        assert not POWER.search(shown(pilot))


async def test_an_error_of_the_connection_is_only_text() -> None:
    daemon = poisoned(FakeDaemon())
    async with screen(daemon).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        daemon.refusal = NotRunning(NASTY)
        daemon.send(ConnectionLost(NASTY))
        await settle(pilot)
        assert "NOT CONNECTED" in shown(pilot)
        assert not POWER.search(shown(pilot))
