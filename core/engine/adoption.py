"""Runners that an earlier run of a controller started: what each is taken for when we first know of it.

Found in ECS, it is adopted with its task. Known to the journal alone, it is *recalled*: it keeps its slot until ECS
shows its task or nothing speaks for one any more (``recovery``), so that what cannot be seen yet is not started twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.domain.runner import Phase, Runner

if TYPE_CHECKING:
    from datetime import datetime

    from core.domain.messages import Job
    from core.domain.task import Task
    from core.engine.times import Times


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job that a runner had when the journal was last written."""

    job: Job
    started_at: datetime


@dataclass(frozen=True, slots=True)
class KnownStart:
    """A start of an earlier run; ``task_arn`` is empty where it is not known what ECS made of it."""

    name: str
    scale_set: str
    task_arn: str
    runner_id: int | None
    at: datetime  #: when it was last heard of


def adopted(task: Task, scale_set: str, name: str, known: KnownJob | None, times: Times) -> Runner:
    """The runner of a task that we found: busy with its job when that is known, else assumed busy once it runs (row 7).

    The task itself is still to be observed.
    """
    phase = Phase.LAUNCHING if task.status.starting else Phase.BUSY
    found = Runner(
        name,
        scale_set,
        phase,
        times.monotonic(),
        task_arn=task.arn,
        runner_id=task.runner_id,
        assumed_busy=phase is Phase.BUSY,
        adopted=True,
    )
    return found if known is None else _with_job(found, known, times)


def recalled(start: KnownStart, known: KnownJob | None, times: Times) -> Runner:
    """The runner of a start that ECS may not show yet (row 2)."""
    remembered = Runner(
        start.name,
        start.scale_set,
        Phase.LAUNCHING if start.task_arn else Phase.RESERVED,
        times.monotonic(),
        task_arn=start.task_arn,
        accepted_at=times.since(start.at) if start.task_arn else None,
        runner_id=start.runner_id,
        adopted=True,
    )
    return remembered if known is None else _with_job(remembered, known, times)


def _with_job(runner: Runner, known: KnownJob, times: Times) -> Runner:
    since = times.since(known.started_at)
    return replace(runner, phase=Phase.BUSY, job=known.job, job_since=since, assumed_busy=False)
