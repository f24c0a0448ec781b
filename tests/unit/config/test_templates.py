"""Expansion of templates."""

from __future__ import annotations

import pytest

from tests.unit.config.builders import EXTERNAL, families, parsed, problems, the_only

SIZES = "[template.sizes]\nsmall = { cpu = 1024, memory = 2048 }\nlarge = { cpu = 4096, memory = 8192 }\n"
ARCHITECTURES = '[template.architectures]\nx64 = { architecture = "X86_64" }\narm64 = { architecture = "ARM64" }\n'
FEATURES = "[template.features]\nplain = {}\ndocker = { enable_dind = true }\n"


def template(*tables: str, excluded: str = "", defaults: str = EXTERNAL, prefix: str = "run") -> str:
    exclude = f"[template.exclude]\ncombinations = [{excluded}]\n" if excluded else ""
    return f'{defaults}\n[[template]]\nfamily_prefix = "{prefix}"\n{"".join(tables)}{exclude}'


def test_families_are_the_cross_product_in_the_order_of_the_dimensions() -> None:
    # Written in the reverse order: it must not matter.
    assert families(template(FEATURES, ARCHITECTURES, SIZES)) == [
        "run-large-arm64-docker",
        "run-large-arm64-plain",
        "run-large-x64-docker",
        "run-large-x64-plain",
        "run-small-arm64-docker",
        "run-small-arm64-plain",
        "run-small-x64-docker",
        "run-small-x64-plain",
    ]


def test_a_dimension_may_be_absent() -> None:
    assert families(template(SIZES)) == ["run-large", "run-small"]


def test_an_empty_dimension_counts_as_absent() -> None:
    assert families(template(SIZES, "[template.features]\n")) == ["run-large", "run-small"]


def test_templates_follow_one_another_after_the_runners() -> None:
    text = template(SIZES) + '\n[[template]]\nfamily_prefix = "b"\n' + SIZES
    text += '[[runner]]\nfamily = "z"\ncpu = 1024\nmemory = 1024\n'
    assert families(text) == ["z", "run-large", "run-small", "b-large", "b-small"]


def test_the_keys_become_labels_in_the_order_of_the_dimensions() -> None:
    spec = parsed(template(SIZES, ARCHITECTURES, FEATURES)).scale_sets[0]
    assert spec.labels[:3] == ("large", "arm64", "docker")


def test_a_later_dimension_wins_key_by_key() -> None:
    spec = the_only(
        template(
            "[template.sizes]\ns = { cpu = 1024, memory = 2048, max_runners = 4, min_runners = 1 }\n",
            "[template.features]\nbig = { memory = 4096, max_runners = 2 }\n",
        )
    )
    assert (spec.shape.cpu, spec.shape.memory) == (1024, 4096)
    assert (spec.bounds.maximum, spec.bounds.minimum) == (2, 1)


@pytest.mark.parametrize("override", ["cpu = 0", "memory = 0", 'architecture = ""', 'os = ""'])
def test_an_empty_override_leaves_the_earlier_one(override: str) -> None:
    size = '[template.sizes]\ns = { cpu = 1024, memory = 2048, architecture = "ARM64", os = "LINUX" }\n'
    shape = the_only(template(size, f"[template.features]\nf = {{ {override} }}\n")).shape
    assert (shape.cpu, shape.memory, shape.architecture, shape.os) == (1024, 2048, "ARM64", "LINUX")


def test_a_later_dimension_replaces_the_capacity_providers_whichever_key_names_them() -> None:
    spec = the_only(
        template(
            '[template.sizes]\ns = { cpu = 1024, memory = 2048, capacity_provider = "old" }\n',
            '[template.features]\nf = { capacity_providers = ["new", "spare"] }\n',
            defaults='[defaults]\ncompatibility = "EC2"\nnetwork_mode = "bridge"\n',
        )
    )
    assert spec.placement.capacity_providers == ("new", "spare")


def test_a_later_dimension_can_take_the_capacity_providers_away() -> None:
    spec = the_only(
        template(
            '[template.sizes]\ns = { cpu = 1024, memory = 2048, capacity_providers = ["old"] }\n',
            '[template.features]\nf = { capacity_provider = "" }\n',
            defaults='[defaults]\ncompatibility = "EC2"\nnetwork_mode = "bridge"\n',
        )
    )
    assert spec.placement.capacity_providers == ()


def test_extra_labels_of_the_dimensions_add_up() -> None:
    spec = the_only(
        template(
            '[template.sizes]\ns = { cpu = 1024, memory = 2048, extra_labels = ["a"] }\n',
            '[template.features]\nf = { extra_labels = ["b"] }\n',
            defaults='[defaults]\ncompatibility = "EXTERNAL"\nextra_labels = ["d"]\n',
        )
    )
    assert spec.labels[:5] == ("s", "f", "d", "a", "b")


def test_an_excluded_combination_is_left_out() -> None:
    assert families(template(SIZES, FEATURES, excluded='{ size = "small", feature = "docker" }')) == [
        "run-large-docker",
        "run-large-plain",
        "run-small-plain",
    ]


def test_an_absent_key_of_an_excluded_combination_matches_everything() -> None:
    assert families(template(SIZES, FEATURES, excluded='{ feature = "docker" }')) == [
        "run-large-plain",
        "run-small-plain",
    ]


def test_an_empty_key_of_an_excluded_combination_matches_everything() -> None:
    text = template(SIZES, FEATURES, excluded='{ size = "", feature = "docker" }')
    assert families(text) == ["run-large-plain", "run-small-plain"]


def test_excluding_a_key_that_does_not_exist_is_a_warning_with_the_nearest_one() -> None:
    (warning,) = parsed(template(SIZES, excluded='{ size = "smal" }')).warnings
    assert warning == (
        '[[template]] 1 (family_prefix "run"), exclude.combinations 1, size: '
        'names no size of the template: "smal"; it excludes nothing; did you mean "small"?'
    )


def test_a_condition_on_a_dimension_that_the_template_lacks_is_a_warning() -> None:
    config = parsed(template(SIZES, excluded='{ size = "small", architecture = "x64" }'))
    assert [spec.family for spec in config.scale_sets] == ["run-large"]
    assert "says nothing, as the template has no architectures" in config.warnings[0]


@pytest.mark.parametrize(
    "excluded",
    ["{}", '{ size = "small" }, { size = "large" }', '{ architecture = "x64" }'],
    ids=["an empty combination", "every key", "only a dimension that the template lacks"],
)
def test_excluding_every_combination_is_an_error(excluded: str) -> None:
    (problem,) = problems(template(SIZES, excluded=excluded))
    assert problem == (
        '[[template]] 1 (family_prefix "run"), exclude: leaves nothing of the template; it excludes every combination'
    )


def test_a_template_without_dimensions_is_an_error() -> None:
    (problem,) = problems(template())
    assert problem.startswith('[[template]] 1 (family_prefix "run"): needs at least one of [template.sizes]')


def test_a_template_without_prefix_is_an_error() -> None:
    assert problems(EXTERNAL + "[[template]]\n" + SIZES) == ["[[template]] 1, family_prefix: is required"]


def test_a_key_that_cannot_be_part_of_a_family_is_an_error() -> None:
    (problem,) = problems(template('[template.sizes]\n"a b" = { cpu = 1024, memory = 1024 }\n'))
    assert problem.startswith(
        '[[template]] 1 (family_prefix "run"), sizes: a key becomes part of family names and may hold letters'
    )


def test_a_problem_that_families_of_a_template_share_is_one_line() -> None:
    size = "[template.sizes]\n" + "".join(f"s{number} = {{ cpu = 1024 }}\n" for number in range(9))
    assert problems(template(size)) == [
        '[[template]] 1 (family_prefix "run"), memory: is required (families "run-s0", "run-s1", "run-s2" and 6 more)'
    ]


def test_a_wrong_value_is_told_at_the_key_where_it_is_written() -> None:
    assert problems(template("[template.sizes]\ns = { cpu = 1024, memory = 1024, max_runners = -1 }\n")) == [
        '[[template]] 1 (family_prefix "run"), sizes.s, max_runners: must be 0 or more, but is -1'
    ]


def test_two_combinations_of_one_name_are_a_duplicate_family() -> None:
    sizes = "[template.sizes]\na = { cpu = 1024, memory = 1024 }\na-b = { cpu = 1024, memory = 1024 }\n"
    (problem,) = problems(template(sizes, "[template.features]\nb-c = {}\nc = {}\n"))
    assert 'family: is defined already, by [[template]] 1 (family_prefix "run")' in problem
    assert problem.endswith('(family "run-a-b-c")')
