"""Mismatches as rows: where GitHub's list, ECS and the controller do not agree about a runner. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.api.trouble import MismatchKind, MismatchView, Remedy
from tui import ages
from tui.fit import Cut
from tui.lists import Kind
from tui.rows import WIDE, Column
from tui.sorting import Sort
from tui.tones import Span, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.query import Fields

#: From this width on there is room for what it means.
_VAST: Final = 140
#: What is no more than a list that lags has no sign.
_KINDS: Final[Mapping[MismatchKind, tuple[str, Tone]]] = {
    MismatchKind.GHOST: ("▲", Tone.LATE),
    MismatchKind.UNTRACKED: ("▲", Tone.LATE),
    MismatchKind.UNREGISTERED: ("▲", Tone.LATE),
    MismatchKind.OFFLINE: ("▲", Tone.LATE),
    MismatchKind.BUSY_THERE: (" ", Tone.INFO),
    MismatchKind.IDLE_THERE: (" ", Tone.INFO),
    MismatchKind.ORPHAN: ("?", Tone.INFO),
}
_WORST_FIRST: Final = {kind: place for place, kind in enumerate(MismatchKind)}
#: The id of the action that mends it.
REMEDIES: Final[Mapping[Remedy, str]] = {Remedy.DEREGISTER: "deregister", Remedy.STOP: "stop"}


def mismatch_key(row: MismatchView) -> str:
    """Its key in a list: one runner may disagree in more than one way."""
    return f"{row.kind.value} {row.name}"


def _mismatch_kind(row: MismatchView, _: float) -> Span:
    sign, tone = _KINDS[row.kind]
    return Span(f"{sign} {row.kind.value}", tone)


def _mismatch_age(row: MismatchView, now: float) -> Span:
    if row.since is None:
        return Span("?", Tone.MUTED)
    limit = f"/{ages.running(row.limit)}" if row.limit else ""
    return Span(f"{ages.coarse(now - row.since)}{limit}", Tone.MUTED)


def _mismatch_name(row: MismatchView, _: float) -> Span:
    return Span(row.name)


def _at_github(row: MismatchView, _: float) -> Span:
    return Span(row.github)


def _in_ecs(row: MismatchView, _: float) -> Span:
    return Span(row.ecs)


def _here(row: MismatchView, _: float) -> Span:
    return Span(row.ours)


def _remedy(row: MismatchView, _: float) -> Span:
    return Span(row.remedy.value or "none needed", Tone.MUTED)


def _mismatch_why(row: MismatchView, _: float) -> Span:
    return Span(row.why, Tone.MUTED)


def _mismatch_columns(width: int) -> Sequence[Column[MismatchView]]:
    first = (Column("MISMATCH", 14, _mismatch_kind), Column("SINCE", 8, _mismatch_age))
    three = (Column("GITHUB", 10, _at_github), Column("ECS", 8, _in_ecs), Column("HERE", 8, _here))
    remedy = Column("REMEDY", 11, _remedy)
    if width < _VAST:
        name = Column("RUNNER", 20, _mismatch_name, flexible=True, cut=Cut.NAME)
        return (*first, name, *three) if width < WIDE else (*first, name, *three, remedy)
    name = Column("RUNNER", 40, _mismatch_name, cut=Cut.NAME)
    return (*first, name, *three, remedy, Column("WHY", 20, _mismatch_why, flexible=True))


_MISMATCH_FIELDS: Final[Fields[MismatchView]] = {
    "kind": lambda row, _: row.kind.value,
    "runner": lambda row, _: row.name,
    "set": lambda row, _: row.scale_set,
    "github": lambda row, _: row.github,
    "ecs": lambda row, _: row.ecs,
    "here": lambda row, _: row.ours,
    "remedy": lambda row, _: row.remedy.value,
    "age": lambda row, now: None if row.since is None else now - row.since,
}

MISMATCHES: Final = Kind(
    id="mismatches",
    number="1",
    title="MISMATCHES",
    columns=_mismatch_columns,
    rows=lambda snapshot: snapshot.mismatches,
    key=mismatch_key,
    sort=lambda row, _: (_WORST_FIRST[row.kind], row.since or 0.0, row.name),
    text=lambda row, _: f"{row.kind.value} {row.name} {row.scale_set} {row.github} {row.ecs} {row.ours} {row.why}",
    fields=_MISMATCH_FIELDS,
    sorts={
        "n": Sort("name", _MISMATCH_FIELDS["runner"]),
        "a": Sort("age", _MISMATCH_FIELDS["age"], falling=True),
        "g": Sort("github", _MISMATCH_FIELDS["github"]),
    },
    problem=lambda row, _: row.remedy is not Remedy.NONE,
    order="worst first",
    empty="GitHub, ECS and this controller agree about every runner",
)
