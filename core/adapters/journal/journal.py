"""The journal as the engine sees it: ``record`` returns at once, whatever the disk does.

Entries go through a bounded backlog to a single thread, which writes everything that waits in one transaction, so that
a busy moment costs few of them. Reads run in the same thread, after what was recorded before them; their results come
back through the event loop (``loop.run_in_executor``, hence ``call_soon_threadsafe``).

A disk that refuses (denied, full, gone, corrupt, written by a newer version) never reaches the caller: entries stay in
memory, ``state`` says so, and the disk is tried again every minute. Once it takes writes, they are all written. One
that hangs is waited for 10 s; until it answers, reads give what can be had without it, which is nothing.

What is too old, or too much for the size that the file may have, is forgotten in portions, with a rest after each: who
reads or writes meanwhile waits for one portion at most.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from core.adapters.journal.backlog import Backlog
from core.adapters.journal.store import Store
from core.adapters.journal.thread import OneThread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from core.api.events import EventQuery
    from core.ports import Clock, JournalEntry

_RETRY_SECONDS: Final = 60.0
_EXPIRY_SECONDS: Final = 86_400.0
_REST_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 10.0
_Result = TypeVar("_Result")


class SqliteJournal:
    """Fulfils ``core.ports.Journal``; use it as an async context manager.

    ``keep`` is how long entries stay on the disk; start intents without an end stay until they have one. ``size`` is
    how many bytes the file may have, beside a log of a few MiB: it is looked after every minute, and the oldest entries
    go first. ``backlog`` is how many entries are kept in memory while the disk is slow or refuses; beyond it, the least
    important are lost and counted (``core.adapters.journal.backlog``). Entries are not changed once recorded.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        keep: timedelta = timedelta(days=14),
        size: int = 1024**3,
        backlog: int = 10_000,
    ) -> None:
        self._clock = clock
        self._keep = keep
        self._size = size
        self._backlog = Backlog(backlog)
        self._store = Store(path, self._backlog)
        self._thread = OneThread("journal")
        self._called = False  # a drain is on its way to the thread
        self._hanging: asyncio.Future[Any] | None = None  # what the thread had not done in time
        self._closed = False
        self._grown = True  # since its size was minded last; or the size it may have is another than before
        self._housekeeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._in_thread(partial(self._store.open, self._clock.now()), None)
        self._housekeeping = asyncio.create_task(self._keep_house(), name="journal housekeeping")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def state(self) -> str:
        """Empty when well; else one sentence: what is wrong, how much waits, how much is lost."""
        lost, waiting = self._backlog.lost, f"{self._store.unsaved} entries wait"
        if self._hangs:
            said = f"The journal's disk does not answer: {waiting}."
        elif self._store.trouble:
            said = f"The journal is in memory only ({self._store.trouble}): {waiting}; the disk is tried every minute."
        else:
            said = "The journal's disk does not keep up." if lost else ""
        return f"{said} {lost} entries were lost." if lost else said

    def record(self, entry: JournalEntry) -> None:
        """Note it; returns at once and never raises. After ``close`` it is not kept."""
        if self._closed:
            return
        self._grown = True
        self._backlog.add(entry)
        if not self._called:
            self._called = True
            self._thread.submit(self._drain)

    async def open_intents(self) -> list[JournalEntry]:
        """Start intents that were never settled, oldest first; while the disk refuses, those that are still known."""
        return await self._in_thread(self._store.open_intents, [])

    async def recent(self, limit: int) -> list[JournalEntry]:
        """The newest entries, newest first; none for a limit below 1."""
        return await self._in_thread(partial(self._store.recent, max(limit, 0)), [])

    async def find(self, query: EventQuery) -> list[JournalEntry]:
        """The newest entries that answer the query, oldest first; none where the disk cannot be read."""
        return await self._in_thread(partial(self._store.find, query), [])

    async def flush(self) -> None:
        """Return when everything recorded so far is on disk, or ``state`` says why not."""
        await self._in_thread(self._store.drain, None)

    async def close(self) -> None:
        """Write what can be written, and end the thread."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._housekeeping is not None:
                self._housekeeping.cancel()
                await asyncio.wait({self._housekeeping})
            await self._in_thread(partial(self._store.close, self._clock.now()), None)
        finally:
            self._thread.shutdown(wait=False)

    async def _keep_house(self) -> None:
        """Try a refusing disk, account for losses and mind the size each minute; drop what is too old each day."""
        expired_at = float("-inf")
        while True:
            if self._clock.monotonic() - expired_at >= _EXPIRY_SECONDS:
                expired_at = self._clock.monotonic()
                await self._in_portions(partial(self._store.forget_old, self._clock.now() - self._keep))
            if self._grown:
                self._grown = False
                await self._in_portions(partial(self._store.shrink, self._size))
            await self._clock.sleep(_RETRY_SECONDS)
            if self._store.trouble or self._store.unsaved or self._backlog.lost:
                await self._in_thread(partial(self._store.retry, self._clock.now()), None)

    async def _in_portions(self, portion: Callable[[], bool]) -> None:
        while await self._in_thread(portion, False):  # noqa: FBT003  # what it gives when the thread does not answer
            await self._clock.sleep(_REST_SECONDS)

    def _drain(self) -> None:
        self._called = False  # before the entries are taken: one recorded from here on calls again
        self._store.drain()

    @property
    def _hangs(self) -> bool:
        return self._hanging is not None and not self._hanging.done()

    async def _in_thread(self, work: Callable[[], _Result], otherwise: _Result) -> _Result:
        """What the work gives, or ``otherwise`` when the thread does not come to it; then no more is given to it."""
        if self._hangs:
            return otherwise
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        done, _ = await asyncio.wait({running}, timeout=_PATIENCE_SECONDS)
        if not done:
            self._hanging = running
            return otherwise
        return running.result()
