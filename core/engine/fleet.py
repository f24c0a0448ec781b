"""The one owner of what we believe is running (seed: ``State``).

It belongs to the engine's event loop: no locks, no second copy. Every slot is reserved here before the call that
creates anything, so that what counts against a limit is always counted. Facts come in three ways and may come in any
order, twice, or never: answers to our own calls, job messages, and looks at ECS; each method is idempotent for that.

The seed's vocabulary is kept: a runner whose task ECS accepted is *idle* there until its job starts, *busy* until it
completes, then *done*. What the seed leaves out (reserved, finishing, stopping) is counted apart: see ``Supply``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.domain import reaping
from core.domain.runner import Phase, Runner, StopRequest
from core.domain.scale_set import scale_set_of
from core.domain.task import TaskStatus
from core.engine import adoption
from core.engine.bygones import Bygones
from core.engine.roster import Change, Roster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.domain.messages import JobMessage, Registration
    from core.domain.runner import Hold
    from core.domain.task import Described, Task
    from core.engine.adoption import KnownJob, KnownStart
    from core.engine.times import Times

_TRACKED = frozenset({Phase.LAUNCHING, Phase.IDLE, Phase.BUSY})


class Fleet:
    """All runners, by name."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._roster = Roster()
        self._missed: dict[str, float] = {}
        self._holds: dict[str, Hold] = {}
        self._bygones = Bygones(times.monotonic)
        #: Called after each change, in order; what they raise is the caller's.
        self.watchers: list[Callable[[Change], None]] = []
        self._of_scale_set: dict[str, list[Callable[[Change], None]]] = {}

    def watch(self, scale_set: str, watcher: Callable[[Change], None]) -> None:
        """Have it called after each change of a runner of that scale set, behind those of ``watchers``."""
        self._of_scale_set.setdefault(scale_set, []).append(watcher)

    # --- the seed's face -------------------------------------------------------------------------------------------

    def add_idle(self, name: str, task_arn: str) -> None:
        """Track a runner whose task ECS accepted; it is idle until its job starts.

        An answer that was overtaken by the end of its task changes nothing.
        """
        runner = self._roster.get(name)
        now = self._times.monotonic()
        if runner is None:
            if self._bygones.has(name):
                return
            self._put(Runner(name, scale_set_of(name) or "", Phase.LAUNCHING, now, task_arn=task_arn, accepted_at=now))
            return
        accepted = replace(runner, task_arn=task_arn, accepted_at=now)
        # A job message may have overtaken the answer of RunTask; then only the ARN is news.
        self._put(accepted.to(Phase.LAUNCHING, now) if runner.phase is Phase.RESERVED else accepted)

    def mark_busy(self, name: str) -> None:
        """Move an idle runner to busy; does nothing for an unknown name."""
        runner = self._roster.get(name)
        if runner is not None and runner.can_become(Phase.BUSY):
            self._put(replace(runner.to(Phase.BUSY, self._times.monotonic()), stop=None))

    def mark_done(self, name: str) -> str:
        """Forget a runner whose job is over and return its task's ARN; empty when it is unknown or done already.

        It is no longer tracked or usable, and goes on occupying its slot until ECS says STOPPED (row 15).
        """
        runner = self._roster.get(name)
        if runner is None or not runner.can_become(Phase.FINISHING):
            return ""
        if not runner.task_arn and runner.phase is not Phase.RESERVED:
            self.end(name, "its job is over, and no task of it was ever seen")
        else:
            self._put(replace(runner.to(Phase.FINISHING, self._times.monotonic()), assumed_busy=False))
        return runner.task_arn

    def count(self, scale_set: str | None = None) -> int:
        """Tracked runners, idle plus busy; of one scale set, or of all."""
        return sum(1 for runner in self.live(scale_set) if runner.phase in _TRACKED)

    def idle_count(self, scale_set: str | None = None) -> int:
        """Tracked runners that no job has taken."""
        return sum(1 for runner in self.live(scale_set) if runner.phase in {Phase.LAUNCHING, Phase.IDLE})

    def snapshot(self) -> dict[str, str]:
        """A copy, name to task ARN, of idle and busy runners."""
        return {runner.name: runner.task_arn for runner in self._roster.all() if runner.phase in _TRACKED}

    def mark_deregistered(self, name: str) -> None:
        """Remember for an hour that the name is no longer registered on GitHub."""
        self._bygones.deregistered.add(name)

    def is_deregistered(self, name: str) -> bool:
        """Whether the name was deregistered within the last hour; prunes what has expired."""
        return name in self._bygones.deregistered

    # --- looking ---------------------------------------------------------------------------------------------------

    def live(self, scale_set: str | None = None) -> list[Runner]:
        """Runners that take a slot; of one scale set, or of all."""
        return self._roster.all(scale_set)

    def ended(self) -> list[Runner]:
        """The newest ended runners, oldest first."""
        return list(self._bygones.runners)

    def get(self, name: str) -> Runner | None:
        """A live runner by its name."""
        return self._roster.get(name)

    def by_arn(self, task_arn: str) -> Runner | None:
        """A live runner by its task."""
        return self._roster.by_arn(task_arn)

    # --- our own calls ---------------------------------------------------------------------------------------------

    def reserve(self, scale_set: str, name: str) -> None:
        """Take a slot for a runner about to be started, before anything is created for it."""
        if name in self._roster:
            raise ValueError(f"{name} is taken")
        self._put(Runner(name, scale_set, Phase.RESERVED, self._times.monotonic()))

    def registered(self, name: str, runner_id: int) -> None:
        """Note the registration that a JIT config made."""
        if runner := self._roster.get(name):
            self._put(replace(runner, runner_id=runner_id))

    def stopping(self, name: str, reason: str, by: str) -> None:
        """Note that ECS accepted a StopTask."""
        runner = self._roster.get(name)
        if runner is not None and runner.can_become(Phase.STOPPING):
            now = self._times.monotonic()
            self._put(replace(runner.to(Phase.STOPPING, now), stop=StopRequest(reason, by, now), assumed_busy=False))

    def release(self, name: str) -> None:
        """Give a reserved slot back: nothing was ever created for the name, and nobody needs to hear of it."""
        runner = self._roster.pop(name)
        if runner is not None:
            self._tell(runner, runner.to(Phase.ENDED, self._times.monotonic()))

    def end(self, name: str, note: str = "") -> Runner | None:
        """Free a runner's slot; returns how it ended, None when it is unknown."""
        runner = self._roster.get(name)
        if runner is None:
            return None
        ended = replace(runner.to(Phase.ENDED, self._times.monotonic()), note=note)
        self._drop(ended)
        return ended

    # --- operators -------------------------------------------------------------------------------------------------

    def hold(self, name: str, hold: Hold | None) -> None:
        """Hold a runner, or let go of it; one that is not here yet is held as soon as it is."""
        if hold is None:
            self._holds.pop(name, None)
        else:
            self._holds[name] = hold
        if runner := self._roster.get(name):
            self._put(runner)

    def holds(self) -> dict[str, Hold]:
        """A copy of all holds, by runner name."""
        return dict(self._holds)

    # --- job messages ----------------------------------------------------------------------------------------------

    def job_started(self, scale_set: str, message: JobMessage) -> Runner | None:
        """A job started on a runner: it is busy, known to us or not (row 16). None when there is nothing to learn."""
        name, now = message.runner_name, self._times.monotonic()
        if not name or message.job.id in self._bygones.jobs:
            return None
        runner = self._roster.get(name)
        if runner is None:
            if self._bygones.has(name):
                return None
            runner = Runner(name, scale_set, Phase.BUSY, now, runner_id=message.runner_id or None, adopted=True)
        elif runner.job is not None and runner.job.id == message.job.id and runner.job_since is not None:
            return None
        elif runner.can_become(Phase.BUSY):
            runner = runner.to(Phase.BUSY, now)
        busy = replace(runner, job=message.job, job_since=now, assumed_busy=False, stop=None)
        self._put(busy)
        return busy

    def job_completed(self, message: JobMessage) -> Runner | None:
        """A job ended; its runner, when it had one that we know, finishes. None when there is nothing to learn."""
        told = message.job.id in self._bygones.jobs
        if message.job.id and message.runner_name:
            # Without a runner it was taken back, and may be assigned anew under the same id (the sheet, section 5.13).
            self._bygones.jobs.add(message.job.id)
        runner = self._roster.get(message.runner_name) if message.runner_name else None
        if runner is None or (told and runner.phase is Phase.FINISHING):
            return None
        self._roster.put(replace(runner, job=message.job))
        self.mark_done(runner.name)
        return runner

    # --- looks at ECS and GitHub -----------------------------------------------------------------------------------

    def adopt(self, task: Task, scale_set: str, name: str, known: KnownJob | None = None) -> Runner:
        """Take over a task that an earlier run started; returns the runner, or how it ended when it has."""
        runner = adoption.adopted(task, scale_set, name, known, self._times)
        self._put(runner)
        return self.observe(task) or self._roster.get(name) or runner

    def recall(self, start: KnownStart, known: KnownJob | None = None) -> None:
        """Keep the slot of a start of an earlier run until ECS shows its task."""
        self._put(adoption.recalled(start, known, self._times))

    def observe(self, task: Task) -> Runner | None:
        """Apply one look at a task; returns the runner when this look ended it.

        A task is known by its ARN, and by its name only to a runner that has no task yet: that of a start whose answer
        was lost, or of a job whose runner we did not know.
        """
        runner = self.by_arn(task.arn) or self._roster.get(task.runner_name or "")
        if runner is None or runner.task_arn not in {"", task.arn}:
            return None
        now = self._times.monotonic()
        self._missed.pop(runner.name, None)
        if runner.task == task:  # most of most looks: nothing is new
            return None
        seen = replace(runner, task=task, task_arn=task.arn)
        if runner.task is None or runner.task.status is not task.status:
            first_running = task.status is TaskStatus.RUNNING and runner.running_since is None
            seen = replace(seen, status_since=now, running_since=now if first_running else runner.running_since)
        if task.status.ended:
            self._drop(seen.to(Phase.ENDED, now))
            return self._bygones.runners[-1]
        if (task.status.ending or task.desired_stopped) and seen.can_become(Phase.FINISHING):
            seen = replace(seen.to(Phase.FINISHING, now), assumed_busy=False)
        elif runner.recalled and task.status is TaskStatus.RUNNING:
            seen = replace(seen.to(Phase.BUSY, now), assumed_busy=True)
        elif seen.phase is Phase.RESERVED:  # the answer of RunTask was lost, the task was not
            seen = replace(seen.to(Phase.LAUNCHING, now), accepted_at=now)
        self._put(seen)
        return None

    def observe_all(self, look: Described, known_before: Iterable[str]) -> list[Runner]:
        """Apply one complete look at the cluster; returns the runners that it ended.

        ``known_before`` are the runners known before the look began: those that joined meanwhile are judged at the next
        one (behaviour.md 1.4). A task that ECS calls MISSING is gone only by ``reaping.gone``; of one that it neither
        shows nor calls MISSING it has said nothing.
        """
        ended = [runner for task in look.tasks if (runner := self.observe(task)) is not None]
        absent = {"", *look.missing}  # a runner known by its job alone has no task to ask for
        for name in known_before:
            runner = self._roster.get(name)
            if runner is None or runner.phase is Phase.RESERVED or runner.task_arn not in absent:
                continue
            if lost := self._miss(runner):
                ended.append(lost)
        return ended

    def listed(self, name: str, registration: Registration | None) -> None:
        """Apply what one complete runner list says of a runner; None = the list does not show it."""
        if registration is not None and registration.online:
            self.online(name)
        runner = self._roster.get(name)
        if runner is None:
            return
        now = self._times.monotonic()
        seen = replace(runner, presence=runner.presence.seen(registration, now))
        if seen.assumed_busy and seen.presence.surely_idle and seen.can_become(Phase.IDLE):
            seen = replace(seen.to(Phase.IDLE, now), assumed_busy=False)
        self._put(seen)

    def online(self, name: str) -> None:
        """GitHub shows the runner online: a start is over."""
        runner = self._roster.get(name)
        if runner is None or runner.online_since is not None:
            return
        now = self._times.monotonic()
        seen = replace(runner, online_since=now)
        self._put(seen.to(Phase.IDLE, now) if runner.phase is Phase.LAUNCHING else seen)

    def draining(self, name: str, reason: str, by: str) -> None:
        """Note that an idle runner was taken off GitHub, and that its task is to end for that."""
        runner = self._roster.get(name)
        if runner is not None and runner.can_become(Phase.DRAINING):
            now = self._times.monotonic()
            self._put(replace(runner.to(Phase.DRAINING, now), stop=StopRequest(reason, by, now)))

    # --- inside ----------------------------------------------------------------------------------------------------

    def _miss(self, runner: Runner) -> Runner | None:
        now = self._times.monotonic()
        first = self._missed.setdefault(runner.name, now)
        if not reaping.gone(first, runner.accepted_at, now):
            return None
        return self.end(runner.name, "ECS no longer knows its task" if runner.task_arn else "no task of it was found")

    def _put(self, runner: Runner) -> None:
        if runner.hold is not (hold := self._holds.get(runner.name)):
            runner = replace(runner, hold=hold)
        self._tell(self._roster.put(runner), runner)

    def _drop(self, ended: Runner) -> None:
        before = self._roster.pop(ended.name)
        self._missed.pop(ended.name, None)
        self._holds.pop(ended.name, None)
        self._bygones.runners.append(ended)
        self._tell(before, ended)

    def _tell(self, before: Runner | None, after: Runner) -> None:
        change = Change(before, after)
        for watcher in (*self.watchers, *self._of_scale_set.get(after.scale_set, ())):
            watcher(change)
