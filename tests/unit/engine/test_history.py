"""What happened, told as one story from the journal and this run's memory; slow readers hold nobody up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from core.api.events import SKIPPED, EventQuery, EventRecord
from core.engine.chronicle import Chronicle
from core.engine.history import History
from core.engine.ledger import Ledger
from core.engine.pulse import Pulse
from core.engine.times import Times
from core.ports import JournalEntry
from tests.fakes.journal import MemoryJournal
from tests.virtual_time import EPOCH, VirtualClock

pytestmark = pytest.mark.virtual_time


class SlowJournal(MemoryJournal):
    """Takes a second to find anything; with ``dead`` it finds nothing."""

    dead = False

    async def find(self, query: EventQuery) -> list[JournalEntry]:
        await asyncio.sleep(1)
        return [] if self.dead else await super().find(query)


class Story:
    """A chronicle, and what is told of it."""

    def __init__(self) -> None:
        times = Times(VirtualClock())
        self.journal = SlowJournal()
        self.chronicle = Chronicle(self.journal, times, Pulse())
        self.history = History(self.journal, self.chronicle.ledger, times)

    async def told(self, query: EventQuery | None = None) -> list[str]:
        return [event.text async for event in self.history.events(query or EventQuery(), follow=False)]

    @contextmanager
    def followed(self, query: EventQuery | None = None) -> Iterator[list[EventRecord]]:
        """What a follower that reads at once has heard so far."""
        heard: list[EventRecord] = []

        async def follow() -> None:
            async for event in self.history.events(query or EventQuery(), follow=True):
                heard.append(event)  # noqa: PERF401  # the list is looked at while it grows

        task = asyncio.create_task(follow())
        try:
            yield heard
        finally:
            task.cancel()


@pytest.fixture
async def story() -> Story:
    return Story()


async def test_what_lasts_and_what_passes_by_are_told_in_order_and_once(story: Story) -> None:
    for number in range(4):
        story.chronicle.note("held", f"passes {number}")
        story.chronicle.note("stop", f"lasts {number}", keep={})
        await asyncio.sleep(1)
    told = [f"{what} {number}" for number in range(4) for what in ("lasts", "passes")]
    assert sorted(await story.told()) == sorted(told)
    assert (await story.told())[:2] == ["lasts 0", "passes 0"]


async def test_what_an_earlier_run_wrote_is_told_first(story: Story) -> None:
    story.chronicle.note("stop", "now", keep={})
    story.journal.record(JournalEntry(EPOCH - timedelta(days=3), "stop", text="before"))
    assert await story.told() == ["before", "now"]


async def test_a_journal_that_gives_nothing_back_leaves_what_this_run_remembers(story: Story) -> None:
    story.chronicle.note("stop", "lasts", keep={})
    story.chronicle.keep("start-intent", "kept")
    story.journal.dead = True
    assert await story.told() == ["lasts", "kept"]


async def test_only_what_is_asked_for_is_told(story: Story) -> None:
    story.chronicle.note("held", "one", scale_set="linux")
    story.chronicle.note("stop", "two", scale_set="linux", keep={})
    story.chronicle.note("stop", "three", scale_set="arm", keep={})
    assert await story.told(EventQuery(scale_set="linux")) == ["two", "one"]
    assert await story.told(EventQuery(kinds=("stop",), scale_set="linux")) == ["two"]


async def test_the_newest_are_told_when_there_are_more_than_asked_for(story: Story) -> None:
    for number in range(10):
        story.chronicle.note("stop", str(number), keep={} if number % 2 else None)
        await asyncio.sleep(1)
    assert await story.told(EventQuery(limit=3)) == ["7", "8", "9"]


async def test_an_event_carries_whom_it_is_about_and_its_data(story: Story) -> None:
    story.chronicle.note("stop", "x", scale_set="s", runner="r", task_arn="a", operator="bob", keep={"code": 7})
    (event,) = [event async for event in story.history.events(EventQuery(), follow=False)]
    assert event == EventRecord(
        at=EPOCH.timestamp(),
        kind="stop",
        text="x",
        scale_set="s",
        runner="r",
        task_arn="a",
        operator="bob",
        data={"code": 7},
    )


async def test_a_follower_hears_each_event_once_even_while_the_past_is_read(story: Story) -> None:
    story.chronicle.note("stop", "before", keep={})
    with story.followed() as heard:
        await asyncio.sleep(0.5)
        story.chronicle.note("stop", "meanwhile", keep={})
        await asyncio.sleep(1)
        story.chronicle.note("held", "after")
        await asyncio.sleep(1)
        assert [event.text for event in heard] == ["before", "meanwhile", "after"]


async def test_a_follower_hears_only_what_it_asked_for(story: Story) -> None:
    with story.followed(EventQuery(kinds=("stop",))) as heard:
        await asyncio.sleep(2)
        story.chronicle.note("held", "other")
        story.chronicle.note("stop", "asked for")
        await asyncio.sleep(1)
        assert [event.text for event in heard] == ["asked for"]


async def test_a_follower_that_is_too_slow_is_told_how_much_it_missed(story: Story) -> None:
    events = story.history.events(EventQuery(since=EPOCH.timestamp() + 0.5), follow=True)
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(2)
    story.chronicle.note("stop", "first")
    assert (await first).text == "first"
    for number in range(Ledger.KEPT + 30):
        story.chronicle.note("stop", str(number))
    skipped, oldest = await anext(events), await anext(events)
    assert (skipped.kind, skipped.data, oldest.text) == (SKIPPED, {"missed": 30}, "30")


async def test_those_who_do_not_read_hold_nobody_up(story: Story) -> None:
    followers = [story.history.events(EventQuery(), follow=True) for _ in range(50)]
    begun = [asyncio.ensure_future(anext(events)) for events in followers]
    await asyncio.sleep(2)
    story.chronicle.note("stop", "first")
    assert {event.text for event in await asyncio.gather(*begun)} == {"first"}
    before = asyncio.get_running_loop().time()
    for number in range(10_000):
        story.chronicle.note("stop", str(number))
    assert asyncio.get_running_loop().time() == before
    assert len(story.chronicle.ledger.after(0)[1]) == Ledger.KEPT
