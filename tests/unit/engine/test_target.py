"""What a changed configuration does to what is held of a scale set."""

import pytest

from core.domain.backoff import Breaker
from core.domain.messages import Statistics
from core.domain.scale_set import Bounds, Limits
from core.engine.target import Target
from tests.builders import a_scale_set

OLD, NEW = a_scale_set(maximum=2, limits=Limits(max_runtime=43_200.0)), a_scale_set(maximum=5)


@pytest.fixture
def target() -> Target:
    return Target(OLD, definition="small:1", scale_set_id=1, leased=True, statistics=Statistics(assigned=4))


def test_what_is_wanted_is_in_force_with_what_was_made_for_it(target: Target) -> None:
    target.revised, target.pending = NEW, "GitHub is away"
    target.take(NEW, "small:2", 1)
    assert (target.spec, target.definition, target.wanted, target.pending) == (NEW, "small:2", NEW, "")


def test_a_change_that_another_has_overtaken_leaves_the_later_one_to_be_settled(target: Target) -> None:
    later = a_scale_set(maximum=9)
    target.revised = later
    target.take(NEW, "small:2", 1)
    assert (target.spec, target.wanted) == (NEW, later)


def test_starts_that_failed_are_forgiven_when_something_has_changed_and_not_before(target: Target) -> None:
    target.breaker = failed = Breaker().failed(1.0, "no such subnet")
    target.take(OLD, "small:1", 1)
    assert target.breaker == failed
    target.take(NEW, "small:2", 1)
    assert target.breaker == Breaker()


def test_a_retired_one_wants_nobody_and_keeps_the_limits_of_its_last_runners(target: Target) -> None:
    target.retire()
    assert (target.spec.bounds, target.spec.limits) == (Bounds(maximum=0), OLD.limits)


def test_a_change_that_is_settled_after_its_retirement_comes_too_late(target: Target) -> None:
    target.revised = NEW
    target.retire()
    target.take(NEW, "small:2", 1)
    assert target.spec.bounds.maximum == 0


def test_one_that_is_back_starts_nothing_by_what_is_left_of_it(target: Target) -> None:
    target.retire()
    target.revive(NEW)
    assert (target.wanted, target.retired, target.leased) == (NEW, False, False)
    assert (target.definition, target.scale_set_id, target.assigned) == (None, None, None)
