"""What many runners amount to at one moment, and until when that holds: one look at each instead of one for each count.

Runners grow late by the clock alone, so a list is not done with once its rows have stopped changing. But most seconds
nobody's look changes, nor who is before whom. A survey says when the next one can: until then a screen that has
surveyed the same rows need not look at them again, however many they are (textual-performance.md, Budgets).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Protocol

from tui import looks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.api.model import RunnerState, RunnerView
    from tui.tones import Tone


class Standing(Protocol):
    """What a list has to know of its rows as a whole."""

    @property
    def troubled(self) -> int:
        """How many rows somebody should look at."""

    @property
    def until(self) -> float:
        """The daemon's clock at which that, or the order, can change next though no row does; inf = never."""


@dataclass(frozen=True, slots=True)
class Survey:
    """How many runners there are of each state and of each tone."""

    states: Mapping[RunnerState, int]
    tones: Mapping[Tone, int]
    until: float  #: the daemon's clock at which a tone, or the order of the late ones, changes next; inf = never

    @property
    def troubled(self) -> int:
        """How many somebody should look at."""
        return sum(self.tones.get(tone, 0) for tone in looks.TROUBLE)


def survey(runners: Sequence[RunnerView], now: float) -> Survey:
    """Look at all of them; ``now`` is seconds in the daemon's clock."""
    states, until = Counter(row.state for row in runners), inf
    apart: list[RunnerView] = []  # whose tone is not simply that of their state
    pressed: list[RunnerView] = []
    for row in runners:
        if row.hold is not None:
            apart.append(row)
        if not row.limit or row.state in looks.ENDED:
            continue
        if (now - row.since) / row.limit < looks.LATE:
            until = min(until, row.since + looks.LATE * row.limit)
            continue
        pressed.append(row)
        if row.hold is None:
            apart.append(row)
        if now < row.since + row.limit:
            until = min(until, row.since + row.limit)
    return Survey(states, _tones(states, apart, now), min(until, _next_overtaking(pressed, now)))


def _tones(states: Counter[RunnerState], apart: Sequence[RunnerView], now: float) -> Counter[Tone]:
    tones: Counter[Tone] = Counter()
    for state, number in (states - Counter(row.state for row in apart)).items():
        tones[looks.runner_word(state).tone] += number
    tones.update(looks.runner_look(row, now).tone for row in apart)
    return tones


def _next_overtaking(pressed: Sequence[RunnerView], now: float) -> float:
    """When one of these will first have used as much of its limit as the one before it.

    In the order of the shares that they have used, only neighbours can be the next to meet.
    """
    order = sorted(pressed, key=lambda row: -looks.pressure(row, now))
    return min((_meeting(first, second, now) for first, second in pairwise(order)), default=inf)


def _meeting(first: RunnerView, second: RunnerView, now: float) -> float:
    if not first.limit or not second.limit or second.limit >= first.limit:
        return inf  # the second one's share grows no faster
    meeting = (first.since * second.limit - second.since * first.limit) / (second.limit - first.limit)
    return max(meeting, now)


class Surveyor:
    """Surveys a list again only when it is another one, or when its time is over."""

    def __init__(self) -> None:
        self._rows: Sequence[RunnerView] | None = None
        self._at = inf
        self._survey = Survey({}, {}, -inf)

    def __call__(self, runners: Sequence[RunnerView], now: float) -> Survey:
        """The survey of these rows, known by identity: a snapshot with other runners has another list of them."""
        if runners is not self._rows or not self._at <= now < self._survey.until:
            self._rows, self._at, self._survey = runners, now, survey(runners, now)
        return self._survey


#: The strip and the list of one screen ask about the same rows.
surveyed = Surveyor()
