"""What is asked before something is changed: the words of a dialog and the command that a yes sends.

Pure: each function looks at one runner, one snapshot and one moment. The dialog calls again every second, so that
states and clocks in the question go on while it is open; the target itself, a name, never changes. See
tui-patterns.md sections 7.1 to 7.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.api.commands import DeregisterRunner, SteerScaleSet, StopTask, SweepNow
from core.api.model import RunnerState
from tui import ages, looks, rows
from tui.preview import Preview, Stage
from tui.tones import Line, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.api.commands import Command
    from core.api.model import RunnerView, ScaleSetView, Snapshot

_INDENT = "   "
#: How many runners a sweep names.
_NAMED = 5
_SWEEP = (
    "The ordinary rules are applied now: what is over its limit is stopped, what has ended is deregistered. "
    "No busy runner is stopped before its max runtime."
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it stands at one moment."""

    title: str
    verb: str  #: on the button, with its count
    about: str  #: for the message line, while the answer is awaited
    lines: tuple[Line, ...]
    commands: Callable[[Callable[[], str], str], tuple[Command, ...]]  #: from a maker of command ids, and a reason
    phrase: str = ""  #: what has to be typed first; empty when a key is enough
    wants_reason: bool = False
    possible: bool = True  #: False once the target is gone
    listed: tuple[Line, ...] = ()  #: below the lines, scrolled when there are many; a name comes first and gives way


class Target:
    """One runner, fixed by name when a key was pressed, and what was last seen of it."""

    def __init__(self, runner: RunnerView, *, just_came: bool = False) -> None:
        self.runner = runner
        self.just_came = just_came  #: whether it came under the cursor by itself, a moment before the key
        self.gone = False

    def look(self, snapshot: Snapshot) -> None:
        """See what has become of it."""
        found = next((row for row in snapshot.runners if row.name == self.runner.name), None)
        self.gone = found is None
        self.runner = found or self.runner


def stop(target: Target, snapshot: Snapshot, now: float, who: str) -> Question:
    """Whether to stop the runner's task. A busy runner has to be meant: its phrase is typed, its job is named."""
    runner = target.runner
    serving = runner.state in looks.SERVING
    meant = (runner.job and runner.job.id) or runner.name  # what the daemon wants to hear for a busy one
    return Question(
        title="Stop 1 runner",
        verb="Stop 1",
        about=f"stop {runner.name}",
        lines=(
            (Span(f"ECS StopTask on {snapshot.controller.cluster}, as {who}"),),
            (),
            *_runner_lines(target, now, _what_happens(runner, now)),
            (),
            *_afterwards(runner, snapshot, now),
        ),
        commands=lambda new_id, reason: (
            StopTask(
                id=new_id(),
                runner=runner.name,
                seen_state=runner.state,
                confirm_job=meant if serving else None,
                reason=reason,
            ),
        ),
        phrase="stop 1" if serving else "",
        wants_reason=True,
        possible=not target.gone and runner.state not in looks.ENDED,
    )


def deregister(target: Target, snapshot: Snapshot, now: float, who: str) -> Question:
    """Whether to remove the runner's registration; one that looks online has to be meant."""
    runner = target.runner
    happens = Span("its registration is removed, if there is one")
    if runner.state in looks.SERVING:
        happens = Span("it is left alone as long as a job runs on it", Tone.LATE)
    elif runner.state not in looks.ENDED:
        happens = Span("it gets no more jobs; its task is stopped a little later, if it has not left", Tone.LATE)
    return Question(
        title="Deregister 1 runner",
        verb="Deregister 1",
        about=f"deregister {runner.name}",
        lines=(
            (Span(f"GitHub removes it from {snapshot.controller.github or 'its scope'}, as {who}"),),
            (),
            *_runner_lines(target, now, happens),
            (),
            (Span("It cannot be taken back: a runner registers once, when it starts.", Tone.MUTED),),
        ),
        commands=lambda new_id, _: (DeregisterRunner(id=new_id(), runner=runner.name, seen_state=runner.state),),
        phrase="deregister 1" if runner.online or runner.state in looks.SERVING else "",
        possible=not target.gone,
    )


def drain(scale_set: str, snapshot: Snapshot, now: float, who: str) -> Question:
    """Whether to pause a scale set and let its idle runners go."""
    there = next((row for row in snapshot.scale_sets if row.name == scale_set), None)
    own = [row for row in snapshot.runners if row.scale_set == scale_set]
    going = [row for row in own if row.state is RunnerState.IDLE]
    staying = sum(row.state in looks.SERVING for row in own)
    count = f"{len(going)} idle runner{'' if len(going) == 1 else 's'}"
    more = ((Span(f"{_INDENT}and {len(going) - _NAMED} more"),),) if len(going) > _NAMED else ()
    return Question(
        title="Drain 1 scale set",
        verb=f"Drain, {len(going)} go" if going else "Drain",
        about=f"drain {scale_set}",
        lines=(
            (Span(scale_set, Tone.STRONG), Span(f"  {count}, {staying} busy")),
            (),
            (Span(f"Nothing starts for it any more, as {who}. {'These go' if going else 'Nobody goes'} now."),),
            *(_named(row, now) for row in going[:_NAMED]),
            *more,
            (),
            (Span("Busy ones finish their jobs. It can be resumed; runners that went do not come back."),),
            *(() if there else ((Span("It is gone; there is nothing left to do", Tone.LATE),),)),
        ),
        commands=lambda new_id, _: (SteerScaleSet(kind="drain", id=new_id(), scale_set=scale_set),),
        possible=there is not None,
    )


def sweep(preview: Preview, snapshot: Snapshot, now: float, who: str) -> Question:
    """Whether to read ECS and reap now instead of at the next interval, with what is known of whom it would stop."""
    count = len(preview.victims)
    told = f": {count} of {preview.runners} runners would be stopped" if preview.stage is Stage.TOLD else ""
    stops = f"Sweep, stop {count}" if count else "Sweep all the same"
    return Question(
        title=f"Sweep all scale sets{told}",
        verb=stops if told else "Sweep now",
        about="sweep",
        lines=(
            (Span(f"ECS ListTasks and DescribeTasks on {snapshot.controller.cluster}, as {who}"),),
            (),
            (Span(_SWEEP),),
            (Span("The next sweep is due " + _in(snapshot.controller.next_sweep_at, now), Tone.MUTED),),
            (),
            *_foreseen(preview, snapshot, now),
        ),
        commands=lambda new_id, _: (SweepNow(id=new_id()),),
        possible=preview.stage in {Stage.NEVER, Stage.TOLD},
        listed=tuple(_victim(line) for line in preview.victims) if told else (),
    )


def _foreseen(preview: Preview, snapshot: Snapshot, now: float) -> tuple[Line, ...]:
    """Whom the sweep would stop, in the words of how far the preview has come; the victims follow by themselves."""
    match preview.stage:
        case Stage.NEVER:
            unable = Span("This daemon is too old to tell whom it would stop.", Tone.LATE)
            return (unable,), *_overdue(snapshot, now)
        case Stage.ASKED:
            return ((Span("The daemon looks whom it would stop…", Tone.INFO),),)
        case Stage.TOLD if preview.victims:
            looked = ages.exact(now - preview.at)
            return (
                (Span(f"It would stop these; ECS was read {looked} ago, and the sweep reads it again:", Tone.LATE),),
            )
        case Stage.TOLD:
            return ((Span("There is nothing to stop. Sweep all the same?", Tone.GOOD),),)
        case Stage.FAILED:
            return ((Span(f"Whom it would stop cannot be told: {preview.said}", Tone.FAILED),),)


def _overdue(snapshot: Snapshot, now: float) -> tuple[Line, ...]:
    """Who is over a limit as far as the screen can tell by itself."""
    late = [row for row in snapshot.runners if row.state not in looks.ENDED and looks.pressure(row, now) >= 1]
    counted = Span(f"Over their limit now: {len(late)}", Tone.LATE if late else Tone.NORMAL)
    return (counted,), *((Span(_INDENT), Span(row.name)) for row in late[:_NAMED])


def _victim(line: str) -> Line:
    name, colon, reason = line.partition(": ")
    return Span(name, Tone.STRONG), Span(colon + reason)


def _named(runner: RunnerView, now: float) -> Line:
    look = looks.runner_look(runner, now)
    state = Span(f"{_INDENT}{look.glyph} {look.word} {looks.runner_clock(runner, now)}", look.tone)
    return state, Span("  "), Span(runner.name, Tone.STRONG)


def _runner_lines(target: Target, now: float, happens: Span) -> tuple[Line, ...]:
    """The target with its state and age, and what happens to it; struck out once it is gone."""
    runner = target.runner
    if target.gone:
        return ((Span(runner.name, Tone.GONE), Span("  is gone; there is nothing left to do")),)
    look = looks.runner_look(runner, now)
    clock = looks.runner_clock(runner, now)
    named = (Span(f"{look.glyph} {look.word} {clock}", look.tone), Span("  "), Span(runner.name, Tone.STRONG))
    job = ((Span(_INDENT), Span(rows.job_text(runner.job), Tone.STRONG)),) if runner.job else ()
    came = ((Span(f"{_INDENT}It came under the cursor just now: is it the one you mean?", Tone.LATE),),)
    return named, *job, (Span(_INDENT), happens), *(came if target.just_came else ())


def _what_happens(runner: RunnerView, now: float) -> Span:
    if runner.state in looks.ENDED:
        return Span("has ended by itself; there is nothing to stop")
    if runner.job and runner.state in looks.SERVING:
        return Span("THIS JOB FAILS", Tone.OVERDUE)
    if runner.state in looks.SERVING:
        return Span("nobody knows yet what it does: A JOB MAY FAIL", Tone.OVERDUE)
    if runner.state in looks.STARTING and runner.limit:
        return Span(f"has no job yet; the sweep stops it anyway {_in(runner.since + runner.limit, now)}")
    if runner.state is RunnerState.IDLE:
        return Span("removed on GitHub first, then stopped; no job is lost")
    return Span("no job is lost")


def _afterwards(runner: RunnerView, snapshot: Snapshot, now: float) -> tuple[Line, ...]:
    """What the scaler does next, as far as the snapshot tells."""
    scale_set = next((row for row in snapshot.scale_sets if row.name == runner.scale_set), None)
    checked = (Span("The daemon looks again and refuses if it has changed.", Tone.MUTED),)
    if scale_set is None:
        return (checked,)
    return (Span(_replacement(scale_set, runner, now)),), checked


def _replacement(scale_set: ScaleSetView, runner: RunnerView, now: float) -> str:
    usable = runner.state in looks.STARTING | looks.SERVING or runner.state is RunnerState.IDLE
    left = rows.have(scale_set) - usable
    standing = f"{scale_set.name} wants {'?' if scale_set.want is None else scale_set.want} and then has {left}"
    if scale_set.want is None or scale_set.want <= left:
        return f"{standing}: no replacement."
    if scale_set.backoff is not None:
        return f"{standing}; a replacement waits for the backoff, due {_in(scale_set.backoff.until, now)}."
    return f"{standing}: a replacement starts."


def _in(then: float | None, now: float) -> str:
    if then is None:
        return "at a time not known"
    return f"in {ages.exact(then - now)}" if then > now else "now"
