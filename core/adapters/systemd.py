"""What a service manager is told of our state, by sd_notify(3)'s protocol: datagrams to the socket it named.

READY once the context is entered, STOPPING as soon as the controller is told to stop, a STATUS line whenever it is
another one, and the watchdog's beat from the event loop itself: a loop that stands still falls silent, and the manager
starts us anew. Without NOTIFY_SOCKET nothing is sent and nothing runs. Nothing here ever fails or stalls the
controller: what cannot be sent is dropped, and said once.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Never, Self

from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from core.api.model import Health
    from core.ports import Lives

logger = logging.getLogger("arcdeck")

#: Seconds between two looks at what the status line says.
_LOOK_EVERY: Final = 1.0
#: Characters of the status line; ``systemctl status`` shows it in one.
_LONGEST_STATUS: Final = 300


@asynccontextmanager
async def told_to_the_manager(room: Lives, environ: Mapping[str, str], stop: asyncio.Event) -> AsyncIterator[None]:
    """Keep the service manager that ``environ`` names informed while the context lasts.

    ``stop`` is what the controller runs until.
    """
    if not (address := environ.get("NOTIFY_SOCKET", "")):
        yield
        return
    with Manager(address) as manager:
        beats = Beats(watchdog(environ))
        telling = asyncio.create_task(_keep_telling(manager, room, beats, stop), name="service manager")
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling


async def _keep_telling(manager: Manager, room: Lives, beats: Beats, stop: asyncio.Event) -> Never:
    """Tell until cancelled."""
    state, told, stopping = "READY=1", "", False
    while True:
        status = f"STATUS={status_line(room.health())}"
        manager.tell(state, "" if status == told else status, "WATCHDOG=1" if beats.due() else "")
        state, told = "", status
        if stopping:
            await asyncio.sleep(beats.rest)
        elif stopping := await _within(beats.rest, stop):
            state = "STOPPING=1"


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for the event, but no longer than that; whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


class Beats:
    """When the watchdog is to hear from us: twice within its ``patience`` in seconds; None = there is no watchdog."""

    def __init__(self, patience: float | None) -> None:
        self._every = math.inf if patience is None else patience / 2
        self._next = math.inf if patience is None else -math.inf
        self.rest = min(_LOOK_EVERY, self._every / 2)  #: seconds to sleep between two looks

    def due(self) -> bool:
        """Whether it is now; said once for each beat."""
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return False
        self._next = now + self._every
        return True


class Manager:
    """The other end: ``address`` is a path, or an abstract name behind an ``@`` (unix(7))."""

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)  # a manager that does not read costs a beat, not the loop
        self._silent = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def tell(self, *lines: str) -> None:
        """Send the lines that are not empty, in one datagram."""
        if not (message := "\n".join(filter(None, lines))):
            return
        try:
            self._socket.sendto(message.encode(errors="replace"), self._address)
        except OSError as error:
            if not self._silent:
                logger.warning("the service manager behind NOTIFY_SOCKET cannot be told anything: %s", error)
            self._silent = True


def watchdog(environ: Mapping[str, str]) -> float | None:
    """Seconds within which the manager wants to hear from us; None when it does not, or means another process."""
    micros, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not micros.isdecimal() or int(micros) == 0 or pid not in {"", str(os.getpid())}:
        return None
    return int(micros) / 1_000_000


def status_line(health: Health) -> str:
    """The controller's state in one line, safe to show."""
    state = "ready" if health.ready else "not ready"
    return plain(f"{state}: {'; '.join(health.reasons)}" if health.reasons else state, _LONGEST_STATUS)
