"""Budgets shared by scale sets."""

from __future__ import annotations

import pytest

from core.config.settings import RunnerDefaults
from core.domain.budget import Budget
from tests.unit.config.builders import EXTERNAL, parsed, problems, runner

TWO = (
    EXTERNAL + runner(family="a", cpu=1024, memory=2048) + runner("min_runners = 2", family="b", cpu=2048, memory=4096)
)
HOST = '[[budget]] 1 (name "host")'


def budget(keys: str, *, name: str = "host", scale_sets: str = '"a", "b"') -> str:
    return f'[[budget]]\nname = "{name}"\nscale_sets = [{scale_sets}]\n{keys}\n'


def test_a_budget_limits_what_its_scale_sets_take_together() -> None:
    text = TWO + budget("max_runners = 8\nmax_cpu = 8192\nmax_memory = 49152")
    assert parsed(text).budgets == (Budget("host", ("a", "b"), 8, 8192, 49_152),)


def test_what_a_budget_does_not_say_is_not_limited() -> None:
    assert parsed(TWO + budget("max_runners = 8")).budgets == (Budget("host", ("a", "b"), max_runners=8),)


def test_a_scale_set_is_named_by_its_name_or_its_family() -> None:
    text = TWO + budget("max_runners = 8", scale_sets='"p-a", "b", "a"')
    assert parsed(text, RunnerDefaults(name_prefix="p")).budgets[0].scale_sets == ("p-a", "p-b")


def test_a_scale_set_may_be_in_several_budgets() -> None:
    text = TWO + budget("max_runners = 8") + budget("max_cpu = 8192", name="rack", scale_sets='"a"')
    assert [each.name for each in parsed(text).budgets] == ["host", "rack"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (budget(""), f"{HOST}: limits nothing; set max_runners, max_cpu or max_memory"),
        (
            budget("max_runners = 8", scale_sets='"a", "bb"'),
            f'{HOST}, scale_sets: there is no scale set "bb"; did you mean "b"?',
        ),
        (budget("max_runners = 8", scale_sets='"zzz"'), f'{HOST}, scale_sets: there is no scale set "zzz"'),
        (budget("max_runners = 8", scale_sets=""), f"{HOST}, scale_sets: must not be empty"),
        (budget("max_runners = 0"), f"{HOST}, max_runners: must be 1 or more, but is 0"),
        (
            budget("max_runners = 8") + budget("max_runners = 9"),
            '[[budget]] 2 (name "host"), name: is the name of another budget, too',
        ),
        (
            budget("max_cpu = 1024", scale_sets='"a"') + budget("max_memory = 1024", name="x", scale_sets='"a"'),
            '[[budget]] 2 (name "x"), max_memory: 1024 does not hold a single runner of "a", which needs 2048',
        ),
        (
            budget("max_runners = 1"),
            f"{HOST}, max_runners: 1 does not hold the min_runners of its scale sets, which need 2 together",
        ),
        (
            budget("max_cpu = 4000"),
            f"{HOST}, max_cpu: 4000 does not hold the min_runners of its scale sets, which need 4096 together",
        ),
        ("[[budget]]\nmax_runners = 1\nscale_sets = ['a']\n", "[[budget]] 1, name: is required"),
    ],
)
def test_a_budget_that_cannot_work_is_refused(text: str, told: str) -> None:
    assert problems(TWO + text) == [told]


def test_budgets_are_not_judged_by_families_that_are_wrong_themselves() -> None:
    (problem,) = problems(
        EXTERNAL + runner("max_runners = -1", family="a") + budget("max_runners = 1", scale_sets='"a"')
    )
    assert problem.startswith('[[runner]] 1 (family "a"), max_runners')
