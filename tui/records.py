"""Journal records as rows: their words, their columns, and the views under which they are looked for. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tui import ages
from tui.fit import Cut
from tui.lists import Kind
from tui.rows import WIDE, Column
from tui.sorting import Sort
from tui.tones import Span, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.api.events import EventRecord
    from tui.query import Fields
    from tui.story import Entry

_CROSS: Final = "\N{MULTIPLICATION SIGN}"
#: How the outcome of a command is marked; all others are as they should be.
_OUTCOMES: Final = {"refused": ("▲", Tone.LATE), "failed": (_CROSS, Tone.FAILED)}
_BAD_ENDINGS: Final = ("-failed", "-refused", "-lost")
_WARNINGS: Final = frozenset({"capacity", "blocked", "waiting", "skipped"})

# --- words ---------------------------------------------------------------------------------------------------------


def record_text(record: EventRecord) -> str:
    """What happened, to whom, and who asked for it."""
    text = _what(record)
    return text if not record.operator or f"by {record.operator}" in text else f"{text} ({record.operator})"


def _what(record: EventRecord) -> str:
    about = record.runner or record.scale_set
    return record.text if not about or about in record.text else f"{about}: {record.text}"


def done_by(record: EventRecord) -> str:
    """Who did it: an operator, or the part of the controller that did; empty when nobody says."""
    return record.operator or _text(record.data.get("by"))


def mark(record: EventRecord) -> tuple[str, Tone]:
    """The sign and the tone of a record: what failed, what deserves a look, what a person did."""
    if record.kind == "task-ended":
        return (_CROSS, Tone.FAILED) if _went_wrong(record) else ("■", Tone.MUTED)
    if record.kind.endswith(_BAD_ENDINGS):
        return _CROSS, Tone.FAILED
    if (outcome := _OUTCOMES.get(_text(record.data.get("outcome")))) is not None:
        return outcome
    if record.kind in _WARNINGS:
        return "▲", Tone.LATE
    return ("●", Tone.NORMAL) if record.operator else (" ", Tone.MUTED)


def exit_code(record: EventRecord) -> int | None:
    """The exit code of an ended task's runner; None when ECS knows none."""
    code = record.data.get("exit_code")
    return code if isinstance(code, int) else None


def exit_codes(record: EventRecord) -> str:
    """The exit codes of all containers in words; empty when none is known."""
    codes = record.data.get("exit_codes")
    named = codes.items() if isinstance(codes, dict) else ()
    return ", ".join(f"{name} {'?' if code is None else code}" for name, code in named)


def stop_reason(record: EventRecord) -> str:
    """Why a task ended: ECS's words, or else ours."""
    return _text(record.data.get("stopped_reason")) or record.text.partition(": ")[2] or record.text


def job_of(record: EventRecord) -> Mapping[str, Any]:
    """The job that a record is about, as the journal keeps it; empty when there is none."""
    job = record.data.get("job")
    return job if isinstance(job, dict) else {"id": job} if isinstance(job, str) else {}


def _job_text(record: EventRecord) -> str:
    job = job_of(record)
    return " · ".join(part for part in (_text(job.get("repository")), _text(job.get("name"))) if part)


def _went_wrong(record: EventRecord) -> bool:
    return bool(exit_code(record)) or (exit_code(record) is None and not record.data.get("served"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def moment_of(at: float, now: float) -> str:
    """The UTC time of something that happened today, else its day, too."""
    return ages.time_of_day(at) if ages.day(at) == ages.day(now) else f"{ages.day(at)[5:]} {ages.time_of_day(at)[:5]}"


# --- rows ----------------------------------------------------------------------------------------------------------


def _at(entry: Entry, now: float) -> Span:
    return Span(moment_of(entry.record.at, now), Tone.MUTED)


def _kind(entry: Entry, _: float) -> Span:
    sign, tone = mark(entry.record)
    return Span(f"{sign} {entry.record.kind}", tone)


def _by(entry: Entry, _: float) -> Span:
    return Span(done_by(entry.record), Tone.STRONG if entry.record.operator else Tone.MUTED)


def _event(entry: Entry, _: float) -> Span:
    return Span(record_text(entry.record))


def _event_alone(entry: Entry, _: float) -> Span:
    """For where another column says who did it."""
    return Span(_what(entry.record))


def _exit(entry: Entry, _: float) -> Span:
    code = exit_code(entry.record)
    return Span("?" if code is None else str(code), Tone.FAILED if code else Tone.MUTED)


def _runner(entry: Entry, _: float) -> Span:
    return Span(entry.record.runner)


def _job(entry: Entry, _: float) -> Span:
    return Span(_job_text(entry.record))


def _reason(entry: Entry, _: float) -> Span:
    return Span(stop_reason(entry.record), mark(entry.record)[1])


def _event_columns(width: int) -> Sequence[Column[Entry]]:
    when = (Column("AT", 11, _at), Column("KIND", 16, _kind))
    if width < WIDE:
        return (*when, Column("EVENT", 20, _event, flexible=True))
    return (*when, Column("BY", 12, _by), Column("EVENT", 20, _event_alone, flexible=True))


def _stop_columns(width: int) -> Sequence[Column[Entry]]:
    kind = () if width < WIDE else (Column("KIND", 13, _kind),)
    return Column("AT", 11, _at), *kind, Column("BY", 12, _by), Column("EVENT", 20, _event_alone, flexible=True)


def _ended_columns(width: int) -> Sequence[Column[Entry]]:
    first = (Column("AT", 11, _at), Column("EXIT", 4, _exit, right=True))
    if width < WIDE:
        return (*first, Column("RUNNER", 26, _runner, cut=Cut.NAME), Column("WHY", 12, _reason, flexible=True))
    return (
        *first,
        Column("RUNNER", 32, _runner, cut=Cut.NAME),
        Column("JOB", 26, _job, cut=Cut.MIDDLE),
        Column("WHY", 16, _reason, flexible=True),
    )


_FIELDS: Final[Fields[Entry]] = {
    "kind": lambda entry, _: entry.record.kind,
    "set": lambda entry, _: entry.record.scale_set,
    "runner": lambda entry, _: entry.record.runner,
    "by": lambda entry, _: done_by(entry.record),
    "text": lambda entry, _: entry.record.text,
    "since": lambda entry, now: now - entry.record.at,
    "age": lambda entry, now: now - entry.record.at,
    "job": lambda entry, _: _text(job_of(entry.record).get("name")) or _text(job_of(entry.record).get("id")),
    "repo": lambda entry, _: _text(job_of(entry.record).get("repository")),
    "task": lambda entry, _: entry.record.task_arn,
}
_ENDED_FIELDS: Final[Fields[Entry]] = {
    **_FIELDS,
    "exit": lambda entry, _: exit_code(entry.record),
    "reason": lambda entry, _: stop_reason(entry.record),
    "code": lambda entry, _: _text(entry.record.data.get("stop_code")),
}

#: Everything that happened; the screen that shows it says where its rows come from.
ALL: Final[Kind[Entry]] = Kind(
    id="history-all",
    number="1",
    title="ALL",
    columns=_event_columns,
    rows=lambda _: (),
    key=lambda entry: str(entry.number),
    sort=lambda entry, _: (-entry.record.at, -entry.number),
    text=lambda entry, _: f"{entry.record.kind} {record_text(entry.record)} {_job_text(entry.record)}",
    fields=_FIELDS,
    sorts={
        "k": Sort("kind", _FIELDS["kind"]),
        "r": Sort("runner", _FIELDS["runner"]),
        "o": Sort("operator", _FIELDS["by"]),
    },
    problem=lambda entry, _: mark(entry.record)[1] in {Tone.FAILED, Tone.LATE},
    order="newest first",
    empty="nothing happened in this time",
)
STOPS: Final = replace(ALL, id="history-stops", number="2", title="STOPS", columns=_stop_columns)
COMMANDS: Final = replace(ALL, id="history-commands", number="3", title="COMMANDS", columns=_stop_columns)
ENDED: Final = replace(
    ALL,
    id="history-ended",
    number="4",
    title="ENDED",
    columns=_ended_columns,
    fields=_ENDED_FIELDS,
    sorts={
        "e": Sort("exit", _ENDED_FIELDS["exit"], falling=True),
        "r": Sort("runner", _FIELDS["runner"]),
        "j": Sort("job", _FIELDS["job"]),
        "y": Sort("why", _ENDED_FIELDS["reason"]),
    },
)

#: The kinds of records that a view holds; those that are not here hold all of them.
KINDS: Final[Mapping[str, frozenset[str]]] = {
    STOPS.id: frozenset({"stop", "stop-failed", "drained", "drain-failed"}),
    COMMANDS.id: frozenset({"command"}),
    ENDED.id: frozenset({"task-ended"}),
}
