"""What a person means by a name: a runner's, its task's ARN or that ARN's last part, or a job's.

Names go to the controller, positions never do: what is found here is sent by name and judged anew there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.rows import job_text

if TYPE_CHECKING:
    from core.api.model import RunnerView, ScaleSetView, Snapshot


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
    """The runners whose job has that id, that name, or that place and name as tables show it."""
    return [row for row in snapshot.runners if row.job and name in {row.job.id, row.job.name, job_text(row.job)}]
