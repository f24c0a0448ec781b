"""The control room before there is an engine: what it says, what it refuses, and how it hands over."""

import asyncio
from contextlib import aclosing
from typing import Any, cast

import pytest

from core.api.commands import Operator, Outcome, StopDaemon, SweepNow
from core.api.events import EventQuery
from core.api.model import ControllerView, Delta, Heartbeat, Snapshot
from core.bootstrap.doorstep import Doorstep
from core.domain.errors import Unavailable
from core.ports import JournalEntry
from tests.fakes.control_room import FakeControlRoom, an_event
from tests.unit.engine.conftest import ListJournal
from tests.virtual_time import VirtualClock

pytestmark = pytest.mark.virtual_time

ALICE = Operator(uid=1000, name="alice")
OUT_OF_REACH = "the configuration is out of reach"


class Door:
    """A doorstep with what it was given."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.journal = ListJournal()
        face = ControllerView(id="prod", cluster="ci", instance="a1")
        self.step = Doorstep(face, self.journal, VirtualClock(), self.stop)


@pytest.fixture
async def door() -> Door:
    return Door()


async def test_it_lives_is_not_ready_and_says_what_it_waits_for(door: Door) -> None:
    door.step.wait_for(OUT_OF_REACH)
    health = door.step.health()
    assert (health.live, health.ready, health.begun, health.reasons) == (True, False, False, (OUT_OF_REACH,))
    seen = door.step.snapshot()
    assert (seen.controller.waits_for, seen.controller.instance, seen.runners) == (OUT_OF_REACH, "a1", ())


async def test_the_same_reason_again_is_no_news(door: Door) -> None:
    for _ in range(3):
        door.step.wait_for(OUT_OF_REACH)
    assert [event.text for event in door.step.snapshot().events] == [OUT_OF_REACH]


async def test_what_it_cannot_do_yet_is_refused_with_the_reason(door: Door) -> None:
    door.step.wait_for(OUT_OF_REACH)
    answer = await door.step.execute(SweepNow(id="1"), ALICE)
    assert (answer.outcome, OUT_OF_REACH in answer.text) == (Outcome.REFUSED, True)
    with pytest.raises(Unavailable, match=OUT_OF_REACH):
        await door.step.logs("linux-0", None, 10)


async def test_it_can_be_told_to_stop_and_that_lasts(door: Door) -> None:
    assert (await door.step.execute(StopDaemon(id="1"), ALICE)).outcome is Outcome.DONE
    assert door.stop.is_set()
    assert [(entry.kind, entry.operator) for entry in door.journal.entries] == [("command", "alice")]
    assert (await door.step.execute(StopDaemon(id="2"), ALICE)).outcome is Outcome.ALREADY


async def test_once_there_is_an_engine_it_answers(door: Door) -> None:
    engine = FakeControlRoom()
    door.step.hand_over(engine)
    assert door.step.snapshot() is engine.current
    assert door.step.health() is engine.well
    assert (await door.step.execute(SweepNow(id="1"), ALICE)).outcome is Outcome.DONE
    assert not door.stop.is_set()


async def test_a_screen_that_came_early_sees_the_engine_appear(door: Door) -> None:
    engine = FakeControlRoom()
    # An async generator, which the port only promises to be iterable.
    async with aclosing(cast("Any", door.step.updates())) as updates:
        first = await anext(updates)
        door.step.wait_for(OUT_OF_REACH)
        second, third = await anext(updates), await anext(updates)
        door.step.hand_over(engine)
        fourth = await anext(updates)
        while isinstance(fourth, Heartbeat):
            fourth = await anext(updates)
    assert isinstance(first, Snapshot)
    assert isinstance(second, Delta)
    assert second.controller is not None
    assert second.controller.waits_for == OUT_OF_REACH
    assert isinstance(third, Heartbeat)
    assert fourth is engine.current


async def test_who_leaves_early_leaves_nothing_behind(door: Door) -> None:
    engine = FakeControlRoom()
    async with aclosing(cast("Any", door.step.updates())) as updates:
        await anext(updates)
    door.step.hand_over(engine)
    async with aclosing(cast("Any", door.step.updates())) as updates:
        await anext(updates)
        assert engine.readers == 1
    assert engine.readers == 0


async def test_the_journal_is_told_and_whoever_follows_hears_the_engine(door: Door) -> None:
    engine = FakeControlRoom()
    engine.past = [an_event(kind="start")]
    now = VirtualClock().now()
    door.journal.entries.append(JournalEntry(at=now, kind="stop", text="before"))
    assert [event.kind async for event in door.step.events(EventQuery(), follow=False)] == ["stop"]
    async with aclosing(cast("Any", door.step.events(EventQuery(), follow=True))) as events:
        assert (await anext(events)).kind == "stop"
        asyncio.get_running_loop().call_later(5, door.step.hand_over, engine)
        assert (await anext(events)).kind == "start"
    (asked,) = engine.asked
    assert asked.since == pytest.approx(now.timestamp(), abs=1)
