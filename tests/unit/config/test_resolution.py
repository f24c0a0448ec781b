"""From a family to its scale set: who decides, what is forced, what the labels are."""

from __future__ import annotations

import pytest

from core.config.settings import RunnerDefaults
from core.domain.scale_set import Bounds, LaunchType, Limits, Placement, Shape
from tests.unit.config.builders import EXTERNAL, FARGATE, parsed, problems, runner, the_only

EC2 = '[defaults]\ncompatibility = "EC2"\nnetwork_mode = "bridge"\n'


def test_what_nobody_says_is_built_in() -> None:
    spec = the_only(FARGATE + runner())
    assert spec.shape == Shape(
        cpu=1024,
        memory=2048,
        runner_image="ghcr.io/niranjan94/ecs-arc-runner:latest",
        dind_image="docker:dind",
        dind=False,
        architecture="",
        os="LINUX",
    )
    assert spec.bounds == Bounds(maximum=10, minimum=0, min_idle=0)
    assert spec.placement == Placement(LaunchType.FARGATE, (), "awsvpc", ("subnet-1",), ())
    assert spec.limits == Limits(max_runtime=21_600)
    assert spec.runner_group == "default"


@pytest.mark.parametrize(
    ("key", "in_defaults", "in_runner"),
    [
        ("runner_image", '"image:1"', '"image:2"'),
        ("dind_image", '"image:1"', '"image:2"'),
        ("max_runners", "4", "5"),
        ("min_runners", "1", "2"),
        ("min_idle", "1", "2"),
        ("max_runtime", '"1h"', '"2h"'),
        ("enable_dind", "true", "false"),
        ("runner_group", '"one"', '"two"'),
        ("provisioning_timeout", '"1m"', '"2m"'),
        ("pending_timeout", '"1m"', '"2m"'),
        ("activating_timeout", '"1m"', '"2m"'),
        ("unready_timeout", '"1m"', '"2m"'),
        ("idle_timeout", '"1h"', '"2h"'),
        ("drain_grace", '"1m"', '"2m"'),
        ("capacity_provider", '"one"', '"two"'),
        ("capacity_providers", '["one"]', '["two", "three"]'),
        ("network_mode", '"host"', '"none"'),
        ("compatibility", '"EC2"', '"EXTERNAL"'),
    ],
)
def test_the_runner_wins_over_the_defaults_and_they_over_what_is_built_in(
    key: str, in_defaults: str, in_runner: str
) -> None:
    common = {"compatibility": '"EC2"', "network_mode": '"bridge"'}
    defaults = "[defaults]\n" + "".join(f"{name} = {value}\n" for name, value in common.items() if name != key)
    with_both = the_only(f"{defaults}{key} = {in_defaults}\n" + runner(f"{key} = {in_runner}"))
    with_runner_alone = the_only(defaults + runner(f"{key} = {in_runner}"))
    with_defaults_alone = the_only(f"{defaults}{key} = {in_defaults}\n" + runner())
    assert with_both == with_runner_alone
    assert with_both != with_defaults_alone


def test_lists_are_the_runners_when_not_empty_else_the_defaults() -> None:
    text = '[defaults]\nsubnets = ["a", "b"]\nsecurity_groups = ["g"]\n'
    text += runner(family="own") + runner('subnets = ["c"]\nsecurity_groups = []', family="other")
    own, other = (spec.placement for spec in parsed(text).scale_sets)
    assert (own.subnets, own.security_groups) == (("a", "b"), ("g",))
    assert (other.subnets, other.security_groups) == (("c",), ("g",))


def test_an_empty_text_in_the_defaults_says_nothing() -> None:
    spec = the_only('[defaults]\nsubnets = ["a"]\nrunner_image = ""\nmax_runtime = ""\ncompatibility = ""\n' + runner())
    assert spec.shape.runner_image.startswith("ghcr.io/")
    assert spec.limits.max_runtime == 21_600


def test_a_runner_can_do_without_the_capacity_provider_of_the_defaults() -> None:
    spec = the_only(EC2 + 'capacity_provider = "spot"\n' + runner('capacity_provider = ""'))
    assert spec.placement.capacity_providers == ()


def test_a_runners_one_capacity_provider_wins_over_a_list_in_the_defaults() -> None:
    spec = the_only(EC2 + 'capacity_providers = ["a", "b"]\n' + runner('capacity_provider = "c"'))
    assert spec.placement.capacity_providers == ("c",)


def test_capacity_providers_keep_their_order() -> None:
    spec = the_only(EC2 + runner('capacity_providers = ["spot", "on-demand"]'))
    assert spec.placement.capacity_providers == ("spot", "on-demand")


def test_both_ways_to_name_capacity_providers_at_once_are_an_error() -> None:
    assert problems(EC2 + runner('capacity_provider = "a"\ncapacity_providers = ["b"]')) == [
        '[[runner]] 1 (family "small"), capacity_providers: is set beside capacity_provider; keep one of them'
    ]


def test_settings_stand_behind_the_toml() -> None:
    settings = RunnerDefaults(runner_group="team", limits=Limits(pending=42, idle=43))
    spec = the_only(EXTERNAL + runner('idle_timeout = "1m"'), settings)
    assert (spec.runner_group, spec.limits.pending, spec.limits.idle) == ("team", 42, 60)


def test_a_name_prefix_goes_before_the_family_which_keeps_its_name() -> None:
    spec = the_only(EXTERNAL + runner(family="small"), RunnerDefaults(name_prefix="prod"))
    assert (spec.name, spec.family) == ("prod-small", "small")


def test_without_a_prefix_the_scale_set_is_named_like_the_family() -> None:
    assert the_only(EXTERNAL + runner(family="small")).name == "small"


def test_a_max_runtime_of_zero_is_no_limit() -> None:
    assert the_only(EXTERNAL + runner('max_runtime = "0s"')).limits.max_runtime == 0


def test_no_runners_at_most_is_a_way_to_switch_a_scale_set_off() -> None:
    assert the_only(EXTERNAL + runner("max_runners = 0")).bounds.maximum == 0


def test_fargate_forces_dind_off_and_says_so() -> None:
    config = parsed(FARGATE + runner("enable_dind = true"))
    assert not config.scale_sets[0].shape.dind
    assert config.warnings == (
        '[[runner]] 1 (family "small"), enable_dind: is off, as FARGATE cannot run docker in docker',
    )


def test_dind_forced_off_for_many_by_the_defaults_is_told_once() -> None:
    text = FARGATE + "enable_dind = true\n" + runner(family="a") + runner(family="b")
    assert parsed(text).warnings == (
        '[defaults], enable_dind: is off, as FARGATE cannot run docker in docker (families "a", "b")',
    )


def test_external_forces_bridge_and_drops_subnets_and_groups() -> None:
    text = '[defaults]\nnetwork_mode = "awsvpc"\nsubnets = ["a"]\nsecurity_groups = ["g"]\n'
    config = parsed(text + runner('compatibility = "EXTERNAL"'))
    assert config.scale_sets[0].placement == Placement(LaunchType.EXTERNAL, (), "bridge", (), ())
    assert config.warnings == ()


def test_external_says_what_it_drops_of_the_runners_own_words() -> None:
    keys = 'network_mode = "host"\nsubnets = ["a"]\nsecurity_groups = ["g"]'
    assert parsed(EXTERNAL + runner(keys)).warnings == (
        '[[runner]] 1 (family "small"), network_mode: is "bridge", as EXTERNAL has no other',
        '[[runner]] 1 (family "small"), subnets: are not used with the network mode bridge',
        '[[runner]] 1 (family "small"), security_groups: are not used with the network mode bridge',
    )


def test_subnets_go_with_awsvpc_only() -> None:
    assert the_only(EC2 + 'subnets = ["a"]\n' + runner()).placement.subnets == ()


def test_labels_are_extra_labels_then_derived_ones() -> None:
    text = EXTERNAL + 'extra_labels = ["team"]\n' + runner('extra_labels = ["own"]\narchitecture = "ARM64"')
    spec = the_only(text, RunnerDefaults(extra_labels=("everywhere",)))
    assert spec.labels == (
        "team",
        "own",
        "everywhere",
        "arm64",
        "linux",
        "no-docker",
        "external",
        "1cpu",
        "2gb",
    )


def test_a_label_that_repeats_stays_where_it_was_first() -> None:
    spec = the_only(EXTERNAL + runner('extra_labels = ["linux", "a", "linux", "1cpu"]'))
    assert spec.labels == ("linux", "a", "1cpu", "no-docker", "external", "2gb")


@pytest.mark.parametrize(
    ("keys", "labels"),
    [
        ('architecture = "X86_64"', ("x64", "linux", "no-docker", "external", "1cpu", "2gb")),
        ('architecture = ""', ("linux", "no-docker", "external", "1cpu", "2gb")),
        ("enable_dind = true", ("linux", "docker", "external", "1cpu", "2gb")),
        (
            'os = "WINDOWS_SERVER_2022_CORE"',
            ("windows_server_2022_core", "no-docker", "external", "1cpu", "2gb"),
        ),
    ],
)
def test_derived_labels_follow_from_the_shape(keys: str, labels: tuple[str, ...]) -> None:
    assert the_only(EXTERNAL + runner(keys)).labels == labels


def test_only_whole_units_become_labels() -> None:
    assert the_only(EXTERNAL + runner(cpu=1536, memory=1000)).labels == ("linux", "no-docker", "external")
