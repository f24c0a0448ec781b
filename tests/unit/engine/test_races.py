"""The first to end decides for all."""

import asyncio

import pytest

from core.engine.races import first_of

pytestmark = pytest.mark.virtual_time


class Work:
    """Works for some seconds, and takes some to give up."""

    def __init__(self, seconds: float, *, giving_up: float = 0.0, error: Exception | None = None) -> None:
        self.ended = ""
        self._seconds = seconds
        self._giving_up = giving_up
        self._error = error

    async def run(self) -> None:
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            await asyncio.sleep(self._giving_up)
            self.ended = "given up"
            raise
        self.ended = "done"
        if self._error is not None:
            raise self._error


async def test_the_others_are_given_up_and_waited_for() -> None:
    quick, slow = Work(1), Work(10, giving_up=2)
    began = asyncio.get_running_loop().time()
    await first_of({"quick": quick.run(), "slow": slow.run()})
    assert (quick.ended, slow.ended) == ("done", "given up")
    assert asyncio.get_running_loop().time() - began == 3


async def test_what_the_first_raises_is_raised_as_it_is() -> None:
    slow = Work(10)
    with pytest.raises(KeyError, match="a mistake"):
        await first_of({"quick": Work(1, error=KeyError("a mistake")).run(), "slow": slow.run()})
    assert slow.ended == "given up"


async def test_cancelled_it_gives_all_of_them_up() -> None:
    works = Work(10, giving_up=1), Work(10, giving_up=2)
    race = asyncio.create_task(first_of({"one": works[0].run(), "other": works[1].run()}))
    await asyncio.sleep(1)
    race.cancel()
    await asyncio.wait({race})
    assert race.cancelled()
    assert [work.ended for work in works] == ["given up"] * 2


async def test_the_works_bear_their_names() -> None:
    names: set[str] = set()

    async def look() -> None:
        names.update(task.get_name() for task in asyncio.all_tasks())

    await first_of({"looking": look(), "waiting": asyncio.sleep(9)})
    assert {"looking", "waiting"} <= names
