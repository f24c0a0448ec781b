"""The table of upstream scenarios says what is so: it is whole, and every test that it names exists."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.unit.github.scenario import Scenario
from tests.unit.github.scenarios import THE_CLIENT, THE_SESSION, THE_WIRE
from tests.unit.github.scenarios_of_controllers import ECS_ARC, THE_LISTENER

ROOT = Path(__file__).parents[3]
SCENARIOS = (*THE_CLIENT, *THE_SESSION, *THE_WIRE, *THE_LISTENER, *ECS_ARC)
#: How many rows each part of Appendix B has; the one of two endings, in B.2, counts as two.
ROWS = {"B.1": 24, "B.2": 21, "B.3": 8, "B.4": 6, "B.5": 11}
_RULING = re.compile(r"(DESIGN\.md|behaviour\.md|style\.md|github-scale-set-api\.md) (section|rows?|V)\s?\d")


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of a file, those in classes included."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_no_row_of_the_table_is_left_out() -> None:
    assert Counter(scenario.part for scenario in SCENARIOS) == ROWS


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: f"{scenario.part} {scenario.told}")
def test_a_scenario_is_played_by_tests_that_exist_or_ruled_out_by_the_design(scenario: Scenario) -> None:
    assert scenario.played or scenario.ruled
    assert not scenario.ruled or _RULING.match(scenario.ruled)
    for test in scenario.played:
        path, _, name = test.partition("::")
        assert name in names_in(path), f"{path} has no {name}"
