"""What each state is called and how it is marked: one glyph, one word, one tone (tui-patterns.md section 13.1).

The table, the strip, the dialogs and the help all take their words from here. Everything is a pure function of a view
and ``now`` (seconds in the daemon's clock), since a runner grows late by the clock alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from core.api.model import RunnerState, ScaleSetState, Severity
from tui import ages
from tui.tones import Span, Tone

if TYPE_CHECKING:
    from core.api.model import RunnerView, ScaleSetView

#: The tones of what somebody should look at.
TROUBLE: Final = frozenset({Tone.LATE, Tone.OVERDUE, Tone.FAILED})
_CROSS: Final = "\N{MULTIPLICATION SIGN}"

#: The share of its limit at which a runner counts as late.
LATE: Final = 0.8
#: The share of its limit from which a clock that is otherwise coarse shows what it runs against.
_SHOW_LIMIT = 0.5

STARTING: Final = frozenset(
    {RunnerState.RESERVED, RunnerState.PROVISIONING, RunnerState.PENDING, RunnerState.ACTIVATING, RunnerState.UNREADY}
)
SERVING: Final = frozenset({RunnerState.BUSY, RunnerState.ASSUMED_BUSY})
ENDING: Final = frozenset({RunnerState.DRAINING, RunnerState.FINISHING, RunnerState.STOPPING})
ENDED: Final = frozenset({RunnerState.STOPPED, RunnerState.FAILED})
#: States in which nothing is expected to happen soon, so that minutes are enough.
_CALM = frozenset({RunnerState.IDLE, *SERVING})
#: Conditions of a scale set that keep jobs waiting longer than they should.
TROUBLED: Final = frozenset(
    {
        ScaleSetState.DEGRADED,
        ScaleSetState.BLOCKED,
        ScaleSetState.SESSION,
        ScaleSetState.BACKOFF,
        ScaleSetState.LATE_START,
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """A state as it is shown; ``glyph`` is one cell wide and may be a space."""

    glyph: str
    word: str
    tone: Tone
    meaning: str = ""  #: for the legend

    @property
    def span(self) -> Span:
        """Glyph and word as one piece of a line."""
        return Span(f"{self.glyph} {self.word}", self.tone)


_RUNNER: Final = {
    RunnerState.RESERVED: Look("◦", "RESERVED", Tone.MUTED, "asked for, no task yet"),
    RunnerState.PROVISIONING: Look("◦", "PROVISN", Tone.MUTED, "ECS finds a place"),
    RunnerState.PENDING: Look("►", "PENDING", Tone.INFO, "ECS prepares it"),
    RunnerState.ACTIVATING: Look("◦", "ACTIVATN", Tone.MUTED, "ECS connects it"),
    RunnerState.UNREADY: Look("?", "UNREADY", Tone.INFO, "runs, is not online yet"),
    RunnerState.IDLE: Look("○", "IDLE", Tone.NORMAL, "online, waits for a job"),
    RunnerState.BUSY: Look("●", "BUSY", Tone.BUSY, "a job runs"),
    RunnerState.ASSUMED_BUSY: Look("●", "BUSY?", Tone.BUSY, "adopted, not known yet"),
    RunnerState.DRAINING: Look("▼", "DRAIN", Tone.ENDING, "off GitHub, ends soon"),
    RunnerState.FINISHING: Look("▼", "FINISH", Tone.ENDING, "job over, task ends"),
    RunnerState.STOPPING: Look("▼", "STOPPING", Tone.ENDING, "its end was asked for"),
    RunnerState.STOPPED: Look("■", "STOPPED", Tone.MUTED, "has ended"),
    RunnerState.FAILED: Look(_CROSS, "FAILED", Tone.FAILED, "ended without serving"),
}

#: What a runner's state becomes as its clock runs.
LATE_RUNNER: Final = Look("▲", "late", Tone.LATE, "over 80 % of its limit")
OVERDUE_RUNNER: Final = Look("▲", "OVERDUE", Tone.OVERDUE, "over its limit")

#: No rule ends it until somebody lets go of it, or the hold's own time is over; the word stays that of its state.
HELD: Final = Look("◊", "held", Tone.HELD, "no rule stops it")

#: Looks by state from 80 % of the limit, and past it. What has ended stays as it is; what serves keeps its word.
_LATE: Final = _RUNNER | {
    state: replace(LATE_RUNNER, word=look.word) for state, look in _RUNNER.items() if state not in ENDED
}
_OVERDUE: Final = _RUNNER | {
    state: OVERDUE_RUNNER if state in STARTING else replace(OVERDUE_RUNNER, word=look.word)
    for state, look in _RUNNER.items()
    if state not in ENDED
}

#: A pause that also lets idle runners go.
DRAINING_SET: Final = Look("▼", "DRAINING", Tone.ENDING, "paused, idle ones go")

_SCALE_SET: Final = {
    ScaleSetState.DEGRADED: Look(_CROSS, "DEGRADED", Tone.FAILED, "failed, starts again"),
    ScaleSetState.BLOCKED: Look(_CROSS, "BLOCKED", Tone.FAILED, "somebody must mend it"),
    ScaleSetState.SESSION: Look(_CROSS, "SESSION", Tone.FAILED, "another one holds it"),
    ScaleSetState.PAUSED: Look("■", "PAUSED", Tone.LATE, "somebody holds it"),
    ScaleSetState.BACKOFF: Look("▲", "BACKOFF", Tone.LATE, "no room, tries later"),
    ScaleSetState.LATE_START: Look("▲", "LATE START", Tone.LATE, "a start takes too long"),
    ScaleSetState.STARTING: Look("◦", "STARTING", Tone.MUTED, "does not listen yet"),
    ScaleSetState.OBSERVING: Look("◦", "OBSERVING", Tone.INFO, "changes nothing"),
    ScaleSetState.RETIRING: Look("▼", "RETIRING", Tone.ENDING, "goes with its runners"),
    ScaleSetState.AT_MAX: Look("▬", "AT MAX", Tone.INFO, "all it may have"),
    ScaleSetState.OK: Look(" ", "OK", Tone.GOOD, "has what it wants"),
}

SEVERITY: Final = {
    Severity.INFO: Look(" ", "info", Tone.MUTED),
    Severity.NOTICE: Look("●", "notice", Tone.NORMAL),
    Severity.WARNING: Look("▲", "warning", Tone.LATE),
    Severity.ERROR: Look(_CROSS, "error", Tone.FAILED),
}


def pressure(runner: RunnerView, now: float) -> float:
    """The share of its limit that the runner has used: 1.0 is the limit itself, 0.0 when there is none."""
    return max(0.0, (now - runner.since) / runner.limit) if runner.limit else 0.0


def runner_look(runner: RunnerView, now: float) -> Look:
    """The runner's state, sharpened by its clock: late from 80 % of the limit, overdue past it."""
    if runner.hold is not None and runner.state not in ENDED:
        return replace(HELD, word=_RUNNER[runner.state].word)
    used = pressure(runner, now)
    if used < LATE:
        return _RUNNER[runner.state]
    return (_LATE if used < 1 else _OVERDUE)[runner.state]


def runner_clock(runner: RunnerView, now: float) -> str:
    """How long the runner has been in its state, against its limit where that is near: ``4:12/5:00``, ``42m``.

    For one that is held, how long it still is.
    """
    age = now - runner.since
    if runner.state in ENDED:
        return f"{ages.coarse(age)} ago"
    if runner.hold is not None:
        return f"◊{ages.coarse(runner.hold.until - now)} left"
    used = pressure(runner, now)
    if runner.state in _CALM:
        shown, with_limit = ages.coarse(age), used >= _SHOW_LIMIT
    else:
        shown, with_limit = (ages.exact if used >= LATE else ages.running)(age), True
    return f"{shown}/{ages.running(runner.limit)}" if with_limit and runner.limit else shown


def scale_set_look(scale_set: ScaleSetView, now: float) -> Look:
    """The scale set's condition with what is counted for it: time to the next try, failures or tries."""
    look = _SCALE_SET[scale_set.state]
    if scale_set.state is ScaleSetState.PAUSED and scale_set.pause and scale_set.pause.drains:
        look = DRAINING_SET
    detail = _scale_set_detail(scale_set, now)
    return replace(look, word=f"{look.word} {detail}") if detail else look


def scale_set_word(state: ScaleSetState) -> Look:
    """The condition alone, for counts and legends."""
    return _SCALE_SET[state]


def runner_word(state: RunnerState) -> Look:
    """The state alone, for counts and legends."""
    return _RUNNER[state]


def is_runner_problem(runner: RunnerView, now: float) -> bool:
    """Whether somebody should look at this runner."""
    return runner_look(runner, now).tone in TROUBLE


def _scale_set_detail(scale_set: ScaleSetView, now: float) -> str:
    match scale_set.state:
        case ScaleSetState.PAUSED if scale_set.pause:
            return ages.coarse(now - scale_set.pause.since)
        case ScaleSetState.BACKOFF if scale_set.backoff:
            wait = scale_set.backoff.until - now
            return f"{ages.exact(wait) if wait > 0 else 'due'} #{scale_set.backoff.failures}"
        case ScaleSetState.DEGRADED if scale_set.session.retry_at is not None:
            return ages.exact(scale_set.session.retry_at - now)
        case ScaleSetState.SESSION if scale_set.session.retry_at is not None:
            return f"{ages.exact(scale_set.session.retry_at - now)} #{scale_set.session.tries}"
        case ScaleSetState.SESSION | ScaleSetState.STARTING if scale_set.session.tries:
            return f"#{scale_set.session.tries}"
        case _:
            return "paused" if scale_set.pause else ""
