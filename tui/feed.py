"""The live feed: follows the daemon's stream and always holds the newest snapshot.

Each update is folded into the model at once; what may be skipped is drawing, which is the screen's business
(tui-patterns.md section 4.3). An update that does not follow the last one is never guessed at: the stream is opened
anew, and a stream begins with a whole snapshot. Connections are tried again for ever, after growing waits, and the last
data is kept. The feed knows nothing of Textual, so that its tests need no screen.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Never, Protocol

from core.api.client import ConnectionLost, ControlError, Incompatible
from core.api.folding import apply
from core.api.model import Delta, Heartbeat, Hello, Snapshot
from tui.link import Link, LinkState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from core.api.commands import Answer, Command
    from core.api.events import EventRecord
    from core.api.logs import LogLine
    from core.api.model import Update

#: Seconds between a gap in the stream and the next attempt; keeps a daemon that always sends gaps from a tight loop.
GAP_PAUSE: Final = 1.0
#: Differences between the two clocks below this are taken for delays on the way, not for a clock that was set.
_JITTER = 2.0


class Client(Protocol):
    """What the screen needs of the control client."""

    def stream(self) -> AsyncGenerator[Hello | Update, None]:
        """Hello, a whole snapshot, then what changes. ControlError when it breaks, or is silent for 15 s."""

    def events(
        self, asked: Iterable[tuple[str, str]] = (), *, follow: bool = False
    ) -> AsyncGenerator[EventRecord, None]:
        """What happened, oldest first, and to ``follow`` what happens. ControlError."""

    async def logs(self, runner: str, *, after: str = "", limit: int = 100) -> tuple[list[LogLine], str]:
        """What a runner printed, and the ``after`` to go on with. ControlError."""

    async def execute(self, command: Command) -> Answer:
        """Have the daemon carry out a command. ControlError."""


class Feed:
    """The newest of everything the daemon has said.

    ``clock`` gives monotonic seconds. ``changed`` is called when there is something new to see, in the data or of the
    link, and not for a heartbeat that finds all as it was; it must not wait. Only ``run`` writes here, so whoever reads
    in the same event loop sees one consistent state.
    """

    def __init__(self, client: Client, *, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._client = client
        self._clock = clock
        self._changed = changed
        self._wake = asyncio.Event()
        self._offset: float | None = None
        self.link = Link(clock())
        self.hello: Hello | None = None
        self.snapshot: Snapshot | None = None
        self.updates = 0  #: messages that brought something new, since the start
        self.restarts = 0  #: how often another daemon answered than before

    def daemon_now(self) -> float:
        """The daemon's clock at this moment, in epoch seconds; 0.0 before its first message."""
        return 0.0 if self._offset is None else self._clock() + self._offset

    def model_now(self) -> float:
        """The moment for which ages are shown: the daemon's clock, held at the last message while the link is lost."""
        heard = self.link.heard_at
        if heard is None or self._offset is None or self.link.usable(self._clock()):
            return self.daemon_now()
        return heard + self._offset

    def retry(self) -> None:
        """Try now instead of when the wait is over; nothing to do while connected."""
        self._wake.set()

    async def run(self) -> None:
        """Follow the daemon until cancelled. Raises only what is a mistake of this program."""
        while True:
            try:
                await self._follow()
            except ControlError as error:
                self._set(self.link.lost(self._clock(), str(error), incompatible=isinstance(error, Incompatible)))
                await self._wait()
                self._set(self.link.trying())
            except _Gap:
                await asyncio.sleep(GAP_PAUSE)

    async def _follow(self) -> Never:
        """Take in one stream to its end. ControlError when it fails, _Gap when a message is missing."""
        async with aclosing(self._client.stream()) as stream:
            async for message in stream:
                self._take(message)
        raise ConnectionLost("The daemon ended the connection.")

    def _take(self, message: Hello | Update) -> None:
        match message:
            case Hello():
                if self.hello is not None and self.hello.instance != message.instance:
                    self.restarts += 1
                self.hello = message
            case Snapshot() | Delta() | Heartbeat():
                self._fold(message)
        now = self._clock()
        awaited, self.link = self.link.state(now) is not LinkState.LIVE, self.link.heard(now)
        if awaited or not isinstance(message, Hello | Heartbeat):
            self._changed()

    def _fold(self, update: Update) -> None:
        snapshot = update if isinstance(update, Snapshot) else self.snapshot and apply(self.snapshot, update)
        if snapshot is None:
            raise _Gap
        self.snapshot = snapshot
        self.updates += not isinstance(update, Heartbeat)
        offset = update.now - self._clock()
        # The largest offset belongs to the message that was least delayed; keeping it keeps clocks from stuttering.
        if self._offset is None or not 0 <= self._offset - offset < _JITTER:
            self._offset = offset

    async def _wait(self) -> None:
        self._wake.clear()
        if self.link.retry_at is None:
            return
        try:
            async with asyncio.timeout(self.link.retry_at - self._clock()):
                await self._wake.wait()
        except TimeoutError:
            return

    def _set(self, link: Link) -> None:
        self.link = link
        self._changed()


class _Gap(Exception):
    """An update did not follow the one before it."""
