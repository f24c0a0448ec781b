"""Somebody in front of a screen under test: keys in, time by hand, and what the terminal gets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from textual.events import Key
from textual.keys import _character_to_key

from core.api.model import Delta, Heartbeat
from tests.tui.samples import fleet
from tests.tui.world import FakeDaemon, HandClock, overview, screen, settle
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

    from core.api.model import Snapshot
    from tui.screens.overview import OverviewScreen


class Desk:
    """A screen under test with all that belongs to it."""

    def __init__(self, pilot: Pilot[None], daemon: FakeDaemon, clock: HandClock) -> None:
        self.pilot, self.daemon, self.clock = pilot, daemon, clock

    @property
    def screen(self) -> OverviewScreen:
        return overview(self.pilot)

    @property
    def seen(self) -> Snapshot:
        """What the screen knows."""
        seen = self.screen.session.feed.snapshot
        assert seen is not None
        return seen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await settle(self.pilot)

    async def type(self, text: str) -> None:
        """Letters that arrive at once, as over a slow link: none may be lost, and none may be taken for a key."""
        for letter in text:
            self.pilot.app.post_message(Key(_character_to_key(letter), letter))
        for _ in range(3):
            await self.pilot.pause()
        await settle(self.pilot)

    async def send(self, **fields: Any) -> None:
        """Let a delta come in that follows what is known."""
        now = self.screen.session.feed.daemon_now()
        self.daemon.send(Delta(base=self.seen.version, version=self.seen.version + 1, now=now, **fields))
        await settle(self.pilot)

    async def ticks(self, number: int, *, silent: bool = False) -> None:
        """Let so many seconds pass without a key; the daemon sends its heartbeats unless it is ``silent``."""
        for _ in range(number):
            self.clock.advance(1)
            if not silent:
                feed = self.screen.session.feed
                self.daemon.send(Heartbeat(version=self.seen.version, now=feed.daemon_now()))
                await self.pilot.pause()
            self.screen.tick()
        await settle(self.pilot)

    def text(self, name: str) -> str:
        """What some lines of the screen say."""
        return self.screen.query_one(f"#{name}", Lines).text

    def lines(self) -> list[str]:
        """Every line of the screen as the terminal gets it."""
        return [strip.text for strip in self.pilot.app.screen._compositor.render_strips()]

    def rule(self, name: str) -> str:
        return self.screen.query_one(f"#{name} > .rule", Lines).text


@asynccontextmanager
async def sitting(
    first: Snapshot | None = None,
    *,
    size: tuple[int, int] = (120, 36),
    daemon: FakeDaemon | None = None,
    **options: Any,
) -> AsyncIterator[Desk]:
    """Somebody sits in front of the screen, and the first snapshot is there."""
    daemon, clock = daemon or FakeDaemon(first or fleet()), HandClock()
    async with screen(daemon, clock, **options).run_test(size=size) as pilot:
        await settle(pilot)
        yield Desk(pilot, daemon, clock)
