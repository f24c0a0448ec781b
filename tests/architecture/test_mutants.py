"""The mutants are up to date: every row has one, every text they replace is there once, every killer exists.

That each is killed is for ``python -m tests.mutants`` to show, which takes minutes.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.mutants.mutant import SUITES, Mutant
from tests.mutants.table import MUTANTS

ROOT = Path(__file__).parents[2]
#: Rows of behaviour.md part 2 that are played in tests/integration/faults.
PLAYED = {*range(1, 17), *range(17, 23), *range(26, 35)}


def title(mutant: Mutant) -> str:
    return f"{mutant.row}: {mutant.mistake}"


@cache
def names_in(suite: str) -> frozenset[str]:
    """Names of the test functions of a file."""
    tree = ast.parse((ROOT / SUITES / suite).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_row_has_a_mutant() -> None:
    assert {mutant.row for mutant in MUTANTS} == PLAYED


def test_no_mistake_is_made_twice() -> None:
    assert len({mutant.mistake for mutant in MUTANTS}) == len({mutant.edits for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=title)
def test_what_it_replaces_is_there_once_and_what_is_left_is_a_program(mutant: Mutant) -> None:
    for edit in mutant.edits:
        mistaken = edit.applied(ROOT)
        assert edit.new != edit.old
        ast.parse(mistaken)


@pytest.mark.parametrize("mutant", MUTANTS, ids=title)
def test_its_killers_exist(mutant: Mutant) -> None:
    assert mutant.killers
    assert {killer.partition("[")[0] for killer in mutant.killers} <= names_in(mutant.suite)
