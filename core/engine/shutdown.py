"""The order to stop that an operator gives: checked against who we are, in the journal, and answered before the end.

It does what SIGTERM does. Given again while the controller stops it is *already*; given to another start of the daemon
than the operator looked at, it is refused: a command that was held up must not end the successor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.commands import Outcome
from core.engine.command_record import Told, recorded

if TYPE_CHECKING:
    import asyncio

    from core.api.commands import Answer, Operator, StopDaemon
    from core.engine.chronicle import Chronicle


class Shutdown:
    """``stop`` is what the controller runs until; ``instance`` is this start of it."""

    def __init__(self, stop: asyncio.Event, instance: str, chronicle: Chronicle) -> None:
        self._stop = stop
        self._instance = instance
        self._chronicle = chronicle

    def order(self, command: StopDaemon, operator: Operator) -> Answer:
        """Give the order, unless it makes no sense. Whoever asks has the answer before the socket goes."""
        told = self._judged(command)
        answer = recorded(self._chronicle, command, operator, told)
        if told.outcome is Outcome.DONE:
            self._stop.set()
        return answer

    def _judged(self, command: StopDaemon) -> Told:
        if command.instance not in {None, self._instance}:
            return Told(Outcome.REFUSED, "the controller was started anew since you looked; look again")
        if self._stop.is_set():
            return Told(Outcome.ALREADY, "the controller is stopping")
        return Told(Outcome.DONE, "the controller stops; runners and scale sets stay")
