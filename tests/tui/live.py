"""The screen as a process of its own, before a daemon that only sends heartbeats: ``python -m tests.tui.live``."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from core.api.model import Heartbeat
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


if __name__ == "__main__":
    app = ArcdeckApp(BeatingDaemon(), read_only=False)
    app.run()
    sys.exit(app.return_code)
