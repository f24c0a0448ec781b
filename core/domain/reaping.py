"""What may be stopped or deregistered, and why: pure verdicts over what we believe.

The words of a verdict are the StopTask reason, the journal's and the screen's (invariant I2). Durations are judged
against the moment *we* first saw a state: a clock of ECS that differs from ours stops nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.durations import format_duration
from core.domain.runner import Phase
from core.domain.scale_set import scale_set_of
from core.domain.task import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from core.domain.messages import Registration
    from core.domain.runner import Runner
    from core.domain.scale_set import Limits

#: Seconds after its RunTask in which a task that ECS does not show is never taken for gone (ecs-api.md A1).
VISIBLE_WITHIN = 300.0
#: Two complete looks this far apart must both miss a task.
MISSING_APART = 60.0
#: Seconds a container may outlive its job: it has nothing left to do but to exit, and holds a slot until then (row 15).
FINISHING_WITHIN = 900.0

#: Idle runners have a limit of their own, and drain (``draining``); starting ones that run, too (``unready_reason``).
_RUNS_A_JOB = frozenset({Phase.BUSY, Phase.FINISHING})


def start_limit(runner: Runner, limits: Limits) -> float | None:
    """Seconds the runner's task may stay in its present state on the way to being online; None when it is not."""
    if runner.task is None or runner.phase is not Phase.LAUNCHING:
        return None
    match runner.task.status:
        case TaskStatus.PROVISIONING:
            return limits.provisioning
        case TaskStatus.PENDING:
            return limits.pending
        case TaskStatus.ACTIVATING:
            return limits.activating
        case TaskStatus.RUNNING:
            return limits.unready
        case _:
            return None


def overdue(runner: Runner, limits: Limits, now: float) -> bool:
    """Whether a start is over its limit; it holds its slot but nobody counts on it any more.

    A running task is overdue (*unready*) only when a runner list made after its limit showed it neither online nor
    busy: as long as GitHub cannot be asked, nobody is taken for lost (row 27).
    """
    limit = start_limit(runner, limits)
    if limit is None or runner.task is None or runner.status_since is None or now - runner.status_since <= limit:
        return False
    if runner.task.status is not TaskStatus.RUNNING:
        return True
    looked = runner.presence.not_serving_at
    return looked is not None and looked - runner.status_since > limit


def unready_reason(runner: Runner, limits: Limits, now: float) -> str | None:
    """Why a running task that never came online must go; None when it may live."""
    running = runner.task is not None and runner.task.status is TaskStatus.RUNNING
    if not running or runner.status_since is None or not overdue(runner, limits, now):
        return None
    spent, allowed = format_duration(now - runner.status_since), format_duration(limits.unready)
    return f"arcdeck: RUNNING for {spent} and not online at GitHub (threshold: {allowed})"


def runtime_since(runner: Runner) -> float | None:
    """When the clock of max runtime began: JobStarted where a job runs or ran, else first seen RUNNING (row 20).

    A job that GitHub told us of by refusing the removal of its runner began, for all we know, when it did so.
    """
    if runner.phase in {Phase.BUSY, Phase.FINISHING} and runner.job_since is not None:
        return runner.job_since
    if runner.phase is Phase.BUSY and not runner.assumed_busy:
        return runner.since
    return runner.running_since


def stop_reason(runner: Runner, limits: Limits, now: float) -> str | None:
    """Why the runner's task must be stopped now; None when it may live (behaviour.md 1.4), or is held.

    A container that outlives its job is judged as well: nothing else would ever end it.
    """
    if runner.task is None or runner.task.desired_stopped or runner.held(now):
        return None
    limit = start_limit(runner, limits)
    if limit is not None and runner.task.status.starting and runner.status_since is not None:
        if not overdue(runner, limits, now):
            return None
        stuck, threshold = format_duration(now - runner.status_since), format_duration(limit)
        return f"ecs-arc: stuck in {runner.task.status} for {stuck} (threshold: {threshold})"
    return _outlived_its_job(runner, now) or _over_max_runtime(runner, limits, now)


def _outlived_its_job(runner: Runner, now: float) -> str | None:
    if runner.phase is not Phase.FINISHING or now - runner.since <= FINISHING_WITHIN:
        return None
    allowed, spent = format_duration(FINISHING_WITHIN), format_duration(now - runner.since)
    return f"arcdeck: its job ended {spent} ago and its container does not (threshold: {allowed})"


def _over_max_runtime(runner: Runner, limits: Limits, now: float) -> str | None:
    since = runtime_since(runner) if runner.phase in _RUNS_A_JOB else None
    if since is None or limits.max_runtime <= 0 or runner.task is None:
        return None
    age = now - since
    if age <= limits.max_runtime or runner.task.status is not TaskStatus.RUNNING:
        return None
    allowed, spent = format_duration(limits.max_runtime), format_duration(age)
    return f"ecs-arc: exceeded max runtime {allowed} (running: {spent})"


def gone(first_missed: float, accepted_at: float | None, now: float) -> bool:
    """Whether a task missed by this complete look, and by one at ``first_missed``, is gone (row 2)."""
    young = accepted_at is not None and now - accepted_at < VISIBLE_WITHIN
    return now - first_missed >= MISSING_APART and not young


# --- the offline sweep ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfflineVerdict:
    """What one complete list of registrations says about ghosts."""

    first_seen: dict[int, float]  #: registrations offline now, by id: since when; the memory of the next look
    ghosts: tuple[Registration, ...]  #: to be deregistered


def judge_offline(
    registrations: Iterable[Registration],
    first_seen: Mapping[int, float],
    *,
    scale_sets: Collection[str],
    backed: Collection[str],
    min_age: float,
    now: float,
) -> OfflineVerdict:
    """The third safety net (behaviour.md 1.4): who has been offline for ``min_age`` seconds with no task behind it.

    ``scale_sets`` are the names to judge, ``backed`` the runner names with a live task. Who came online or is no longer
    listed is forgotten. Busy registrations are remembered and left alone.
    """
    offline = [r for r in registrations if not r.online and scale_set_of(r.name) in scale_sets]
    seen = {r.id: first_seen.get(r.id, now) for r in offline}
    ghosts = tuple(r for r in offline if not r.busy and r.name not in backed and now - seen[r.id] >= min_age)
    return OfflineVerdict(seen, ghosts)
