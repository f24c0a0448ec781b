"""Message sessions as rows: who listens to which scale set, since when, and what stands in the way. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui import ages
from tui.fit import Cut
from tui.lists import Kind
from tui.rows import WIDE, Column
from tui.sorting import Sort
from tui.tones import Span, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.api.model import ScaleSetView, Snapshot
    from tui.query import Fields

#: From this width on there is room for the owner.
_ROOMY: Final = 120
_CROSS: Final = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """The message session of one scale set."""

    scale_set: ScaleSetView

    @property
    def why(self) -> str:
        """What there is to say of it, in a sentence."""
        row = self.scale_set.session
        told = [_SESSIONS[row.state][2]]
        if row.opened > 1:
            told.append(f"opened {row.opened} times since the controller started")
        if row.owner:
            told.append(f"as {row.owner}")
        if row.problem:
            told.append(f"last: {row.problem}")
        if row.retry_at is not None:
            told.append(f"next try at {ages.time_of_day(row.retry_at)}")
        return "; ".join(told)


#: By state: sign, tone, and what it means.
_SESSIONS: Final = {
    "conflict": (
        _CROSS,
        Tone.FAILED,
        "somebody else holds the session, so this controller stands by and changes nothing",
    ),
    "closed": ("▲", Tone.LATE, "closed; it is opened again"),
    "none": ("◦", Tone.MUTED, "there is none yet"),
    "opening": ("◦", Tone.INFO, "being opened"),
    "open": ("●", Tone.GOOD, "open: this controller decides about the scale set"),
}
_SESSIONS_WORST_FIRST: Final = {state: place for place, state in enumerate(_SESSIONS)}


def _session_rows(snapshot: Snapshot) -> tuple[SessionRow, ...]:
    return tuple(SessionRow(row) for row in snapshot.scale_sets)


def _session_state(row: SessionRow, now: float) -> Span:
    session = row.scale_set.session
    sign, tone, _ = _SESSIONS[session.state]
    since = "" if session.since is None else f" {ages.coarse(now - session.since)}"
    return Span(f"{sign} {session.state}{since}", tone)


def _polled(row: SessionRow, now: float) -> Span:
    heard = row.scale_set.session.last_poll_at
    return Span("?" if heard is None else ages.ago(now - heard), Tone.MUTED)


def _next_try(row: SessionRow, now: float) -> Span:
    again = row.scale_set.session.retry_at
    return Span("" if again is None else ages.exact(again - now), Tone.LATE)


def _tries(row: SessionRow, _: float) -> Span:
    tries = row.scale_set.session.tries
    return Span(str(tries) if tries else "", Tone.LATE)


def _opened(row: SessionRow, _: float) -> Span:
    opened = row.scale_set.session.opened
    return Span(str(opened), Tone.NORMAL if opened > 1 else Tone.MUTED)


def _session_name(row: SessionRow, _: float) -> Span:
    return Span(row.scale_set.name)


def _owner(row: SessionRow, _: float) -> Span:
    return Span(f" {row.scale_set.session.owner}", Tone.MUTED)


def _problem(row: SessionRow, _: float) -> Span:
    return Span(f" {row.scale_set.session.problem}")


def _session_columns(width: int) -> Sequence[Column[SessionRow]]:
    state = Column("SESSION", 16, _session_state)
    numbers = (
        Column("POLL", 6, _polled, right=True),
        Column("OPENED", 6, _opened, right=True),
        Column("TRIES", 5, _tries, right=True),
        Column("RETRY", 6, _next_try, right=True),
    )
    if width < WIDE:
        return (state, Column("SCALE SET", 20, _session_name, flexible=True, cut=Cut.MIDDLE), *numbers)
    name = Column("SCALE SET", 24 if width < _ROOMY else 32, _session_name, cut=Cut.NAME)
    owner = () if width < _ROOMY else (Column(" OWNER", 20, _owner),)
    return (state, name, *numbers, *owner, Column(" PROBLEM", 12, _problem, flexible=True))


_SESSION_FIELDS: Final[Fields[SessionRow]] = {
    "state": lambda row, _: row.scale_set.session.state,
    "set": lambda row, _: row.scale_set.name,
    "opened": lambda row, _: row.scale_set.session.opened,
    "tries": lambda row, _: row.scale_set.session.tries,
    "owner": lambda row, _: row.scale_set.session.owner,
    "problem": lambda row, _: row.scale_set.session.problem,
    "poll": lambda row, now: None if (at := row.scale_set.session.last_poll_at) is None else now - at,
}

SESSIONS: Final = Kind(
    id="sessions",
    number="2",
    title="SESSIONS",
    columns=_session_columns,
    rows=_session_rows,
    key=lambda row: row.scale_set.name,
    sort=lambda row, _: (_SESSIONS_WORST_FIRST[row.scale_set.session.state], row.scale_set.name),
    text=lambda row, _: f"{row.scale_set.session.state} {row.scale_set.name} {row.why}",
    fields=_SESSION_FIELDS,
    sorts={
        "n": Sort("name", _SESSION_FIELDS["set"]),
        "o": Sort("opened", _SESSION_FIELDS["opened"], falling=True),
        "p": Sort("poll", _SESSION_FIELDS["poll"], falling=True),
    },
    problem=lambda row, _: row.scale_set.session.state in {"conflict", "closed"},
    order="worst first",
    empty="no scale sets are configured",
)
