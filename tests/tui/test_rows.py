"""Cells and raw sort values of scale sets, runners and events."""

from typing import Any

import pytest
from rich.cells import cell_len

from core.api.model import BackoffView, JobView, RunnerState, ScaleSetState, SessionView
from tests.tui.samples import HOUR, MINUTE, NOW, fleet, runner, scale_set
from tui import looks, rows
from tui.fit import shorten
from tui.tones import Span, Tone

PENDING = RunnerState.PENDING


def runner_cells(**fields: Any) -> dict[str, Span]:
    view = runner("runner-medium-docker-5f3a91c2", **fields)
    return {column.title: column.cell(view, NOW) for column in rows.runner_columns(120)}


def scale_set_cells(**fields: Any) -> dict[str, Span]:
    view = scale_set(**fields)
    return {column.title.strip(): column.cell(view, NOW) for column in rows.scale_set_columns(120)}


# --- states and clocks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", RunnerState)
def test_every_runner_state_has_a_word_that_fits_its_column(state: RunnerState) -> None:
    look = looks.runner_word(state)
    assert cell_len(look.glyph) == 1
    assert cell_len(look.span.text) <= 10


@pytest.mark.parametrize("state", ScaleSetState)
def test_every_scale_set_state_has_a_word(state: ScaleSetState) -> None:
    look = looks.scale_set_word(state)
    assert cell_len(look.glyph) == 1
    assert look.word


@pytest.mark.parametrize(
    ("age", "state", "clock"),
    [
        (239, Span("► PENDING", Tone.INFO), Span("3:59/5:00", Tone.INFO)),
        (240, Span("▲ PENDING", Tone.LATE), Span("4:00/5:00", Tone.LATE)),
        (300, Span("▲ OVERDUE", Tone.OVERDUE), Span("5:00/5:00", Tone.FAILED)),
        (307, Span("▲ OVERDUE", Tone.OVERDUE), Span("5:07/5:00", Tone.FAILED)),
    ],
    ids=["in time", "at 80 %", "at the limit", "past it"],
)
def test_a_pending_runner_grows_late_by_the_clock_alone(age: float, state: Span, clock: Span) -> None:
    cells = runner_cells(state=PENDING, since=NOW - age, limit=300.0)
    assert (cells["STATE"], cells["CLOCK"]) == (state, clock)


def test_a_busy_runner_keeps_its_word_when_it_is_over_its_limit() -> None:
    cells = runner_cells(state=RunnerState.BUSY, since=NOW - 6.1 * HOUR, limit=6 * HOUR)
    assert cells["STATE"] == Span("▲ BUSY", Tone.OVERDUE)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"state": RunnerState.BUSY, "since": NOW - 42 * MINUTE, "limit": 6 * HOUR}, "42m"),
        ({"state": RunnerState.BUSY, "since": NOW - 340 * MINUTE, "limit": 6 * HOUR}, "5h40m/6h"),
        ({"state": RunnerState.IDLE, "since": NOW - 3 * MINUTE}, "3m"),
        ({"state": RunnerState.STOPPING, "since": NOW - 6}, "0:06"),
        ({"state": RunnerState.STOPPED, "since": NOW - 75}, "1m ago"),
        ({"state": PENDING, "since": NOW - 12 * MINUTE, "limit": 10 * MINUTE}, "12:00/10m"),
        ({"state": PENDING, "since": NOW + 5, "limit": 300.0}, "0:00/5:00"),
    ],
    ids=["busy", "busy and near its limit", "idle", "no limit", "ended", "long over", "clock set back"],
)
def test_the_clock_shows_what_matters(fields: dict[str, Any], text: str) -> None:
    assert runner_cells(**fields)["CLOCK"].text == text


def test_what_has_ended_is_never_late() -> None:
    assert looks.runner_look(runner(state=RunnerState.STOPPED, since=NOW - HOUR, limit=60.0), NOW).word == "STOPPED"


# --- runners -------------------------------------------------------------------------------------------------------


def test_the_job_is_named_by_repository_workflow_and_name() -> None:
    job = JobView(repository="acme/api", workflow="release", name="deploy")
    assert runner_cells(state=RunnerState.BUSY, job=job)["JOB"].text == "acme/api · release · deploy"


def test_a_workflow_is_named_without_its_path_and_branch() -> None:
    job = JobView(repository="acme/api", workflow="acme/api/.github/workflows/ci.yml@refs/heads/main", name="unit")
    assert rows.job_text(job) == "acme/api · ci · unit"


def test_a_runner_that_is_not_yet_online_is_no_problem_before_it_is_late() -> None:
    young, old = (runner(state=RunnerState.UNREADY, since=NOW - age, limit=180.0) for age in (5, 150))
    assert (looks.is_runner_problem(young, NOW), looks.is_runner_problem(old, NOW)) == (False, True)


def test_what_has_ended_says_how_instead_of_a_job() -> None:
    cells = runner_cells(state=RunnerState.FAILED, exit_code=7, reason="the runner version was refused")
    assert cells["JOB"].text == "exit 7 · the runner version was refused"


@pytest.mark.parametrize("width", [60, 80, 99, 100, 114, 115, 139, 140, 200])
def test_columns_fit_their_width(width: int) -> None:
    for columns in (rows.runner_columns(width), rows.scale_set_columns(width), rows.event_columns(width)):
        assert 2 + sum(column.width + 1 for column in columns) <= width
        assert sum(column.flexible for column in columns) == 1


@pytest.mark.parametrize("width", [80, 120])
def test_headings_fit_their_columns(width: int) -> None:
    columns: list[rows.Column[Any]] = [*rows.runner_columns(width), *rows.scale_set_columns(width)]
    for column in columns:
        assert cell_len(column.title) <= column.width
        assert cell_len(column.held_title) <= column.width


def test_at_80_columns_a_usual_name_is_whole() -> None:
    name = next(column for column in rows.runner_columns(80) if column.title == "RUNNER")
    assert shorten("runner-medium-docker-5f3a91c2", name.width, name.cut) == "runner-medium-docker-5f3a91c2"


def test_late_clocks_come_first_and_ended_runners_last() -> None:
    in_order = sorted(fleet().runners, key=lambda row: rows.runner_order(row, NOW))
    words = list(dict.fromkeys(looks.runner_look(row, NOW).word for row in in_order))
    assert words[:5] == ["OVERDUE", "BUSY", "PENDING", "UNREADY", "FAILED"]
    assert words[-2:] == ["IDLE", "STOPPED"]


def test_among_equals_the_longest_wait_comes_first() -> None:
    young, old = (runner(f"runner-{age}", state=PENDING, since=NOW - age, limit=300.0) for age in (10, 100))
    assert rows.runner_order(old, NOW) < rows.runner_order(young, NOW)


def test_among_the_ended_the_latest_comes_first() -> None:
    before, just_now = (runner(f"runner-{age}", state=RunnerState.STOPPED, since=NOW - age) for age in (100, 10))
    assert rows.runner_order(just_now, NOW) < rows.runner_order(before, NOW)


# --- scale sets ----------------------------------------------------------------------------------------------------


def test_backoff_shows_the_time_to_the_next_try_and_the_failures() -> None:
    backoff = BackoffView(placement="EXTERNAL", failures=3, since=NOW - 13, until=NOW + 47, reason="RESOURCE:CPU")
    cells = scale_set_cells(state=ScaleSetState.BACKOFF, backoff=backoff)
    assert cells["STATE"] == Span("▲ BACKOFF 0:47 #3", Tone.LATE)
    assert cells["REASON"].text.strip() == "RESOURCE:CPU"


def test_a_backoff_that_is_over_is_due() -> None:
    backoff = BackoffView(placement="EXTERNAL", failures=1, since=NOW - 20, until=NOW - 1, reason="AGENT")
    assert scale_set_cells(state=ScaleSetState.BACKOFF, backoff=backoff)["STATE"].text == "▲ BACKOFF due #1"


def test_a_session_that_another_one_holds_shows_tries_and_countdown() -> None:
    session = SessionView(state="conflict", tries=4, retry_at=NOW + 28)
    cells = scale_set_cells(state=ScaleSetState.SESSION, session=session)
    assert cells["STATE"].text == "\N{MULTIPLICATION SIGN} SESSION 0:28 #4"


def test_a_session_that_is_being_asked_for_shows_tries_alone() -> None:
    cells = scale_set_cells(state=ScaleSetState.SESSION, session=SessionView(state="conflict", tries=4))
    assert cells["STATE"].text == "\N{MULTIPLICATION SIGN} SESSION #4"


def test_a_session_that_another_one_holds_shows_since_when() -> None:
    session = SessionView(state="conflict", since=NOW - 92, tries=8)
    cells = scale_set_cells(state=ScaleSetState.SESSION, session=session, reason="held by build-7")
    assert cells["REASON"].text.strip() == "since 14:00:59Z: held by build-7"


def test_what_is_not_known_is_a_question_mark_and_never_a_zero() -> None:
    cells = scale_set_cells(assigned=None, want=None, session=SessionView())
    assert [cells[name].text for name in ("ASSIGNED", "WANT", "POLL")] == ["?", "?", "?"]


def test_have_counts_what_serves_or_will() -> None:
    cells = scale_set_cells(starting=1, idle=2, busy=3, ending=4, want=6)
    assert cells["HAVE"] == Span("6", Tone.NORMAL)


def test_too_few_runners_stand_out() -> None:
    cells = scale_set_cells(assigned=7, want=6, busy=4)
    assert (cells["ASSIGNED"].tone, cells["HAVE"].tone) == (Tone.LATE, Tone.LATE)


def test_a_poll_that_should_have_come_back_stands_out() -> None:
    session = SessionView(state="open", last_poll_at=NOW - 72)
    assert scale_set_cells(session=session)["POLL"] == Span("1:12", Tone.LATE)


def test_the_worst_scale_set_comes_first() -> None:
    in_order = sorted(fleet().scale_sets, key=lambda row: rows.scale_set_order(row, NOW))
    assert [row.state for row in in_order] == sorted((row.state for row in in_order), key=list(ScaleSetState).index)


# --- events --------------------------------------------------------------------------------------------------------


def test_an_event_says_when_what_to_whom_and_by_whom() -> None:
    event = next(event for event in fleet().events if event.operator)
    at, kind, text = (column.cell(event, NOW).text for column in rows.event_columns(120))
    assert (at, kind) == ("14:02:25Z", "● command")
    assert text == "runner-small-plain-0b77e1f4: stop: StopTask sent (by alice)"
