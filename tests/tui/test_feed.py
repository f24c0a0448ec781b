"""The live feed, in virtual time: what it holds, when it tries again, and which clock it shows."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.api.client import ConnectionLost, Incompatible, NotRunning
from core.api.model import Delta, Heartbeat, RunnerState
from tests.tui.samples import NOW, VERSION, runner, snapshot
from tests.tui.world import FakeDaemon
from tui.feed import GAP_PAUSE, Feed
from tui.link import LinkState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from core.api.model import Hello, Update

pytestmark = pytest.mark.virtual_time

GONE = ConnectionLost("The daemon closed the connection.")
NOBODY = NotRunning("No arcdeck daemon runs here.")


@asynccontextmanager
async def following(daemon: FakeDaemon) -> AsyncIterator[Feed]:
    """A feed that runs, past its first messages."""
    feed = Feed(daemon, clock=asyncio.get_running_loop().time, changed=lambda: None)
    task = asyncio.create_task(feed.run())
    await asyncio.sleep(0.01)
    yield feed
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def state(feed: Feed) -> LinkState:
    return feed.link.state(asyncio.get_running_loop().time())


def delta(base: int, **fields: object) -> Delta:
    return Delta.model_validate({"base": base, "version": base + 1, "now": NOW + 1} | fields)


async def test_the_first_snapshot_makes_the_link_live() -> None:
    async with following(FakeDaemon(snapshot())) as feed:
        assert state(feed) is LinkState.LIVE
        assert feed.snapshot == snapshot()


async def test_deltas_are_folded_in_at_once() -> None:
    daemon = FakeDaemon(snapshot(runners=(runner("a"), runner("b"))))
    async with following(daemon) as feed:
        busy = runner("a", state=RunnerState.BUSY)
        daemon.send(delta(VERSION, runners=(busy,)), delta(VERSION + 1, runners_gone=("b",)))
        await asyncio.sleep(0.01)
        assert feed.snapshot is not None
        assert feed.snapshot.runners == (busy,)
        assert feed.updates == 3


async def test_a_gap_asks_for_a_new_stream_and_keeps_what_there_was() -> None:
    daemon = FakeDaemon(snapshot())
    async with following(daemon) as feed:
        daemon.send(delta(VERSION + 7))
        await asyncio.sleep(GAP_PAUSE / 2)
        assert feed.snapshot == snapshot()
        assert state(feed) is LinkState.LIVE
        await asyncio.sleep(GAP_PAUSE)
        assert daemon.connections == 2


async def test_a_heartbeat_of_another_version_is_a_gap_too() -> None:
    daemon = FakeDaemon(snapshot())
    async with following(daemon):
        daemon.send(Heartbeat(version=VERSION + 1, now=NOW + 1))
        await asyncio.sleep(GAP_PAUSE * 2)
        assert daemon.connections == 2


async def test_after_a_loss_the_last_data_is_kept_and_its_clock_held() -> None:
    daemon = FakeDaemon(snapshot())
    async with following(daemon) as feed:
        daemon.refusal = NOBODY
        daemon.send(GONE)
        await asyncio.sleep(100)
        assert state(feed) is LinkState.LOST
        assert feed.snapshot == snapshot()
        assert feed.model_now() == pytest.approx(NOW)
        assert feed.daemon_now() == pytest.approx(NOW + 100, abs=0.1)


async def test_attempts_follow_after_1_2_5_10_and_then_each_15_seconds() -> None:
    daemon, tried = FakeDaemon(), list[float]()
    daemon.refusal = NOBODY
    async with following(daemon) as feed:
        seen = daemon.connections
        loop = asyncio.get_running_loop()
        tried.append(0.0)
        while len(tried) < 7:
            await asyncio.sleep(0.5)
            if daemon.connections > seen:
                seen = daemon.connections
                tried.append(round(loop.time()))
        assert tried == [0, 1, 3, 8, 18, 33, 48]
        assert feed.link.problem == str(NOBODY)


async def test_a_key_tries_at_once() -> None:
    daemon = FakeDaemon()
    daemon.refusal = NOBODY
    async with following(daemon) as feed:
        await asyncio.sleep(20)
        daemon.refusal = None
        feed.retry()
        await asyncio.sleep(0.01)
        assert state(feed) is LinkState.LIVE


async def test_a_key_pressed_while_connected_changes_nothing_later() -> None:
    daemon = FakeDaemon()
    async with following(daemon) as feed:
        feed.retry()
        daemon.refusal = NOBODY
        daemon.send(GONE)
        await asyncio.sleep(0.5)
        assert daemon.connections == 1


async def test_the_daemon_coming_back_brings_everything_back() -> None:
    daemon = FakeDaemon(snapshot())
    async with following(daemon) as feed:
        daemon.first = snapshot(version=3, now=NOW + 60)
        daemon.send(GONE)
        await asyncio.sleep(1.1)
        assert state(feed) is LinkState.LIVE
        assert feed.snapshot == daemon.first
        assert feed.model_now() == pytest.approx(NOW + 60, abs=0.2)


async def test_another_protocol_has_its_own_word() -> None:
    daemon = FakeDaemon()
    daemon.refusal = Incompatible("The daemon speaks protocol 7; this program speaks protocol 1.", ours=1, theirs=7)
    async with following(daemon) as feed:
        assert state(feed) is LinkState.INCOMPATIBLE
        assert "protocol 7" in feed.link.problem


async def test_silence_is_told_by_the_clock() -> None:
    async with following(FakeDaemon()) as feed:
        await asyncio.sleep(6)
        assert state(feed) is LinkState.STALE


async def test_a_stream_that_ends_without_a_word_is_lost() -> None:
    class Brief(FakeDaemon):
        async def stream(self) -> AsyncGenerator[Hello | Update, None]:
            self.connections += 1
            yield self.hello

    async with following(Brief()) as feed:
        assert state(feed) is LinkState.LOST


async def test_a_message_that_was_late_does_not_set_the_clock_back() -> None:
    daemon = FakeDaemon(snapshot())
    async with following(daemon) as feed:
        await asyncio.sleep(1)
        daemon.send(Heartbeat(version=VERSION, now=NOW + 0.3))
        await asyncio.sleep(0.01)
        assert feed.daemon_now() == pytest.approx(NOW + 1, abs=0.02)


async def test_a_clock_that_was_set_is_followed() -> None:
    daemon = FakeDaemon(snapshot())
    async with following(daemon) as feed:
        daemon.send(Heartbeat(version=VERSION, now=NOW - 3600))
        await asyncio.sleep(0.01)
        assert feed.daemon_now() == pytest.approx(NOW - 3600, abs=0.02)


async def test_every_change_is_announced() -> None:
    seen: list[LinkState] = []
    loop = asyncio.get_running_loop()
    daemon = FakeDaemon()
    feed = Feed(daemon, clock=loop.time, changed=lambda: seen.append(feed.link.state(loop.time())))
    task = asyncio.create_task(feed.run())
    await asyncio.sleep(0.01)
    daemon.send(GONE)
    await asyncio.sleep(0.01)
    task.cancel()
    assert seen == [LinkState.LIVE, LinkState.LIVE, LinkState.LOST]
