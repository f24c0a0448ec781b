"""What Prometheus scrapes: it parses, each metric is explained, and each moves by as much as what it speaks of."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.adapters.control.metrics_words import SCOPED
from core.bootstrap.parts import version
from tests.contract.metric_scenes import SCENES, Scene, Scrape, Theatre
from tests.stages import share_start_costs

pytestmark = pytest.mark.virtual_time

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.fixture(scope="module")
def played() -> dict[str, Scene]:
    """The scenes that were played already."""
    return {}


@pytest.fixture
def scene(
    played: dict[str, Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Awaitable[Scene]]:
    """Play a scene, once for all tests."""

    async def play(name: str) -> Scene:
        if name not in played:
            share_start_costs(monkeypatch)
            played[name] = await SCENES[name](Theatre(tmp_path, monkeypatch))
        return played[name]

    return play


@dataclass(frozen=True)
class Move:
    """What moves one metric: a scene, and by how much; a word stands for what the scene told."""

    sample: str
    scene: str
    by: float | str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """As the README names it."""
        return re.sub("_(count|sum)$", "", self.sample)


MOVES = (
    # --- ARC's -------------------------------------------------------------------------------------------------------
    Move("gha_assigned_jobs", "working", 1, {"name": "small", "organization": "acme", "namespace": "arcdeck-demo"}),
    Move("gha_running_jobs", "working", 1),
    Move("gha_registered_runners", "configured", 2),
    Move("gha_busy_runners", "working", 1),
    Move("gha_idle_runners", "configured", 2),
    Move("gha_min_runners", "configured", 2),
    Move("gha_max_runners", "configured", 7),
    Move("gha_desired_runners", "working", 1),
    Move("gha_started_jobs_total", "served", 1, {"event_name": "push"}),
    Move("gha_completed_jobs_total", "served", 1, {"event_name": "push", "job_result": "succeeded"}),
    Move("gha_job_startup_duration_seconds_count", "served", 1),
    Move("gha_job_startup_duration_seconds_sum", "served", "startup"),
    Move("gha_job_execution_duration_seconds_count", "served", 1),
    Move("gha_job_execution_duration_seconds_sum", "served", 120, {"job_result": "succeeded"}),
    # --- jobs that wait ----------------------------------------------------------------------------------------------
    Move("arcdeck_queue_age_seconds", "starting", 8),
    Move("arcdeck_queue_age_seconds", "working", 0),
    Move("arcdeck_job_queue_seconds_count", "served", 1),
    Move("arcdeck_job_queue_seconds_sum", "served", "queued"),
    # --- starts ------------------------------------------------------------------------------------------------------
    Move("arcdeck_starts_total", "served", 1, {"step": "run-task", "outcome": "accepted"}),
    Move("arcdeck_starts_total", "full", 1, {"step": "run-task", "outcome": "capacity"}),
    Move("arcdeck_starts_total", "full", 0, {"outcome": "accepted"}),
    Move("arcdeck_start_seconds_count", "served", 1),
    Move("arcdeck_start_seconds_count", "full", 0),
    Move("arcdeck_task_start_seconds_count", "served", 1),
    Move("arcdeck_task_start_seconds_sum", "served", "task start"),
    Move("arcdeck_image_pull_seconds_sum", "served", "pull"),
    Move("arcdeck_registrations_total", "served", 1),
    Move("arcdeck_registrations_last_hour", "served", 1),
    Move("arcdeck_backoff_failures", "full", 1),
    Move("arcdeck_backoff_remaining_seconds", "full", "remaining"),
    Move("arcdeck_scale_set_state", "full", 1, {"state": "backoff"}),
    Move("arcdeck_scale_set_state", "full", -1, {"state": "ok"}),
    # --- runners and tasks -------------------------------------------------------------------------------------------
    Move("arcdeck_runners", "starting", 1, {"state": "pending"}),
    Move("arcdeck_runners", "working", 1, {"state": "busy"}),
    Move("arcdeck_oldest_runner_age_seconds", "warm", 60, {"state": "idle"}),
    Move("arcdeck_starting_runners", "starting", 1),
    Move("arcdeck_ending_runners", "ending", 1),
    Move("arcdeck_advertised_capacity", "configured", 7),
    Move("arcdeck_idle_seconds_total", "warm", 2 * 60),
    Move("arcdeck_task_state_seconds_count", "served", 1, {"state": "RUNNING"}),
    Move("arcdeck_task_state_seconds_sum", "served", "pending", {"state": "PENDING"}),
    Move("arcdeck_tasks_ended_total", "served", 1, {"stop_code": "EssentialContainerExited", "exit": "ok"}),
    Move("arcdeck_tasks_ended_total", "stillborn", 1, {"stop_code": "TaskFailedToStart", "exit": "none"}),
    Move("arcdeck_ghosts_found_total", "haunted", 1),
    Move("arcdeck_ghosts_removed_total", "haunted", 1),
    # --- GitHub and AWS ----------------------------------------------------------------------------------------------
    Move("arcdeck_session_opens_total", "evicted", 1, {"reason": "lost"}),
    Move("arcdeck_session_opens_total", "evicted", 0, {"reason": "first"}),
    Move("arcdeck_last_poll_age_seconds", "listening", 10),
    Move("arcdeck_last_look_age_seconds", "listening", 10),
    Move("arcdeck_sweep_seconds_count", "served", 13),
    Move("arcdeck_sweep_seconds_count", "listening", 0),
    Move("arcdeck_calls_total", "served", 1, {"service": "aws", "operation": "RunTask", "outcome": "ok"}),
    Move("arcdeck_call_seconds_count", "served", 1, {"service": "github", "operation": "generate_jit_config"}),
    Move("arcdeck_github_rate_limit", "configured", 5000),
    Move("arcdeck_github_rate_limit_remaining", "listing", "calls"),
    # --- the controller ----------------------------------------------------------------------------------------------
    Move("arcdeck_journal_degraded", "imagined", 1),
    Move("arcdeck_observing", "imagined", 1),
    Move("arcdeck_build_info", "configured", 1, {"version": version()}),
)


@pytest.fixture
async def scrape(scene: Callable[[str], Awaitable[Scene]]) -> Scrape:
    """An ordinary one, when something has happened."""
    return (await scene("served")).after


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.sample} in {move.scene}")
async def test_a_metric_moves_by_as_much_as_what_it_speaks_of(
    move: Move, scene: Callable[[str], Awaitable[Scene]]
) -> None:
    seen = await scene(move.scene)
    by = seen.told[move.by] if isinstance(move.by, str) else move.by
    assert seen.moved(move.sample, move.labels) == pytest.approx(by, abs=1e-3)


async def test_no_metric_is_without_something_that_moves_it(scrape: Scrape) -> None:
    assert set(families(scrape)) == {move.family for move in MOVES if move.by != 0}


async def test_every_metric_has_a_type_and_a_sentence_that_explains_it(scrape: Scrape) -> None:
    found = list(text_string_to_metric_families(scrape.text))
    assert [family.name for family in found if family.type not in {"counter", "gauge", "histogram"}] == []
    assert [family.name for family in found if not re.fullmatch(r"\S.+\.", family.documentation)] == []


async def test_no_metric_is_told_twice(scrape: Scrape) -> None:
    names = [family.name for family in text_string_to_metric_families(scrape.text)]
    assert len(names) == len(set(names))


async def test_times_are_in_seconds(scrape: Scrape) -> None:
    found = list(text_string_to_metric_families(scrape.text))
    assert [f.name for f in found if f.type == "histogram" and not f.name.endswith("_seconds")] == []
    assert [f.name for f in found if "_age" in f.name and not f.name.endswith("_age_seconds")] == []


async def test_no_counter_brings_a_second_family_along(scrape: Scrape) -> None:
    assert [sample for sample, _ in scrape.samples if sample.endswith("_created")] == []


# --- README --------------------------------------------------------------------------------------------------------


def families(scrape: Scrape) -> list[str]:
    """The names of all metrics, as a query would name them but for a histogram's parts."""
    found = text_string_to_metric_families(scrape.text)
    return [f"{family.name}_total" if family.type == "counter" else family.name for family in found]


def documented() -> dict[str, set[str]]:
    """The metrics of the README's tables, and the labels it gives them; those of ARC are named before the table."""
    section = README[README.index("## Metrics") :].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE)
    always = {"gha": set(SCOPED), "arcdeck": set[str]()}
    return {name: set(re.findall(r"`(\w+)`", labels)) | always[name.partition("_")[0]] for name, labels in rows}


async def test_the_readme_names_every_metric_and_no_other(scrape: Scrape) -> None:
    assert sorted(documented()) == sorted(families(scrape))


async def test_the_readme_names_every_label_and_no_other(scene: Callable[[str], Awaitable[Scene]]) -> None:
    told = documented()
    seen: dict[str, set[str]] = {}
    for name in SCENES:
        for sample, labels in (await scene(name)).after.samples:
            family = re.sub("_(count|sum|bucket)$", "", sample)
            seen.setdefault(family, set()).update(label for label, _ in labels if label != "le")
    assert seen == told
