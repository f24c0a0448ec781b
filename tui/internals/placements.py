"""Closed classes of placement as rows: where there is no room, until when, and who waits for it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui import ages
from tui.lists import Kind
from tui.rows import WIDE, Column
from tui.sorting import Sort
from tui.tones import Span, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.api.trouble import PlacementView
    from tui.query import Fields


def placement_why(row: PlacementView) -> str:
    """What there is to say of a closed class of placement, in a sentence."""
    times = f"{row.failures} refusal{'' if row.failures == 1 else 's'} in a row"
    probe = "one start tries now" if row.probing else f"one start tries again at {ages.time_of_day(row.until)}"
    return f"no room: {row.reason}; {times}, {probe}; {waiting_words(row)}"


def waiting_words(row: PlacementView) -> str:
    """Who waits because of it."""
    if not row.waiting:
        return "no scale set waits for it alone: other places of theirs are open"
    return f"waiting: {', '.join(row.waiting)}"


def _placement_try(row: PlacementView, now: float) -> Span:
    if row.probing:
        return Span("► probing", Tone.INFO)
    wait = row.until - now
    return Span(f"▲ {ages.exact(wait)}" if wait > 0 else "► due", Tone.LATE if wait > 0 else Tone.INFO)


def _fails(row: PlacementView, _: float) -> Span:
    return Span(str(row.failures))


def _waiting_sets(row: PlacementView, _: float) -> Span:
    return Span(str(len(row.waiting)))


def _closed_for(row: PlacementView, now: float) -> Span:
    return Span(ages.coarse(now - row.since), Tone.MUTED)


def _placement(row: PlacementView, _: float) -> Span:
    return Span(f" {row.placement}")


def _refusal(row: PlacementView, _: float) -> Span:
    return Span(row.reason, Tone.MUTED)


def _placement_columns(width: int) -> Sequence[Column[PlacementView]]:
    numbers = (
        Column("NEXT TRY", 9, _placement_try),
        Column("FAILS", 5, _fails, right=True),
        Column("SETS", 4, _waiting_sets, right=True),
    )
    reason = Column("REASON", 16, _refusal, flexible=True)
    if width < WIDE:
        return (*numbers, Column(" PLACEMENT", 28, _placement), reason)
    return (*numbers, Column("SINCE", 6, _closed_for, right=True), Column(" PLACEMENT", 40, _placement), reason)


_PLACEMENT_FIELDS: Final[Fields[PlacementView]] = {
    "placement": lambda row, _: row.placement,
    "reason": lambda row, _: row.reason,
    "fails": lambda row, _: row.failures,
    "sets": lambda row, _: len(row.waiting),
    "wait": lambda row, now: max(0.0, row.until - now),
    "age": lambda row, now: now - row.since,
}

PLACEMENTS: Final = Kind(
    id="placements",
    number="3",
    title="PLACEMENTS",
    columns=_placement_columns,
    rows=lambda snapshot: snapshot.placements,
    key=lambda row: row.placement,
    sort=lambda row, _: (-row.until, row.placement),
    text=lambda row, _: f"{row.placement} {row.reason} {' '.join(row.waiting)}",
    fields=_PLACEMENT_FIELDS,
    sorts={
        "p": Sort("placement", _PLACEMENT_FIELDS["placement"]),
        "f": Sort("fails", _PLACEMENT_FIELDS["fails"], falling=True),
        "w": Sort("wait", _PLACEMENT_FIELDS["wait"], falling=True),
    },
    problem=lambda _row, _: True,
    order="longest wait first",
    empty="every placement is open: nobody waits for room",
)
