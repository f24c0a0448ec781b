"""SIGKILL in the middle of a burst of starts, again and again: ``python -m tests.sigkill --moments 100``.

Real processes in real time against a world in this process. Whenever a daemon is at work on sixty starts it is killed
at a random moment, and started anew on the same state. In the end the world itself must show that no start was above
the target, no job was killed, every task that was started served a job, but for a few that wait for one, and no
registration was left behind but theirs.

A seed gives the moments and the jobs; what falls into a moment is real time's.
"""

import argparse
import asyncio
import random
import signal
import sqlite3
import sys
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.world.checker import Bounds, InvariantChecker
from core.world.ecs import Pace, Visibility
from core.world.faults import Fault
from core.world.github import Timings
from core.world.runners import Habits, runner_of
from core.world.world import World, WorldSettings
from tests.daemons import Daemon, Daemons, until

BURST = 60
#: A burst goes on top of what the daemons before have left: runners at work, and starts that are not settled yet.
MOST = 4 * BURST
TOML = f"""
[[runner]]
family = "burst"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = {MOST}
"""
CONTROLLER = "sigkill"
#: What no setting makes shorter: an interrupted start keeps its slot for a minute before its successor gives up (here
#: for longer than ECS hides a young task), and looks at ECS and requests for a held session are seconds apart.
HASTE = """
import core.domain.backoff, core.engine.recovery, core.engine.watcher
core.engine.recovery.SETTLE_AFTER = 3.0
core.engine.watcher.YOUNG_INTERVAL = 1.0
core.domain.backoff.CONFLICT_WAIT = (0.4, 0.6)
"""
QUICK = {
    "ARCDECK_CONTROLLER_ID": CONTROLLER,
    "REAPER_INTERVAL": "1s",
    "QUIET_WINDOW": "2s",
}
#: Seconds of work in a job, and how long each call of a start takes: twenty at a time, a burst takes two seconds.
JOB_TAKES = (0.3, 1.2)
CALL_TAKES = (0.1, 0.4)
#: The longest time from the first call of a burst, or from the daemon's own start, to the kill.
AFTER_FIRST_CALL = 1.5
AFTER_BIRTH = 2.5
FROM_FIRST_CALL = 0.9  #: the share of moments that count from there
SERVED_WITHIN = 60.0
#: Runners for whom no job is left: their starts were decided while GitHub still counted jobs that had just ended. A
#: daemon that forgets what its predecessor has started leaves two to three times as many.
MAY_BE_IDLE = 6


@dataclass
class Killings:
    """What came of it: how many starts each daemon left open when it died, and what was started in all."""

    open_at_death: list[int] = field(default_factory=list)
    jobs: int = 0
    starts: int = 0
    idle: int = 0

    def __str__(self) -> str:
        amid = sum(1 for count in self.open_at_death if count)
        total, most = sum(self.open_at_death), max(self.open_at_death, default=0)
        return (
            f"{len(self.open_at_death)} daemons killed, {amid} amid open starts ({total} in all, {most} at most); "
            f"{self.jobs} jobs asked for, {self.starts} tasks started, {self.idle} of them idle in the end"
        )


def burst_world(seed: int) -> World:
    """A quick world that hides young tasks, forgets ended ones, and lets an abandoned session lapse within a second.

    As in the real one, GitHub is the first to tell that a job is over, and ECS follows.
    """
    return World(
        WorldSettings(
            seed=seed,
            pace=replace(Pace().faster(60), noticing=1.5),
            visibility=Visibility(listed_after=2.5, described_after=2.5, stopped_kept=60.0),
            timings=Timings(poll_hold=1.0, session_idle=0.9, job_pickup=0.05, pickup_limits=()),
            habits=Habits(connecting=(0.2, 1.0), leaving=(0.1, 0.5)),
            throttling=False,
        )
    )


class Executioner:
    """Kills daemons of one world, one after another; ``folder`` holds what they leave to each other."""

    def __init__(self, world: World, folder: Path, rng: random.Random) -> None:
        self.killings = Killings()
        self._world = world
        self._rng = rng
        self._daemons = Daemons(world, folder, toml=TOML, before=HASTE)
        self._journal = folder / "state" / CONTROLLER / "journal.db"
        self._checker = InvariantChecker(world, {"burst": Bounds(MOST)})
        self._served: list[Daemon] = []
        self._unsettled: set[object] = set()

    async def run(self, moments: int) -> Killings:
        """Kill that many, let one more finish everything, and judge; AssertionError with all that is wrong."""
        async with self._daemons:
            for _ in range(moments):
                await self._kill_one()
            try:
                await self._finish()
            finally:  # what is violated tells why something does not finish
                self._judge()
        return self.killings

    async def _kill_one(self) -> None:
        self._draw_the_pace()
        self._ask_for_jobs()
        asked = self._world.github.calls["generate_jit_config"]
        daemon = await self._start()
        if self._rng.random() < FROM_FIRST_CALL:
            await until(lambda: self._a_burst_begins(daemon, asked), "a burst begins")
            await asyncio.sleep(self._rng.uniform(0, AFTER_FIRST_CALL))
        else:
            await asyncio.sleep(self._rng.uniform(0, AFTER_BIRTH))
        daemon.must_live()
        await daemon.signalled(signal.SIGKILL)
        self._count_open_starts()

    async def _finish(self) -> None:
        """What every job, registration and task must come to once nobody is killed any more."""
        await self._start()
        github = self._world.github
        await until(lambda: all(job.result for job in github.jobs.values()), "every job is over", SERVED_WITHIN)
        await until(lambda: github.runners.keys() == self._live(), "no registration is left over", SERVED_WITHIN)

    def _live(self) -> set[int | None]:
        """The runners whose tasks have not ended."""
        return {runner_of(task) for task in self._world.ecs.tasks.values() if not task.is_stopped}

    def _judge(self) -> None:
        self.killings.starts = max((task.sequence for task in self._world.ecs.tasks.values()), default=0)
        self.killings.idle = len(self._live())
        entries = self._read("entries")
        self._checker.was_told(journal=entries)
        self._checker.inspect("the journal", str(entries))
        self._checker.inspect("the log", "".join(line for daemon in self._served for line in daemon.lines))
        self._checker.assert_holds()
        results = Counter(job.result for job in self._world.github.jobs.values())
        assert results.keys() == {"succeeded"}, f"jobs were killed: {results}"
        assert self.killings.starts == self.killings.jobs + self.killings.idle, f"tasks were lost: {self.killings}"
        assert self.killings.idle <= MAY_BE_IDLE, f"tasks were doubled: {self.killings}"
        errors = [error for daemon in self._served for error in daemon.errors]
        assert not errors, "\n".join(errors)

    async def _start(self) -> Daemon:
        daemon = await self._daemons.start(QUICK)
        self._served.append(daemon)
        return daemon

    def _draw_the_pace(self) -> None:
        faults = self._world.faults
        faults.clear()
        for operation in ("generate_jit_config", "RunTask"):
            faults.chance(operation, Fault("latency", self._rng.uniform(*CALL_TAKES)), 1.0)

    def _a_burst_begins(self, daemon: Daemon, asked: int) -> bool:
        """Whether more JIT configs were asked for by now; until then there is more to do as soon as there is room."""
        daemon.must_live()
        if self._world.github.calls["generate_jit_config"] > asked:
            return True
        self._ask_for_jobs()
        return False

    def _ask_for_jobs(self) -> None:
        """Let there be sixty jobs more than runners, real ones and those that may come, as far as the maximum goes."""
        github = self._world.github
        believed = self._unsettled | {runner.name for runner in github.runners.values()}
        open_jobs = sum(1 for job in github.jobs.values() if job.result is None)
        for _ in range(min(len(believed) + BURST, MOST) - open_jobs):
            github.enqueue_job("burst", duration=self._rng.uniform(*JOB_TAKES))
            self.killings.jobs += 1

    def _count_open_starts(self) -> None:
        before, self._unsettled = self._unsettled, {start["runner_name"] for start in self._read("open_intents")}
        self.killings.open_at_death.append(len(self._unsettled - before))

    def _read(self, table: str) -> list[dict[str, object]]:
        """What the journal holds; nothing, when its first owner was killed before it was made."""
        if not self._journal.exists():
            return []
        with closing(sqlite3.connect(self._journal)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(f"SELECT * FROM {table}")]  # noqa: S608 - one of two names


async def killings(seed: int, moments: int, folder: Path) -> Killings:
    """Kill daemons at moments drawn from a seed."""
    async with burst_world(seed) as world:
        return await Executioner(world, folder, random.Random(seed)).run(moments)


def main() -> int:
    """Kill, judge, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.sigkill", description=__doc__)
    parser.add_argument("--moments", type=int, default=100, help="how many daemons to kill (100)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="a new one unless given")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(killings(options.seed, options.moments, Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
