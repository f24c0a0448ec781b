"""A survey counts as one would count row by row, and says until when that holds."""

from __future__ import annotations

from collections import Counter
from math import inf, isinf, nextafter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.model import HoldView, RunnerState, RunnerView
from tests.tui.samples import NOW, fleet, runner
from tui import looks, rows
from tui.survey import Surveyor, survey

if TYPE_CHECKING:
    from tui.tones import Tone

ages = st.integers(min_value=-100, max_value=1000) | st.floats(min_value=-100, max_value=1000)
runners = st.builds(
    lambda number, state, age, limit, held: runner(
        f"small-{number:08x}",
        state=state,
        since=NOW - age,
        limit=limit,
        hold=HoldView(by="al", since=NOW - age, until=NOW + 60) if held else None,
    ),
    st.integers(min_value=0, max_value=2**31),
    st.sampled_from(RunnerState),
    ages,
    st.none() | st.sampled_from([0.0, 120.0, 180.0, 300.0, 21_600.0]),
    st.booleans(),
)
fleets = st.lists(runners, max_size=8, unique_by=lambda row: row.name)


def tones(found: list[RunnerView], now: float) -> Counter[Tone]:
    return Counter(looks.runner_look(row, now).tone for row in found)


def order(found: list[RunnerView], now: float) -> list[str]:
    return [row.name for row in sorted(found, key=lambda row: rows.runner_order(row, now))]


@given(fleets)
def test_the_counts_are_those_of_a_look_at_each(found: list[RunnerView]) -> None:
    told = survey(found, NOW)
    assert told.states == Counter(row.state for row in found)
    assert told.tones == tones(found, NOW)
    assert told.troubled == sum(looks.is_runner_problem(row, NOW) for row in found)


@given(fleets, st.floats(min_value=0, max_value=1))
def test_until_then_neither_a_tone_nor_the_order_changes(found: list[RunnerView], part: float) -> None:
    until = min(survey(found, NOW).until, NOW + 5000)
    later = NOW + part * (until - NOW) * 0.999
    if NOW < later < until:
        assert tones(found, later) == tones(found, NOW)
        assert order(found, later) == order(found, NOW)


@pytest.mark.parametrize(
    ("found", "until"),
    [
        ([runner(since=NOW - 9)], inf),
        ([runner(state=RunnerState.PENDING, since=NOW - 100, limit=300.0)], NOW + 140),
        ([runner(state=RunnerState.PENDING, since=NOW - 250, limit=300.0)], NOW + 50),
        ([runner(state=RunnerState.PENDING, since=NOW - 400, limit=300.0)], inf),
        ([runner(state=RunnerState.STOPPED, since=NOW - 100, limit=300.0)], inf),
    ],
    ids=["without a limit", "in time", "late", "overdue", "ended"],
)
def test_what_is_waited_for_is_the_next_step_of_a_clock(found: list[RunnerView], until: float) -> None:
    told = survey(found, NOW).until
    assert told == until or (not isinf(until) and abs(told - until) < 1e-3)


def test_of_two_that_are_overdue_the_one_with_the_shorter_limit_overtakes_the_other() -> None:
    slow = runner("a-1", state=RunnerState.BUSY, since=NOW - 4000, limit=2000.0)  # 2.0 of it, and 1 more in 2000 s
    fast = runner("a-2", state=RunnerState.PENDING, since=NOW - 150, limit=100.0)  # 1.5 of it, and 1 more in 100 s
    until = survey([slow, fast], NOW).until
    assert order([slow, fast], until - 1) == ["a-1", "a-2"]
    assert order([slow, fast], until + 1) == ["a-2", "a-1"]


def test_the_same_rows_are_surveyed_again_only_when_their_time_is_over() -> None:
    ask = Surveyor()
    found = (runner(state=RunnerState.PENDING, since=NOW - 100, limit=300.0),)
    told = ask(found, NOW)
    assert ask(found, NOW + 100) is told
    late = ask(found, nextafter(told.until, inf))
    assert late.troubled == 1
    assert ask((*found, runner()), told.until).states[RunnerState.IDLE] == 1
    assert ask(found, NOW).troubled == 0  # a clock that was set back


def test_a_fleet_with_everything_in_it_is_counted() -> None:
    assert survey(fleet().runners, NOW).tones == tones(list(fleet().runners), NOW)
