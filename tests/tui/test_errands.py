"""What an operator comes for, and with how many keys it is done, in fleets of 51 scale sets and 200 tasks.

One press is one key; a filter or a name that is typed counts as one, with the key that opens the line and enter as
another.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.api.commands import DeregisterRunner, PreviewSweep, SteerScaleSet, StopTask, SweepNow
from tests.tui.desk import Desk, sitting
from tests.tui.large import LargeFleet
from tests.tui.samples import HOUR, NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

seeds = pytest.mark.parametrize("seed", [7, 23])


class Errand:
    """Somebody who counts keys."""

    def __init__(self, desk: Desk, fleet: LargeFleet) -> None:
        self.desk, self.fleet = desk, fleet
        self.keys = 0

    async def press(self, *keys: str) -> None:
        self.keys += len(keys)
        await self.desk.press(*keys)

    async def type(self, opening: str, text: str) -> None:
        """Open a line, type into it and press enter: two keys."""
        self.keys += 2
        await self.desk.press(opening)
        await self.desk.type(text)
        await self.desk.press("enter")

    def sees(self, *words: str) -> bool:
        """Whether one line of the screen holds all of this."""
        return any(all(word in line for word in words) for line in self.desk.lines())


@asynccontextmanager
async def errand(
    seed: int, keys: int, *, size: tuple[int, int] = (80, 24), unlocked: bool = False
) -> AsyncIterator[Errand]:
    """An errand that may take so many keys, on a screen that has just been opened."""
    fleet = LargeFleet(seed)
    async with sitting(daemon=fleet.daemon(), size=size, unlocked=unlocked) as desk:
        one = Errand(desk, fleet)
        yield one
        assert one.keys <= keys


@seeds
async def test_the_task_stuck_longest_in_pending_and_its_cause(seed: int) -> None:
    async with errand(seed, 2) as one:
        await one.type("slash", "state=pending")
        assert one.sees(">", "OVERDUE", one.fleet.stuck.name[-8:])
        assert one.sees(one.fleet.stuck.why)


@seeds
async def test_stopping_it(seed: int) -> None:
    async with errand(seed, 3) as one:
        await one.press("u", "x", "y")
        sent = one.desk.daemon.commands
        assert [command.runner for command in sent if isinstance(command, StopTask)] == [one.fleet.stuck.name]


@seeds
async def test_a_sweep_once_one_knows_whom_it_stops(seed: int) -> None:
    async with errand(seed, 3) as one:
        await one.press("u", "W")
        assert one.sees(f"{len(one.fleet.overdue)} of {len(one.fleet.runners)} runners would be stopped")
        assert one.sees(one.fleet.overdue[0].name[-8:], "stuck in PENDING")
        await one.press("y")
        assert one.desk.daemon.commands == [PreviewSweep(id="command-1"), SweepNow(id="command-2")]


@seeds
async def test_why_the_jobs_of_a_scale_set_wait(seed: int) -> None:
    async with errand(seed, 3) as one:
        await one.press("1")
        await one.type("slash", one.fleet.closed)
        assert one.sees("assigned 4 → want 4 → have 0 → waits for room")


@seeds
async def test_why_a_job_waits(seed: int) -> None:
    async with errand(seed, 3) as one:
        await one.press("1")
        await one.type("slash", one.fleet.waiting.name)
        assert one.sees(">", one.fleet.closed)
        assert one.sees("assigned 4 → want 4 → have 0 → waits for room")


@seeds
async def test_pausing_one_scale_set(seed: int) -> None:
    async with errand(seed, 3) as one:
        name = one.fleet.names[30]
        await one.press("u")
        await one.type("colon", f"pause {name}")
        assert one.desk.daemon.commands == [SteerScaleSet(kind="pause", id="command-1", scale_set=name)]


@seeds
async def test_what_was_stopped_in_the_last_hour_and_by_whom(seed: int) -> None:
    async with errand(seed, 2) as one:
        await one.press("e", "2")
        lately = [record for record in one.desk.daemon.history if record.kind == "stop" and record.at > NOW - HOUR]
        seen = [one.sees(record.operator or "reaper", record.runner[-8:]) for record in lately]
        assert seen == [True] * len(lately)
        assert lately


@seeds
async def test_following_the_log_of_a_running_job(seed: int) -> None:
    async with errand(seed, 2) as one:
        await one.type("colon", f"log {one.fleet.busy.name}")
        assert one.sees("FOLLOW")
        assert one.sees("step 59")


@seeds
async def test_deregistering_all_ghosts(seed: int) -> None:
    async with errand(seed, 4, unlocked=True) as one:
        await one.press("m")
        assert [one.sees("ghost", row.name[-8:], "offline", "no task") for row in one.fleet.ghosts] == [True] * 4
        await one.press("A", "D")
        assert one.sees("Deregister 4 registrations")
        await one.press("y")
        sent = one.desk.daemon.commands
        named = [command.runner for command in sent if isinstance(command, DeregisterRunner)]
        assert sorted(named) == sorted(row.name for row in one.fleet.ghosts)
        assert one.sees("4 done")


@seeds
async def test_clearing_a_backoff(seed: int) -> None:
    async with errand(seed, 3) as one:
        await one.press("u", "1", "r")
        assert one.desk.daemon.commands == [
            SteerScaleSet(kind="retry", id="command-1", scale_set=one.fleet.closed)
        ]  # fmt: skip


@seeds
async def test_every_task_that_died_of_exit_code_137_today(seed: int) -> None:
    async with errand(seed, 4, size=(120, 36)) as one:
        await one.press("E")
        await one.type("slash", "exit=137")
        died = [record for record in one.desk.daemon.history if record.data.get("exit_code") == 137]
        assert one.sees(f"{len(died)} of 144")
