"""One counter that moves whenever anything shown has changed; whoever shows waits for it to move.

Only the newest value exists: a slow reader skips to it instead of chewing a backlog.
"""

from __future__ import annotations

import asyncio


class Pulse:
    """A version number one can wait on. Belongs to one event loop."""

    def __init__(self) -> None:
        self._version = 1
        self._moved = asyncio.Event()

    @property
    def version(self) -> int:
        """The present number; grows with each ``touch``."""
        return self._version

    def touch(self) -> None:
        """Say that something changed."""
        self._version += 1
        self._moved.set()
        self._moved = asyncio.Event()

    async def moved(self, since: int) -> int:
        """Return the present number as soon as it differs from ``since``."""
        while self._version == since:
            await self._moved.wait()
        return self._version
