"""What may be stopped or deregistered, and why (behaviour.md 1.4, invariants I2, I3, I5)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.messages import Registration
from core.domain.reaping import OfflineVerdict, gone, judge_offline, overdue, runtime_since, stop_reason
from core.domain.runner import Hold, Phase, Runner
from core.domain.scale_set import Limits, runner_name
from core.domain.task import TaskStatus
from tests.builders import a_job, a_runner, a_task

LIMITS = Limits()
STARTING = [TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING]


def starting(status: TaskStatus = TaskStatus.PENDING, *, since: float = 0.0) -> Runner:
    return a_runner(Phase.LAUNCHING, task=a_task(status), status_since=since)


def running(phase: Phase = Phase.IDLE, *, since: float = 0.0, job_since: float | None = None) -> Runner:
    job = None if job_since is None else a_job()
    return a_runner(phase, task=a_task(), status_since=since, running_since=since, job=job, job_since=job_since)


# --- starts that take too long -------------------------------------------------------------------------------------


def test_a_task_pending_past_the_limit_is_stopped_with_the_seeds_words() -> None:
    assert stop_reason(starting(since=100.0), LIMITS, 470.0) == "ecs-arc: stuck in PENDING for 6m10s (threshold: 5m0s)"


def test_a_task_pending_up_to_the_limit_may_live() -> None:
    assert stop_reason(starting(), LIMITS, 300.0) is None


@pytest.mark.parametrize(
    ("status", "limit"),
    [(TaskStatus.PROVISIONING, 600.0), (TaskStatus.PENDING, 300.0), (TaskStatus.ACTIVATING, 300.0)],
)
def test_each_starting_state_has_its_own_threshold(status: TaskStatus, limit: float) -> None:
    assert not overdue(starting(status), LIMITS, limit)
    assert overdue(starting(status), LIMITS, limit + 1)


def test_a_threshold_is_the_scale_sets_own() -> None:
    assert stop_reason(starting(), Limits(pending=60.0), 61.0) == (
        "ecs-arc: stuck in PENDING for 1m1s (threshold: 1m0s)"
    )


def test_a_start_whose_state_nobody_has_seen_yet_is_not_judged() -> None:
    assert stop_reason(a_runner(Phase.LAUNCHING), LIMITS, 1e6) is None


def test_a_runner_that_has_a_job_is_not_judged_by_the_status_ecs_last_told() -> None:
    busy = a_runner(Phase.BUSY, task=a_task(TaskStatus.PENDING), status_since=0.0, job_since=200.0)
    assert stop_reason(busy, LIMITS, 1000.0) is None


# --- max runtime ---------------------------------------------------------------------------------------------------


def test_a_task_running_past_max_runtime_is_stopped_with_the_seeds_words() -> None:
    assert stop_reason(running(Phase.BUSY, job_since=10.0), LIMITS, 21_630.0) == (
        "ecs-arc: exceeded max runtime 6h0m0s (running: 6h0m20s)"
    )


def test_a_task_running_up_to_max_runtime_may_live() -> None:
    assert stop_reason(running(Phase.BUSY), LIMITS, 21_600.0) is None


def test_an_idle_runner_has_a_limit_of_its_own_and_not_max_runtime() -> None:
    assert stop_reason(running(Phase.IDLE), LIMITS, 1e6) is None


def test_max_runtime_counts_from_the_start_of_the_job() -> None:
    late_job = running(Phase.BUSY, since=0.0, job_since=21_540.0)  # it waited 5 h 59 min for its job
    assert stop_reason(late_job, LIMITS, 21_541.0 + 21_598.0) is None
    assert stop_reason(late_job, LIMITS, 21_541.0 + 21_600.0) is not None


def test_max_runtime_of_an_adopted_runner_counts_from_when_it_was_first_seen_running() -> None:
    adopted = a_runner(Phase.BUSY, task=a_task(), running_since=100.0, assumed_busy=True, adopted=True)
    assert runtime_since(adopted) == 100.0


def test_max_runtime_of_a_job_whose_start_was_not_heard_counts_from_when_it_was_found() -> None:
    found = a_runner(Phase.BUSY, since=21_600.0, task=a_task(), running_since=0.0)
    assert runtime_since(found) == 21_600.0


@pytest.mark.parametrize("max_runtime", [0.0, 21_600.0])
def test_a_container_that_outlives_its_job_by_a_quarter_of_an_hour_is_stopped(max_runtime: float) -> None:
    # behaviour.md row 15: it occupies a slot
    hanging = replace(running(Phase.FINISHING, job_since=60.0), since=1_000.0)
    limits = Limits(max_runtime=max_runtime)
    assert stop_reason(hanging, limits, 1_900.0) is None
    reason = "arcdeck: its job ended 15m1s ago and its container does not (threshold: 15m0s)"
    assert stop_reason(hanging, limits, 1_901.0) == reason


def test_a_container_that_outlives_its_job_is_stopped_at_max_runtime() -> None:
    hanging = replace(running(Phase.FINISHING, job_since=60.0), since=21_000.0)
    assert stop_reason(hanging, LIMITS, 21_659.0) is None
    assert stop_reason(hanging, LIMITS, 21_661.0) == "ecs-arc: exceeded max runtime 6h0m0s (running: 6h0m1s)"


def test_a_task_that_somebody_stops_already_is_left_to_them() -> None:
    leaving = a_runner(Phase.FINISHING, task=a_task(desired_stopped=True), running_since=0.0)
    assert stop_reason(leaving, LIMITS, 1e6) is None


@given(st.floats(0, 1e9))
def test_a_max_runtime_of_zero_is_no_limit(now: float) -> None:
    assert stop_reason(running(Phase.BUSY, job_since=0.0), Limits(max_runtime=0.0), now) is None


@pytest.mark.parametrize("phase", [Phase.RESERVED, Phase.DRAINING, Phase.STOPPING, Phase.ENDED])
def test_what_is_not_there_yet_or_leaves_already_is_not_stopped(phase: Phase) -> None:
    assert stop_reason(running(phase), LIMITS, 1e6) is None


@st.composite
def any_runner(draw: st.DrawFn) -> Runner:
    moments = st.none() | st.floats(0, 1000)
    return a_runner(
        draw(st.sampled_from(Phase)),
        task=a_task(draw(st.sampled_from(TaskStatus))),
        status_since=draw(moments),
        running_since=draw(moments),
        job_since=draw(moments),
        assumed_busy=draw(st.booleans()),
    )


@given(runner=any_runner(), now=st.floats(1000, 1e5))
def test_a_busy_runner_is_stopped_for_max_runtime_alone(runner: Runner, now: float) -> None:
    reason = stop_reason(runner, LIMITS, now)
    if runner.phase is not Phase.BUSY or reason is None:
        return
    assert reason.startswith("ecs-arc: exceeded max runtime")
    assert any(
        began is not None and now - began > LIMITS.max_runtime
        for began in (runner.job_since, runner.running_since, runner.since)
    )


# --- gone ----------------------------------------------------------------------------------------------------------


def test_a_task_missed_by_two_complete_looks_a_minute_apart_is_gone() -> None:
    assert gone(first_missed=100.0, accepted_at=None, now=160.0)


@pytest.mark.parametrize("now", [100.0, 130.0, 159.9])
def test_a_task_missed_for_less_than_a_minute_is_not_gone(now: float) -> None:
    assert not gone(first_missed=100.0, accepted_at=None, now=now)


def test_a_task_is_never_gone_within_five_minutes_of_its_start() -> None:
    assert not gone(first_missed=0.0, accepted_at=10.0, now=309.9)
    assert gone(first_missed=0.0, accepted_at=10.0, now=310.0)


# --- the offline sweep ---------------------------------------------------------------------------------------------

HOUR = 3600.0


def offline(
    name: str = "small-0000000a", identity: int = 1, *, online: bool = False, busy: bool = False
) -> Registration:
    return Registration(identity, name, online=online, busy=busy)


def judge(
    *registrations: Registration, seen: dict[int, float] | None = None, now: float = HOUR, backed: tuple[str, ...] = ()
) -> OfflineVerdict:
    return judge_offline(registrations, seen or {}, scale_sets={"small"}, backed=set(backed), min_age=HOUR, now=now)


def test_a_runner_offline_for_an_hour_with_no_task_is_a_ghost() -> None:
    assert judge(offline(), seen={1: 0.0}).ghosts == (offline(),)


def test_a_runner_offline_for_less_than_an_hour_is_no_ghost() -> None:
    assert judge(offline(), seen={1: 0.1}).ghosts == ()


def test_a_runner_first_seen_offline_is_remembered_from_now_on() -> None:
    assert judge(offline(), now=500.0).first_seen == {1: 500.0}


def test_how_long_a_runner_has_been_offline_is_remembered() -> None:
    assert judge(offline(), seen={1: 100.0}, now=500.0).first_seen == {1: 100.0}


def test_a_runner_that_came_online_is_forgotten() -> None:
    assert judge(offline(online=True), seen={1: 0.0}) == OfflineVerdict({}, ())


def test_a_runner_that_disappeared_is_forgotten() -> None:
    assert judge(seen={1: 0.0}) == OfflineVerdict({}, ())


def test_a_busy_runner_is_remembered_and_left_alone() -> None:
    assert judge(offline(busy=True), seen={1: 0.0}) == OfflineVerdict({1: 0.0}, ())


def test_a_runner_with_a_live_task_is_left_alone() -> None:
    assert judge(offline(), seen={1: 0.0}, backed=("small-0000000a",)).ghosts == ()


@pytest.mark.parametrize(
    "name",
    ["large-0000000a", "small", "small-0000000A", "small-runner", "my-small-0000000a", "small-0000000a-0000000b"],
)
def test_a_runner_that_is_not_named_after_a_scale_set_of_ours_is_left_alone(name: str) -> None:
    assert judge(offline(name), seen={1: 0.0}).ghosts == ()


ids = st.integers(1, 6)
names = st.builds(
    runner_name, st.sampled_from(["small", "large", "foreign"]), st.sampled_from(["0000000a", "0000000b"])
)
listings = st.lists(
    st.builds(Registration, ids, names | st.text(max_size=12), st.booleans(), st.booleans()),
    unique_by=lambda registration: registration.id,
    max_size=6,
)


@given(
    listing=listings,
    seen=st.dictionaries(ids, st.floats(0, 2 * HOUR)),
    backed=st.sets(names),
    now=st.floats(2 * HOUR, 4 * HOUR),
)
def test_nothing_foreign_busy_online_young_or_backed_is_ever_chosen(
    listing: list[Registration], seen: dict[int, float], backed: set[str], now: float
) -> None:
    verdict = judge_offline(listing, seen, scale_sets={"small", "large"}, backed=backed, min_age=HOUR, now=now)
    for ghost in verdict.ghosts:
        assert ghost.name.rpartition("-")[0] in {"small", "large"}
        assert not ghost.busy
        assert not ghost.online
        assert ghost.name not in backed
        assert now - seen[ghost.id] >= HOUR
    ours = {r.id for r in listing if not r.online and r.name.rpartition("-")[0] in {"small", "large"}}
    assert set(verdict.first_seen) <= ours


# --- holds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "runner",
    [
        starting(),
        running(Phase.BUSY, job_since=0.0),
        a_runner(Phase.FINISHING, task=a_task(), running_since=0.0, since=0.0),
    ],
    ids=["stuck", "over its max runtime", "outlived its job"],
)
def test_who_is_held_is_judged_by_no_rule_until_the_hold_is_over(runner: Runner) -> None:
    held = replace(runner, hold=Hold("alice", since=0.0, until=2e5))
    assert stop_reason(runner, LIMITS, 1e5) is not None
    assert stop_reason(held, LIMITS, 1e5) is None
    assert stop_reason(held, LIMITS, 2e5) is not None
