"""The last line: what the keys do now, most useful first, with help and leave at the right (tui-patterns.md 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from tui.actions import footer
from tui.tones import Line, Row, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tui.actions import Action

_RIGHT: Final = ("help", "leave")
#: How a filter is written, shown while one is typed.
FILTER_EXAMPLES: Final = 'state:pending  age>5m  !gpu  "two words"'


def footer_row(allowed: Iterable[Action], labels: Mapping[str, str], note: str, width: int) -> Row:
    """The footer for a width in cells; entries that do not fit are left to the help.

    ``labels`` replaces labels by action id; ``note`` says why keys are missing, and stands before the right end.
    """
    actions = footer(allowed)
    entries = [(action, labels.get(action.id, action.label)) for action in actions if action.id not in _RIGHT]
    right = tuple(span for action in actions if action.id in _RIGHT for span in _entry(action.key, action.label))
    if note:
        right = (Span(note, Tone.LATE), Span("  "), *right)
    room = width - 1 - _cells(right)
    left: list[Span] = [Span(" ")]
    for action, label in entries:
        entry = _entry(action.key, label)
        if _cells((*left, *entry)) <= room:
            left += entry
    return Row(tuple(left), right)


def typing_row(problem: str, examples: str) -> Row:
    """The footer while something is typed: how it is written, or why it is not understood."""
    if problem:
        return Row((Span(f" {problem}", Tone.LATE),))
    return Row((Span(" "), *_entry("enter", "keep it"), *_entry("esc", "as before")), (Span(examples, Tone.MUTED),))


def _entry(key: str, label: str) -> Line:
    return Span(key, Tone.KEY), Span(f" {label}  ", Tone.MUTED)


def _cells(line: Iterable[Span]) -> int:
    return sum(cell_len(span.text) for span in line)
