"""Runners that wait for work, and how a job finds one of them.

A runner that is idle asks once and is answered when a job of its scale set is put on it, first come, first served.
Giving a job to a runner takes `Timings.job_pickup` seconds from when both are there, as it takes a real runner; so a
job is reported as assigned before it is reported as started.
"""

import asyncio

from core.world.clock import WorldClock
from core.world.github.records import Job, RunnerRecord, ScaleSetRecord
from core.world.github.refusals import RunnerRefused
from core.world.github.service import ScaleSetService


class WaitingRunners:
    """The waits of idle runners, by scale set. Takes the service's notices of assignments and removals."""

    def __init__(self, clock: WorldClock, service: ScaleSetService) -> None:
        self._clock = clock
        self._service = service
        self._waits: dict[int, dict[int, asyncio.Future[Job]]] = {}
        service.board.on_assigned = self._match_later
        service.pool.on_removed = self.turn_away

    async def wait(self, runner: RunnerRecord) -> Job:
        """Return the job that was put on the runner; raises RunnerRefused when it is removed or lost meanwhile."""
        if not runner.idle:
            raise RunnerRefused(f"{runner.name} is not an idle runner")
        job: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        waits = self._waits.setdefault(runner.scale_set_id, {})
        waits[runner.id] = job
        self._clock.call_later(self._service.timings.job_pickup, lambda: self._match(runner.scale_set_id))
        try:
            return await job
        finally:
            if waits.get(runner.id) is job:
                del waits[runner.id]

    def turn_away(self, runner: RunnerRecord) -> None:
        """End the wait of a runner that can get no job any more."""
        job = self._waits.get(runner.scale_set_id, {}).pop(runner.id, None)
        if job is not None and not job.done():
            job.set_exception(RunnerRefused(f"{runner.name} is no longer registered or connected"))

    def _match_later(self, scale_set: ScaleSetRecord) -> None:
        self._clock.call_later(self._service.timings.job_pickup, lambda: self._match(scale_set.id))

    def _match(self, scale_set_id: int) -> None:
        """Put assigned jobs on waiting runners until there are no more of either."""
        waits = self._waits.get(scale_set_id, {})
        while waits:
            runner_id = next(iter(waits))
            if waits[runner_id].done():  # the wait was cancelled, and its task has not run since
                del waits[runner_id]
                continue
            job = self._service.take_job(self._service.pool.runners[runner_id])
            if job is None:
                return
            waits.pop(runner_id).set_result(job)
