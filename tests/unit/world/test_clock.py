"""The clock of the world shows its epoch plus the time of its loop."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.world.clock import WorldClock

EPOCH = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.virtual_time
class TestInALoop:
    async def test_it_counts_from_the_moment_it_was_made(self) -> None:
        await asyncio.sleep(1000)
        clock = WorldClock(EPOCH)
        assert clock.now() == EPOCH
        await clock.sleep(90)
        assert clock.now() == EPOCH + timedelta(seconds=90)
        assert clock.time() == EPOCH.timestamp() + 90
        assert clock.monotonic() == 1090

    async def test_it_calls_later(self) -> None:
        clock, seen = WorldClock(EPOCH), list[datetime]()
        clock.call_later(5, lambda: seen.append(clock.now()))
        await clock.sleep(60)
        assert seen == [EPOCH + timedelta(seconds=5)]

    async def test_a_call_can_be_taken_back(self) -> None:
        clock, seen = WorldClock(EPOCH), list[datetime]()
        clock.call_later(5, lambda: seen.append(clock.now())).cancel()
        await clock.sleep(60)
        assert seen == []

    async def test_it_shows_utc_whatever_the_zone_of_its_epoch(self) -> None:
        zone = timezone(timedelta(hours=-8))
        assert WorldClock(datetime(2029, 12, 31, 16, tzinfo=zone)).now().isoformat() == "2030-01-01T00:00:00+00:00"

    async def test_a_naive_epoch_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            WorldClock(EPOCH.replace(tzinfo=None))


async def test_without_an_epoch_it_shows_the_time_of_the_host() -> None:
    before = datetime.now(UTC)
    assert before <= WorldClock().now() <= datetime.now(UTC) + timedelta(seconds=1)


def test_it_cannot_be_made_outside_a_loop() -> None:
    with pytest.raises(RuntimeError):
        WorldClock(EPOCH)
