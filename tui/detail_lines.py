"""One runner in full as lines: facts at the left, the stages of its life at the right. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from tui import detail
from tui.fit import Cut, shorten, wrap
from tui.records import moment_of
from tui.tones import Line, Row, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.detail import Known

_LABEL: Final = 12  # cells
_STAGES: Final = 31  # cells of the right column
_WHY_LINES: Final = 3


def page(known: Known, width: int) -> list[Row]:
    """The lines for a width in cells."""
    return list(_two_columns(list(_facts(known, width - _STAGES)), _stages(known), width))


def _facts(known: Known, width: int) -> Iterator[Line]:
    """Labels and what is known, in a width in cells."""
    room = max(1, width - _LABEL - 1)
    for label, said, from_start in detail.facts(known):
        heading = Span(f" {label:<{_LABEL}}", Tone.MUTED)
        if label != "why":
            yield heading, Span(shorten(said.text, room, Cut.START if from_start else Cut.MIDDLE), said.tone)
            continue
        first, *more = wrap(said.text, room, _WHY_LINES) or [""]
        yield heading, Span(first, said.tone)
        yield from ((Span(" " * (_LABEL + 1)), Span(line, said.tone)) for line in more)


def _stages(known: Known) -> list[Line]:
    """Steps with their times and what lies between them."""
    steps = detail.stages(known)
    return [
        (
            Span(f" {step.label:<11}", Tone.MUTED),
            Span(moment_of(step.at, known.now).rjust(11), Tone.NORMAL) if step.at else Span("?".rjust(11), Tone.MUTED),
            Span(f" {gap:>6}", Tone.INFO),
        )
        for step, gap in zip(steps, detail.gaps(steps), strict=True)
    ]


def _two_columns(left: list[Line], right: list[Line], width: int) -> Iterator[Row]:
    for number in range(max(len(left), len(right))):
        first: Line = left[number] if number < len(left) else ()
        second: Line = right[number] if number < len(right) else ()
        pad = width - _STAGES - sum(cell_len(span.text) for span in first)
        yield Row((*first, Span(" " * max(0, pad)), *second))
