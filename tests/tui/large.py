"""Fifty-one scale sets, two hundred tasks and a day of history, from a seed: a fleet one has never seen."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from core.api.events import EventRecord
from core.api.logs import LogLine
from core.api.model import BackoffView, JobView, RunnerState, RunnerView, ScaleSetState, ScaleSetView
from core.api.trouble import MismatchKind, MismatchView, Remedy
from tests.tui.samples import HOUR, MINUTE, NOW, runner, scale_set, snapshot
from tests.tui.world import FakeDaemon, foreseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.api.model import Snapshot

SETS = 51
TASKS = 200
_USUAL = (RunnerState.BUSY, RunnerState.BUSY, RunnerState.BUSY, RunnerState.IDLE, RunnerState.PENDING)


class LargeFleet:
    """The fleet of a seed. The one set in backoff and the runner stuck longest in PENDING are known by name."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.names = [f"team-{self._dice.getrandbits(24):06x}-{number:02}" for number in range(SETS)]
        self.closed = self._dice.choice(self.names)
        self.runners = [self._runner(number) for number in range(TASKS)]
        pending = [row for row in self.runners if row.state is RunnerState.PENDING]
        self.stuck = min(pending, key=lambda row: row.since)
        self.overdue = [row for row in pending if row.since < NOW - 300]
        self.ghosts = [self._ghost(number) for number in range(4)]
        self.waiting = JobView(id="j900", name="deploy 900", repository="acme/web", queued_at=NOW - 150)
        self.busy = self._dice.choice([row for row in self.runners if row.state is RunnerState.BUSY])

    def _runner(self, number: int) -> RunnerView:
        name, state = self._dice.choice(self.names), self._dice.choice(_USUAL)
        since = NOW - (self._dice.uniform(1, 420) if state is RunnerState.PENDING else self._dice.uniform(60, HOUR))
        why = f"waits for ECS on host h{number}" if state is RunnerState.PENDING else ""
        limit = 300.0 if state is RunnerState.PENDING else None
        job = JobView(id=f"j{number}", name=f"test {number}", repository="acme/api")
        job_or_none = job if state is RunnerState.BUSY else None
        return runner(
            f"{name}-{number:08x}", state=state, since=since, limit=limit, why=why, job=job_or_none, scale_set=name
        )

    def _ghost(self, number: int) -> MismatchView:
        name = self._dice.choice(self.names)
        return MismatchView(
            name=f"{name}-{0xDEAD0000 + number:08x}",
            kind=MismatchKind.GHOST,
            scale_set=name,
            github="offline",
            ecs="no task",
            ours="unknown",
            since=NOW - self._dice.uniform(10, 50) * MINUTE,
            limit=HOUR,
            remedy=Remedy.DEREGISTER,
            why="registered and offline, with no task behind it",
        )

    def snapshot(self) -> Snapshot:
        """What the daemon tells."""
        sets = tuple(self._set(name) for name in self.names)
        return snapshot(scale_sets=sets, runners=tuple(self.runners), mismatches=tuple(self.ghosts))

    def _set(self, name: str) -> ScaleSetView:
        if name != self.closed:
            return scale_set(name, why=f"assigned 0 in {name}")
        backoff = BackoffView(placement="EXTERNAL", failures=3, since=NOW, until=NOW + 47, reason="RESOURCE:CPU")
        return scale_set(
            name,
            state=ScaleSetState.BACKOFF,
            backoff=backoff,
            why="assigned 4 → want 4 → have 0 → waits for room",
            waiting=(self.waiting,),
        )

    def history(self) -> Iterator[EventRecord]:
        """A day: a task that ended every ten minutes, some of exit code 137, and a stop every half hour."""
        for number in range(144):
            at = NOW - (143 - number) * 10 * MINUTE - 30
            name = f"{self._dice.choice(self.names)}-{number:08x}"
            code = self._dice.choice((0, 0, 1, 137))
            yield EventRecord(
                at=at,
                kind="task-ended",
                runner=name,
                text=f"{name} ended: exit code {code}",
                data={"exit_code": code, "served": True, "job": {"name": f"test {number}", "repository": "acme/api"}},
            )
            if number % 3 == 0:
                by = self._dice.choice(("alice", "bob", "reaper"))
                operator = "" if by == "reaper" else by
                yield EventRecord(
                    at=at + 1,
                    kind="stop",
                    runner=name,
                    operator=operator,
                    text=f"{name} stopped: hung",
                    data={"by": by},
                )

    def daemon(self) -> FakeDaemon:
        """Serves it, with a log for every runner."""
        daemon = FakeDaemon(self.snapshot())
        daemon.history = tuple(self.history())
        daemon.preview = foreseen(
            *(f"{row.name}: stuck in PENDING for {NOW - row.since:.0f}s (threshold: 5m)" for row in self.overdue)
        )
        daemon.printed = [LogLine(at=NOW - 60 + number, text=f"step {number}") for number in range(60)]
        return daemon
