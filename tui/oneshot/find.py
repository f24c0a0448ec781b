"""What a person means by a name: a runner's, its task's ARN or that ARN's last part, or a job's.

Names go to the controller, positions never do: what is found here is sent by name and judged anew there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.rows import job_text

if TYPE_CHECKING:
    from core.api.model import JobView, RunnerView, ScaleSetView, Snapshot


def runner_called(snapshot: Snapshot, name: str) -> RunnerView | None:
    """The runner of that name or task; None when there is none."""
    for runner in snapshot.runners:
        if name == runner.name or (runner.task_arn and name in {runner.task_arn, runner.task_arn.rpartition("/")[2]}):
            return runner
    return None


def scale_set_called(snapshot: Snapshot, name: str) -> ScaleSetView | None:
    """The scale set of that name; None when there is none."""
    return next((row for row in snapshot.scale_sets if row.name == name), None)


def runners_with_job(snapshot: Snapshot, name: str) -> list[RunnerView]:
    """The runners whose job is called that."""
    return [row for row in snapshot.runners if row.job and _is_called(row.job, name)]


def jobs_waiting(snapshot: Snapshot, name: str) -> list[tuple[ScaleSetView, JobView]]:
    """The jobs of that name that wait for a runner, each with the scale set that it waits in."""
    return [(row, job) for row in snapshot.scale_sets for job in row.waiting if _is_called(job, name)]


def _is_called(job: JobView, name: str) -> bool:
    """Whether that is a job's id, its name, or its place and name as tables show it."""
    return name in {job.id, job.name, job_text(job)}
