"""Labels come from lists of ours, and what is counted stays bounded whatever is told."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.adapters.control.metrics import Metrics
from core.adapters.control.metrics_told import LastHour
from core.adapters.control.metrics_words import (
    Scope,
    event_word,
    exit_word,
    outcome_word,
    result_word,
    stop_code_word,
)
from core.api.model import ControllerView, ScaleSetState, ScaleSetView, Snapshot
from core.domain import errors
from core.domain.errors import ArcdeckError, CapacityKind
from core.domain.failures import FailureClass
from core.domain.messages import Job, JobMessage, JobMessageKind
from core.domain.task import Container, Task, TaskStatus
from core.meter import SessionCause

HOSTILE = ['push"} 1\nup', "\x1b[31mpush", "пуш", "a" * 10_000, "push\x00"]


def a_stopped_task(stop_code: str = "", exit_code: int | None = None) -> Task:
    container = Container("runner", exit_code=exit_code)
    return Task("arn:task/1", TaskStatus.STOPPED, stop_code=stop_code, containers=(container,))


def series(metrics: Metrics) -> list[str]:
    return [line for line in metrics.text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        ("https://github.com/acme", Scope("ci", organization="acme")),
        ("https://github.com/acme/api", Scope("ci", organization="acme", repository="api")),
        ("https://github.com/enterprises/acme-corp", Scope("ci", enterprise="acme-corp")),
        ("https://ghes.example.test/Enterprises/acme-corp", Scope("ci", enterprise="acme-corp")),
    ],
    ids=["organisation", "repository", "enterprise", "enterprise on GHES"],
)
def test_whose_runners_they_are_is_in_arcs_labels(url: str, scope: Scope) -> None:
    assert Scope.of(url, "ci") == scope


def test_a_cluster_given_by_its_arn_is_known_by_its_name() -> None:
    assert Scope.of("https://github.com/acme", "arn:aws:ecs:eu-west-1:123456789012:cluster/ci").namespace == "ci"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (None, "accepted"),
        (errors.TransientCapacityError("no room"), "capacity"),
        (errors.TransientCapacityError("no room", kind=CapacityKind.QUOTA), "quota"),
        (errors.TransientCapacityError("slow down", kind=CapacityKind.THROTTLE), "throttle"),
        (errors.Throttled("slow down"), "throttle"),
        (errors.OutcomeUnknown("reset"), "unanswered"),
        (errors.Unavailable("away"), "unavailable"),
        (errors.PermissionDenied("no"), "permission"),
        (errors.CredentialsRejected("who"), "credentials"),
        (errors.ConfigurationError("no such subnet"), "configuration"),
        (errors.Rejected("what"), "unknown"),
        (errors.RunnerExists("taken"), "conflict"),
        (errors.ScaleSetNotFound("deleted"), "gone"),
        (errors.ProtocolError("odd"), "protocol"),
        (errors.JobStillRunning("busy"), "other"),
        (ArcdeckError("else"), "other"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_a_start_came_to_is_one_word(error: ArcdeckError | None, word: str) -> None:
    assert outcome_word(error) == word


@pytest.mark.parametrize(
    ("task", "stop_code", "ended"),
    [
        (a_stopped_task("EssentialContainerExited", 0), "EssentialContainerExited", "ok"),
        (a_stopped_task("EssentialContainerExited", 1), "EssentialContainerExited", "failed"),
        (a_stopped_task("UserInitiated", 143), "UserInitiated", "killed"),
        (a_stopped_task("SpotInterruption", 137), "SpotInterruption", "killed"),
        (a_stopped_task("TaskFailedToStart"), "TaskFailedToStart", "none"),
        (a_stopped_task(), "none", "none"),
        (a_stopped_task("SomethingNew", 0), "other", "ok"),
        (None, "none", "none"),
    ],
)
def test_how_a_task_ended_is_two_words(task: Task | None, stop_code: str, ended: str) -> None:
    assert (stop_code_word(task), exit_word(task)) == (stop_code, ended)


@pytest.mark.parametrize(("said", "word"), [("Succeeded", "succeeded"), ("cancelled", "canceled"), ("", "none")])
def test_results_of_jobs_are_known_in_any_case_and_spelling(said: str, word: str) -> None:
    assert result_word(said) == word


@pytest.mark.parametrize("said", HOSTILE, ids=ascii)
def test_words_from_outside_are_never_labels(said: str) -> None:
    assert (event_word(said), result_word(said), stop_code_word(a_stopped_task(said))) == ("other",) * 3


def test_the_number_of_series_does_not_depend_on_what_is_told() -> None:
    metrics = Metrics(Scope(), lambda: 0.0)
    for told in range(2):
        for number in range(100):
            job = Job(id=f"{told} {number}", name=f"job {number}", event=f"event {number}", workflow=f"w {number}")
            message = JobMessage(JobMessageKind.COMPLETED, job, number, f"small-{number:08x}", f"result {number}")
            metrics.meter.job_started("small", message)
            metrics.meter.job_completed("small", message)
            metrics.meter.task_ended("small", a_stopped_task(f"code {number}", number % 100))
        if told == 0:
            before = len(series(metrics))
    assert len(series(metrics)) == before


def test_a_text_of_metrics_parses_whatever_a_scale_set_is_called() -> None:
    metrics = Metrics(Scope(), lambda: 0.0)
    scale_set = ScaleSetView(name='a"b\\c\nd', state=ScaleSetState.OK, minimum=0, maximum=1)
    metrics.watch(
        lambda: Snapshot(version=1, now=0.0, controller=ControllerView(id="c", cluster="ci"), scale_sets=(scale_set,))
    )
    labels = [
        sample.labels["name"]
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
        if sample.name == "gha_max_runners"
    ]
    assert labels == [scale_set.name]


def test_what_rarely_happens_begins_at_0() -> None:
    metrics = Metrics(Scope(), lambda: 0.0)
    scale_set = ScaleSetView(name="small", state=ScaleSetState.OK, minimum=0, maximum=1)
    metrics.watch(
        lambda: Snapshot(version=1, now=0.0, controller=ControllerView(id="c", cluster="ci"), scale_sets=(scale_set,))
    )
    told = series(metrics)
    assert 'arcdeck_ghosts_found_total{name="small"} 0.0' in told
    for outcome in FailureClass:
        assert f'arcdeck_starts_total{{name="small",outcome="{outcome}",step="run-task"}} 0.0' in told
    for cause in SessionCause:
        assert f'arcdeck_session_opens_total{{name="small",reason="{cause}"}} 0.0' in told


def test_what_is_not_known_has_no_series() -> None:
    metrics = Metrics(Scope(), lambda: 0.0)
    scale_set = ScaleSetView(name="small", state=ScaleSetState.STARTING, minimum=0, maximum=1)
    metrics.watch(
        lambda: Snapshot(version=1, now=0.0, controller=ControllerView(id="c", cluster="ci"), scale_sets=(scale_set,))
    )
    told = {line.partition(" ")[0].partition("{")[0] for line in series(metrics)}
    assert told.isdisjoint(
        {
            "gha_assigned_jobs",
            "gha_idle_runners",
            "arcdeck_last_poll_age_seconds",
            "arcdeck_last_look_age_seconds",
            "arcdeck_github_rate_limit_remaining",
        }
    )


def test_a_job_without_times_is_counted_and_not_timed() -> None:
    metrics = Metrics(Scope(), lambda: 0.0)
    metrics.meter.job_started("small", JobMessage(JobMessageKind.STARTED, Job(id="a"), 7, "small-0000000a"))
    told = series(metrics)
    assert [line for line in told if line.startswith("gha_started_jobs_total") and line.endswith(" 1.0")]
    assert 'arcdeck_job_queue_seconds_count{name="small"} 0.0' in told


def test_the_last_hour_forgets_what_is_older() -> None:
    now = [0.0]
    hour = LastHour(lambda: now[0])
    for moment in (0.0, 30.0, 1800.0):
        now[0] = moment
        hour.add()
    counts = []
    for moment in (3599.0, 3600.0, 5400.0):
        now[0] = moment
        counts.append(hour.count())
    assert counts == [3, 1, 0]
