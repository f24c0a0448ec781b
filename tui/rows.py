"""View models become table cells and raw sort values: pure functions of a view and ``now``.

``now`` is seconds in the daemon's clock. Cells hold outside text as it came; the table cleans and fits it. Columns are
sets per width, chosen so that state and clock stay on the left (a partial repaint starts at the left edge) and that one
column takes what is left over (tui-patterns.md sections 5.4, 6.4 and 13.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from core.api.model import RunnerState, ScaleSetState
from tui import ages, looks
from tui.fit import Cut
from tui.tones import Span, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.api.model import EventView, JobView, RunnerView, ScaleSetView

RowT = TypeVar("RowT")

#: From this width on there is room for the columns that one can also find in the WHY line.
WIDE: Final = 100
_USUAL = 80
_ROOMY = 115
_VAST = 140


@dataclass(frozen=True, slots=True)
class Column(Generic[RowT]):
    """One column of a table. ``width`` is in cells; of a flexible column it is the least."""

    title: str
    width: int
    cell: Callable[[RowT, float], Span]
    flexible: bool = False
    right: bool = False
    cut: Cut = Cut.END
    held_title: str = ""  #: what the heading says while clocks are held; empty = the same as ever


# --- runners -------------------------------------------------------------------------------------------------------

#: The order of groups in the list of runners; within a group the longest in its state comes first.
_LATE_FIRST: Final = (
    dict.fromkeys(looks.STARTING, 3)
    | dict.fromkeys(looks.ENDING, 4)
    | dict.fromkeys(looks.SERVING, 5)
    | {RunnerState.IDLE: 6, RunnerState.STOPPED: 7, RunnerState.FAILED: 2}
)


#: How the clock takes part in the state's tone; all others are quiet.
_CLOCK_TONES: Final = {Tone.OVERDUE: Tone.FAILED, Tone.LATE: Tone.LATE, Tone.INFO: Tone.INFO}


def runner_columns(width: int) -> Sequence[Column[RunnerView]]:
    """The columns of the runners' table at a width in cells."""
    if width < WIDE:
        return (
            Column("STATE", 10, _runner_state),
            Column("CLOCK", 9, _runner_clock, held_title="held"),
            Column("RUNNER", 22 if width < _USUAL else 29, _runner_name, cut=Cut.NAME),
            Column("JOB", 8, _runner_job, flexible=True, cut=Cut.MIDDLE),
        )
    columns = (
        Column("STATE", 11, _runner_state),
        Column("CLOCK", 10, _runner_clock, held_title="CLOCK held"),
        Column("RUNNER", 32 if width < _VAST else 46, _runner_name, cut=Cut.NAME),
        Column("JOB", 16, _runner_job, flexible=True, cut=Cut.MIDDLE),
    )
    if width < _ROOMY:
        return columns
    return (*columns, Column("TASK", 9, _runner_task, cut=Cut.START), Column("LAUNCH", 13, _runner_launch))


def runner_order(runner: RunnerView, now: float) -> tuple[int, float, str]:
    """Overdue and late ones first, then what failed, starts, ends, serves and idles; what has ended is last."""
    state, since = runner.state, runner.since
    if state in looks.ENDED:
        return _LATE_FIRST[state], -since, runner.name
    used = (now - since) / runner.limit if runner.limit else 0.0  # as ``looks.pressure``, for long lists
    if used >= looks.LATE:
        return (0 if used >= 1 else 1), -used, runner.name
    return _LATE_FIRST[state], since, runner.name


def job_text(job: JobView) -> str:
    """Where a job belongs and what it is called: ``acme/api · release · deploy``."""
    return " · ".join(part for part in (job.repository, _workflow(job.workflow), job.name) if part)


def _workflow(reference: str) -> str:
    """A workflow's name: GitHub refers to it as ``acme/api/.github/workflows/release.yml@refs/heads/main``."""
    _, marker, file = reference.partition("/.github/workflows/")
    return file.partition("@")[0].removesuffix(".yml").removesuffix(".yaml") if marker else reference


def _runner_state(runner: RunnerView, now: float) -> Span:
    return looks.runner_look(runner, now).span


def _runner_clock(runner: RunnerView, now: float) -> Span:
    look = looks.runner_look(runner, now)
    tone = _CLOCK_TONES.get(look.tone, Tone.MUTED)
    return Span(looks.runner_clock(runner, now), tone)


def _runner_name(runner: RunnerView, _: float) -> Span:
    return Span(runner.name, _quiet(runner))


def _runner_job(runner: RunnerView, _: float) -> Span:
    """The job; for a runner without one that ends or has ended, why."""
    parts = [job_text(runner.job)] if runner.job else []
    if runner.state in looks.ENDED | looks.ENDING:
        parts += [f"exit {runner.exit_code}"] if runner.exit_code is not None else []
        parts += [runner.reason] if runner.reason else []
    return Span(" · ".join(parts), _quiet(runner))


def _runner_task(runner: RunnerView, _: float) -> Span:
    return Span(runner.task_arn, Tone.MUTED)


def _runner_launch(runner: RunnerView, _: float) -> Span:
    return Span(runner.launch, Tone.MUTED)


def _quiet(runner: RunnerView) -> Tone:
    return Tone.MUTED if runner.state is RunnerState.STOPPED else Tone.NORMAL


# --- scale sets ----------------------------------------------------------------------------------------------------

#: Seconds after which a poll should have come back: the service holds it for 50 (github-scale-set-api.md section 5).
_POLL_HELD: Final = 60.0
_WORST_FIRST: Final = {state: place for place, state in enumerate(ScaleSetState)}


def scale_set_columns(width: int) -> Sequence[Column[ScaleSetView]]:
    """The columns of the scale sets' table at a width in cells."""
    if width < WIDE:
        narrow = (
            Column("STATE", 18, _scale_set_state),
            Column("SCALE SET", 12, _scale_set_name, flexible=True, cut=Cut.MIDDLE),
            Column("ASGN", 4, _assigned, right=True),
            Column("WANT", 4, _want, right=True),
            Column("HAVE", 4, _have, right=True),
            Column("BUSY", 4, _busy, right=True),
        )
        more = (Column("IDLE", 4, _idle, right=True), Column("MAX", 4, _maximum, right=True))
        return narrow if width < _USUAL else (*narrow, *more)
    numbers = (
        Column("ASSIGNED", 8, _assigned, right=True),
        Column("MIN", 4, _minimum, right=True),
        Column("MAX", 4, _maximum, right=True),
        Column("WANT", 4, _want, right=True),
        Column("HAVE", 4, _have, right=True),
        Column("BUSY", 4, _busy, right=True),
        Column("IDLE", 4, _idle, right=True),
        Column("START", 5, _starting, right=True),
        Column("POLL", 6, _last_poll, right=True),
    )
    state = Column("STATE", 19, _scale_set_state)
    if width < _ROOMY:
        return (state, Column("SCALE SET", 16, _scale_set_name, flexible=True, cut=Cut.MIDDLE), *numbers)
    name = Column("SCALE SET", 24 if width < _VAST else 40, _scale_set_name, cut=Cut.NAME)
    return (state, name, *numbers, Column(" REASON", 12, _reason, flexible=True))


def scale_set_order(scale_set: ScaleSetView, _: float) -> tuple[int, str]:
    """The worst condition first, then by name."""
    return _WORST_FIRST[scale_set.state], scale_set.name


def have(scale_set: ScaleSetView) -> int:
    """Runners that serve or will: what counts towards *want*."""
    return scale_set.starting + scale_set.idle + scale_set.busy


def _scale_set_state(scale_set: ScaleSetView, now: float) -> Span:
    return looks.scale_set_look(scale_set, now).span


def _scale_set_name(scale_set: ScaleSetView, _: float) -> Span:
    return Span(scale_set.name)


def _assigned(scale_set: ScaleSetView, _: float) -> Span:
    waiting = (scale_set.assigned or 0) > have(scale_set)
    return Span(_number(scale_set.assigned), Tone.LATE if waiting else _of_count(scale_set.assigned))


def _minimum(scale_set: ScaleSetView, _: float) -> Span:
    return Span(_number(scale_set.minimum), Tone.MUTED)


def _maximum(scale_set: ScaleSetView, _: float) -> Span:
    return Span(_number(scale_set.maximum), Tone.MUTED)


def _want(scale_set: ScaleSetView, _: float) -> Span:
    return Span(_number(scale_set.want), _of_count(scale_set.want))


def _have(scale_set: ScaleSetView, _: float) -> Span:
    short = (scale_set.want or 0) > have(scale_set)
    return Span(_number(have(scale_set)), Tone.LATE if short else _of_count(have(scale_set)))


def _busy(scale_set: ScaleSetView, _: float) -> Span:
    return Span(_number(scale_set.busy), Tone.BUSY if scale_set.busy else Tone.MUTED)


def _idle(scale_set: ScaleSetView, _: float) -> Span:
    return Span(_number(scale_set.idle), _of_count(scale_set.idle))


def _starting(scale_set: ScaleSetView, _: float) -> Span:
    return Span(_number(scale_set.starting), Tone.INFO if scale_set.starting else Tone.MUTED)


def _last_poll(scale_set: ScaleSetView, now: float) -> Span:
    heard = scale_set.session.last_poll_at
    if heard is None:
        return Span("?", Tone.MUTED)
    return Span(ages.ago(now - heard), Tone.LATE if now - heard > _POLL_HELD else Tone.MUTED)


def _reason(scale_set: ScaleSetView, _: float) -> Span:
    reason = scale_set.reason
    if scale_set.state is ScaleSetState.BACKOFF and scale_set.backoff:
        reason = scale_set.backoff.reason
    elif scale_set.state is ScaleSetState.SESSION and scale_set.session.since is not None:
        reason = f"since {ages.time_of_day(scale_set.session.since)}: {reason}"
    return Span(f" {reason}", Tone.MUTED)


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def _of_count(value: int | None) -> Tone:
    """Zeros step back, so that the eye finds the numbers that are something."""
    return Tone.NORMAL if value else Tone.MUTED


# --- events --------------------------------------------------------------------------------------------------------


def event_columns(_: int) -> Sequence[Column[EventView]]:
    """The columns of the events, the same at every width."""
    return (
        Column("AT", 9, _event_time),
        Column("KIND", 14, _event_kind),
        Column("EVENT", 20, _event_text, flexible=True),
    )


def event_text(event: EventView) -> str:
    """What happened, to whom, and who asked for it."""
    about = event.runner or event.scale_set
    text = event.text if not about or event.text.startswith(about) else f"{about}: {event.text}"
    return f"{text} (by {event.operator})" if event.operator else text


def _event_time(event: EventView, _: float) -> Span:
    return Span(ages.time_of_day(event.at), Tone.MUTED)


def _event_kind(event: EventView, _: float) -> Span:
    look = looks.SEVERITY[event.severity]
    return Span(f"{look.glyph} {event.kind}", look.tone)


def _event_text(event: EventView, _: float) -> Span:
    return Span(event_text(event), Tone.NORMAL)
