"""What holds for every runner configuration, not only for the examples."""

from __future__ import annotations

import json
import math
import string
from contextlib import suppress
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from core.config.runner_config import parse_runner_config
from core.config.schema import Overrides, Runner
from core.config.settings import RunnerDefaults
from core.domain.errors import ConfigurationError
from core.domain.scale_set import MAX_NAME, LaunchType
from tests.unit.config.builders import EXTERNAL, parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEYS = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=6)
#: With a letter of its own per dimension, combinations cannot share a name.
DIMENSIONS = st.fixed_dictionaries(
    {
        "sizes": st.sets(KEYS.map("s{}".format), min_size=1, max_size=4),
        "architectures": st.sets(KEYS.map("a{}".format), max_size=3),
        "features": st.sets(KEYS.map("f{}".format), max_size=3),
    }
)
SIMPLE = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.lists(st.text(max_size=4) | st.integers(), max_size=3),
    st.sampled_from(["6h", "0s", "FARGATE", "EXTERNAL", "bridge", "ARM64"]),
)


def template(dimensions: Mapping[str, Iterable[str]]) -> str:
    lines = [EXTERNAL, "[[template]]", 'family_prefix = "run"']
    for name, keys in dimensions.items():
        lines.append(f"[template.{name}]")
        lines.extend(f"{key} = {{ cpu = 1024, memory = 1024 }}" for key in keys)
    return "\n".join(lines)


def written(value: object) -> str:
    """A value in TOML; JSON writes texts and lists of them the same way, but for DEL and lone surrogates."""
    return json.dumps(value).replace("\x7f", "\\u007f")


@given(DIMENSIONS)
def test_expanding_twice_gives_equal_scale_sets(dimensions: dict[str, set[str]]) -> None:
    assert parsed(template(dimensions)) == parsed(template(dimensions))


@given(DIMENSIONS)
def test_the_order_in_which_keys_are_written_does_not_matter(dimensions: dict[str, set[str]]) -> None:
    forwards = {name: sorted(keys) for name, keys in dimensions.items()}
    backwards = {name: sorted(keys, reverse=True) for name, keys in reversed(dimensions.items())}
    assert parsed(template(forwards)) == parsed(template(backwards))


@given(DIMENSIONS)
def test_a_template_gives_one_family_for_each_combination(dimensions: dict[str, set[str]]) -> None:
    scale_sets = parsed(template(dimensions)).scale_sets
    assert len({spec.family for spec in scale_sets}) == math.prod(len(keys) or 1 for keys in dimensions.values())


@given(
    st.dictionaries(st.sampled_from(sorted(Runner.model_fields)), SIMPLE),
    st.dictionaries(st.sampled_from(sorted(Overrides.model_fields)), SIMPLE),
)
def test_any_table_gives_a_scale_set_that_can_work_or_an_error_in_words(
    runner: dict[str, object], defaults: dict[str, object]
) -> None:
    lines = ["[defaults]", *(f"{key} = {written(value)}" for key, value in defaults.items())]
    lines += ["[[runner]]", *(f"{key} = {written(value)}" for key, value in runner.items())]
    with suppress(ConfigurationError):
        for spec in parse_runner_config("\n".join(lines), RunnerDefaults()).scale_sets:
            assert 0 <= spec.bounds.minimum <= spec.bounds.maximum
            assert len(spec.name) <= MAX_NAME
            assert not (spec.shape.dind and spec.placement.launch_type is LaunchType.FARGATE)
            assert (spec.placement.network_mode == "awsvpc") is bool(spec.placement.subnets)
            assert len(set(spec.labels)) == len(spec.labels)


@given(st.text())
def test_any_text_gives_a_configuration_or_an_error_in_words(text: str) -> None:
    with suppress(ConfigurationError):
        parse_runner_config(text, RunnerDefaults())
