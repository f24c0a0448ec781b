"""Asking and sending: the part of a screen that puts a question, and tells what came of the commands that a yes sent.

Until the daemon has answered nothing on the screen pretends that something was done; the answer appears in the message
line, that of several commands in a list as well, and the new state with the next update (tui-patterns.md section 7.5).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual.screen import Screen

from core.api.client import ConnectionLost, ControlError
from core.api.commands import Outcome
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.results import TONES_OF, Result, ResultsDialog, summary
from tui.tones import Span, Tone
from tui.widgets.parts import MessageLine
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.api.commands import Answer, Command
    from tui.questions import Question
    from tui.session import Session

#: Commands that are under way at once.
_AT_ONCE: Final = 8


class AskingScreen(Screen[None]):
    """A screen with a message line. How it is drawn, its subclass says."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def draw(self) -> None:
        """Draw the present moment."""
        raise NotImplementedError

    def say(self, text: str, tone: Tone = Tone.NORMAL) -> None:
        """Put a result or a progress into the message line, with its time."""
        self.query_one(MessageLine).say(text, tone, self.session.feed.daemon_now())

    @property
    def unlocked(self) -> bool:
        """Whether commands may be given from this screen now."""
        return self.session.catch.is_open(self.session.clock())

    def allowed(self) -> bool:
        """Whether commands may be given; says so when not."""
        if self.unlocked:
            return True
        key = self.session.settings.keyboard.key("unlock")
        self.say(f"Locked, so that no key acts by mistake: {key} unlocks for 5 minutes.", Tone.LATE)
        return False

    def ask(self, asking: Callable[[], Question]) -> ConfirmDialog:
        """Ask, and send the command of what was agreed to; the dialog, which is open now."""
        dialog = ConfirmDialog(lambda: self._if_connected(asking()))

        def answered(yes: bool | None) -> None:  # noqa: FBT001  # what a dialog gives
            if yes and self.allowed():
                question = dialog.question
                self.send(question.commands(self.session.new_id, dialog.reason), question.about)

        self.app.push_screen(dialog, answered)
        return dialog

    def _if_connected(self, question: Question) -> Question:
        """The question; while there is no connection it says so, and cannot be agreed to."""
        if self.session.feed.link.usable(self.session.clock()):
            return question
        lost = Span("NOT CONNECTED: nothing can be sent until the daemon is back.", Tone.FAILED)
        return replace(question, lines=((lost,), (), *question.lines), possible=False)

    def send(self, commands: Sequence[Command], about: str) -> None:
        """Send commands, and tell what came of them: of one in the message line, of several in a list as well."""
        if len(commands) == 1:
            self.run_worker(self._send_one(commands[0], about), group="commands")
        elif commands:
            self.run_worker(self._send_all(commands, about), group="commands")

    async def _send_one(self, command: Command, about: str) -> None:
        self.say(f"{about}: asked the daemon, waiting for its answer", Tone.INFO)
        outcome, text = await self.asked(command)
        if outcome is None:
            self.say(f"{about}: {text}", Tone.FAILED)
        else:
            self.say(f"{about}: {outcome}. {text}", TONES_OF[outcome])

    async def _send_all(self, commands: Sequence[Command], about: str) -> None:
        results = {command.id: Result(_target(command)) for command in commands}
        dialog, limit = ResultsDialog(about, results), asyncio.Semaphore(_AT_ONCE)
        self.app.push_screen(dialog)

        async def carry_out(command: Command) -> None:
            async with limit:
                outcome, text = await self.asked(command)
            results[command.id].outcome, results[command.id].text = outcome or Outcome.FAILED, text
            dialog.look_again()

        await asyncio.gather(*(carry_out(command) for command in commands))
        worst = max((each.outcome for each in results.values() if each.outcome), key=list(TONES_OF).index)
        self.say(f"{about}: {summary(results)}", TONES_OF[worst])

    async def asked(self, command: Command) -> tuple[Outcome | None, str]:
        """What the daemon says; without an outcome when it said nothing, and then why."""
        try:
            answer: Answer = await self.session.client.execute(command)
        except ConnectionLost as error:
            return None, f"{error} Whether it was done is not known; look before you repeat it."
        except ControlError as error:
            return None, str(error)
        return answer.outcome, answer.text


def _target(command: Command) -> str:
    """What a command is about, by name."""
    return str(getattr(command, "runner", "") or getattr(command, "scale_set", "") or command.kind)
