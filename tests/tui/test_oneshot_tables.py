"""Plain text tables: they fit whatever is in them, and give room to what one needs whole."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from core.api.model import JobView, RunnerState, RunnerView, ScaleSetState, ScaleSetView
from tests.tui.samples import NOW, fleet, runner, scale_set
from tui import rows
from tui.fit import Cut
from tui.oneshot.tables import table
from tui.rows import Column
from tui.tones import Span

widths = st.integers(min_value=60, max_value=220)
texts = st.text(max_size=90)
runners = st.builds(
    lambda name, state, repository, job, reason: runner(
        name, state=state, job=JobView(repository=repository, name=job), reason=reason
    ),
    texts,
    st.sampled_from(RunnerState),
    texts,
    texts,
    texts,
)
scale_sets = st.builds(
    lambda name, state, assigned, reason: scale_set(name, state=state, assigned=assigned, reason=reason),
    texts,
    st.sampled_from(ScaleSetState),
    st.none() | st.integers(min_value=0, max_value=10**9),
    texts,
)


@given(st.lists(runners, max_size=5), widths)
def test_runners_fit_every_width(found: list[RunnerView], width: int) -> None:
    lines = list(table(rows.runner_columns(width), found, NOW, width))
    assert len(lines) == len(found) + 1
    assert all(cell_len(line) <= width for line in lines)


@given(st.lists(scale_sets, max_size=5), widths)
def test_scale_sets_fit_every_width(found: list[ScaleSetView], width: int) -> None:
    lines = list(table(rows.scale_set_columns(width), found, NOW, width))
    assert len(lines) == len(found) + 1
    assert all(cell_len(line) <= width for line in lines)


def test_columns_stand_under_each_other() -> None:
    lines = list(table(rows.runner_columns(80), fleet().runners, NOW, 80))
    start = lines[0].index("RUNNER")
    assert all(line[start - 1] == " " and line[start : start + 7] == "runner-" for line in lines[1:])


def test_a_name_is_whole_before_anything_else_gets_more_room() -> None:
    columns: tuple[Column[str], ...] = (
        Column("NAME", 4, lambda name, _: Span(name), cut=Cut.NAME),
        Column("REST", 4, lambda _, __: Span("x" * 50), flexible=True),
    )
    assert list(table(columns, ["a-long-name-of-a-runner"], 0.0, 40)) == [
        "NAME                     REST",
        "a-long-name-of-a-runner  xxxxxxxxxxxxxx…",
    ]


def test_numbers_stand_at_the_right() -> None:
    columns: tuple[Column[int], ...] = (Column("N", 4, lambda number, _: Span(str(number)), right=True),)
    assert list(table(columns, [7, 1234], 0.0, 20)) == ["   N", "   7", "1234"]
