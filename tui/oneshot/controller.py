"""The controller as a one-shot command asks it: one thing at a time, and the command waits.

Nothing runs between two questions, so that a person may take their time over a confirmation, and Ctrl-C ends whatever
waits at once.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import aclosing
from typing import TYPE_CHECKING

from core.api.client import ConnectionLost, ControlClient, NotRunning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.api.commands import Answer, Command
    from core.api.events import EventRecord
    from core.api.logs import LogLine
    from core.api.model import Health, Snapshot


class Controller:
    """Speaks to the daemon behind ``socket``. Every method may raise any ControlError."""

    def __init__(self, socket: Path) -> None:
        self._client = ControlClient(socket)

    def snapshot(self) -> Snapshot:
        """Everything, now."""
        return asyncio.run(self._client.snapshot())

    def health(self) -> Health:
        """Whether it lives and is ready."""
        return asyncio.run(self._client.health())

    def execute(self, command: Command) -> Answer:
        """Have a command carried out. ConnectionLost says that nobody knows whether it was."""
        try:
            return asyncio.run(self._client.execute(command))
        except ConnectionLost as error:
            raise ConnectionLost(f"{error} Whether it was done is not known; look before you repeat it.") from error

    def has_ended(self, instance: str, *, within: float) -> bool:
        """Wait, for so many seconds at most, until that start of the daemon no longer answers; whether it has ended."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            try:
                if self.snapshot().controller.instance != instance:
                    return True
            except NotRunning:
                return True
            except ConnectionLost:
                pass  # it is closing its doors, one after the other
            time.sleep(0.1)
        return False

    def events(self, asked: Sequence[tuple[str, str]]) -> list[EventRecord]:
        """What happened, oldest first."""
        found: list[EventRecord] = []
        self.each_event(asked, found.append)
        return found

    def each_event(
        self, asked: Sequence[tuple[str, str]], show: Callable[[EventRecord], None], *, follow: bool = False
    ) -> None:
        """Show what happened, oldest first, as it arrives; to ``follow``, until the daemon goes (ConnectionLost)."""

        async def showing() -> None:
            async with aclosing(self._client.events(asked, follow=follow)) as events:
                async for event in events:
                    show(event)

        asyncio.run(showing())

    def logs(self, runner: str, *, after: str = "", limit: int) -> tuple[list[LogLine], str]:
        """What a runner printed last, or behind ``after``; and the ``after`` to go on with."""
        return asyncio.run(self._client.logs(runner, after=after, limit=limit))

    def wait(self, seconds: float) -> None:
        """Let time pass before the next question."""
        asyncio.run(asyncio.sleep(seconds))


def new_id() -> str:
    """An id for a command, never the same twice."""
    return str(uuid.uuid4())
