"""The clock that tests move."""

from datetime import UTC, datetime, timedelta

from tests.fakes.clock import ManualClock


async def test_sleeping_moves_both_readings_and_is_written_down() -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    clock = ManualClock(start)

    await clock.sleep(90)
    await clock.sleep(0.5)

    assert clock.now() == start + timedelta(seconds=90.5)
    assert clock.monotonic() == 90.5
    assert clock.waits == [90, 0.5]


async def test_a_sleep_of_no_length_leaves_the_time_alone() -> None:
    clock = ManualClock()

    await clock.sleep(-1)

    assert clock.monotonic() == 0


def test_advancing_is_not_a_wait() -> None:
    clock = ManualClock()

    clock.advance(60)

    assert clock.monotonic() == 60
    assert clock.waits == []
