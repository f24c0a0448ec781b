"""The lists of the main screen, one record each: how rows are keyed, sorted, matched by a filter, found in trouble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic

from core.api.model import RunnerView, ScaleSetView, Severity
from tui import looks, pulse, rows
from tui.rows import Column, RowT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.api.model import Snapshot


@dataclass(frozen=True, slots=True)
class Kind(Generic[RowT]):
    """What is particular about one list."""

    id: str
    number: str  #: the key that leads to it
    title: str
    columns: Callable[[int], Sequence[Column[RowT]]]
    rows: Callable[[Snapshot], Sequence[RowT]]
    key: Callable[[RowT], str]
    sort: Callable[[RowT, float], Any]
    text: Callable[[RowT, float], str]  #: what a filter looks in
    problem: Callable[[RowT, float], bool]
    order: str  #: how it is sorted, in words
    empty: str  #: what to say when there is nothing at all
    heading: bool = True


def _scale_set_text(row: ScaleSetView, now: float) -> str:
    return f"{looks.scale_set_look(row, now).word} {row.name} {row.reason} {row.backoff.reason if row.backoff else ''}"


def _runner_text(row: RunnerView, now: float) -> str:
    job = rows.job_text(row.job) if row.job else ""
    return f"{looks.runner_look(row, now).word} {row.name} {job} {row.reason} {row.task_arn} {row.launch}"


SETS: Final = Kind(
    id="sets",
    number="1",
    title="SCALE SETS",
    columns=rows.scale_set_columns,
    rows=lambda snapshot: snapshot.scale_sets,
    key=lambda row: row.name,
    sort=rows.scale_set_order,
    text=_scale_set_text,
    problem=lambda row, _: pulse.is_scale_set_problem(row),
    order="problems first",
    empty="no scale sets are configured",
)

RUNNERS: Final = Kind(
    id="runners",
    number="2",
    title="RUNNERS",
    columns=rows.runner_columns,
    rows=lambda snapshot: snapshot.runners,
    key=lambda row: row.name,
    sort=rows.runner_order,
    text=_runner_text,
    problem=looks.is_runner_problem,
    order="late first",
    empty="no runners, and none are wanted",
)

EVENTS: Final = Kind(
    id="events",
    number="3",
    title="EVENTS",
    columns=rows.event_columns,
    rows=lambda snapshot: snapshot.events,
    key=lambda row: str(row.id),
    sort=lambda row, _: -row.id,
    text=lambda row, _: f"{row.kind} {rows.event_text(row)}",
    problem=lambda row, _: row.severity in {Severity.WARNING, Severity.ERROR},
    order="newest first",
    empty="nothing has happened yet",
    heading=False,
)
