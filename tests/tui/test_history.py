"""The journal on the screen: what happened, who did it, and which tasks ended how."""

from __future__ import annotations

from typing import Any

import pytest

from core.api.client import ConnectionLost
from core.api.events import EventRecord
from tests.tui.desk import Desk, sitting
from tests.tui.samples import NOW
from tests.tui.world import FakeDaemon, settle
from tui import records
from tui.screens.detail import DetailScreen
from tui.screens.history import HistoryScreen
from tui.tones import Tone
from tui.widgets.lines import Lines


def record(kind: str = "stop", ago: float = 60, **fields: Any) -> EventRecord:
    return EventRecord(at=NOW - ago, kind=kind, **({"text": f"{kind} happened"} | fields))


def ended(runner: str, code: int | None, **data: Any) -> EventRecord:
    return record("task-ended", runner=runner, text=f"{runner} ended: {code}", data={"exit_code": code, **data})


STORY = (
    record("start", 300, runner="small-00000001"),
    record("stop", 200, runner="small-00000001", operator="alice", data={"by": "alice"}),
    record("command", 199, operator="alice", data={"outcome": "refused"}),
    record("stop", 100, runner="small-00000002", data={"by": "reaper"}),
    ended("small-00000001", 137, stopped_reason="OutOfMemory", job={"name": "deploy", "repository": "acme/api"}),
    ended("small-00000002", 0, served=True, job={"name": "lint", "repository": "acme/web"}),
)


def journal(*story: EventRecord) -> FakeDaemon:
    daemon = FakeDaemon()
    daemon.history = story or STORY
    return daemon


def page(desk: Desk) -> HistoryScreen:
    shown = desk.pilot.app.screen
    assert isinstance(shown, HistoryScreen)
    return shown


def rows(desk: Desk) -> list[str]:
    """What the open view shows, from the top, by the number of the record."""
    return [*page(desk).active.table._arranged.order]


@pytest.mark.parametrize(
    ("told", "tone"),
    [
        (record("start"), Tone.MUTED),
        (record("stop", operator="alice"), Tone.NORMAL),
        (record("drain-failed"), Tone.FAILED),
        (record("capacity"), Tone.LATE),
        (record("command", operator="alice", data={"outcome": "refused"}), Tone.LATE),
        (ended("r", 137), Tone.FAILED),
        (ended("r", None), Tone.FAILED),
        (ended("r", 0, served=True), Tone.MUTED),
    ],
    ids=["usual", "by a person", "failed", "no room", "refused", "exit code", "never ran", "well"],
)
def test_the_eye_is_led_to_what_went_wrong(told: EventRecord, tone: Tone) -> None:
    assert records.mark(told)[1] is tone


def test_data_of_any_shape_is_no_accident() -> None:
    odd = record("task-ended", data={"exit_code": "x", "exit_codes": 3, "job": 7, "by": ["a"], "stopped_reason": None})
    assert (records.exit_code(odd), records.exit_codes(odd), records.job_of(odd), records.done_by(odd)) == (
        None,
        "",
        {},
        "",
    )


def test_what_happened_on_another_day_says_on_which() -> None:
    assert records.moment_of(NOW - 60, NOW) == "14:01:31Z"
    assert records.moment_of(NOW - 86_400, NOW) == "03-16 14:02"


async def test_the_views_choose_among_what_was_asked_once() -> None:
    async with sitting(daemon=journal()) as desk:
        await desk.press("e")
        assert rows(desk) == ["6", "5", "4", "3", "2", "1"]
        await desk.press("2")
        assert rows(desk) == ["4", "2"]
        await desk.press("3")
        assert rows(desk) == ["3"]
        await desk.press("4")
        assert rows(desk) == ["6", "5"]
        assert desk.daemon.asked == [{"since": "1h", "limit": "2000"}]


async def test_what_happens_comes_by_itself_at_the_top() -> None:
    async with sitting(daemon=journal(), size=(80, 24)) as desk:
        await desk.press("e")
        desk.daemon.happenings.put_nowait(record("stop", 0, text="just now"))
        await settle(desk.pilot)
        page(desk).tick()
        await settle(desk.pilot)
        assert any("just now" in line for line in desk.lines())


async def test_the_filter_asks_who_and_what() -> None:
    async with sitting(daemon=journal()) as desk:
        await desk.press("e", "slash")
        await desk.type("kind=stop by:alice since<1h")
        await desk.press("enter")
        assert rows(desk) == ["2"]


async def test_ended_tasks_are_found_by_exit_code_reason_and_job() -> None:
    async with sitting(daemon=journal()) as desk:
        await desk.press("E")
        for asked, found in (("exit=137 reason:memory", ["5"]), ("job:lint", ["6"])):
            await desk.press("slash")
            await desk.type(asked)
            await desk.press("enter")
            assert rows(desk) == found, asked
            await desk.press("escape")


async def test_t_looks_further_back_and_ended_tasks_begin_with_a_day() -> None:
    async with sitting(daemon=journal(), size=(80, 24)) as desk:
        await desk.press("E", "t", "t", "t")
        assert [asked["since"] for asked in desk.daemon.asked] == ["1d", "7d", "14d", "1h"]
        assert any("t 1h, further back" in line for line in desk.lines())


async def test_enter_shows_the_runner_of_a_record_and_esc_comes_back() -> None:
    async with sitting(daemon=journal()) as desk:
        await desk.press("E", "down", "enter")
        shown = desk.pilot.app.screen
        assert isinstance(shown, DetailScreen)
        assert shown.runner_name == "small-00000001"
        await desk.press("escape")
        assert page(desk).active.table.cursor == "5"
        await desk.press("escape")
        assert desk.pilot.app.screen is desk.screen


async def test_a_journal_that_breaks_off_says_so_and_is_asked_again() -> None:
    daemon = journal()
    daemon.journal_problem = ConnectionLost("The connection broke.")
    async with sitting(daemon=daemon) as desk:
        await desk.press("e")
        await settle(desk.pilot)
        assert "could not be read on: The connection broke." in page(desk).query_one("#message", Lines).text
        daemon.journal_problem = None
        for _ in range(5):
            page(desk).tick()
        await settle(desk.pilot)
        assert len(rows(desk)) == len(STORY)
