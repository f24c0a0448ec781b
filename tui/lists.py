"""The lists of the main screen, one record each: how rows are keyed, sorted, matched by a filter, found in trouble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic

from core.api.model import EventView, RunnerView, ScaleSetView, Severity
from tui import looks, pulse, rows
from tui.rows import Column, RowT
from tui.sorting import Sort
from tui.survey import surveyed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.api.model import Snapshot
    from tui.query import Fields
    from tui.survey import Standing


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
    text: Callable[[RowT, float], str]  #: what a word of a filter is looked for in
    fields: Fields[RowT]  #: what a filter can ask for by name
    sorts: Mapping[str, Sort[RowT]]  #: by what it can be sorted, by letter
    problem: Callable[[RowT, float], bool]
    order: str  #: how it is sorted, in words
    empty: str  #: what to say when there is nothing at all
    heading: bool = True
    #: For long lists: how many rows are problems, and until when that and the order hold while no row changes.
    survey: Callable[[Sequence[RowT], float], Standing] | None = None


def _scale_set_text(row: ScaleSetView, now: float) -> str:
    backoff = row.backoff.reason if row.backoff else ""
    waiting = " ".join(rows.job_text(job) for job in row.waiting)
    return f"{looks.scale_set_look(row, now).word} {row.name} {row.reason} {backoff} {waiting}"


def _runner_text(row: RunnerView, now: float) -> str:
    job = rows.job_text(row.job) if row.job else ""
    return f"{looks.runner_look(row, now).word} {row.name} {job} {row.reason} {row.task_arn} {row.launch}"


_SCALE_SET_FIELDS: Final[Fields[ScaleSetView]] = {
    "state": lambda row, _: row.state,
    "set": lambda row, _: row.name,
    "assigned": lambda row, _: row.assigned,
    "want": lambda row, _: row.want,
    "have": lambda row, _: rows.have(row),
    "busy": lambda row, _: row.busy,
    "idle": lambda row, _: row.idle,
    "starting": lambda row, _: row.starting,
    "min": lambda row, _: row.minimum,
    "max": lambda row, _: row.maximum,
    "backoff": lambda row, now: max(0.0, row.backoff.until - now) if row.backoff else None,
    "reason": lambda row, _: row.backoff.reason if row.backoff else row.reason,
    "job": lambda row, _: " ".join(rows.job_text(job) for job in row.waiting),
}
_RUNNER_FIELDS: Final[Fields[RunnerView]] = {
    "state": lambda row, _: row.state,
    "set": lambda row, _: row.scale_set,
    "runner": lambda row, _: row.name,
    "age": lambda row, now: now - row.since,
    "job": lambda row, _: row.job.name if row.job else None,
    "repo": lambda row, _: row.job.repository if row.job else None,
    "workflow": lambda row, _: row.job.workflow if row.job else None,
    "exit": lambda row, _: row.exit_code,
    "reason": lambda row, _: row.reason,
    "task": lambda row, _: row.task_arn,
    "launch": lambda row, _: row.launch,
}
_EVENT_FIELDS: Final[Fields[EventView]] = {
    "kind": lambda row, _: row.kind,
    "severity": lambda row, _: row.severity,
    "set": lambda row, _: row.scale_set,
    "runner": lambda row, _: row.runner,
    "by": lambda row, _: row.operator,
    "text": lambda row, _: row.text,
    "age": lambda row, now: now - row.at,
}

_SCALE_SET_SORTS: Final[Mapping[str, Sort[ScaleSetView]]] = {
    "n": Sort("name", _SCALE_SET_FIELDS["set"]),
    "a": Sort("assigned", _SCALE_SET_FIELDS["assigned"], falling=True),
    "w": Sort("want", _SCALE_SET_FIELDS["want"], falling=True),
    "h": Sort("have", _SCALE_SET_FIELDS["have"], falling=True),
    "b": Sort("busy", _SCALE_SET_FIELDS["busy"], falling=True),
    "i": Sort("idle", _SCALE_SET_FIELDS["idle"], falling=True),
    "m": Sort("max", _SCALE_SET_FIELDS["max"], falling=True),
}
_RUNNER_SORTS: Final[Mapping[str, Sort[RunnerView]]] = {
    "c": Sort("clock", _RUNNER_FIELDS["age"], falling=True),
    "s": Sort("state", _RUNNER_FIELDS["state"]),
    "n": Sort("name", _RUNNER_FIELDS["runner"]),
    "j": Sort("job", lambda row, _: rows.job_text(row.job) if row.job else None),
    "e": Sort("exit", _RUNNER_FIELDS["exit"], falling=True),
    "l": Sort("launch", _RUNNER_FIELDS["launch"]),
}
_EVENT_SORTS: Final[Mapping[str, Sort[EventView]]] = {
    "k": Sort("kind", _EVENT_FIELDS["kind"]),
    "r": Sort("runner", _EVENT_FIELDS["runner"]),
    "o": Sort("operator", _EVENT_FIELDS["by"]),
}

SETS: Final = Kind(
    id="sets",
    number="1",
    title="SCALE SETS",
    columns=rows.scale_set_columns,
    rows=lambda snapshot: snapshot.scale_sets,
    key=lambda row: row.name,
    sort=rows.scale_set_order,
    text=_scale_set_text,
    fields=_SCALE_SET_FIELDS,
    sorts=_SCALE_SET_SORTS,
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
    fields=_RUNNER_FIELDS,
    sorts=_RUNNER_SORTS,
    problem=looks.is_runner_problem,
    survey=surveyed,
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
    fields=_EVENT_FIELDS,
    sorts=_EVENT_SORTS,
    problem=lambda row, _: row.severity in {Severity.WARNING, Severity.ERROR},
    order="newest first",
    empty="nothing has happened yet",
    heading=False,
)
