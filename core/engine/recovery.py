"""What an earlier run of this controller left unfinished, read from its journal.

- Start intents that were never settled. While their outcome is open, a minute after we began at most, they keep their
  slots: ECS may have a task of that name and not show it yet (behaviour.md row 14). Where none has appeared, the
  registration is removed (invariant I4: within two minutes with the journal).
- Starts that ECS accepted, and whose end was not told: they keep their slots, and are asked for by ARN, until they are
  seen or gone, for a list may leave them out (row 2).
- The jobs that adopted runners had when we last looked, so that those are known to be busy rather than assumed so; the
  ends that were told; and since when registrations have been offline.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core.domain.messages import Job
from core.domain.reaping import VISIBLE_WITHIN
from core.domain.runner import Phase
from core.engine.adoption import KnownJob, KnownStart
from core.engine.offline import MEMORY, remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.fleet import Fleet
    from core.engine.target import Target
    from core.engine.times import Times
    from core.ports import Journal, JournalEntry

#: An intent with no task this many seconds after our start came to nothing.
SETTLE_AFTER = 60.0
#: Seconds between looks whether ECS was looked at since.
LOOK_AGAIN = 1.0
#: How far back jobs, starts and ends are looked for: the newest entries.
REMEMBERED = 20_000


class Recovery:
    """Reads the journal once, at start."""

    def __init__(
        self,
        journal: Journal,
        fleet: Fleet,
        targets: Mapping[str, Target],
        *,
        deregistrar: Deregistrar,
        chronicle: Chronicle,
        times: Times,
    ) -> None:
        self._journal = journal
        self._fleet = fleet
        self._targets = targets
        self._deregistrar = deregistrar
        self._chronicle = chronicle
        self._times = times
        self._intents: Sequence[JournalEntry] = ()
        self.jobs: Mapping[str, KnownJob] = {}  #: by runner name
        self.told: set[str] = set()  #: ARNs of the tasks whose end was told
        self.offline: Mapping[int, datetime] = {}  #: registrations seen offline, by id: since when

    async def read(self) -> None:
        """Read what was left; call it before the first look at ECS."""
        self._intents = await self._journal.open_intents()
        newest = await self._journal.recent(REMEMBERED)
        self.jobs = unfinished_jobs(newest)
        self.told = {entry.task_arn for entry in newest if entry.kind == "task-ended"}
        self.offline = next((remembered(entry.data) for entry in newest if entry.kind == MEMORY), {})
        young = self._times.now() - timedelta(seconds=VISIBLE_WITHIN)
        intents = [_known(intent) for intent in self._intents if intent.at >= young]
        for start in (*accepted_starts(newest), *intents):
            self._recall(start)

    def _recall(self, start: KnownStart) -> None:
        if start.scale_set not in self._targets or self._fleet.get(start.name) is not None:
            return
        self._fleet.recall(start, self.jobs.get(start.name))
        state = "accepted by ECS" if start.task_arn else "under way"
        story = f"{start.name} was {state} when the controller ended: it keeps its slot until ECS shows its task"
        self._chronicle.note("recalled", story, scale_set=start.scale_set, runner=start.name, task_arn=start.task_arn)

    async def run(self, looked_at: Callable[[], float | None]) -> None:
        """Settle the intents, once; returns when that is done. ``looked_at`` is when the last complete look ended."""
        if not self._intents:
            return
        due = self._times.monotonic() + SETTLE_AFTER
        while (looked := looked_at()) is None or looked < due:  # a look that failed has proved nothing
            await self._times.sleep(LOOK_AGAIN)
        for intent in self._intents:
            self._settle(intent)

    def _settle(self, intent: JournalEntry) -> None:
        start = _known(intent)
        runner = self._fleet.get(start.name)
        if runner is not None and runner.phase is not Phase.RESERVED:
            outcome = "its task was found after a restart"
        elif start.scale_set not in self._targets:
            outcome = "its scale set is no longer ours"
        else:
            self._fleet.release(start.name)
            why = "its start was cut short and left no task"
            self._deregistrar.request(start.name, start.scale_set, start.runner_id, why, settles=True)
            return
        self._chronicle.keep("start-settled", outcome, scale_set=start.scale_set, runner=start.name)


def _known(entry: JournalEntry) -> KnownStart:
    runner_id = entry.data.get("runner_id")
    return KnownStart(
        entry.runner_name,
        entry.scale_set,
        str(entry.data.get("task_arn") or ""),
        runner_id if isinstance(runner_id, int) else None,
        entry.at,
    )


def accepted_starts(newest_first: Sequence[JournalEntry]) -> list[KnownStart]:
    """The starts that ECS accepted, and whose end was not told; ``newest_first`` are journal entries."""
    ended = {entry.runner_name for entry in newest_first if entry.kind == "task-ended"}
    settled = [_known(entry) for entry in newest_first if entry.kind == "start-settled"]
    return [start for start in settled if start.task_arn and start.name not in ended]


def unfinished_jobs(newest_first: Sequence[JournalEntry]) -> dict[str, KnownJob]:
    """The jobs that had started and not completed, by runner name; ``newest_first`` are journal entries."""
    jobs: dict[str, KnownJob] = {}
    for entry in reversed(newest_first):
        if entry.kind == "job-started":
            text = {key: str(entry.data.get(key) or "") for key in ("job", "name", "repository")}
            job = Job(id=text["job"], name=text["name"], repository=text["repository"])
            jobs[entry.runner_name] = KnownJob(job, entry.at)
        elif entry.kind in {"job-completed", "task-ended"}:
            jobs.pop(entry.runner_name, None)
    return jobs
