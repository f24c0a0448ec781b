"""What an operator types to find rows, as values (tui-patterns.md section 4.8)."""

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.query import Fields, QueryError, parse

NOW = 1_000.0


@dataclass(frozen=True)
class Row:
    name: str
    state: str = "pending"
    since: float = NOW
    exit: int | None = None


FIELDS: Fields[Row] = {
    "name": lambda row, _: row.name,
    "state": lambda row, _: row.state,
    "age": lambda row, now: now - row.since,
    "exit": lambda row, _: row.exit,
}
ROWS = (
    Row("gpu-large-1", since=NOW - 301),
    Row("gpu-large-2", since=NOW - 30),
    Row("small docker", "busy", since=NOW - 7_200),
    Row("small-3", "failed", exit=137),
    Row("small-4", "failed", exit=1),
)


def found(text: str) -> list[str]:
    query = parse(text, FIELDS, lambda row, _: f"{row.name} {row.state}")
    return [row.name for row in ROWS if query.holds(row, NOW)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("docker", ["small docker"]),
        ("DOCKER", ["small docker"]),
        ("gpu pending", ["gpu-large-1", "gpu-large-2"]),
        ('"small docker"', ["small docker"]),
        ('"small busy"', []),
        ("state:fail", ["small-3", "small-4"]),
        ("state=fail", []),
        ("STATE=failed", ["small-3", "small-4"]),
        ("state:pending age>5m name:gpu", ["gpu-large-1"]),
        ("age>1h30m", ["small docker"]),
        ("age>=301", ["gpu-large-1", "small docker"]),
        ("age<=30s state:pending", ["gpu-large-2"]),
        ("exit=137", ["small-3"]),
        ("exit:137", ["small-3"]),
        ("exit>0", ["small-3", "small-4"]),
        ("!state:pending !docker", ["small-3", "small-4"]),
        ('name="small docker"', ["small docker"]),
        ("state>1", []),
        ("exit:x", []),
    ],
)
def test_a_filter_shows_the_rows_that_hold_all_of_its_terms(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize("text", ["", "  ", "!", "state:", "!state:", "age>", '"', 'name="'])
def test_what_is_only_begun_leaves_all_rows(text: str) -> None:
    assert found(text) == [row.name for row in ROWS]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stat:pending", "no field stat here; state?"),
        ("color:red", "no field color here; there are name, state, age, exit"),
        ("age>soon", "age> takes a number or a duration such as 5m, not soon"),
        ("age>5x", "age> takes a number or a duration such as 5m, not 5x"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(QueryError, match=r".") as refused:
        found(text)
    assert str(refused.value) == said


def test_a_text_with_a_colon_is_looked_for_when_it_is_quoted() -> None:
    assert found('"build:linux"') == []


@given(st.text())
def test_whatever_is_typed_is_a_filter_or_a_sentence(text: str) -> None:
    with suppress(QueryError):
        assert set(found(text)) <= {row.name for row in ROWS}
