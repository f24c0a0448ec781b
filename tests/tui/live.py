"""The screen as a process of its own: ``python -m tests.tui.live [changing]``.

Its daemon sends heartbeats alone or, ``changing``, four times a second five runners that have moved on.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from typing import TYPE_CHECKING

from core.api.model import Delta, Heartbeat
from tests.tui.samples import NOW
from tests.tui.world import FakeDaemon
from tui.app import ArcdeckApp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core.api.model import Hello, Update


class BeatingDaemon(FakeDaemon):
    """Says each second that it lives."""

    async def stream(self) -> AsyncGenerator[Hello | Update, None]:
        yield self.hello
        yield self.first
        began = time.monotonic()
        while True:
            await asyncio.sleep(1)
            yield Heartbeat(version=self.first.version, now=NOW + time.monotonic() - began)


class MovingDaemon(FakeDaemon):
    """Tells four times a second of five runners that moved on, as a busy fleet does."""

    async def stream(self) -> AsyncGenerator[Hello | Update, None]:
        yield self.hello
        yield self.first
        began = time.monotonic()
        for version in itertools.count(self.first.version):
            await asyncio.sleep(0.25)
            now = NOW + time.monotonic() - began
            first = 5 * version % len(self.first.runners)
            moved = tuple(
                row.model_copy(update={"since": now - version % 7, "why": f"moved on, the {version}th time"})
                for row in self.first.runners[first : first + 5]
            )
            yield Delta(base=version, version=version + 1, now=now, runners=moved)


if __name__ == "__main__":
    app = ArcdeckApp(MovingDaemon() if "changing" in sys.argv else BeatingDaemon(), read_only=False)
    app.run()
    sys.exit(app.return_code)
