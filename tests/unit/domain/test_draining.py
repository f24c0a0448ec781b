"""Who may be taken off GitHub because nobody needs them (behaviour.md rows 19, 20, 27)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.draining import to_drain
from core.domain.messages import Statistics
from core.domain.presence import Presence
from core.domain.runner import Hold, Phase, Runner
from core.domain.scale_set import Limits
from core.domain.task import TaskStatus
from tests.builders import a_runner, a_task

LIMITS = Limits(drain_grace=300.0, idle=21_600.0, unready=180.0)
NONE_WAITS = Statistics(assigned=0, running=0)


def idle(number: int, *, since: float = 0.0) -> Runner:
    return a_runner(Phase.IDLE, name=f"small-{number:08x}", since=since, task=a_task())


def drained(
    *runners: Runner, want: int = 0, statistics: Statistics = NONE_WAITS, age: float = 0.0, now: float = 300.0
) -> list[str]:
    usable = sum(1 for runner in runners if runner.usable)
    chosen = to_drain(runners, usable=usable, want=want, statistics=statistics, age=age, limits=LIMITS, now=now)
    return [runner.name for runner, _ in chosen]


def test_surplus_idle_for_the_grace_is_drained_the_longest_idle_first() -> None:
    assert drained(idle(1, since=0.0), idle(2, since=-50.0), idle(3, since=100.0)) == [
        "small-00000002",
        "small-00000001",
    ]


def test_never_below_what_is_wanted() -> None:
    assert drained(idle(1), idle(2), idle(3), want=2) == ["small-00000001"]


def test_nobody_is_drained_while_an_assigned_job_does_not_run_yet() -> None:
    assert drained(idle(1), statistics=Statistics(assigned=1, running=0)) == []


def test_old_statistics_drain_nobody() -> None:
    assert drained(idle(1), age=60.1) == []


@pytest.mark.parametrize("phase", [Phase.BUSY, Phase.LAUNCHING, Phase.FINISHING, Phase.STOPPING, Phase.RESERVED])
def test_only_idle_runners_are_surplus(phase: Phase) -> None:
    assert drained(replace(idle(1), phase=phase)) == []


def test_a_runner_idle_for_its_whole_limit_is_drained_whatever_the_demand() -> None:
    waiting = Statistics(assigned=5, running=1)
    assert drained(idle(1), want=5, statistics=waiting, now=21_601.0) == ["small-00000001"]


def unready(not_serving_at: float | None) -> Runner:
    presence = Presence(not_serving_at=not_serving_at)
    return a_runner(Phase.LAUNCHING, task=a_task(TaskStatus.RUNNING), status_since=0.0, presence=presence)


def test_a_running_task_that_a_late_list_shows_offline_is_unready() -> None:
    assert drained(unready(181.0), want=1, now=190.0) == ["small-0000000a"]


@pytest.mark.parametrize("looked", [None, 100.0, 180.0])
def test_as_long_as_github_was_not_asked_since_its_limit_nobody_is_unready(looked: float | None) -> None:
    assert drained(unready(looked), want=1, now=1000.0) == []


def forgotten(number: int, looks: int) -> Runner:
    presence = Presence(looked_at=60.0 * looks, since=60.0, absent_looks=looks, not_serving_at=60.0 * looks)
    return replace(idle(number), presence=presence)


def test_an_idle_runner_that_two_lists_left_out_must_go_however_much_it_is_wanted() -> None:
    assert drained(forgotten(1, looks=2), want=1, now=10.0) == ["small-00000001"]


def test_one_list_that_left_a_runner_out_proves_nothing() -> None:
    assert drained(forgotten(1, looks=1), want=1, now=10.0) == []


def test_a_busy_runner_that_lists_leave_out_is_left_alone() -> None:
    assert drained(replace(forgotten(1, looks=9), phase=Phase.BUSY), now=10.0) == []


def test_a_runner_that_github_forgot_is_nobodys_replacement() -> None:
    assert drained(forgotten(1, looks=2), idle(2), want=1) == ["small-00000001"]


@given(st.lists(st.floats(0, 1000), max_size=20), st.integers(0, 20), st.floats(0, 1000))
def test_what_is_left_always_serves_the_demand(ages: list[float], want: int, now: float) -> None:
    runners = [idle(number, since=since) for number, since in enumerate(ages)]
    left = len(runners) - len(drained(*runners, want=want, now=now))
    assert left >= min(want, len(runners))


def test_who_is_held_is_not_drained_and_counts_as_spare_for_nobody() -> None:
    held = replace(idle(1, since=-50.0), hold=Hold("alice", since=0.0, until=1e6))
    assert drained(held, idle(2), want=1) == ["small-00000002"]
    assert drained(held, want=0, now=30_000.0) == []
