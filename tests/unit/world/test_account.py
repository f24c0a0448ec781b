"""The account of a run: what is counted, and how it reads."""

import asyncio
from datetime import UTC, datetime

import pytest

from core.world.account import WIDTH, Bookkeeper, RunRecord, account, percentile, without_durations
from core.world.ecs import Pace
from core.world.faults import Fault
from core.world.runners import Habits
from core.world.world import World, WorldSettings
from tests.controller_by_hand import controller_by_hand

QUICK = Pace(connecting=1, preparing=1, pulling=5, creating=1, activating=1, noticing=1, stopping=2, jitter=0)


def test_an_account_fits_a_page_and_says_everything_once() -> None:
    record = RunRecord(
        seconds=92,
        results={"succeeded": 21, "failed": 2},
        running=3,
        waiting=1,
        waits=[float(second) for second in range(1, 101)],
        starts={"linux-small-plain": 17, "linux-large-docker": 10},
        refusals={"RESOURCE:MEMORY": 3},
        stops={"ecs-arc: stuck in PENDING for … (threshold: …)": 1},
        ends={"EssentialContainerExited with exit code 0": 23},
        registrations_made=27,
        registrations_removed={"itself": 23, "service": 1},
        registrations_left=3,
        ecs_calls={"RunTask": 30, "DescribeTasks": 40},
        github_calls={"get_message": 50},
    )
    assert account(record) == [
        "The world ran for 1m32s.",
        "",
        "Jobs             ended 23 (succeeded 21, failed 2); running 3; waiting 1",
        "Waiting times    p50 50.0 s, p95 95.0 s, longest 100.0 s, from the queue to a runner, over 100 jobs",
        "Starts           27 (linux-small-plain 17, linux-large-docker 10)",
        "Refused starts   3 (RESOURCE:MEMORY 3)",
        "Stops            1 (ecs-arc: stuck in PENDING for … (threshold: …) 1)",
        "Ended tasks      23 (EssentialContainerExited with exit code 0 23)",
        "Registrations    made 27; removed 24 (itself 23, service 1); left 3",
        "Calls of ECS     70 (DescribeTasks 40, RunTask 30)",
        "Calls of GitHub  50 (get_message 50)",
    ]


def test_long_lists_are_wrapped_under_their_label() -> None:
    record = RunRecord(seconds=1, starts={f"linux-{number}-plain": 1 for number in range(40)})
    lines = account(record)
    assert max(map(len, lines)) <= WIDTH
    assert [line for line in lines if line.startswith(" " * 17)]


def test_the_account_of_nothing_is_an_account_too() -> None:
    assert "Waiting times    no job has started" in account(RunRecord(seconds=0))


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 5.0), (0.9, 9.0), (0.95, 10.0), (1.0, 10.0)], ids=str
)
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(10, 0, -1)], share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (
            "ecs-arc: stuck in PENDING for 6m10s (threshold: 5m0s)",
            "ecs-arc: stuck in PENDING for … (threshold: …)",
        ),
        ("ecs-arc: exceeded max runtime 6h0m0s (running: 6h0m20s)", "ecs-arc: exceeded max runtime … (running: …)"),
        ("arcdeck: idle for 1.5s", "arcdeck: idle for …"),
        ("arcdeck: stopped by ms4", "arcdeck: stopped by ms4"),
    ],
)
def test_reasons_that_differ_in_durations_only_are_one(reason: str, expected: str) -> None:
    assert without_durations(reason) == expected


@pytest.mark.virtual_time
async def test_a_run_is_counted_from_what_passed() -> None:
    settings = WorldSettings(epoch=datetime(2030, 1, 1, tzinfo=UTC), pace=QUICK, habits=Habits(connecting=(2, 2)))
    async with World(settings) as world, controller_by_hand(world) as controller:
        books = Bookkeeper(world)
        await controller.set_up("small")
        for _ in range(2):
            world.jobs.enqueue("small", duration=30)
        await controller.next_entries()
        world.ecs.capacity.refuse("RESOURCE:MEMORY")
        scale_set_id = world.github.scale_sets[1].id
        _, jit = await controller.jit(scale_set_id, "small-00000001")
        await controller.try_run_task("small", "small-00000001", jit)
        await controller.run_task("small", "small-00000001", jit)
        idle = await controller.start_runner("small", "small-00000002")
        await controller.stop_task(idle, "ecs-arc: stuck in PENDING for 20s (threshold: 20s)")
        await asyncio.sleep(120)

        record = books.close()
        assert record.seconds == 120
        assert record.results == {"succeeded": 1}
        assert (record.running, record.waiting) == (0, 1)
        assert record.waits == [9 + 2 + 1]
        assert record.starts == {"small": 2}
        assert record.refusals == {"RESOURCE:MEMORY": 1}
        assert record.stops == {"ecs-arc: stuck in PENDING for … (threshold: …)": 1}
        assert record.ends == {
            "EssentialContainerExited with exit code 0": 1,
            "UserInitiated with no exit code": 1,
        }
        assert (record.registrations_made, record.registrations_left) == (2, 1)
        assert record.ecs_calls["RunTask"] == 3


@pytest.mark.virtual_time
async def test_a_start_that_was_asked_for_twice_is_counted_once() -> None:
    async with World(WorldSettings(pace=QUICK)) as world, controller_by_hand(world) as controller:
        books = Bookkeeper(world)
        await controller.set_up("small")
        _, jit = await controller.jit(1, "small-00000001")
        for _ in range(2):
            await controller.run_task("small", "small-00000001", jit, clientToken="small-00000001")
        assert books.close().starts == {"small": 1}


@pytest.mark.virtual_time
async def test_refused_calls_are_counted_by_their_code() -> None:
    async with World(WorldSettings(pace=QUICK)) as world, controller_by_hand(world) as controller:
        books = Bookkeeper(world)
        await controller.set_up("small")
        _, jit = await controller.jit(1, "small-00000001")
        world.faults.add("RunTask", Fault("throttle"))
        with pytest.raises(Exception, match="ThrottlingException"):
            await controller.run_task("small", "small-00000001", jit)
        assert books.close().refusals == {"ThrottlingException": 1}
