"""What signals ask of a daemon, and what becomes of its standard streams.

SIGTERM (what ECS, Spot and systemd send) and SIGINT stop it in order; a second one ends it at once. SIGHUP never ends
it: it reads the runner configuration anew, which is the convention, and all that a terminal that hangs up does to a
daemon in its foreground. SIGPIPE is ignored by Python itself; nobody reading the log any more is no reason to stop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import uuid
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Never

from core.api.commands import Operator, Outcome, TendConfiguration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.ports import ControlRoom

logger = logging.getLogger("arcdeck")

EXIT_AT_ONCE = 130  #: a second signal


def hold_standard_streams() -> None:
    """Give each closed standard stream its number back: a socket or database that got it would get our prints, too."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:  # what is opened next gets the lowest number that is free, so this one
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def stop_on_signals(stop: asyncio.Event) -> None:
    """Let the first SIGTERM or SIGINT set ``stop``, whoever else has set it, and a second one end the process."""
    heard: list[int] = []

    def told(number: int) -> None:
        if heard:
            os._exit(EXIT_AT_ONCE)
        heard.append(number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)


class HangUps:
    """SIGHUP, heard from the moment this is made; while nobody reloads, it is only said."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()
        self._reloading = False
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hear)

    def _hear(self) -> None:
        if self._reloading:
            self._heard.set()
        else:
            logger.info("SIGHUP: there is nothing to reload yet; the configuration is still to be read")

    @asynccontextmanager
    async def reloading(self, room: ControlRoom) -> AsyncIterator[None]:
        """Let SIGHUP reload the configuration while the context lasts."""
        self._reloading = True
        serving = asyncio.create_task(self._serve(room), name="SIGHUP")
        try:
            yield
        finally:
            self._reloading = False
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    async def _serve(self, room: ControlRoom) -> Never:
        while True:
            await self._heard.wait()
            self._heard.clear()
            command = TendConfiguration(kind="reload", id=str(uuid.uuid4()))
            answer = await room.execute(command, Operator(uid=os.getuid(), name="SIGHUP"))
            if answer.outcome is Outcome.REFUSED:
                logger.warning("SIGHUP: nothing was reloaded: %s", answer.text)
