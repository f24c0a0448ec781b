"""What an earlier run of this controller left unfinished, read from its journal.

Start intents that were never settled: a task of that name is adopted like any other; when none has appeared a minute
after we began, the registration is removed (invariant I4: within two minutes with the journal). And the jobs that
adopted runners had when we last looked, so that those are known to be busy rather than assumed so; and since when
registrations have been offline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.messages import Job
from core.engine.offline import MEMORY, remembered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.fleet import Fleet
    from core.engine.times import Times
    from core.ports import Journal, JournalEntry

#: An intent with no task this many seconds after our start came to nothing.
SETTLE_AFTER = 60.0
#: How far back jobs are looked for: the newest entries.
REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job that a runner had when the journal was last written."""

    job: Job
    started_at: datetime


class Recovery:
    """Reads the journal once, at start."""

    def __init__(
        self, journal: Journal, fleet: Fleet, deregistrar: Deregistrar, chronicle: Chronicle, times: Times
    ) -> None:
        self._journal = journal
        self._fleet = fleet
        self._deregistrar = deregistrar
        self._chronicle = chronicle
        self._times = times
        self._intents: Sequence[JournalEntry] = ()
        self.jobs: Mapping[str, KnownJob] = {}  #: by runner name
        self.offline: Mapping[int, datetime] = {}  #: registrations seen offline, by id: since when

    async def read(self) -> None:
        """Read what was left; call it before the first look at ECS."""
        self._intents = await self._journal.open_intents()
        newest = await self._journal.recent(REMEMBERED)
        self.jobs = unfinished_jobs(newest)
        self.offline = next((remembered(entry.data) for entry in newest if entry.kind == MEMORY), {})

    async def run(self) -> None:
        """Settle the intents, once; returns when that is done."""
        if not self._intents:
            return
        await self._times.sleep(SETTLE_AFTER)
        for intent in self._intents:
            self._settle(intent)

    def _settle(self, intent: JournalEntry) -> None:
        name, scale_set = intent.runner_name, intent.scale_set
        if self._fleet.get(name) is not None:
            outcome = "its task was found after a restart"
        else:
            outcome = "no task of it was found after a restart"
            runner_id = intent.data.get("runner_id")
            known = runner_id if isinstance(runner_id, int) else None
            self._deregistrar.request(name, scale_set, known, "its start was cut short and left no task")
        self._chronicle.keep("start-settled", outcome, scale_set=scale_set, runner=name)


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
