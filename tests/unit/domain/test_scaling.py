"""The arithmetic of demand, and the sentence that explains it (behaviour.md 1.3, invariant I1)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.runner import Phase
from core.domain.scale_set import Bounds, Limits
from core.domain.scaling import Decision, Gate, Supply, advertised_capacity, decide, released, supply_of, want
from core.domain.task import TaskStatus
from tests.builders import a_runner, a_task

few = st.integers(0, 12)
supplies = st.builds(Supply, few, few, few, few, few, few, few)
bounds = st.tuples(few, few, few).map(
    lambda numbers: Bounds(maximum=max(numbers[:2]), minimum=min(numbers[:2]), min_idle=numbers[2])
)
gates = st.none() | st.builds(Gate, few, st.just("no room"))


# --- the target ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assigned", "target"),
    [
        pytest.param(0, 2, id="min without jobs"),
        pytest.param(1, 2, id="min above the jobs"),
        pytest.param(5, 5, id="the jobs between min and max"),
        pytest.param(8, 8, id="as many jobs as max"),
        pytest.param(50, 8, id="max below the jobs"),
    ],
)
def test_the_target_is_the_assigned_jobs_between_min_and_max(assigned: int, target: int) -> None:
    assert want(assigned, Bounds(maximum=8, minimum=2)) == target


@given(assigned=few, bounds=bounds)
def test_the_target_never_exceeds_max(assigned: int, bounds: Bounds) -> None:
    assert want(assigned, bounds) <= bounds.maximum


@given(assigned=few, bounds=bounds)
def test_the_target_never_falls_below_min(assigned: int, bounds: Bounds) -> None:
    assert want(assigned, bounds) >= bounds.minimum


def test_min_idle_adds_warm_runners_on_top_of_the_jobs() -> None:
    assert want(3, Bounds(maximum=8, minimum=0, min_idle=2)) == 5


def test_min_stays_a_floor_of_the_total_beside_min_idle() -> None:
    assert want(1, Bounds(maximum=8, minimum=5, min_idle=2)) == 5


# --- how many to start ---------------------------------------------------------------------------------------------


def test_the_difference_to_what_there_is_is_started() -> None:
    assert decide(5, Supply(starting=1, idle=0, busy=1), Bounds(maximum=10)).start == 3


def test_nothing_starts_when_there_is_enough() -> None:
    assert decide(2, Supply(busy=2), Bounds(maximum=10)).start == 0


@given(assigned=few, supply=supplies, bounds=bounds, gate=gates)
def test_nothing_is_ever_stopped_to_go_down(assigned: int, supply: Supply, bounds: Bounds, gate: Gate | None) -> None:
    assert decide(assigned, supply, bounds, gate).start >= 0


@given(assigned=few, supply=supplies, bounds=bounds, gate=gates)
def test_starts_never_exceed_what_is_missing_nor_the_free_slots(
    assigned: int, supply: Supply, bounds: Bounds, gate: Gate | None
) -> None:
    start = decide(assigned, supply, bounds, gate).start
    missing = want(assigned, bounds) - supply.usable
    room = bounds.maximum - supply.occupied
    assert start <= max(0, min(missing, room))


@given(assigned=few, supply=supplies, bounds=bounds)
def test_without_a_gate_all_that_is_missing_and_fits_is_started(assigned: int, supply: Supply, bounds: Bounds) -> None:
    missing = want(assigned, bounds) - supply.usable
    room = bounds.maximum - supply.occupied
    assert decide(assigned, supply, bounds).start == max(0, min(missing, room))


@given(assigned=few, supply=supplies, bounds=bounds)
def test_what_is_occupied_exceeds_max_never_through_a_start(assigned: int, supply: Supply, bounds: Bounds) -> None:
    start = decide(assigned, supply, bounds).start
    assert start == 0 or supply.occupied + start <= bounds.maximum


def test_a_finishing_or_stopping_task_occupies_its_slot() -> None:
    assert decide(3, Supply(busy=1, finishing=1, stopping=1), Bounds(maximum=3)).start == 0


def test_a_job_need_not_wait_for_a_finishing_task_below_max() -> None:
    assert decide(1, Supply(finishing=1), Bounds(maximum=3)).start == 1


def test_an_overdue_start_is_replaced_and_still_counts_against_max() -> None:
    assert decide(1, Supply(overdue=1), Bounds(maximum=2)).start == 1
    assert decide(1, Supply(overdue=1), Bounds(maximum=1)).start == 0


def test_nothing_starts_when_adoption_exceeded_max() -> None:
    assert decide(9, Supply(busy=5), Bounds(maximum=3)).start == 0


def test_nothing_starts_before_github_has_said_how_many_jobs_there_are() -> None:
    silent = decide(None, Supply(), Bounds(maximum=10, minimum=3))
    assert (silent.start, silent.want) == (0, None)


# --- gates ---------------------------------------------------------------------------------------------------------


@given(assigned=few, supply=supplies, bounds=bounds, gate=gates)
def test_a_gate_lets_no_more_through_than_it_allows(
    assigned: int, supply: Supply, bounds: Bounds, gate: Gate | None
) -> None:
    assert gate is None or decide(assigned, supply, bounds, gate).start <= gate.allow


@given(assigned=few, supply=supplies, bounds=bounds, gate=gates)
def test_what_a_gate_holds_back_is_counted(assigned: int, supply: Supply, bounds: Bounds, gate: Gate | None) -> None:
    decision = decide(assigned, supply, bounds, gate)
    assert decision.start + decision.held == decide(assigned, supply, bounds).start


def test_a_deferred_start_says_what_it_waits_for() -> None:
    held = decide(2, Supply(), Bounds(maximum=8), Gate(0, "no room in EXTERNAL: RESOURCE:CPU"))
    assert held == Decision(
        0, 2, "assigned 2, min 0 → want 2, max 8 → have 0 → 2 held: no room in EXTERNAL: RESOURCE:CPU", held=2
    )


# --- the explanation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assigned", "supply", "gate", "sentence"),
    [
        pytest.param(
            7,
            Supply(starting=1, idle=1, busy=3, stopping=2),
            None,
            "assigned 7, min 2 → want 7, max 8 → have 5 (3 busy, 1 idle, 1 starting), 2 still stopping → start 1",
            id="the example of the design",
        ),
        pytest.param(
            2, Supply(busy=2), None, "assigned 2, min 2 → want 2, max 8 → have 2 (2 busy) → enough", id="enough"
        ),
        pytest.param(
            9,
            Supply(busy=8),
            None,
            "assigned 9, min 2 → want 8, max 8 → have 8 (8 busy) → at max: 1 wait for a runner",
            id="at max",
        ),
        pytest.param(
            8,
            Supply(busy=6, finishing=2),
            None,
            "assigned 8, min 2 → want 8, max 8 → have 6 (6 busy), 2 still stopping"
            " → wait: every slot is taken until a task has stopped",
            id="all slots taken",
        ),
        pytest.param(
            3,
            Supply(busy=1, overdue=1),
            Gate(1, "one probing start may try"),
            "assigned 3, min 2 → want 3, max 8 → have 1 (1 busy), 1 overdue"
            " → start 1, 1 held: one probing start may try",
            id="a probe",
        ),
    ],
)
def test_a_decision_carries_its_arithmetic(assigned: int, supply: Supply, gate: Gate | None, sentence: str) -> None:
    assert decide(assigned, supply, Bounds(maximum=8, minimum=2), gate).explanation == sentence


def test_min_idle_is_told_where_it_is_set() -> None:
    told = decide(1, Supply(), Bounds(maximum=8, minimum=0, min_idle=2)).explanation
    assert told == "assigned 1, min 0, min idle 2 → want 3, max 8 → have 0 → start 3"


# --- counting ------------------------------------------------------------------------------------------------------

LIMITS = Limits()


def supply(*runners: object, now: float = 0.0) -> Supply:
    return supply_of(runners, LIMITS, now)  # type: ignore[arg-type]  # made by builders


@pytest.mark.parametrize(
    ("phase", "column"),
    [
        (Phase.RESERVED, "starting"),
        (Phase.LAUNCHING, "starting"),
        (Phase.IDLE, "idle"),
        (Phase.BUSY, "busy"),
        (Phase.DRAINING, "draining"),
        (Phase.FINISHING, "finishing"),
        (Phase.STOPPING, "stopping"),
    ],
)
def test_a_runner_counts_in_the_one_column_of_its_phase(phase: Phase, column: str) -> None:
    assert supply(a_runner(phase)) == replace(Supply(), **{column: 1})


def test_an_ended_runner_counts_nowhere() -> None:
    assert supply(a_runner(Phase.ENDED)) == Supply()


@pytest.mark.parametrize(
    ("status", "limit"),
    [
        (TaskStatus.PROVISIONING, LIMITS.provisioning),
        (TaskStatus.PENDING, LIMITS.pending),
        (TaskStatus.ACTIVATING, LIMITS.activating),
    ],
)
def test_a_start_over_its_limit_is_overdue_and_not_usable(status: TaskStatus, limit: float) -> None:
    late = a_runner(Phase.LAUNCHING, task=a_task(status), status_since=0.0)
    assert supply(late, now=limit) == Supply(starting=1)
    assert supply(late, now=limit + 0.1) == Supply(overdue=1)


@given(st.lists(st.sampled_from(Phase), max_size=30), st.floats(0, 600))
def test_no_runner_is_counted_twice(phases: list[Phase], now: float) -> None:
    runners = [a_runner(phase, task=a_task(TaskStatus.PENDING), status_since=0.0) for phase in phases]
    counted = supply(*runners, now=now)
    assert counted.occupied == sum(1 for runner in runners if runner.live)
    assert counted.usable + counted.ending == counted.occupied


@pytest.mark.parametrize("phase", Phase)
def test_a_slot_is_given_away_only_while_its_task_ends(phase: Phase) -> None:
    assert released(a_runner(phase), now=601.0) is (phase in {Phase.FINISHING, Phase.STOPPING})


@pytest.mark.parametrize("phase", [Phase.FINISHING, Phase.STOPPING])
def test_a_task_that_ends_for_ever_holds_its_slot_ten_minutes_and_no_longer(phase: Phase) -> None:
    assert supply(a_runner(phase), now=600.0).occupied == 1
    assert supply(a_runner(phase), now=600.1).occupied == 0


# --- the capacity told to GitHub -----------------------------------------------------------------------------------


def test_github_is_told_max_while_nothing_holds_starts_back() -> None:
    assert advertised_capacity(Bounds(maximum=8), Supply(busy=3), None) == 8


def test_github_is_told_what_is_occupied_while_every_placement_waits() -> None:
    assert advertised_capacity(Bounds(maximum=8), Supply(busy=3, stopping=1), Gate(0, "no room")) == 4


def test_github_is_told_one_more_when_a_probe_is_due() -> None:
    assert advertised_capacity(Bounds(maximum=8), Supply(busy=3), Gate(1, "one may try")) == 4


@given(bounds=bounds, supply=supplies, gate=gates)
def test_github_is_never_told_more_than_max(bounds: Bounds, supply: Supply, gate: Gate | None) -> None:
    assert 0 <= advertised_capacity(bounds, supply, gate) <= bounds.maximum
