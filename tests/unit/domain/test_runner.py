"""The life a runner may lead: idle, busy, done, and what lies around them (behaviour.md 1.1)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.runner import IllegalTransitionError, Phase, Runner
from tests.builders import a_job, a_runner, a_task

USABLE = {Phase.RESERVED, Phase.LAUNCHING, Phase.IDLE, Phase.BUSY}
STARTED = sorted(set(Phase) - {Phase.RESERVED, Phase.ENDED})

phases = st.sampled_from(Phase)


def test_a_runner_goes_from_idle_to_busy_to_done() -> None:
    idle = a_runner(Phase.IDLE)
    busy = idle.to(Phase.BUSY, 10.0)
    done = busy.to(Phase.FINISHING, 20.0)
    assert [idle.phase, busy.phase, done.phase] == [Phase.IDLE, Phase.BUSY, Phase.FINISHING]


def test_a_step_keeps_the_name_the_task_and_the_job() -> None:
    runner = a_runner(Phase.IDLE, task_arn="arn:task/1", runner_id=7, job=a_job())
    assert runner.to(Phase.BUSY, 10.0) == replace(runner, phase=Phase.BUSY, since=10.0)


def test_a_step_begins_the_clock_of_the_new_phase() -> None:
    assert a_runner(Phase.IDLE).to(Phase.BUSY, 12.5).since == 12.5


def test_a_runner_that_is_done_is_never_idle_or_busy_again() -> None:
    assert not {Phase.IDLE, Phase.BUSY} & {phase for phase in Phase if a_runner(Phase.FINISHING).can_become(phase)}


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.ENDED}))
def test_every_life_can_end_at_any_moment(phase: Phase) -> None:
    assert a_runner(phase).can_become(Phase.ENDED)


@pytest.mark.parametrize("phase", Phase)
def test_nothing_comes_after_the_end(phase: Phase) -> None:
    assert not a_runner(Phase.ENDED).can_become(phase)


@pytest.mark.parametrize("phase", sorted(set(STARTED) - {Phase.STOPPING}))
def test_whatever_has_a_task_can_be_stopped(phase: Phase) -> None:
    assert a_runner(phase).can_become(Phase.STOPPING)


def test_what_has_no_task_cannot_be_stopped() -> None:
    assert not a_runner(Phase.RESERVED).can_become(Phase.STOPPING)


@pytest.mark.parametrize("phase", [Phase.RESERVED, Phase.LAUNCHING, Phase.IDLE, Phase.DRAINING])
def test_a_job_may_find_the_runner_before_it_ends(phase: Phase) -> None:
    assert a_runner(phase).can_become(Phase.BUSY)


@given(phase=phases, following=phases)
def test_an_illegal_step_is_refused_and_names_both_phases(phase: Phase, following: Phase) -> None:
    runner = a_runner(phase)
    if runner.can_become(following):
        assert runner.to(following, 1.0).phase is following
        return
    with pytest.raises(IllegalTransitionError, match=f"{phase} does not become {following}"):
        runner.to(following, 1.0)


@given(st.lists(phases, max_size=30))
def test_no_life_visits_a_phase_twice_but_busy_and_idle(wanted: list[Phase]) -> None:
    runner, lived = a_runner(Phase.RESERVED), [Phase.RESERVED]
    for now, phase in enumerate(wanted):
        if runner.can_become(phase):
            runner = runner.to(phase, float(now))
            lived.append(phase)
    once = [phase for phase in lived if phase not in {Phase.IDLE, Phase.BUSY, Phase.DRAINING}]
    assert len(once) == len(set(once))


@pytest.mark.parametrize("phase", Phase)
def test_usable_means_starting_idle_or_busy(phase: Phase) -> None:
    assert a_runner(phase).usable is (phase in USABLE)


@pytest.mark.parametrize("phase", Phase)
def test_an_earlier_runs_start_is_only_recalled_until_its_task_or_job_is_seen(phase: Phase) -> None:
    unseen = phase in {Phase.RESERVED, Phase.LAUNCHING}
    assert a_runner(phase, adopted=True).recalled is unseen
    assert not a_runner(phase, adopted=True, task=a_task()).recalled
    assert not a_runner(phase).recalled


@pytest.mark.parametrize("phase", Phase)
def test_a_slot_is_taken_until_the_end(phase: Phase) -> None:
    assert a_runner(phase).live is (phase is not Phase.ENDED)


def test_a_new_runner_knows_nothing_it_was_not_told() -> None:
    runner = Runner("small-0000000a", "small", Phase.RESERVED, 0.0)
    assert (runner.task_arn, runner.runner_id, runner.online_since, runner.job) == ("", None, None, None)
