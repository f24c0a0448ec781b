"""What goes wrong in a storm, beside single calls (``faults``): events that come at random, some of which last.

Everything is drawn from one generator. ``clear_up`` ends whatever still lasts: from then on the world is an honest one.
What was planned for starts to come, and tasks that are stuck on their way up, stay as they are: to end those is the
controller's business.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from core.world.ecs import (
    FARGATE_FULL,
    KNOWN_FAILURES,
    VCPU_QUOTA,
    EcsTask,
    FailedStart,
    Odds,
    Stuck,
    TaskState,
    Visibility,
)
from core.world.github import EntryKind, Job, JobPhase, Quirks, ScaleSetRecord, TokenKind
from core.world.github.wire import job_entry
from core.world.runners import Fate
from core.world.world import World
from tests.storm import faults

_T = TypeVar("_T")

#: Mean seconds between two events.
EVERY = 25.0

REFUSALS = (
    *("RESOURCE:MEMORY", "RESOURCE:CPU", "RESOURCE:ENI", "AGENT", "EMPTY CAPACITY PROVIDER", "NO ACTIVE INSTANCES"),
    *(FARGATE_FULL, VCPU_QUOTA, "ATTRIBUTE"),
)
_UPWARDS = (TaskState.PROVISIONING, TaskState.PENDING, TaskState.ACTIVATING)
_DOWNWARDS = (TaskState.DEACTIVATING, TaskState.STOPPING, TaskState.DEPROVISIONING)
_MISHAPS: tuple[FailedStart | Stuck, ...] = (*(Stuck(state) for state in (*_UPWARDS, *_DOWNWARDS)), *KNOWN_FAILURES)
#: The share of starts that go wrong in one of these ways.
_MISHAP_SHARE = 0.08


class _Lasting:
    """Something that lasts until it is ended, once."""

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo: Callable[[], None] | None = undo

    def end(self) -> None:
        undo, self._undo = self._undo, None
        if undo:
            undo()


class Weather:
    """The weather of one world."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._lasting: list[_Lasting] = []
        #: Jobs that the world made vanish.
        self.dropped: list[Job] = []

    def rise(self) -> None:
        """Let calls fail and starts go wrong from now on."""
        faults.strike(self._world.faults, self._rng)
        share = _MISHAP_SHARE * self._rng.uniform(0.0, 2.0) / len(_MISHAPS)
        self._world.ecs.mishaps.odds = tuple(Odds(mishap, share) for mishap in _MISHAPS)

    async def blow(self) -> None:
        """Let events come, until cancelled."""
        while True:
            await self._world.clock.sleep(self._rng.expovariate(1 / EVERY))
            self._rng.choice(_EVENTS)(self)

    def clear_up(self) -> None:
        """End everything that lasts."""
        faults.cease(self._world.faults)
        self._world.ecs.mishaps.odds = ()
        for lasting in self._lasting:
            lasting.end()
        for task in self._tasks(lambda task: isinstance(task.mishap, Stuck) and task.mishap.state in _DOWNWARDS):
            self._world.ecs.release(task.arn)

    # --- what ECS does ---------------------------------------------------------------------------------------------

    def refuse(self) -> None:
        """There is no room for a few starts."""
        self._world.ecs.capacity.refuse(self._rng.choice(REFUSALS), times=self._rng.randint(1, 4))

    def close(self) -> None:
        """There is no room anywhere in a pool for minutes."""
        pool, capacity = (
            self._rng.choice([None, "EXTERNAL", "FARGATE", "FARGATE_SPOT", "asg"]),
            self._world.ecs.capacity,
        )
        capacity.close(self._rng.choice(REFUSALS[:-1]), pool=pool)
        self._for(20, 240, lambda: capacity.open(pool))

    def hide(self) -> None:
        """Lists and descriptions lag; perhaps nothing is shown at all for a moment."""
        if self._rng.random() < 0.3:
            self._show(self._rng.choice(("listed_after", "described_after")), 1e9, 1, 40)
        else:
            self._show(self._rng.choice(("listed_after", "described_after")), self._rng.uniform(2, 45), 60, 400)

    def _show(self, which: str, seconds: float, shortest: float, longest: float) -> None:
        table = self._world.ecs.table
        table.visibility = replace(table.visibility, **{which: seconds})  # type: ignore[arg-type]  # both are seconds
        honest = getattr(Visibility(), which)

        def show() -> None:
            table.visibility = replace(table.visibility, **{which: honest})

        self._for(shortest, longest, show)

    def lose_host(self) -> None:
        """A task dies with its host."""
        if task := self._one(self._tasks(lambda task: not task.is_stopped)):
            self._world.ecs.lose_host(task.arn)

    def interrupt(self) -> None:
        """A Spot task is taken away."""
        spot = self._tasks(lambda task: task.placement.pool == "FARGATE_SPOT" and task.last_status is TaskState.RUNNING)
        if task := self._one(spot):
            self._world.ecs.interrupt_spot(task.arn)

    def doom(self) -> None:
        """A runner process or two will come to a bad end."""
        fate = self._rng.choice((Fate.NEVER_CONNECTS, Fate.VERSION_REFUSED, Fate.DIES_IN_JOB))
        self._world.runners.next_fate(fate, times=self._rng.randint(1, 2))

    # --- what GitHub does ------------------------------------------------------------------------------------------

    def evict(self) -> None:
        """A session is gone."""
        if scale_set := self._scale_set():
            self._world.github.controls.evict_session(scale_set.id)

    def occupy(self) -> None:
        """Somebody else holds a session for a while."""
        if scale_set := self._scale_set():
            controls = self._world.github.controls
            session = controls.occupy_session(scale_set.id, "somebody else")

            def leave() -> None:
                if scale_set.session is session:
                    controls.evict_session(scale_set.id)

            self._for(5, 90, leave)

    def delete_scale_set(self) -> None:
        """A scale set is deleted by somebody."""
        if (scale_set := self._scale_set()) and self._rng.random() < 0.3:
            self._world.github.controls.vanish_scale_set(scale_set.id)

    def restart_ids(self) -> None:
        """A session is gone, and message ids begin anew."""
        if scale_set := self._scale_set():
            self._world.github.controls.evict_session(scale_set.id)
            self._world.github.controls.restart_message_ids(scale_set.id)

    def expire(self) -> None:
        """Tokens are worthless before their time."""
        self._world.github.controls.expire_tokens(self._rng.choice(list(TokenKind)))

    def miscount(self) -> None:
        """The statistics are stuck, high or at zero."""
        if scale_set := self._scale_set():
            controls, number = self._world.github.controls, self._rng.choice((0, 0, 9))
            controls.override_statistics(scale_set.id, totalAssignedJobs=number, totalRunningJobs=min(number, 2))

            def count() -> None:
                if scale_set.id in self._world.github.scale_sets:
                    controls.override_statistics(scale_set.id)

            self._for(20, 300, count)

    def repeat(self) -> None:
        """Something is told again."""
        if job := self._one(self._jobs(lambda job: job.runner_id > 0 and job.scale_set_id is not None)):
            kinds = [EntryKind.STARTED, *([EntryKind.COMPLETED] if job.phase is JobPhase.COMPLETED else [])]
            if job.scale_set_id in self._world.github.scale_sets:
                self._world.github.controls.post(job.scale_set_id, [job_entry(self._rng.choice(kinds), job)])

    def lie(self) -> None:
        """The REST list is wrong about who is online and who is busy."""
        quirks, runners = self._world.github.quirks, list(self._world.github.runners)
        quirks.busy_lag = self._rng.uniform(0, 120)
        quirks.shown_offline = {runner for runner in runners if self._rng.random() < 0.3}

        def tell_the_truth() -> None:
            quirks.busy_lag, quirks.shown_offline = Quirks().busy_lag, set()

        self._for(60, 420, tell_the_truth)

    def differ(self) -> None:
        """Answers look different for a while."""
        quirks = self._world.github.quirks
        quirks.gone_session_status = self._rng.choice((401, 404, 410))
        quirks.job_still_running_status = self._rng.choice((400, 409))
        which = self._rng.choice(
            ("forgives_unknown_runners", "wrapped_errors", "byte_order_mark", "empty_queue_url", "removes_busy_runners")
        )
        setattr(quirks, which, True)
        self._for(20, 180, lambda: setattr(quirks, which, False))

    # --- what people do --------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """A job is cancelled."""
        if job := self._one(self._jobs(lambda job: job.phase is not JobPhase.COMPLETED)):
            self._world.github.cancel_job(job.id)

    def reassign(self) -> None:
        """An assigned job is taken back and given out again."""
        if job := self._one(self._jobs(lambda job: job.phase is JobPhase.ASSIGNED)):
            self._world.github.reassign_job(job.id)

    def drop(self) -> None:
        """A job vanishes without a word."""
        if job := self._one(self._jobs(lambda job: job.phase is JobPhase.ASSIGNED)):
            self.dropped.append(job)
            self._world.github.controls.drop_job(job.id)

    def rush(self) -> None:
        """Many jobs come at once."""
        if scale_set := self._scale_set():
            for _ in range(self._rng.randint(3, 10)):
                self._world.jobs.enqueue(scale_set.name, duration=self._rng.uniform(10, 120))

    # --- choosing --------------------------------------------------------------------------------------------------

    def _for(self, shortest: float, longest: float, undo: Callable[[], None]) -> None:
        """Undo something after a while, or when the weather clears up."""
        lasting = _Lasting(undo)
        self._lasting.append(lasting)
        self._world.clock.call_later(self._rng.uniform(shortest, longest), lasting.end)

    def _one(self, several: Iterator[_T]) -> _T | None:
        choice = list(several)
        return self._rng.choice(choice) if choice else None

    def _tasks(self, fits: Callable[[EcsTask], bool]) -> Iterator[EcsTask]:
        return (task for task in self._world.ecs.tasks.values() if fits(task))

    def _jobs(self, fits: Callable[[Job], bool]) -> Iterator[Job]:
        return (job for job in self._world.github.jobs.values() if fits(job))

    def _scale_set(self) -> ScaleSetRecord | None:
        return self._one(iter(self._world.github.scale_sets.values()))


_EVENTS: tuple[Callable[[Weather], None], ...] = (
    *(Weather.refuse, Weather.close, Weather.hide, Weather.lose_host, Weather.interrupt, Weather.doom),
    *(Weather.evict, Weather.occupy, Weather.delete_scale_set, Weather.restart_ids, Weather.expire),
    *(Weather.miscount, Weather.repeat, Weather.repeat, Weather.lie, Weather.differ),
    *(Weather.cancel, Weather.reassign, Weather.drop, Weather.rush),
)
