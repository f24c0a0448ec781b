"""One question about several runners at once, and the commands that a yes to it sends, one for each.

The targets are fixed by name when the key is pressed, whatever the list does meanwhile; those that end before the
answer are struck out and left alone. Worst first: whose job would fail is seen before anything else. Pure, as
``questions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.api.commands import DeregisterRunner, HoldRunner, ReleaseRunner, SteerScaleSet, StopTask
from core.api.model import RunnerState, RunnerView
from tui import ages, looks, rows
from tui.questions import Question
from tui.tones import Line, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.api.commands import Command
    from core.api.model import ScaleSetView, Snapshot
    from core.api.trouble import MismatchView

#: From this many on a key alone does not agree to what touches runners that live (tui-patterns.md section 7.3).
_MANY: Final = 5
#: For how long a key holds a runner, in seconds.
HOLD_FOR: Final = 3600
_LEAVES: Final = frozenset({*looks.ENDED, RunnerState.STOPPING})


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to each of them."""

    verb: str  #: ``stop``
    how: str  #: which call of which service carries it out
    happens: Callable[[RunnerView], Span]  #: what it means for one of them
    command: Callable[[str, RunnerView | None, str, str], Command]  #: from an id, the runner, its name, a reason
    suits: Callable[[RunnerView], bool]  #: whether there is anything to do
    destroys: bool = True
    wants_reason: bool = False


def _fate_of_stop(runner: RunnerView) -> Span:
    if runner.state in looks.SERVING:
        job = rows.job_text(runner.job) if runner.job else "nobody knows yet what it does"
        return Span(f"THIS JOB FAILS: {job}", Tone.OVERDUE)
    if runner.state is RunnerState.IDLE:
        return Span("removed on GitHub first; no job is lost")
    return Span("no job is lost")


def _fate_of_deregistration(runner: RunnerView) -> Span:
    if runner.state in looks.SERVING:
        return Span("left alone while its job runs", Tone.LATE)
    return Span("gets no more jobs, and leaves" if runner.state not in looks.ENDED else "only its registration")


def _stop(command_id: str, runner: RunnerView | None, name: str, reason: str) -> Command:
    if runner is None:
        return StopTask(id=command_id, runner=name, reason=reason)
    meant = (runner.job and runner.job.id) or runner.name  # what the daemon wants to hear for a busy one
    confirmed = meant if runner.state in looks.SERVING else None
    return StopTask(id=command_id, runner=name, seen_state=runner.state, confirm_job=confirmed, reason=reason)


def _deregister(command_id: str, runner: RunnerView | None, name: str, _: str) -> Command:
    return DeregisterRunner(id=command_id, runner=name, seen_state=runner.state if runner else None)


STOP: Final = Deed(
    "stop", "ECS StopTask", _fate_of_stop, _stop, lambda runner: runner.state not in _LEAVES, wants_reason=True
)
DEREGISTER: Final = Deed(
    "deregister", "GitHub removes each of them", _fate_of_deregistration, _deregister, lambda _: True
)
HOLD: Final = Deed(
    "hold",
    "For an hour no rule stops whoever is held, and nobody drains it",
    lambda runner: Span("held already, an hour from now" if runner.hold else "goes on as it is"),
    lambda command_id, _, name, __: HoldRunner(id=command_id, runner=name, seconds=HOLD_FOR),
    lambda runner: runner.state not in _LEAVES | {RunnerState.DRAINING},
    destroys=False,
)
RELEASE: Final = Deed(
    "release",
    "The ordinary rules hold for them again",
    lambda _: Span("no longer held"),
    lambda command_id, _, name, __: ReleaseRunner(id=command_id, runner=name),
    lambda runner: runner.hold is not None,
    destroys=False,
)


@dataclass(frozen=True, slots=True)
class _Meant:
    """One target as it is now: a runner, or only a registration that no runner is behind."""

    name: str
    runner: RunnerView | None
    ghost: MismatchView | None
    gone: bool

    @property
    def busy(self) -> bool:
        return self.runner is not None and not self.gone and self.runner.state in looks.SERVING


class Several:
    """The targets, fixed by name, and what was last seen of each."""

    def __init__(
        self, deed: Deed, meant: Sequence[RunnerView | MismatchView], *, hidden: int = 0, left_out: int = 0
    ) -> None:
        self._deed = deed
        self._notes = [
            f"{hidden} of them the list does not show now." if hidden else "",
            f"{left_out} that {'is' if left_out == 1 else 'are'} marked, too, cannot be meant by this."
            if left_out
            else "",
        ]
        self._seen: dict[str, RunnerView | MismatchView] = {row.name: row for row in meant}

    def question(self, snapshot: Snapshot, now: float, who: str) -> Question:
        """The question as it stands at this moment."""
        deed = self._deed
        meant = sorted((self._look(name, snapshot) for name in self._seen), key=lambda each: not each.busy)
        left = [each for each in meant if not each.gone and (each.runner is None or deed.suits(each.runner))]
        live = sum(each.runner is not None for each in left)
        risky = deed.destroys and (any(each.busy for each in left) or live > _MANY)
        what = _counted(len(left), ghosts=not live)
        return Question(
            title=f"{deed.verb.capitalize()} {what}",
            verb=f"{deed.verb.capitalize()} {len(left)}",
            about=f"{deed.verb} {what}",
            lines=(
                (Span(f"{deed.how}, on {snapshot.controller.cluster}, as {who}"),),
                *((Span(note, Tone.LATE),) for note in self._notes if note),
                (),
                (Span("The daemon looks at each again, and refuses those that have changed.", Tone.MUTED),),
                (),
            ),
            commands=lambda new_id, reason: tuple(
                deed.command(new_id(), each.runner, each.name, reason) for each in left
            ),
            phrase=f"{deed.verb} {len(left)}" if risky else "",
            wants_reason=deed.wants_reason,
            possible=bool(left),
            listed=tuple(self._line(each, now) for each in meant),
        )

    def _look(self, name: str, snapshot: Snapshot) -> _Meant:
        runner = next((row for row in snapshot.runners if row.name == name), None)
        if runner is not None:
            self._seen[name] = runner
            return _Meant(name, runner, None, gone=False)
        before = self._seen[name]
        if isinstance(before, RunnerView):
            return _Meant(name, before, None, gone=True)
        listed = any(row.name == name for row in snapshot.mismatches)
        return _Meant(name, None, before, gone=not listed)

    def _line(self, each: _Meant, now: float) -> Line:
        if each.gone:
            return Span(each.name, Tone.GONE), Span("  is gone; nothing to do")
        if each.runner is None:
            since = each.ghost.since if each.ghost else None
            age = "" if since is None else f" {ages.coarse(now - since)}"
            kind = each.ghost.kind.value if each.ghost else "registration"
            return Span(each.name, Tone.STRONG), Span(f"  {kind}{age}, serves nobody")
        look = looks.runner_look(each.runner, now)
        state = Span(f"  {look.glyph} {look.word} {looks.runner_clock(each.runner, now)}  ", look.tone)
        happens = (
            self._deed.happens(each.runner) if self._deed.suits(each.runner) else Span("nothing to do", Tone.MUTED)
        )
        return Span(each.name, Tone.STRONG), state, happens


def drain(names: Sequence[str], snapshot: Snapshot, now: float, who: str) -> Question:
    """Whether to pause several scale sets, and let their idle runners go."""
    there = [row for row in snapshot.scale_sets if row.name in names]
    going = {row.name: [r for r in snapshot.runners if r.scale_set == row.name] for row in there}
    idle = sum(r.state is RunnerState.IDLE for rows_of in going.values() for r in rows_of)
    return Question(
        title=f"Drain {len(names)} scale sets",
        verb=f"Drain {len(there)}, {idle} go" if idle else f"Drain {len(there)}",
        about=f"drain {len(names)} scale sets",
        lines=(
            (Span(f"Nothing starts for them any more, as {who}; {idle} idle runners go now."),),
            (),
            (Span("Busy ones finish their jobs. They can be resumed; runners that went do not come back."),),
            (),
        ),
        commands=lambda new_id, _: tuple(SteerScaleSet(kind="drain", id=new_id(), scale_set=row.name) for row in there),
        possible=bool(there),
        listed=tuple(_set_line(row, going[row.name], now) for row in there),
    )


def _set_line(scale_set: ScaleSetView, runners: Sequence[RunnerView], now: float) -> Line:
    look = looks.scale_set_look(scale_set, now)
    idle = sum(row.state is RunnerState.IDLE for row in runners)
    busy = sum(row.state in looks.SERVING for row in runners)
    return (
        Span(scale_set.name, Tone.STRONG),
        Span(f"  {look.glyph} {look.word}  ", look.tone),
        Span(f"{idle} idle, {busy} busy"),
    )


def _counted(number: int, *, ghosts: bool) -> str:
    noun = "registration" if ghosts else "runner"
    return f"{number} {noun}{'' if number == 1 else 's'}"
