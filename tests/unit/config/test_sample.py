"""The sample configuration of the original, word for word, gives what it gives there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.domain.scale_set import LaunchType, ScaleSetSpec
from tests.unit.config.builders import parsed

if TYPE_CHECKING:
    from core.config.runner_config import RunnerConfig

SAMPLE = Path(__file__).parents[2] / "data" / "sample-runners.toml"


@pytest.fixture(scope="module")
def sample() -> RunnerConfig:
    return parsed(SAMPLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def by_family(sample: RunnerConfig) -> dict[str, ScaleSetSpec]:
    return {spec.family: spec for spec in sample.scale_sets}


def test_it_gives_51_families(by_family: dict[str, ScaleSetSpec]) -> None:
    assert len(by_family) == 51


def test_it_gives_no_warning(sample: RunnerConfig) -> None:
    assert sample.warnings == ()


def test_the_excluded_family_is_absent_and_its_sibling_present(by_family: dict[str, ScaleSetSpec]) -> None:
    assert "runner-small-1g-docker" not in by_family
    assert "runner-small-1g-plain" in by_family


def test_families_come_in_sorted_order(sample: RunnerConfig) -> None:
    assert [spec.family for spec in sample.scale_sets][:3] == [
        "runner-large-docker",
        "runner-large-plain",
        "runner-large-10g-docker",
    ]


@pytest.mark.parametrize(
    ("family", "maximum"),
    [
        ("runner-small-1g-plain", 48),
        ("runner-small-plain", 24),
        ("runner-medium-10g-docker", 4),
        ("runner-xlarge-plain", 6),
        ("runner-xxlarge-docker", 3),
    ],
)
def test_each_family_has_its_limit(by_family: dict[str, ScaleSetSpec], family: str, maximum: int) -> None:
    assert by_family[family].bounds.maximum == maximum


def test_the_limits_sum_to_420_runners(sample: RunnerConfig) -> None:
    assert sum(spec.bounds.maximum for spec in sample.scale_sets) == 420


@pytest.mark.parametrize(
    ("family", "labels"),
    [
        (
            "runner-small-1g-plain",
            ("small-1g", "plain", "linux", "no-docker", "external", "1cpu", "1gb"),
        ),
        ("runner-xlarge-docker", ("xlarge", "docker", "linux", "external", "6cpu", "8gb")),
    ],
)
def test_each_family_has_its_labels(by_family: dict[str, ScaleSetSpec], family: str, labels: tuple[str, ...]) -> None:
    assert by_family[family].labels == labels


def test_docker_families_have_docker_and_plain_ones_do_not(sample: RunnerConfig) -> None:
    assert all(spec.shape.dind is spec.family.endswith("-docker") for spec in sample.scale_sets)


def test_all_run_on_external_hosts_for_at_most_6_hours(sample: RunnerConfig) -> None:
    assert {spec.placement.launch_type for spec in sample.scale_sets} == {LaunchType.EXTERNAL}
    assert {spec.placement.network_mode for spec in sample.scale_sets} == {"bridge"}
    assert {spec.limits.max_runtime for spec in sample.scale_sets} == {21_600.0}
