"""Sizes that make one stop and ask what idea is hiding there. They are generous: a smell, not a style guide."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path.relative_to(ROOT) for folder in ("core", "tui") for path in (ROOT / folder).rglob("*.py"))

MOST_LINES = 330
LONGEST_FUNCTION = 60
MOST_COLLABORATORS = 9


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a file."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_file_holds_one_idea(path: Path) -> None:
    assert len((ROOT / path).read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_function_is_read_at_a_glance(path: Path) -> None:
    long = [f.name for f in functions(path) if (f.end_lineno or f.lineno) - f.lineno >= LONGEST_FUNCTION]
    assert not long


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parts[1] == "engine"], ids=str)
def test_a_service_has_few_collaborators(path: Path) -> None:
    crowded = [
        f.lineno
        for f in functions(path)
        if f.name == "__init__" and len(f.args.args) + len(f.args.kwonlyargs) - 1 > MOST_COLLABORATORS
    ]
    assert not crowded
