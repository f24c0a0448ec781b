"""The scale-set service as one piece: what touches scale sets, runners, jobs and sessions at the same time.

The registries each keep one kind of record; this class owns them and holds the rules between them. It is synchronous
and knows no HTTP: every call leaves the state consistent, and time enters only by the clock's timers.
"""

import random
from collections.abc import Sequence

from core.world.clock import WorldClock
from core.world.github.jobs import JobBoard
from core.world.github.mailbox import OpenPoll
from core.world.github.records import (
    DEFAULT_GROUP_ID,
    Job,
    JobPhase,
    RunnerGroup,
    RunnerRecord,
    ScaleSetRecord,
    Session,
)
from core.world.github.refusals import Complaint, PlainRefusal, ServiceRefusal
from core.world.github.runners import RemovedBy, RunnerPool
from core.world.github.scale_sets import ScaleSetChange, ScaleSetRegistry
from core.world.github.sessions import SessionDesk
from core.world.github.settings import Flow, Quirks, Timings

DEFAULT_GROUP = RunnerGroup(DEFAULT_GROUP_ID, "Default")
"""The group that every GitHub has."""


class ScaleSetService:
    """All state of one GitHub. `github_url` is the config URL that JIT configs name."""

    def __init__(
        self,
        clock: WorldClock,
        rng: random.Random,
        *,
        flow: Flow = "broker",
        timings: Timings | None = None,
        quirks: Quirks | None = None,
        groups: Sequence[RunnerGroup] = (DEFAULT_GROUP,),
        github_url: str = "https://github.com/acme",
    ) -> None:
        self.flow: Flow = flow
        self.timings = timings or Timings()
        self.quirks = quirks or Quirks()
        self.registry = ScaleSetRegistry(clock, groups, self.quirks)
        self.pool = RunnerPool(clock, rng, self.registry.scale_sets, github_url)
        self.sessions = SessionDesk(clock, rng, self.timings)
        self.board = JobBoard(
            clock,
            scale_sets=self.registry.scale_sets,
            runners=self.pool.runners,
            flow=flow,
            timings=self.timings,
            quirks=self.quirks,
        )
        self._clock = clock

    def update_scale_set(self, scale_set_id: int, change: ScaleSetChange) -> ScaleSetRecord:
        """Change a scale set, and offer it what its new labels fit; raises ServiceRefusal or PlainRefusal."""
        scale_set = self.registry.find(scale_set_id)
        self.registry.update(scale_set, change)
        self.board.offer(scale_set)
        return scale_set

    def delete_scale_set(self, scale_set_id: int) -> None:
        """Delete a scale set; raises PlainRefusal while one of its runners has a job (section 3.5)."""
        scale_set = self.registry.find(scale_set_id)
        if scale_set.running:
            raise PlainRefusal(400, f"runner scale set {scale_set.name} has runners that execute jobs")
        self.dissolve(scale_set)

    def dissolve(self, scale_set: ScaleSetRecord) -> None:
        """Take a scale set away with its session and its runners, but for busy ones: those finish their job unheard.

        Jobs that no runner has yet wait again for whoever serves their labels.
        """
        del self.registry.scale_sets[scale_set.id]
        self.sessions.evict(scale_set)
        self.board.release(scale_set)
        for runner in [runner for runner in scale_set.runners.values() if not runner.busy]:
            self.pool.remove(runner, RemovedBy.SCALE_SET)

    def open_poll(self, scale_set: ScaleSetRecord, poll: OpenPoll) -> None:
        """Begin a poll: its capacity is the scale set's from now on, and jobs that fit are given out at once."""
        scale_set.capacity = poll.capacity
        scale_set.mailbox.open(poll)
        self.board.offer(scale_set)

    def close_poll(self, scale_set: ScaleSetRecord, session: Session, poll: OpenPoll) -> None:
        """End a poll; the session's idle time begins now."""
        scale_set.mailbox.close(poll)
        self.sessions.touch(session)

    def remove_runner(self, runner: RunnerRecord, by: RemovedBy) -> None:
        """Remove a registration; raises ServiceRefusal while it has a job, unless the quirk allows it."""
        if runner.job is not None:
            if not self.quirks.removes_busy_runners:
                message = f"Runner {runner.name} has a job in progress."
                raise ServiceRefusal(Complaint.JOB_STILL_RUNNING, message)
            self._await_verdict(runner.job)
        self.pool.remove(runner, by)

    def lose_runner(self, runner: RunnerRecord) -> None:
        """Let a runner's process be gone without a word; its job is concluded as failed when the verdict is due."""
        runner.online = False
        if runner.job is not None:
            self._await_verdict(runner.job)

    def take_job(self, runner: RunnerRecord) -> Job | None:
        """Put the oldest waiting job of the runner's scale set on it; None if it is not idle or none waits."""
        scale_set = self.registry.scale_sets.get(runner.scale_set_id)
        return None if scale_set is None else self.board.start(scale_set, runner)

    def finish_job(self, job: Job, result: str) -> bool:
        """Accept a runner's result and remove the runner, which is ephemeral.

        False, and nothing happens, where the runner's word no longer counts: the job is over already, or the runner was
        removed or lost.
        """
        runner = self.pool.runners.get(job.runner_id)
        if job.phase is not JobPhase.RUNNING or runner is None or not runner.online:
            return False
        self._conclude(job, result)
        return True

    def cancel_job(self, job: Job) -> bool:
        """End a job as `canceled`, wherever it stands; False if it is over already."""
        if job.phase is JobPhase.COMPLETED:
            return False
        self._conclude(job, "canceled")
        return True

    def _conclude(self, job: Job, result: str) -> None:
        self.board.complete(job, result)
        runner = self.pool.runners.get(job.runner_id)
        if runner is not None and runner.online:
            self.pool.remove(runner, RemovedBy.ITSELF)

    def _await_verdict(self, job: Job) -> None:
        """Conclude the job of a runner that went away, unless somebody ends it before (section 5.13)."""

        def conclude() -> None:
            if job.phase is JobPhase.RUNNING:
                self.board.complete(job, "failed")

        self._clock.call_later(self.timings.lost_runner_verdict, conclude)
