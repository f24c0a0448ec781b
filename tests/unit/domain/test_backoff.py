"""Waiting: for room (behaviour.md 1.3), before a loop runs again (1.5), and after permanent errors (row 10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.backoff import (
    ACCEPTED_REST,
    CAPACITY_SCHEDULE,
    CONFLICT_WAIT,
    JITTER,
    RECONNECT_SCHEDULE,
    Breaker,
    CapacityBackoff,
    not_before,
    refused,
    step,
)

jitters = st.floats(-1.0, 1.0)
schedules = st.lists(st.floats(0.1, 3600), min_size=1, max_size=8).map(tuple)


def refusals(count: int, *, jitter: float = 0.0) -> CapacityBackoff:
    """A class after that many refusals in a row, each of a start made when the wait before it was over."""
    state, now = None, 0.0
    for _ in range(count):
        state = refused(state, now=now, began=now, reason="RESOURCE:CPU", jitter=jitter)
        now = state.until
    assert state is not None
    return state


# --- the schedule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 15.0), (2, 30.0), (3, 60.0), (4, 120.0), (5, 300.0), (6, 300.0), (50, 300.0)],
)
def test_consecutive_transient_failures_wait_15_30_60_120_300_300_seconds(failures: int, seconds: float) -> None:
    assert step(CAPACITY_SCHEDULE, failures, 0.0) == seconds


@given(schedule=schedules, failures=st.integers(1, 100), jitter=jitters)
def test_each_wait_has_a_jitter_of_20_percent_at_most(
    schedule: tuple[float, ...], failures: int, jitter: float
) -> None:
    planned = schedule[min(failures, len(schedule)) - 1]
    assert planned * 0.8 - 1e-9 <= step(schedule, failures, jitter) <= planned * 1.2 + 1e-9


@pytest.mark.parametrize(("jitter", "seconds"), [(-1.0, 12.0), (0.0, 15.0), (0.5, 16.5), (1.0, 18.0)])
def test_the_jitter_is_uniform_over_the_whole_20_percent(jitter: float, seconds: float) -> None:
    assert step(CAPACITY_SCHEDULE, 1, jitter) == pytest.approx(seconds)


@given(schedule=schedules, failures=st.integers(1, 100))
def test_the_last_wait_of_a_schedule_repeats(schedule: tuple[float, ...], failures: int) -> None:
    assert step(schedule, len(schedule) + failures, 0.0) == schedule[-1]


def test_a_reconnect_waits_5_15_30_60_60_seconds() -> None:
    assert [step(RECONNECT_SCHEDULE, failures, 0.0) for failures in range(1, 6)] == [5, 15, 30, 60, 60]


def test_a_session_conflict_is_retried_every_10_to_15_seconds() -> None:
    assert CONFLICT_WAIT == (10.0, 15.0)


# --- capacity ------------------------------------------------------------------------------------------------------


def test_a_first_refusal_closes_the_class_from_now_on() -> None:
    state = refused(None, now=100.0, began=99.0, reason="RESOURCE:CPU", jitter=0.0)
    assert state == CapacityBackoff(failures=1, since=100.0, closed_at=100.0, until=115.0, reason="RESOURCE:CPU")


def test_the_refusal_of_a_probe_is_the_next_failure_in_a_row() -> None:
    again = refused(refusals(1), now=16.0, began=15.0, reason="RESOURCE:MEMORY", jitter=0.0)
    assert again == CapacityBackoff(2, since=0.0, closed_at=16.0, until=46.0, reason="RESOURCE:MEMORY")


@given(st.lists(st.floats(0.0, 99.0), min_size=1, max_size=50))
def test_however_many_starts_of_one_batch_are_refused_it_is_one_failure(began: list[float]) -> None:
    state = first = refused(None, now=100.0, began=0.0, reason="RESOURCE:CPU", jitter=0.0)
    for moment in began:
        state = refused(state, now=101.0, began=moment, reason="RESOURCE:CPU", jitter=1.0)
    assert state == first


def test_a_refusal_that_tells_nothing_new_still_tells_its_reason() -> None:
    state = refused(refusals(1), now=1.0, began=-1.0, reason="AGENT", jitter=0.0)
    assert (state.reason, state.failures) == ("AGENT", 1)


def test_a_probe_is_due_when_the_wait_is_over_and_not_before() -> None:
    state = refusals(1)
    assert (state.due(14.999), state.due(15.0)) == (False, True)


def test_there_is_one_probe_at_a_time() -> None:
    probing = refusals(1).probe()
    assert not probing.due(1000.0)
    assert probing.abandon().due(1000.0)


def test_the_refusal_of_a_probe_ends_it() -> None:
    probing = refusals(1).probe()
    assert not refused(probing, now=16.0, began=15.0, reason="AGENT", jitter=0.0).probing


@given(failures=st.integers(1, 20), jitter=jitters)
def test_a_class_stays_closed_for_no_more_than_six_minutes(failures: int, jitter: float) -> None:
    state = refusals(failures, jitter=jitter)
    assert 0 < state.until - state.closed_at <= 300 * (1 + JITTER)


def test_an_accepted_probe_shows_that_there_is_room() -> None:
    assert refusals(3).accepted(500.0) is None


def test_where_ecs_refuses_late_an_accepted_probe_shows_nothing_and_the_next_one_waits_five_minutes() -> None:
    state = refused(None, now=0.0, began=0.0, reason="RESOURCE:CPU", jitter=0.0, late=True).probe()
    waiting = state.accepted(20.0)
    assert waiting is not None
    assert (waiting.until, waiting.probing, waiting.failures) == (20.0 + ACCEPTED_REST, False, 1)


def test_the_services_own_wait_is_kept_when_it_is_longer() -> None:
    state = refusals(1)
    assert not_before(state, 40.0).until == 40.0
    assert not_before(state, 4.0).until == 15.0


# --- the breaker ---------------------------------------------------------------------------------------------------


def broken(failures: int, *, at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(failures):
        breaker = breaker.failed(at, "no such subnet")
    return breaker


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_fewer_than_three_permanent_errors_stop_nothing(failures: int) -> None:
    breaker = broken(failures)
    assert breaker.closed(0.0)
    assert not breaker.tripped


def test_three_permanent_errors_in_a_row_stop_the_starts_for_five_minutes() -> None:
    breaker = broken(3, at=1000.0)
    assert breaker.tripped
    assert not breaker.closed(1299.9)
    assert breaker.closed(1300.0)


def test_a_failed_try_after_the_rest_begins_the_next_one() -> None:
    breaker = broken(3).failed(400.0, "no such role")
    assert (breaker.until, breaker.reason) == (700.0, "no such role")
    assert not breaker.closed(699.9)
