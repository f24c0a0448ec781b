"""Values with good defaults, so that a test names only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime

from core.domain.messages import Job, JobMessage, JobMessageKind
from core.domain.runner import Phase, Runner
from core.domain.scale_set import Bounds, LaunchType, Limits, Placement, ScaleSetSpec, Shape
from core.domain.task import Task, TaskStatus
from core.domain.task_definition import DefinitionSettings

DEFINITIONS = DefinitionSettings(
    execution_role="arn:aws:iam::123456789012:role/execution",
    task_role="arn:aws:iam::123456789012:role/task",
    log_group="/runners",
    region="eu-west-1",
)


def a_scale_set(name: str = "small", *, maximum: int = 10, minimum: int = 0, **facts: object) -> ScaleSetSpec:
    """A scale set on the EXTERNAL launch type."""
    spec = ScaleSetSpec(
        name=name,
        family=name,
        shape=Shape(cpu=1024, memory=2048, runner_image="runner:1"),
        bounds=Bounds(maximum=maximum, minimum=minimum),
        limits=Limits(),
        placement=Placement(LaunchType.EXTERNAL, network_mode="bridge"),
        labels=("linux",),
    )
    return replace(spec, **facts)  # type: ignore[arg-type]  # builders take any field


def a_task(status: TaskStatus = TaskStatus.RUNNING, *, arn: str = "arn:task/1", **facts: object) -> Task:
    """A task of runner ``small-0000000a``."""
    task = Task(arn, status, scale_set="small", runner_name="small-0000000a", controller="test")
    return replace(task, **facts)  # type: ignore[arg-type]  # builders take any field


def a_runner(phase: Phase = Phase.LAUNCHING, *, name: str = "small-0000000a", **facts: object) -> Runner:
    """A runner of scale set ``small`` that entered its phase at 0."""
    return replace(Runner(name, "small", phase, since=0.0), **facts)  # type: ignore[arg-type]  # as above


def a_job(identity: str = "job-1", *, name: str = "unit", repository: str = "acme/api") -> Job:
    """A job as messages name it."""
    return Job(id=identity, name=name, repository=repository, queued_at=datetime(2030, 1, 1, tzinfo=UTC))


def job_started(runner: str, job: Job | None = None, *, runner_id: int = 7) -> JobMessage:
    """GitHub says that a runner took a job."""
    return JobMessage(JobMessageKind.STARTED, job or a_job(), runner_id, runner)


def job_completed(runner: str, job: Job | None = None, *, runner_id: int = 7, result: str = "succeeded") -> JobMessage:
    """GitHub says that a runner's job is over."""
    return JobMessage(JobMessageKind.COMPLETED, job or a_job(), runner_id, runner, result)


def job_available(request_id: int) -> JobMessage:
    """GitHub offers a job (GHES)."""
    return JobMessage(JobMessageKind.AVAILABLE, Job(request_id=request_id))
