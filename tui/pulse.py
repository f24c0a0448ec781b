"""The one line that says whether all is well, and the counts behind it (tui-patterns.md section 2.2). Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from core.api.model import RunnerState, ScaleSetState
from tui import looks
from tui.rows import WIDE, have
from tui.survey import surveyed
from tui.tones import Line, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.api.model import ScaleSetView, Snapshot
    from tui.looks import Look
    from tui.survey import Survey

_GAP = "  "
#: What runners do: the states, the word, the look, and the rank.
_COUNTED = looks.TROUBLED | {ScaleSetState.PAUSED}  # a pause is meant, and easily forgotten
_GROUPS = (
    (looks.SERVING, "busy", looks.runner_word(RunnerState.BUSY), 2),
    (frozenset({RunnerState.IDLE}), "idle", looks.runner_word(RunnerState.IDLE), 6),
    (looks.STARTING - {RunnerState.UNREADY}, "starting", looks.runner_word(RunnerState.PENDING), 5),
    (looks.ENDING, "ending", looks.runner_word(RunnerState.STOPPING), 8),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the strip; pieces of a higher rank are left out first when room is short."""

    span: Span
    rank: int


def strip(snapshot: Snapshot, now: float, width: int) -> Line:
    """The strip for a width in cells: the verdict, then counts; the least important give way where room is short."""
    survey = surveyed(snapshot.runners, now)
    verdict = _Part(_verdict(problems(snapshot, survey.troubled)), 0)
    parts = [verdict, *_demand(snapshot, wide=width >= WIDE), *_counts(snapshot, survey)]
    chosen, room = set[int](), width - 1
    for place in sorted(range(len(parts)), key=lambda place: parts[place].rank):
        cells = cell_len(parts[place].span.text) + len(_GAP)
        if cells <= room:
            room -= cells
            chosen.add(place)
    spans = [parts[place].span for place in sorted(chosen)]
    return tuple(piece for span in spans for piece in (span, Span(_GAP)))


def problems(snapshot: Snapshot, runners: int) -> int:
    """Scale sets in trouble, so many runners that are late or failed, and what ails the controller itself."""
    controller = snapshot.controller
    return (
        sum(is_scale_set_problem(row) for row in snapshot.scale_sets)
        + runners
        + bool(controller.waits_for)
        + bool(controller.sweep_failed)
        + bool(controller.journal)
    )


def is_scale_set_problem(scale_set: ScaleSetView) -> bool:
    """Whether somebody should look at this scale set."""
    return scale_set.state in looks.TROUBLED


def _verdict(number: int) -> Span:
    if number:
        return Span(f"▲ {number} PROBLEM{'S' if number > 1 else ''}", Tone.LATE)
    return Span("● ALL WELL", Tone.GOOD)


def _demand(snapshot: Snapshot, *, wide: bool) -> Iterator[_Part]:
    assigned = _total([row.assigned for row in snapshot.scale_sets])
    want = _total([row.want for row in snapshot.scale_sets])
    own = sum(have(row) for row in snapshot.scale_sets)
    if wide:
        yield _Part(Span(f"assigned {assigned}  want {want}  have {own}", Tone.STRONG), 1)
    else:
        yield _Part(Span(f"have {own}/{want}", Tone.STRONG), 1)


def _total(numbers: list[int | None]) -> str:
    """The sum of what is known, marked when something is not."""
    return f"{sum(number or 0 for number in numbers)}{'+?' if None in numbers else ''}"


def _counts(snapshot: Snapshot, survey: Survey) -> Iterator[_Part]:
    """Counts by meaning: what runners do, then which runners and at last which scale sets ask for a look."""
    states, tones = survey.states, survey.tones
    for group, word, look, rank in _GROUPS:
        if (number := sum(states.get(state, 0) for state in group)) or group is looks.SERVING:
            yield _Part(_count(look, word, number), rank)
    for look in (looks.OVERDUE_RUNNER, looks.LATE_RUNNER):
        if number := tones.get(look.tone, 0):
            yield _Part(_count(look, look.word.lower(), number), 3)
    for state in (RunnerState.FAILED, RunnerState.UNREADY):
        if states.get(state):
            yield _Part(_count(looks.runner_word(state), state.value, states[state]), 4)
    conditions = Counter(row.state for row in snapshot.scale_sets)
    for condition in ScaleSetState:
        if condition in _COUNTED and conditions[condition]:
            yield _Part(_count(looks.scale_set_word(condition), condition.value, conditions[condition]), 7)


def _count(look: Look, word: str, number: int) -> Span:
    return Span(f"{look.glyph}{number} {word}", look.tone)
