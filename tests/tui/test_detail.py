"""One runner in full: its facts, its stages, its events and its log."""

from __future__ import annotations

import pytest

from core.api.client import ConnectionLost, Refused
from core.api.events import EventRecord
from core.api.logs import LogLine
from core.api.model import JobView, RunnerState, RunnerView, Steps, UsualView
from tests.tui.desk import Desk, sitting
from tests.tui.samples import NOW, runner, scale_set, snapshot
from tests.tui.world import FakeDaemon, settle
from tui import detail, detail_lines
from tui.detail import Known, Stage
from tui.screens.detail import DetailScreen
from tui.tones import Span, Tone
from tui.widgets.lines import Lines

NAME = "runner-small-plain-5a90d3e7"
JOB = JobView(id="j", name="deploy", repository="acme/api", workflow="release", run_id=8817, queued_at=NOW - 90)
ENDED = EventRecord(
    at=NOW - 5,
    kind="task-ended",
    runner=NAME,
    scale_set="runner-small-plain",
    task_arn="arn:task/9",
    text=f"{NAME} ended: exit code 137",
    data={
        "exit_code": 137,
        "exit_codes": {"runner": 137, "dind": None},
        "stopped_reason": "OutOfMemoryError: container killed",
        "created_at": "2030-03-17T13:55:00+00:00",
        "pull_started_at": "2030-03-17T13:55:04+00:00",
        "started_at": "not a time",
        "job": {"id": "j", "name": "deploy", "repository": "acme/api"},
    },
)


def known(row: RunnerView | None, *told: EventRecord) -> Known:
    return Known(NAME, row, snapshot(scale_sets=(scale_set(want=2, busy=1),)), told, NOW)


def facts(row: RunnerView | None, *told: EventRecord) -> dict[str, str]:
    return {fact.label: fact.said.text for fact in detail.facts(known(row, *told))}


def test_what_nobody_knows_is_a_question_mark() -> None:
    told = facts(runner())
    assert {told[name] for name in ("job", "ECS", "task", "definition", "exit codes", "ended for")} == {"?"}
    assert told["GitHub"] == "id ? · online ?"


def test_a_job_has_the_page_of_its_run() -> None:
    told = facts(runner(state=RunnerState.BUSY, job=JOB))
    assert told["job"] == "acme/api · release · deploy"
    assert told["run"] == "https://github.com/acme/api/actions/runs/8817"
    assert detail.job_link(JOB, "https://ghe.acme.example/acme").startswith("https://ghe.acme.example/acme/api/")


def test_of_a_runner_that_is_gone_the_journal_tells_what_it_has() -> None:
    told = facts(None, ENDED)
    assert told["scale set"] == "runner-small-plain (have 1, want 2)"
    assert told["exit codes"] == "runner 137, dind ?"
    assert told["ended for"] == "OutOfMemoryError: container killed"
    assert (told["task"], told["job"]) == ("arn:task/9", "acme/api · deploy")


def test_the_stages_have_the_times_that_are_known_and_the_gaps_between_those() -> None:
    steps = detail.stages(known(None, ENDED))
    times = {step.label: step.at for step in steps}
    assert times["started"] is None
    assert times["ended"] == ENDED.at
    assert detail.gaps([Stage("a", 10.0), Stage("b", None), Stage("c", 75.0)]) == ["", "", "+1:05"]


USUAL = (
    UsualView(stage="pull_stopped_at", starts=12, p50=38, p95=115),
    UsualView(stage="start", starts=12, p50=44, p95=95),
)


def beside_what_is_usual(took: float) -> Known:
    steps = Steps(created_at=NOW - took, pull_started_at=NOW - 80, pull_stopped_at=NOW - 30, online_at=NOW)
    around = snapshot(scale_sets=(scale_set(usual=USUAL),))
    return Known(NAME, runner(steps=steps), around, (), NOW)


def test_a_start_is_told_beside_what_is_usual_in_its_scale_set_and_a_slow_one_stands_out() -> None:
    quick, slow = (detail.facts(beside_what_is_usual(took)) for took in (90, 130))
    (said,) = [fact.said for fact in quick if fact.label == "start"]
    assert said == Span("1:30 from its making to online; here p50 0:44, p95 1:35 of 12", Tone.NORMAL)
    assert [fact.said.tone for fact in slow if fact.label == "start"] == [Tone.LATE]


@pytest.mark.parametrize(("width", "shown"), [(120, True), (100, False)])
def test_where_there_is_room_each_stage_has_what_is_usual_beside_it(width: int, *, shown: bool) -> None:
    lines = ["".join(span.text for span in row.left) for row in detail_lines.page(beside_what_is_usual(90), width)]
    pulled = next(line for line in lines if " pulled " in line)
    assert "+0:50" in pulled
    assert pulled.endswith("+0:50  0:38/1:55") is shown
    assert any("p50/p95" in line for line in lines) is shown
    assert max(map(len, lines)) <= width


def test_the_steps_of_a_task_that_lives_are_those_that_the_snapshot_has() -> None:
    alive = runner(steps=Steps(created_at=NOW - 60, pull_started_at=NOW - 50, online_at=NOW - 5))
    times = {step.label: step.at for step in detail.stages(known(alive))}
    assert (times["created"], times["pull began"], times["pulled"]) == (NOW - 60, NOW - 50, None)
    assert (times["started"], times["online"]) == (None, NOW - 5)


def lines(*texts: str) -> list[LogLine]:
    return [LogLine(at=NOW, text=text) for text in texts]


def printing(*texts: str) -> FakeDaemon:
    daemon = FakeDaemon(snapshot(scale_sets=(scale_set(),), runners=(runner(), runner("another-00000001"))))
    daemon.printed = lines(*texts)
    return daemon


def page(desk: Desk) -> DetailScreen:
    shown = desk.pilot.app.screen
    assert isinstance(shown, DetailScreen)
    return shown


async def ticks(desk: Desk, number: int = 2) -> None:
    """Let seconds pass on the page."""
    for _ in range(number):
        page(desk).tick()
        await desk.pilot.pause()
    await settle(desk.pilot)


def shows(desk: Desk, words: str) -> bool:
    return any(words in line for line in desk.lines())


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_enter_shows_a_runner_and_esc_comes_back_to_its_row(size: tuple[int, int]) -> None:
    async with sitting(daemon=printing(), size=size) as desk:
        await desk.press("down")
        row = desk.screen.runners.table.cursor
        await desk.press("enter")
        assert shows(desk, "scale set")
        assert page(desk).runner_name == row
        await desk.press("escape")
        assert desk.pilot.app.screen is desk.screen
        assert desk.screen.runners.table.cursor == row


async def test_its_events_are_asked_for_by_name_and_followed() -> None:
    daemon = printing()
    daemon.history = (ENDED, ENDED.model_copy(update={"runner": "another"}))
    async with sitting(daemon=daemon) as desk:
        page_name = desk.screen.runners.table.cursor
        await desk.press("enter")
        assert daemon.asked == [{"runner": page_name, "since": "14d", "limit": "2000"}]
        daemon.happenings.put_nowait(EventRecord(at=NOW, kind="stop", text="it was stopped just now"))
        await settle(desk.pilot)
        assert shows(desk, "it was stopped just now")


async def test_a_story_that_broke_off_begins_anew() -> None:
    daemon = printing()
    daemon.journal_problem = ConnectionLost("The connection broke.")
    async with sitting(daemon=daemon) as desk:
        await desk.press("enter")
        daemon.journal_problem = None
        daemon.history = (EventRecord(at=NOW, kind="stop", runner=page(desk).runner_name, text="back again"),)
        await ticks(desk, 5)
        assert shows(desk, "back again")


async def test_l_opens_the_log_and_new_lines_come_by_themselves() -> None:
    async with sitting(daemon=printing("one", "two"), size=(80, 24)) as desk:
        await desk.press("l")
        assert shows(desk, "[3 LOG 2]")
        desk.daemon.printed = lines("one", "two", "three")
        await ticks(desk)
        assert shows(desk, "three")


async def test_the_position_stays_when_lines_come_until_f_follows() -> None:
    async with sitting(daemon=printing(*(f"line {n}" for n in range(50))), size=(80, 24)) as desk:
        await desk.press("l", "up")
        top = page(desk).printed.top
        desk.daemon.printed = lines(*(f"line {n}" for n in range(53)))
        await ticks(desk)
        assert page(desk).printed.top == top
        assert shows(desk, "+3 new, f follows")
        await desk.press("f")
        assert shows(desk, "line 52")
        assert shows(desk, "FOLLOW")


async def test_a_search_goes_from_line_to_line_and_esc_ends_it() -> None:
    texts = [f"line {n} {'ERROR here' if n in {5, 30} else ''}" for n in range(50)]
    async with sitting(daemon=printing(*texts), size=(80, 24)) as desk:
        await desk.press("l", "slash")
        await desk.type("error")
        await desk.press("enter")
        assert shows(desk, "2 lines hold error")
        assert shows(desk, "line 5 ERROR")
        await desk.press("n")
        assert shows(desk, "> 14:02:31Z  line 30 ERROR")
        await desk.press("N")
        assert shows(desk, "> 14:02:31Z  line 5 ERROR")
        await desk.press("escape")
        assert not shows(desk, "lines hold")
        assert page(desk).printed.needle == ""


async def test_a_log_that_cannot_be_read_says_why_and_nothing_is_asked_while_it_is_hidden() -> None:
    daemon = printing()
    daemon.printed = Refused("no runner of that name is known here.", status=404)
    async with sitting(daemon=daemon, size=(80, 24)) as desk:
        await desk.press("l")
        assert shows(desk, "no runner of that name is known here.")
        await desk.press("1")
        daemon.printed = lines("now it prints")
        await ticks(desk, 4)
        assert daemon.log_calls == 0


async def test_a_long_line_is_seen_by_panning() -> None:
    async with sitting(daemon=printing("x" * 80 + "the end"), size=(80, 24)) as desk:
        await desk.press("l")
        assert not shows(desk, "the end")
        await desk.press("right", "right")
        assert shows(desk, "the end")


async def test_commands_are_given_from_the_page_too() -> None:
    async with sitting(daemon=printing(), size=(80, 24), unlocked=True) as desk:
        await desk.press("enter", "x", "y")
        assert len(desk.daemon.commands) == 1
        assert "done. Done as asked." in page(desk).query_one("#message", Lines).text


async def test_a_runner_that_goes_stays_on_its_page() -> None:
    async with sitting(daemon=printing(), size=(80, 24)) as desk:
        await desk.press("enter")
        name = page(desk).runner_name
        await desk.send(runners_gone=(name,))
        await ticks(desk)
        assert shows(desk, "no longer shown")
        assert shows(desk, name)
