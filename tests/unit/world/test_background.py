"""Coroutines that belong to the world."""

import asyncio

import pytest

from core.world.background import Background

pytestmark = pytest.mark.virtual_time


async def test_what_runs_is_cancelled_and_waited_for() -> None:
    background, ended = Background(), []

    async def live() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(1)
            ended.append("tidied up")

    background.spawn(live(), "life")
    await asyncio.sleep(1)
    await background.close()
    assert ended == ["tidied up"]


async def test_what_was_started_during_the_end_ends_too() -> None:
    background = Background()

    async def live() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            background.spawn(asyncio.sleep(3600), "late")

    background.spawn(live(), "life")
    await asyncio.sleep(1)
    async with asyncio.timeout(10):
        await background.close()


async def test_every_failure_is_reported_in_the_end() -> None:
    background = Background()

    async def fail(text: str) -> None:
        raise ValueError(text)

    background.spawn(fail("one"), "one")
    background.spawn(fail("two"), "two")
    await asyncio.sleep(1)
    with pytest.raises(ExceptionGroup) as raised:
        await background.close()
    assert [str(failure) for failure in raised.value.exceptions] == ["one", "two"]
