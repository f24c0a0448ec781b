"""The jobs of one scale set that wait for a runner, as far as they can be known, and since when the oldest does.

GitHub counts the jobs that wait, but names each only once, in a JobAssigned that may have been read by an earlier run,
or by another controller. So names and count are kept side by side: the names say since when, the count how many of
them can be right. While it is the higher one, somebody waits whose name we never heard: since then at least.

Pure: moments are given, aware UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from core.domain.messages import Job, Statistics


class JobQueue:
    """At most as many names as GitHub last counted jobs waiting, and those that came since."""

    def __init__(self) -> None:
        self._queued: dict[str, tuple[datetime, Job]] = {}  # by job id
        self._nameless_since: datetime | None = None

    @property
    def oldest(self) -> datetime | None:
        """When the job that waits longest was queued, or was first seen to wait; None while none waits."""
        nameless = () if self._nameless_since is None else (self._nameless_since,)
        return min((*(since for since, _ in self._queued.values()), *nameless), default=None)

    @property
    def named(self) -> list[tuple[datetime, Job]]:
        """The jobs that wait and whose names are known, each with since when; the one that waits longest first."""
        return sorted(self._queued.values(), key=lambda waiting: waiting[0])

    def joined(self, job: Job, now: datetime) -> None:
        """A job was assigned to the scale set, and waits for a runner (github-scale-set-api.md section 5.8)."""
        if job.id:
            self._queued.setdefault(job.id, (job.queued_at or job.assigned_at or now, job))

    def left(self, job: Job) -> None:
        """A runner took it, or it was cancelled."""
        self._queued.pop(job.id, None)

    def counted(self, statistics: Statistics, now: datetime) -> None:
        """GitHub told how many wait: of more names than that, the oldest left without a word to us."""
        waiting = max(0, statistics.assigned - statistics.running)
        for _, job in self.named[: max(0, len(self._queued) - waiting)]:
            del self._queued[job.id]
        if len(self._queued) == waiting:
            self._nameless_since = None
        elif self._nameless_since is None:
            self._nameless_since = now
