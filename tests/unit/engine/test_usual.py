"""How long starts usually take in a scale set, by stage."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.api.model import UsualView
from core.domain.runner import Phase, Runner
from core.engine.roster import Change
from core.engine.times import Times
from core.engine.usual import REMEMBERED, Usual
from tests.builders import a_runner, a_task
from tests.fakes.clock import ManualClock


@pytest.fixture
def usual() -> Usual:
    return Usual(Times(ManualClock()))


def a_start(
    clock: ManualClock, *, pull: float = 20.0, online: float = 60.0, adopted: bool = False
) -> tuple[Runner, Runner]:
    """A start that takes so many seconds to be online, the pull of its image so many of them."""
    made = clock.now()
    task = a_task(
        created_at=made,
        pull_started_at=made + timedelta(seconds=5),
        pull_stopped_at=made + timedelta(seconds=5 + pull),
        started_at=made + timedelta(seconds=10 + pull),
    )
    before = a_runner(Phase.LAUNCHING, task=task, accepted_at=clock.monotonic(), adopted=adopted)
    return before, replace(before, phase=Phase.IDLE, online_since=clock.monotonic() + online)


def by_stage(views: tuple[UsualView, ...]) -> dict[str, tuple[float, float]]:
    return {view.stage: (round(view.p50, 3), round(view.p95, 3)) for view in views}


def test_before_a_start_has_come_online_nothing_is_usual(usual: Usual) -> None:
    assert usual.of("small") == ()


def test_each_stage_counts_from_the_one_before_it() -> None:
    clock = ManualClock()
    usual = Usual(Times(clock))
    usual.changed(Change(*a_start(clock)))
    assert by_stage(usual.of("small")) == {
        "pull_started_at": (5.0, 5.0),
        "pull_stopped_at": (20.0, 20.0),
        "started_at": (5.0, 5.0),
        "online_at": (30.0, 30.0),
        "start": (60.0, 60.0),
    }


def test_half_of_the_starts_were_as_quick_as_the_one_and_nineteen_of_twenty_as_the_other() -> None:
    clock = ManualClock()
    usual = Usual(Times(clock))
    for seconds in range(1, 101):
        usual.changed(Change(*a_start(clock, online=float(seconds + 40))))
    assert by_stage(usual.of("small"))["start"] == (90.0, 135.0)


def test_only_the_newest_starts_count() -> None:
    clock = ManualClock()
    usual = Usual(Times(clock))
    for seconds in [1000.0] * 50 + [50.0] * REMEMBERED:
        usual.changed(Change(*a_start(clock, online=seconds)))
    (whole,) = [view for view in usual.of("small") if view.stage == "start"]
    assert (whole.starts, whole.p95) == (REMEMBERED, 50.0)


def test_an_adopted_runner_tells_nothing_about_starts() -> None:
    clock = ManualClock()
    usual = Usual(Times(clock))
    usual.changed(Change(*a_start(clock, adopted=True)))
    assert usual.of("small") == ()


def test_a_stage_that_ecs_does_not_tell_is_left_out_and_the_next_counts_from_what_is_known() -> None:
    clock = ManualClock()
    usual = Usual(Times(clock))
    before, after = a_start(clock)
    task = replace(before.task, pull_started_at=None, pull_stopped_at=None)  # type: ignore[type-var]  # it has one
    usual.changed(Change(replace(before, task=task), replace(after, task=task)))
    assert by_stage(usual.of("small")) == {"started_at": (30.0, 30.0), "online_at": (30.0, 30.0), "start": (60.0, 60.0)}


def test_clocks_that_differ_make_no_negative_time() -> None:
    clock = ManualClock()
    usual = Usual(Times(clock))
    before, after = a_start(clock)
    ahead = replace(before.task, created_at=datetime(2999, 1, 1, tzinfo=UTC))  # type: ignore[type-var]  # it has one
    usual.changed(Change(replace(before, task=ahead), replace(after, task=ahead)))
    assert by_stage(usual.of("small"))["start"] == (0.0, 0.0)
