"""What every screen needs from which commands are given: ask, send, and tell what came of it.

A command goes out only after a yes. Until the daemon has answered nothing on the screen pretends that it was done; the
answer appears in the message line and the new state with the next update (tui-patterns.md section 7.5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual.screen import Screen

from core.api.client import ConnectionLost, ControlError
from core.api.commands import Outcome, PreviewSweep, SteerScaleSet
from core.api.model import RunnerView, ScaleSetState, ScaleSetView
from tui import looks, preview, questions
from tui.dialogs.confirm import ConfirmDialog
from tui.tones import Span, Tone
from tui.widgets.parts import MessageLine
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.api.commands import Command
    from core.api.model import Snapshot
    from tui.preview import Preview
    from tui.questions import Question, Target
    from tui.session import Session

_TONES: Final = {
    Outcome.DONE: Tone.GOOD,
    Outcome.ALREADY: Tone.NORMAL,
    Outcome.REFUSED: Tone.LATE,
    Outcome.FAILED: Tone.FAILED,
}
#: Seconds within which a row that came under the cursor by itself is pointed out in the question.
_JUST_CAME: Final = 0.4
Steering = Literal["pause", "drain", "resume", "retry"]
#: What can be done with a whole scale set, and whether it would change anything about this one.
STEERING: Final[Mapping[Steering, Callable[[ScaleSetView], bool]]] = {
    "pause": lambda row: row.pause is None,
    "resume": lambda row: row.pause is not None,
    "drain": lambda row: row.pause is None or not row.pause.drains,
    "retry": lambda row: row.backoff is not None or row.state in {ScaleSetState.BLOCKED, ScaleSetState.DEGRADED},
}


class ActingScreen(Screen[None]):
    """A screen with a message line. What it acts on, and how it is drawn, its subclass says."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        #: When a row came under the cursor that nobody had moved there.
        self.came_by_itself_at = float("-inf")

    @property
    def selected(self) -> object:
        """The row that keys are about; None when there is none."""
        raise NotImplementedError

    def selected_runner(self) -> RunnerView | None:
        """The runner that keys are about."""
        return self.selected if isinstance(self.selected, RunnerView) else None

    def selected_set(self) -> ScaleSetView | None:
        """The scale set that keys are about: the selected one, or that of the selected runner."""
        row, snapshot = self.selected, self.session.feed.snapshot
        name = row.name if isinstance(row, ScaleSetView) else row.scale_set if isinstance(row, RunnerView) else None
        return next((each for each in snapshot.scale_sets if each.name == name), None) if snapshot else None

    def draw(self) -> None:
        """Draw the present moment."""
        raise NotImplementedError

    def say(self, text: str, tone: Tone = Tone.NORMAL) -> None:
        """Put a result or a progress into the message line, with its time."""
        self.query_one(MessageLine).say(text, tone, self.session.feed.daemon_now())

    def action_unlock(self) -> None:
        """Allow commands for five minutes, or forbid them again."""
        self.session.catch = self.session.catch.toggled(self.session.clock())
        self.draw()

    def action_stop(self) -> None:
        """Stop the selected runner's task, after a yes."""
        self._ask_about_runner(questions.stop)

    def action_deregister(self) -> None:
        """Remove the selected runner's registration, after a yes."""
        self._ask_about_runner(questions.deregister)

    def action_pause(self) -> None:
        """Let the selected scale set start nothing more, or let it start again; nothing is lost by it."""
        if (row := self.selected_set()) is not None:
            self.steer("pause" if row.pause is None else "resume", row.name)

    def action_drain(self) -> None:
        """Pause the selected scale set and let its idle runners go, after a yes."""
        if (row := self.selected_set()) is not None:
            self.steer("drain", row.name)

    def action_retry(self) -> None:
        """Let the selected scale set forget its backoff and its breaker."""
        if (row := self.selected_set()) is not None:
            self.steer("retry", row.name)

    def steer(self, kind: Steering, scale_set: str) -> None:
        """Do something with a scale set by its name; only what takes runners away is asked about first."""
        session, first = self.session, self.session.feed.snapshot
        if first is None or not self._allowed():
            return
        if kind == "drain":
            self._ask(
                lambda: questions.drain(
                    scale_set, session.feed.snapshot or first, session.feed.model_now(), session.who
                )
            )
        else:
            command = SteerScaleSet(kind=kind, id=session.new_id(), scale_set=scale_set)
            self.run_worker(self._send(command, f"{kind} {scale_set}"), group="commands")

    def action_sweep(self) -> None:
        """Read ECS and reap now, after a yes to whom that would stop."""
        session, first = self.session, self.session.feed.snapshot
        if first is None or not self._allowed():
            return
        known = preview.ASKED
        # The question stands before its answer is there, so that no key meant for the screen below agrees to it.
        dialog = self._ask(
            lambda: questions.sweep(known, session.feed.snapshot or first, session.feed.model_now(), session.who)
        )

        async def foresee() -> None:
            nonlocal known
            known = await self._preview()
            dialog.look_again()

        self.run_worker(foresee(), group="previews")

    async def _preview(self) -> Preview:
        """Whom a sweep of all scale sets would stop now."""
        feed = self.session.feed
        try:
            answer = await self.session.client.execute(PreviewSweep(id=self.session.new_id()))
        except ControlError as error:
            return preview.failed(error)
        alive = sum(row.state not in looks.ENDED for row in feed.snapshot.runners) if feed.snapshot else 0
        return preview.told(answer, alive, feed.model_now())

    def _ask_about_runner(self, words: Callable[[Target, Snapshot, float, str], Question]) -> None:
        """Ask about the runner that is selected now; whatever is selected later, the question stays about this one."""
        session, runner, first = self.session, self.selected_runner(), self.session.feed.snapshot
        if runner is None or first is None or not self._allowed():
            return
        just_came = session.clock() - self.came_by_itself_at < _JUST_CAME
        target = questions.Target(runner, just_came=just_came)

        def asking() -> Question:
            snapshot = session.feed.snapshot or first
            target.look(snapshot)
            return words(target, snapshot, session.feed.model_now(), session.who)

        self._ask(asking)

    @property
    def unlocked(self) -> bool:
        """Whether commands may be given from this screen now."""
        return self.session.catch.is_open(self.session.clock())

    def _allowed(self) -> bool:
        """Whether commands may be given; says so when not."""
        if self.unlocked:
            return True
        self.say("Locked, so that no key acts by mistake: u unlocks for 5 minutes.", Tone.LATE)
        return False

    def _ask(self, asking: Callable[[], Question]) -> ConfirmDialog:
        """Ask, and send the command of what was agreed to; the dialog, which is open now."""
        dialog = ConfirmDialog(lambda: self._if_connected(asking()))

        def answered(yes: bool | None) -> None:  # noqa: FBT001  # what a dialog gives
            if yes and self._allowed():
                question = dialog.question
                command = question.command(self.session.new_id(), dialog.reason)
                self.run_worker(self._send(command, question.about), group="commands")

        self.app.push_screen(dialog, answered)
        return dialog

    def _if_connected(self, question: Question) -> Question:
        """The question; while there is no connection it says so, and cannot be agreed to."""
        if self.session.feed.link.usable(self.session.clock()):
            return question
        lost = Span("NOT CONNECTED: nothing can be sent until the daemon is back.", Tone.FAILED)
        return replace(question, lines=((lost,), (), *question.lines), possible=False)

    async def _send(self, command: Command, about: str) -> None:
        self.say(f"{about}: asked the daemon, waiting for its answer", Tone.INFO)
        try:
            answer = await self.session.client.execute(command)
        except ConnectionLost as error:
            self.say(f"{about}: {error} Whether it was done is not known; look before you repeat it.", Tone.FAILED)
        except ControlError as error:
            self.say(f"{about}: {error}", Tone.FAILED)
        else:
            self.say(f"{about}: {answer.outcome}. {answer.text}", _TONES[answer.outcome])
