"""Every test vector of github-scale-set-api.md (its Appendix A, V1 to V32) is played by a test that names it.

A test names its vectors in a comment right above it: ``# V9, V10``, perhaps with a part or a remark behind them.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

VECTORS = {f"V{number}" for number in range(1, 33)}
_MARK = re.compile(r"# (V\d+\b.*)")
_NAME = re.compile(r"\bV\d+\b")


def named_in(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Each test of a file, with the vectors that the comments above it name."""
    lines = path.read_text().splitlines()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            above = _MARK.fullmatch(lines[first - 2].strip())
            yield node.name, set(_NAME.findall(above[1])) if above else set()


def played() -> dict[str, list[str]]:
    """The tests of each vector that any test names."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for test, vectors in named_in(path):
            for vector in vectors:
                found.setdefault(vector, []).append(test)
    return found


def test_every_vector_is_played_by_a_test_that_names_it() -> None:
    assert VECTORS - played().keys() == set()


def test_no_test_names_a_vector_that_there_is_not() -> None:
    assert played().keys() - VECTORS == set()


def test_every_mark_stands_right_above_a_test() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        marks = sum(bool(_MARK.fullmatch(line.strip())) for line in path.read_text().splitlines())
        assert marks == sum(bool(vectors) for _, vectors in named_in(path)), path.name
