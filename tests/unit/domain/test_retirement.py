"""The brake on removing scale sets (behaviour.md row 22)."""

import pytest

from core.domain.retirement import RemovalPlan, retired_spec


@pytest.mark.parametrize(("removed", "staying"), [(1, 1), (2, 2), (1, 50), (25, 26)])
def test_up_to_half_of_the_scale_sets_may_go(removed: int, staying: int) -> None:
    assert not RemovalPlan(tuple("x" * removed), staying).brake


@pytest.mark.parametrize(("removed", "staying"), [(2, 1), (51, 51 - 1), (1, 0)])
def test_more_than_half_waits_for_a_person(removed: int, staying: int) -> None:
    assert RemovalPlan(tuple("x" * removed), staying).brake


def test_busy_runners_wait_for_a_person_and_the_sentence_has_the_consequences() -> None:
    assert RemovalPlan(("a", "b"), 8, busy=4).brake == "removes 2 of 10 scale sets, with 4 busy runners"


def test_a_few_with_busy_runners_are_no_mass_removal() -> None:
    assert not RemovalPlan(("a", "b"), 8, busy=4).mass


def test_a_retired_scale_set_wants_nobody() -> None:
    assert retired_spec("old", "old-family").bounds.maximum == 0
