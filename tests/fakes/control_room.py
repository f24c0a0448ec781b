"""A control room without an engine: a snapshot that tests replace, and readers told of it as the real one tells them.

Each reader has its own place in history, so that one which comes late gets one merged delta. Nothing happens by itself:
a heartbeat is sent when a test says so.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from core.api.commands import Answer, Command, Operator, Outcome
from core.api.events import EventQuery, EventRecord
from core.api.folding import difference
from core.api.model import ControllerView, Health, RunnerState, RunnerView, Snapshot, Update
from core.domain.errors import ArcdeckError, Gone
from core.ports import LogPage


def a_runner(name: str, state: RunnerState = RunnerState.IDLE) -> RunnerView:
    """A runner of the scale set ``linux``."""
    return RunnerView(name=name, scale_set="linux", state=state, since=1_900_000_000.0)


def a_snapshot(version: int = 1, runners: int = 3) -> Snapshot:
    """A fleet of that many idle runners, ``linux-0`` and up."""
    return Snapshot(
        version=version,
        now=1_900_000_000.0 + version,
        controller=ControllerView(id="prod", cluster="ci", instance="a1"),
        runners=tuple(a_runner(f"linux-{number}") for number in range(runners)),
    )


def an_event(number: int = 0, kind: str = "stop", **fields: Any) -> EventRecord:
    """Something that happened that many seconds into the story."""
    return EventRecord(**{"at": 1_900_000_000.0 + number, "kind": kind, "text": f"event {number}"} | fields)


def done(command: Command) -> Answer:
    """What the fake answers to every command unless told otherwise."""
    return Answer(id=command.id, outcome=Outcome.DONE, text=f"{command.kind} was carried out.")


class FakeControlRoom:
    """Fulfils ``core.ports.ControlRoom``."""

    def __init__(self, current: Snapshot | None = None) -> None:
        self.current = current or a_snapshot()
        self.commands: list[tuple[Command, Operator]] = []
        self.under_way = 0
        self.answer: Callable[[Command], Answer] = done
        #: Commands wait for this; set unless a test clears it.
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.well = Health(live=True, ready=True)
        self.past: list[EventRecord] = []  #: what ``events`` tells, whatever is asked for
        self.asked: list[EventQuery] = []
        self.runner_logs: dict[str, LogPage | ArcdeckError] = {}
        self.log_questions: list[tuple[str, str | None, int]] = []
        #: Raised in every reader's updates at the next ring.
        self.failure: Exception | None = None
        self._bells: set[asyncio.Event] = set()
        self._moved = asyncio.Event()

    def snapshot(self) -> Snapshot:
        """The present one."""
        return self.current

    async def updates(self) -> AsyncGenerator[Update, None]:
        """The present snapshot, then what differs each time the room rings."""
        bell = asyncio.Event()
        self._bells.add(bell)
        self._moved.set()
        try:
            seen = self.current
            yield seen
            while True:
                await bell.wait()
                bell.clear()
                if self.failure is not None:
                    raise self.failure
                update, seen = difference(seen, self.current), self.current
                yield update
        finally:
            self._bells.discard(bell)
            self._moved.set()

    async def events(self, query: EventQuery, *, follow: bool) -> AsyncGenerator[EventRecord, None]:
        """What is in ``past``; to ``follow``, also what is put there before a ring."""
        self.asked.append(query)
        bell = asyncio.Event()
        self._bells.add(bell)
        self._moved.set()
        told = 0
        try:
            while True:
                for event in self.past[told:]:
                    told += 1
                    yield event
                if not follow:
                    return
                await bell.wait()
                bell.clear()
                if self.failure is not None:
                    raise self.failure
        finally:
            self._bells.discard(bell)
            self._moved.set()

    async def execute(self, command: Command, operator: Operator) -> Answer:
        """Remember it, and answer when it may finish."""
        self.commands.append((command, operator))
        self.under_way += 1
        self._moved.set()
        try:
            await self.may_finish.wait()
            return self.answer(command)
        finally:
            self.under_way -= 1
            self._moved.set()

    async def logs(self, runner: str, after: str | None, limit: int) -> LogPage:
        """What the logs of that runner have; Gone for every other."""
        self.log_questions.append((runner, after, limit))
        if runner not in self.runner_logs:
            raise Gone(f"no runner {runner} is known here")
        if isinstance(found := self.runner_logs[runner], ArcdeckError):
            raise found
        return found

    def health(self) -> Health:
        """Whatever ``well`` says."""
        return self.well

    def publish(self, current: Snapshot) -> None:
        """Make this the present, and tell every reader."""
        self.current = current
        self.ring()

    def ring(self) -> None:
        """Give every reader an update: a heartbeat, where nothing has changed."""
        for bell in self._bells:
            bell.set()

    @property
    def readers(self) -> int:
        """How many iterate ``updates`` now."""
        return len(self._bells)

    async def until(self, condition: Callable[["FakeControlRoom"], bool]) -> None:
        """Wait until readers or commands have changed so that the condition holds."""
        while not condition(self):
            self._moved.clear()
            await self._moved.wait()
