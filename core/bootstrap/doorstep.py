"""The control room while the controller is being made: it lives and waits, and says for what (behaviour.md 3.1).

A container whose health check fails is replaced, and one that waits for a configuration out of reach must not be; who
attaches meanwhile is told what is waited for, and may have it stop. Once there is an engine, all that is asked here is
asked of the engine: a screen that came early sees the whole fleet appear, without connecting anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.adapters.control.lines import closing
from core.api.commands import Answer, Outcome, StopDaemon
from core.api.model import Health, Severity, Snapshot
from core.domain.errors import Unavailable
from core.engine.chronicle import Chronicle
from core.engine.feed import Feed
from core.engine.history import History
from core.engine.pulse import Pulse
from core.engine.shutdown import Shutdown
from core.engine.times import Times

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.api.commands import Command, Operator
    from core.api.events import EventQuery, EventRecord
    from core.api.model import ControllerView, Update
    from core.ports import Clock, ControlRoom, Journal, LogPage


class Doorstep:
    """Implements ``core.ports.ControlRoom``. ``stop`` is set by whoever is told here to stop the daemon."""

    def __init__(self, controller: ControllerView, journal: Journal, clock: Clock, stop: asyncio.Event) -> None:
        times, pulse = Times(clock), Pulse()
        self._times = times
        self._chronicle = Chronicle(journal, times, pulse)
        self._feed = Feed(self._look, pulse, times)
        self._history = History(journal, self._chronicle.ledger, times)
        self._shutdown = Shutdown(stop, controller.instance, self._chronicle)
        self._reason = "the controller is being made"
        self._controller = controller.model_copy(update={"started_at": self._now(), "waits_for": self._reason})
        self._engine: ControlRoom | None = None
        self._opened = asyncio.Event()  #: there is an engine

    def wait_for(self, reason: str) -> None:
        """Say what is waited for; the same once more is no news."""
        if reason == self._reason:
            return
        self._reason = reason
        self._controller = self._controller.model_copy(update={"waits_for": reason})
        self._chronicle.note("waiting", reason, severity=Severity.WARNING)

    def hand_over(self, engine: ControlRoom) -> None:
        """Whoever looks, sees the engine from now on."""
        self._engine = engine
        self._opened.set()
        self._chronicle.touch()

    # --- ControlRoom -----------------------------------------------------------------------------------------------

    def health(self) -> Health:
        """The engine's, once there is one."""
        if self._engine is not None:
            return self._engine.health()
        return Health(live=True, ready=False, begun=False, reasons=(self._reason,))

    def snapshot(self) -> Snapshot:
        """The engine's; until then one without rows, whose controller says what it waits for."""
        return self._engine.snapshot() if self._engine is not None else self._feed.snapshot()

    async def updates(self) -> AsyncIterator[Update]:
        """What there is to see until there is an engine, then the engine's, which begin with a whole snapshot."""
        if self._engine is None:
            async with closing(self._feed.updates()) as updates:
                async for update in updates:
                    if self._opened.is_set():
                        break
                    yield update
        if self._engine is not None:
            async with closing(self._engine.updates()) as updates:
                async for update in updates:
                    yield update

    async def execute(self, command: Command, operator: Operator) -> Answer:
        """The engine's answer; until then everything is refused but to stop."""
        if self._engine is not None:
            return await self._engine.execute(command, operator)
        if isinstance(command, StopDaemon):
            return self._shutdown.order(command, operator)
        text = f"the controller cannot do anything yet: {self._reason}"
        return Answer(id=command.id, outcome=Outcome.REFUSED, text=text)

    async def events(self, query: EventQuery, *, follow: bool) -> AsyncIterator[EventRecord]:
        """What the journal knows; to ``follow``, what happens once there is an engine."""
        if self._engine is None:
            asked_at = self._now()
            async with closing(self._history.events(query, follow=False)) as past:
                async for event in past:
                    yield event
            if not follow:
                return
            await self._opened.wait()
            query = query.model_copy(update={"since": asked_at})
        if self._engine is not None:
            async with closing(self._engine.events(query, follow=follow)) as events:
                async for event in events:
                    yield event

    async def logs(self, runner: str, after: str | None, limit: int) -> LogPage:
        """The engine's. Unavailable until then."""
        if self._engine is None:
            raise Unavailable(f"no runner is known yet: {self._reason}")
        return await self._engine.logs(runner, after, limit)

    # --- what is seen until then -----------------------------------------------------------------------------------

    def _look(self, version: int) -> Snapshot:
        return Snapshot(version=version, now=self._now(), controller=self._controller, events=self._chronicle.events)

    def _now(self) -> float:
        return self._times.epoch(self._times.monotonic())
