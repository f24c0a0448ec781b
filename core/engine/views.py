"""From what the engine holds of a runner to what a front end sees. Pure: no clock, no await, no change of anything.

A runner's view is made once for each state of the runner and used again until it changes, so that a snapshot of ten
thousand runners costs what has changed in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import HoldView, JobView, RunnerState, RunnerView, Steps
from core.domain.durations import format_duration
from core.domain.reaping import start_limit
from core.domain.runner import Phase
from core.domain.task import TaskStatus
from core.engine.endings import why_it_ended
from core.engine.moments import epoch, timestamp
from core.engine.stops import REAPER

if TYPE_CHECKING:
    from core.domain.messages import Job
    from core.domain.runner import Hold, Runner
    from core.domain.scale_set import Limits
    from core.engine.times import Times

_PHASES = {
    Phase.RESERVED: RunnerState.RESERVED,
    Phase.IDLE: RunnerState.IDLE,
    Phase.DRAINING: RunnerState.DRAINING,
    Phase.FINISHING: RunnerState.FINISHING,
    Phase.STOPPING: RunnerState.STOPPING,
}
_LAUNCHING = {
    TaskStatus.PROVISIONING: RunnerState.PROVISIONING,
    TaskStatus.PENDING: RunnerState.PENDING,
    TaskStatus.ACTIVATING: RunnerState.ACTIVATING,
    TaskStatus.RUNNING: RunnerState.UNREADY,
}


def runner_state(runner: Runner) -> RunnerState:
    """The one word an operator is told."""
    if runner.phase is Phase.LAUNCHING:
        return _LAUNCHING.get(runner.task.status, RunnerState.PENDING) if runner.task else RunnerState.PENDING
    if runner.phase is Phase.BUSY:
        return RunnerState.ASSUMED_BUSY if runner.assumed_busy else RunnerState.BUSY
    if runner.phase is Phase.ENDED:
        return RunnerState.FAILED if _failed(runner) else RunnerState.STOPPED
    return _PHASES[runner.phase]


def _failed(runner: Runner) -> bool:
    """Whether it ended without having served; one that a person stopped, or that nobody needed, ended as was asked."""
    task, stop = runner.task, runner.stop
    if stop is not None and (stop.by != REAPER or (runner.online_since is not None and runner.job is None)):
        return False
    if runner.note or task is None:
        return True
    return bool(task.exit_code) or task.stop_code == "TaskFailedToStart" or task.started_at is None


def runner_view(runner: Runner, limits: Limits | None, times: Times) -> RunnerView:
    """One runner. ``limits`` None when its scale set is no longer configured."""
    state = runner_state(runner)
    since = {Phase.LAUNCHING: runner.status_since, Phase.BUSY: runner.job_since or runner.running_since}
    task = runner.task
    return RunnerView(
        name=runner.name,
        scale_set=runner.scale_set,
        state=state,
        since=times.epoch(since.get(runner.phase) or runner.since),
        limit=_limit(runner, limits),
        task_arn=runner.task_arn,
        task_status=task.status.value if task else "",
        runner_id=runner.runner_id,
        online=True if runner.online_since is not None or runner.job_since is not None else None,
        launch=task.launch if task else "",
        definition=task.definition if task else "",
        job=_job_view(runner, times),
        exit_code=task.exit_code if task else None,
        reason=_reason(runner),
        why=_why(runner, state, limits, times),
        steps=_steps(runner, times),
        hold=_hold_view(runner.hold, times),
    )


def _steps(runner: Runner, times: Times) -> Steps:
    task, online = runner.task, epoch(runner.online_since, times)
    if task is None:
        return Steps(online_at=online)
    return Steps(
        created_at=timestamp(task.created_at),
        pull_started_at=timestamp(task.pull_started_at),
        pull_stopped_at=timestamp(task.pull_stopped_at),
        started_at=timestamp(task.started_at),
        online_at=online,
    )


def _limit(runner: Runner, limits: Limits | None) -> float | None:
    if limits is None or runner.hold is not None:
        return None
    if runner.phase is Phase.IDLE:
        return limits.idle or None
    if runner.phase in {Phase.BUSY, Phase.FINISHING}:
        return limits.max_runtime or None
    return start_limit(runner, limits)


def _job_view(runner: Runner, times: Times) -> JobView | None:
    job = runner.job
    if job is None:
        return None
    return job_view(job, queued_at=timestamp(job.queued_at), started_at=epoch(runner.job_since, times))


def job_view(job: Job, *, queued_at: float | None, started_at: float | None = None) -> JobView:
    """A job by its names, with what is known of its times, in epoch seconds."""
    return JobView(
        id=job.id,
        name=job.name,
        repository=job.repository,
        workflow=job.workflow,
        run_id=job.run_id,
        queued_at=queued_at,
        started_at=started_at,
    )


def _reason(runner: Runner) -> str:
    if runner.phase is Phase.ENDED:
        return runner.stop.reason if runner.stop else why_it_ended(runner)
    return runner.stop.reason if runner.stop else ""


_START_WHY = "waits for ECS; after {allowed} in {state} a sweep stops it, and a replacement starts"
_WHY = {
    RunnerState.RESERVED: "its JIT config and RunTask are under way",
    RunnerState.PROVISIONING: _START_WHY,
    RunnerState.PENDING: _START_WHY,
    RunnerState.ACTIVATING: _START_WHY,
    RunnerState.UNREADY: "its task runs; GitHub has not shown it online yet",
    RunnerState.IDLE: "online, waits for a job",
    RunnerState.BUSY: "runs its job; {over_limit}",
    RunnerState.ASSUMED_BUSY: "was running when this controller started; assumed busy until a job message names it",
    RunnerState.DRAINING: "removed on GitHub; it leaves by itself, or is stopped after the quiet window: {reason}",
    RunnerState.FINISHING: "its job is over; it holds its slot until ECS says STOPPED",
    RunnerState.STOPPING: "StopTask was asked for by {by}; ECS has not said STOPPED yet",
    RunnerState.STOPPED: "{reason}",
    RunnerState.FAILED: "{reason}",
}


_HELD_WHY = "held by {by} until {until}: no rule stops it, and nobody drains it"


def _hold_view(hold: Hold | None, times: Times) -> HoldView | None:
    return HoldView(by=hold.by, since=times.epoch(hold.since), until=times.epoch(hold.until)) if hold else None


def _why(runner: Runner, state: RunnerState, limits: Limits | None, times: Times) -> str:
    if runner.hold is not None:
        return _HELD_WHY.format(by=runner.hold.by, until=times.clock_text(runner.hold.until))
    limit = _limit(runner, limits)
    allowed = format_duration(limit) if limit else "its limit"
    return _WHY[state].format(
        allowed=allowed,
        state=state.upper(),
        over_limit=f"after {allowed} its task is stopped and the job fails" if limit else "nothing limits its time",
        by=runner.stop.by if runner.stop else "?",
        reason=_reason(runner),
    )
