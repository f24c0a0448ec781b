"""What who looks in is told, and when: a snapshot, then what changed, merged for the slow (DESIGN.md section 4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from core.api.folding import apply
from core.api.model import Delta, Heartbeat, RunnerState, ScaleSetState, Snapshot, Update
from core.domain.errors import Unavailable
from core.domain.scale_set import Limits
from core.domain.task import TaskStatus
from tests.builders import a_scale_set, job_completed, job_started
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import now, timed

pytestmark = pytest.mark.virtual_time


@asynccontextmanager
async def reading(rig: Rig) -> AsyncIterator[AsyncIterator[Update]]:
    """Somebody who looks in."""
    async with aclosing(rig.engine.updates()) as updates:  # type: ignore[type-var]  # the engine's is a generator
        yield updates


async def for_a_while(updates: AsyncIterator[Update], seconds: float) -> list[tuple[float, Update]]:
    """The updates of that many seconds, each with its moment."""
    told: list[tuple[float, Update]] = []
    until = now() + seconds
    while now() < until:
        told.append((now(), await anext(updates)))
    return told


class TestSnapshots:
    async def test_the_first_update_is_a_whole_snapshot(self, rigs: Rigs) -> None:
        async with rigs.running() as rig, reading(rig) as updates:
            assert await anext(updates) == rig.engine.snapshot()

    async def test_a_snapshot_carries_the_present_moment_also_when_nothing_changed(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            before = rig.engine.snapshot()
            await asyncio.sleep(7)
            assert rig.engine.snapshot().now - before.now == 7.0

    async def test_a_snapshot_is_made_once_for_all_that_ask_at_the_same_time(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            assert rig.engine.snapshot().scale_sets is rig.engine.snapshot().scale_sets

    async def test_the_controller_says_who_and_where_it_is(self, rigs: Rigs) -> None:
        async with rigs.running(region="eu-west-1") as rig:
            controller = rig.engine.snapshot().controller
            assert (controller.id, controller.cluster, controller.region, controller.github) == (
                "test",
                "fake",
                "eu-west-1",
                "https://github.com/acme",
            )

    async def test_an_ended_runner_stays_in_sight_for_ten_minutes(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(1)
            rig.github.send("small", assigned=0)
            rig.ecs.move(rig.ecs.arn_of("small-0000000a"), TaskStatus.STOPPED)
            await asyncio.sleep(560)
            seen = "small-0000000a" in rig.runners
            await asyncio.sleep(90)
            assert (seen, rig.runners) == (True, {})


class TestUpdates:
    async def test_what_changed_is_told_as_a_delta(self, rigs: Rigs) -> None:
        async with rigs.running() as rig, reading(rig) as updates:
            await anext(updates)
            rig.github.send("small", assigned=1)
            delta = await anext(updates)
            assert isinstance(delta, Delta)
            assert [view.name for view in delta.runners] == ["small-0000000a"]

    async def test_snapshot_and_deltas_add_up_to_the_present(self, rigs: Rigs) -> None:
        async with rigs.running() as rig, reading(rig) as updates:
            held = await anext(updates)
            assert isinstance(held, Snapshot)
            rig.github.send("small", assigned=2)
            told = await for_a_while(updates, 2)
            rig.github.send("small", job_started("small-0000000a", runner_id=1001), assigned=2)
            told += await for_a_while(updates, 2)
            rig.ecs.move(rig.ecs.arn_of("small-0000000b"), TaskStatus.STOPPED)
            rig.github.send("small", job_completed("small-0000000a", runner_id=1001), assigned=0)
            told += await for_a_while(updates, 700)
            for _, update in told:
                after = apply(held, update)
                assert after is not None
                held = after
            present = rig.engine.snapshot()
            assert {view.name: view for view in held.runners} == rig.runners
            assert (held.scale_sets, held.events, held.controller) == (
                present.scale_sets,
                present.events,
                present.controller,
            )

    async def test_deltas_are_merged_to_four_a_second(self, rigs: Rigs) -> None:
        async with rigs.running() as rig, reading(rig) as updates:
            await anext(updates)
            storm = asyncio.create_task(self.storm(rig))
            told = await for_a_while(updates, 3)
            await storm
            assert len(told) == 12
            assert all(isinstance(update, Delta) for _, update in told)

    async def storm(self, rig: Rig) -> None:
        """A change each hundredth of a second."""
        for number in range(350):
            rig.github.send("small", job_started(f"small-{number:08x}"), assigned=0)
            await asyncio.sleep(0.01)

    async def test_a_heartbeat_tells_each_second_that_nothing_changed(self, rigs: Rigs) -> None:
        async with rigs.running(settle=2) as rig, reading(rig) as updates:
            await anext(updates)
            told = await for_a_while(updates, 5)
            assert [moment for moment, _ in told] == [2, 3, 4, 5, 6]
            assert all(isinstance(update, Heartbeat) for _, update in told)

    async def test_a_slow_reader_skips_to_the_newest_state(self, rigs: Rigs) -> None:
        async with rigs.running() as rig, reading(rig) as updates:
            await anext(updates)
            for jobs in range(1, 6):
                rig.github.send("small", assigned=jobs)
                await asyncio.sleep(10)
            delta = await anext(updates)
            assert isinstance(delta, Delta)
            assert len(delta.runners) == 5
            assert delta.version == rig.engine.snapshot().version

    async def test_the_engine_does_not_wait_for_a_reader_that_stopped_reading(self, rigs: Rigs) -> None:
        async with rigs.running() as rig, reading(rig) as updates:
            await anext(updates)
            rig.github.send("small", assigned=3)
            await asyncio.sleep(60)
            assert len(rig.ecs.starts) == 3


class TestWhatIsTold:
    """Whatever a screen shows is told when it changes, also where nothing else happens."""

    async def told_within(self, rig: Rig, updates: AsyncIterator[Update], seconds: float) -> list[Update]:
        return [update for _, update in await for_a_while(updates, seconds) if isinstance(update, Delta)]

    async def test_a_change_of_the_assigned_jobs(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", assigned=2)
            await asyncio.sleep(2)
            async with reading(rig) as updates:
                await anext(updates)
                rig.github.send("small", assigned=1)
                (delta,) = await self.told_within(rig, updates, 2)
                assert isinstance(delta, Delta)
                assert [view.assigned for view in delta.scale_sets] == [1]

    async def test_a_start_that_is_over_its_limit(self, rigs: Rigs) -> None:
        spec = a_scale_set(maximum=1, limits=Limits(pending=20))
        async with rigs.running(spec, reaper_interval=600.0) as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(2)
            async with reading(rig) as updates:
                await anext(updates)
                deltas = [update for update in await self.told_within(rig, updates, 40) if isinstance(update, Delta)]
                states = [view.state for delta in deltas for view in delta.scale_sets]
                assert ScaleSetState.LATE_START in states

    async def test_a_poll_that_heard_nothing(self, rigs: Rigs) -> None:
        async with rigs.running(settle=40) as rig, reading(rig) as updates:
            await anext(updates)
            deltas = [update for update in await self.told_within(rig, updates, 15) if isinstance(update, Delta)]
            polled = [view.session.last_poll_at for delta in deltas for view in delta.scale_sets]
            assert [moment - rig.engine.snapshot().controller.started_at for moment in polled if moment] == [50.0]

    async def test_a_look_at_ecs(self, rigs: Rigs) -> None:
        async with rigs.running(settle=25) as rig, reading(rig) as updates:
            await anext(updates)
            (delta,) = await self.told_within(rig, updates, 10)
            assert isinstance(delta, Delta)
            assert delta.controller is not None
            assert delta.controller.last_sweep_at == delta.controller.started_at + 30.0
            assert delta.controller.next_sweep_at == delta.controller.started_at + 60.0

    async def test_a_look_that_works_again(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        async with rigs.running() as rig:
            ecs.fail("list_tasks", Unavailable("ECS is away"))
            await asyncio.sleep(55)
            async with reading(rig) as updates:
                first = await anext(updates)
                assert isinstance(first, Snapshot)
                (delta,) = await self.told_within(rig, updates, 10)
                assert isinstance(delta, Delta)
                assert delta.controller is not None
                assert (first.controller.sweep_failed, delta.controller.sweep_failed) == ("ECS is away", "")

    async def test_what_a_runner_does(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(2)
            async with reading(rig) as updates:
                await anext(updates)
                rig.github.send("small", job_started("small-0000000a", runner_id=1001), assigned=1)
                told = [update for update in await self.told_within(rig, updates, 2) if isinstance(update, Delta)]
                states = [view.state for delta in told for view in delta.runners]
                assert states == [RunnerState.BUSY]


class TestManyReaders:
    async def test_whenever_they_came_they_are_told_on_one_beat_and_share_what_is_made(self, rigs: Rigs) -> None:
        async with rigs.running(settle=2) as rig, asyncio.TaskGroup() as group:
            made, told = count_snapshots(rig), list[Update]()
            readers = [group.create_task(self.read(rig, number * 0.03, told)) for number in range(20)]
            storm = group.create_task(TestUpdates().storm(rig))
            await asyncio.sleep(1.105)
            made.clear()
            told.clear()
            await asyncio.sleep(2)
            for task in (*readers, storm):
                task.cancel()
            assert len(made) == 8
            assert (len(told), len(set(map(id, told)))) == (160, 8)

    async def read(self, rig: Rig, after: float, told: list[Update]) -> None:
        await asyncio.sleep(after)
        async with reading(rig) as updates:
            while True:
                told.append(await anext(updates))


def count_snapshots(rig: Rig) -> list[int]:
    """The version of each snapshot that is made from now on."""
    feed, made = rig.engine._services.feed, list[int]()
    build = feed._build

    def counted(version: int) -> Snapshot:
        made.append(version)
        return build(version)

    feed._build = counted
    return made
