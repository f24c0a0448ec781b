"""What the daemon says is drawn when it comes, and what says nothing new is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import Delta, Heartbeat, RunnerState
from tests.tui.samples import NOW, VERSION, runner, snapshot
from tests.tui.world import FakeDaemon, HandClock, overview, screen, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tui.app import ArcdeckApp


def shown(app: ArcdeckApp) -> str:
    lines = app.screen._compositor.render_strips()
    return "\n".join(segment.text for strip in lines for segment in strip)


async def taken_in(pilot: Pilot[None], app: ArcdeckApp, updates: int) -> None:
    """Wait until the feed has so many updates and everything that follows from them is done; no tick comes by then."""
    while app.session.feed.updates < updates:
        await pilot.pause()
    await pilot.pause()


async def test_the_first_snapshot_is_drawn_at_once() -> None:
    app = screen(FakeDaemon(snapshot(runners=(runner("small-00000001"),))))
    async with app.run_test(size=(120, 36)) as pilot:
        await taken_in(pilot, app, 1)
        assert "small-00000001" in shown(app)


async def test_a_change_is_drawn_without_waiting_for_the_tick() -> None:
    daemon, clock = FakeDaemon(snapshot(runners=(runner("small-00000001"),))), HandClock()
    app = screen(daemon, clock)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        clock.advance(0.3)
        failed = runner("small-00000001", state=RunnerState.FAILED)
        daemon.send(Delta(base=VERSION, version=VERSION + 1, now=NOW, runners=(failed,)))
        await taken_in(pilot, app, 2)
        assert "FAILED" in shown(app)


async def test_a_heartbeat_that_finds_all_as_it_was_draws_nothing() -> None:
    daemon, clock = FakeDaemon(snapshot()), HandClock()
    app = screen(daemon, clock)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        drawn = overview(pilot)._painted_at
        clock.advance(0.3)
        daemon.send(Heartbeat(version=VERSION, now=NOW + 0.3))
        await pilot.pause()
        assert overview(pilot)._painted_at == drawn


async def test_a_heartbeat_after_silence_is_seen_at_once() -> None:
    daemon, clock = FakeDaemon(snapshot()), HandClock()
    app = screen(daemon, clock)
    async with app.run_test(size=(120, 36)) as pilot:
        clock.advance(6)
        await settle(pilot)
        assert "STALE" in shown(app)
        clock.advance(0.3)
        daemon.send(Heartbeat(version=VERSION, now=NOW + 6.3))
        await pilot.pause()
        await pilot.pause()
        assert "LIVE" in shown(app)
