"""An in-memory daemon for the screen: a script of messages, a clock moved by hand, and the commands that came."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.api.commands import Answer, Outcome, PreviewSweep
from core.api.model import Hello
from tests.tui.samples import NOW, fleet
from tui.app import ArcdeckApp
from tui.screens.live import LiveScreen
from tui.screens.overview import OverviewScreen

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

    from textual.pilot import Pilot

    from core.api.client import ControlError
    from core.api.commands import Command
    from core.api.events import EventRecord
    from core.api.logs import LogLine
    from core.api.model import Snapshot, Update
    from tui.settings import Settings

ENVIRON: Mapping[str, str] = {
    "TERM": "xterm-256color",
    "SUDO_USER": "alice",
    "SSH_CONNECTION": "10.4.2.17 50022 10.4.0.9 22",
}


_UNITS = {"h": 3_600, "d": 86_400}


class HandClock:
    """Monotonic seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class FakeDaemon:
    """Serves one screen: greets, sends a snapshot, then whatever a test says; answers every command alike."""

    def __init__(self, first: Snapshot | None = None, *, may_act: bool = True, instance: str = "first") -> None:
        self.first = first or fleet()
        self.hello = Hello(version="0.1.0", controller="ci-prod", instance=instance, may_act=may_act)
        self.commands: list[Command] = []
        self.answer: Answer | ControlError = Answer(id="", outcome=Outcome.DONE, text="Done as asked.")
        self.preview: Answer | ControlError = foreseen()
        self.answering = asyncio.Event()
        self.answering.set()  # cleared by a test, no command is answered
        self.history: Sequence[EventRecord] = ()
        self.journal_problem: ControlError | None = None
        self.happenings: asyncio.Queue[EventRecord] = asyncio.Queue()
        self.asked: list[dict[str, str]] = []
        self.printed: list[LogLine] | ControlError = []
        self.log_calls = 0
        self.connections = 0
        self.refusal: ControlError | None = None  #: what an attempt to connect meets instead
        self._queue: asyncio.Queue[Update | ControlError] = asyncio.Queue()

    def send(self, *updates: Update | ControlError) -> None:
        """Let these come next; an error ends the stream."""
        for update in updates:
            self._queue.put_nowait(update)

    async def stream(self) -> AsyncGenerator[Hello | Update, None]:
        """What a client sees."""
        self.connections += 1
        if self.refusal is not None:
            raise self.refusal
        yield self.hello
        yield self.first
        while True:
            update = await self._queue.get()
            if isinstance(update, Exception):
                raise update
            yield update

    async def events(
        self, asked: Iterable[tuple[str, str]] = (), *, follow: bool = False
    ) -> AsyncGenerator[EventRecord, None]:
        """The history that was set and holds for the question, and to ``follow`` what a test tells then."""
        wanted = dict(asked)
        self.asked.append(wanted)
        if self.journal_problem is not None:
            raise self.journal_problem
        for record in self.history:
            asked_for = wanted.get("runner") in {None, record.runner}
            if asked_for and record.at >= NOW - float(wanted["since"][:-1]) * _UNITS[wanted["since"][-1]]:
                yield record
        while follow:
            yield await self.happenings.get()

    async def logs(self, runner: str, *, after: str = "", limit: int = 100) -> tuple[list[LogLine], str]:
        """The lines that were set, from where the last answer ended."""
        if isinstance(self.printed, Exception):
            raise self.printed
        self.log_calls += 1
        return self.printed[int(after or 0) :][:limit], str(len(self.printed))

    async def execute(self, command: Command) -> Answer:
        """Take a command and give the answer that was set, to previews another than to all the rest."""
        self.commands.append(command)
        await self.answering.wait()
        answer = self.preview if isinstance(command, PreviewSweep) else self.answer
        if isinstance(answer, Exception):
            raise answer
        return answer.model_copy(update={"id": command.id})


def foreseen(*victims: str) -> Answer:
    """What a daemon answers to a preview; each victim is a name, a colon and a reason."""
    text = f"8 scale sets, 20 runners: {len(victims)} would be stopped"
    return Answer(id="", outcome=Outcome.DONE, text=text, details=victims)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until nothing is left to do, with the picture drawn as it is now."""
    for _ in range(2):  # what is drawn may change how many lines there are to draw
        await pilot.pause()
        for each in pilot.app.screen_stack:
            if isinstance(each, LiveScreen):
                each.draw()
    await pilot.pause()


def overview(pilot: Pilot[None]) -> OverviewScreen:
    """The main screen, whatever covers it."""
    return next(each for each in pilot.app.screen_stack if isinstance(each, OverviewScreen))


def screen(
    daemon: FakeDaemon | None = None,
    clock: HandClock | None = None,
    *,
    read_only: bool = False,
    unlocked: bool = False,
    environ: Mapping[str, str] = ENVIRON,
    settings: Settings | None = None,
    ours: bool = False,
) -> ArcdeckApp:
    """The application as the command line makes it, in front of an in-memory daemon and a clock that stands still."""
    numbers = iter(range(1, 1000))
    return ArcdeckApp(
        daemon or FakeDaemon(),
        read_only=read_only,
        unlocked=unlocked,
        clock=clock or HandClock(),
        new_id=lambda: f"command-{next(numbers)}",
        environ=environ,
        settings=settings,
        ours=ours,
    )
