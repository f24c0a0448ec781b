"""The order to stop the daemon: heard in every state, given once, in the journal with its operator."""

import asyncio

import pytest

from core.api.commands import Outcome, StopDaemon
from core.domain.errors import Unavailable
from tests.unit.engine.conftest import OPERATOR, Rig, Rigs
from tests.unit.engine.support import TimedGitHub

pytestmark = pytest.mark.virtual_time


async def ended(rig: Rig, order: StopDaemon, *, after: float) -> Outcome:
    """Run it, give the order, and see it end; what came of the order."""
    running = asyncio.create_task(rig.engine.run(rig.stop))
    await asyncio.sleep(after)
    answer = await rig.execute(order)
    async with asyncio.timeout(11):
        await running
    return answer.outcome


async def test_a_running_controller_stops_in_order(rigs: Rigs, github: TimedGitHub) -> None:
    rig = rigs.rig()
    assert await ended(rig, StopDaemon(id="1"), after=2) is Outcome.DONE
    assert [session.closed for session in github.opened] == [True]
    assert "delete_scale_set" not in github.calls


async def test_it_is_in_the_journal_with_who_asked_and_why(rigs: Rigs) -> None:
    rig = rigs.rig()
    await ended(rig, StopDaemon(id="1", reason="a new version"), after=2)
    (entry,) = rig.kept("command")
    assert (entry.operator, entry.data["outcome"]) == (OPERATOR.name, "done")
    assert entry.text.startswith("shutdown, because a new version, asked for by alice: done")


async def test_asked_again_while_it_stops_it_is_already(rigs: Rigs, github: TimedGitHub) -> None:
    github.slow["close"] = 3
    async with rigs.running() as rig:
        await rig.execute(StopDaemon(id="1"))
        await asyncio.sleep(1)
        again = await rig.execute(StopDaemon(id="2"))
    assert (again.outcome, again.text) == (Outcome.ALREADY, "the controller is stopping")


async def test_an_order_for_another_start_of_the_daemon_is_refused(rigs: Rigs) -> None:
    async with rigs.running() as rig:
        refused = await rig.execute(StopDaemon(id="1", instance="the one before"))
        assert not rig.stop.is_set()
        assert (await rig.execute(StopDaemon(id="2", instance="1"))).outcome is Outcome.DONE
    assert (refused.outcome, "was started anew" in refused.text) == (Outcome.REFUSED, True)


async def test_one_that_only_observes_is_stopped_as_well(rigs: Rigs) -> None:
    assert await ended(rigs.rig(observe=True), StopDaemon(id="1"), after=2) is Outcome.DONE


async def test_one_that_was_not_admitted_yet_is_stopped_as_well(rigs: Rigs) -> None:
    rig = rigs.rig()
    rig.ecs.fail("check_cluster", *[Unavailable("no answer")] * 10)
    assert await ended(rig, StopDaemon(id="1"), after=12) is Outcome.DONE


async def test_until_it_was_admitted_it_has_not_begun(rigs: Rigs) -> None:
    rig = rigs.rig()
    rig.ecs.fail("check_cluster", Unavailable("no answer"))
    running = asyncio.create_task(rig.engine.run(rig.stop))
    await asyncio.sleep(1)
    early = rig.engine.health().begun
    await asyncio.sleep(10)
    assert (early, rig.engine.health().begun) == (False, True)
    rig.stop.set()
    await running
