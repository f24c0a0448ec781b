"""One runner in full as lines: facts at the left, the stages of its life at the right. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from tui import ages, detail
from tui.fit import Cut, shorten, wrap
from tui.records import moment_of
from tui.tones import Line, Row, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.api.model import UsualView
    from tui.detail import Known, Stage

_LABEL: Final = 12  # cells
_STAGES: Final = 31  # cells of the right column
_USUAL: Final = 13  # more of them, where there is room for what is usual
_ROOMY: Final = 110  # cells from which on there is
#: Cells that facts take at most, so that the eye finds its way to the right column.
_WIDEST_FACTS: Final = 100
_WHY_LINES: Final = 3


def page(known: Known, width: int) -> list[Row]:
    """The lines for a width in cells."""
    steps, roomy = detail.stages(known), width >= _ROOMY
    left = min(width - _STAGES - (_USUAL if roomy else 0), _WIDEST_FACTS)
    return list(_two_columns(list(_facts(known, left)), _stages(known, steps, usual=roomy), left))


def brief(known: Known, width: int) -> list[Row]:
    """The same without what has a place of its own beside it, and without stages that nobody knows."""
    left = width - _STAGES
    steps = [step for step in detail.stages(known) if step.at is not None]
    return list(_two_columns(list(_facts(known, left, without="why")), _stages(known, steps), left))


def _facts(known: Known, width: int, *, without: str = "") -> Iterator[Line]:
    """Labels and what is known, in a width in cells."""
    room = max(1, width - _LABEL - 1)
    for label, said, from_start in detail.facts(known):
        if label == without:
            continue
        heading = Span(f" {label:<{_LABEL}}", Tone.MUTED)
        if label != "why":
            yield heading, Span(shorten(said.text, room, Cut.START if from_start else Cut.MIDDLE), said.tone)
            continue
        first, *more = wrap(said.text, room, _WHY_LINES) or [""]
        yield heading, Span(first, said.tone)
        yield from ((Span(" " * (_LABEL + 1)), Span(line, said.tone)) for line in more)


def _stages(known: Known, steps: list[Stage], *, usual: bool = False) -> list[Line]:
    """Steps with their times and what lies between them; with ``usual``, beside what usually does."""
    lines = [
        (
            Span(f" {step.label:<11}", Tone.MUTED),
            Span(moment_of(step.at, known.now).rjust(11), Tone.NORMAL) if step.at else Span("?".rjust(11), Tone.MUTED),
            Span(f" {gap:>6}", Tone.INFO),
            *((Span(_of(step.usual), Tone.MUTED),) if usual else ()),
        )
        for step, gap in zip(steps, detail.gaps(steps), strict=True)
    ]
    known_any = usual and any(step.usual for step in steps)
    return [(Span(f"{'':30}  p50/p95", Tone.MUTED),), *lines] if known_any else lines


def _of(usual: UsualView | None) -> str:
    return f"  {ages.exact(usual.p50)}/{ages.exact(usual.p95)}" if usual else ""


def _two_columns(left: list[Line], right: list[Line], start: int) -> Iterator[Row]:
    """Lines beside each other; those at the right begin at a cell."""
    for number in range(max(len(left), len(right))):
        first: Line = left[number] if number < len(left) else ()
        second: Line = right[number] if number < len(right) else ()
        pad = start - sum(cell_len(span.text) for span in first)
        yield Row((*first, Span(" " * max(0, pad)), *second))
