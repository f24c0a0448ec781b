"""What cannot work is refused, by table and key; all of it at once."""

from __future__ import annotations

import pytest

from core.config.rules import FARGATE_SIZES
from core.config.settings import RunnerDefaults
from tests.unit.config.builders import EXTERNAL, FARGATE, families, problems, runner, the_only

SMALL = '[[runner]] 1 (family "small")'
EC2 = '[defaults]\ncompatibility = "EC2"\nsubnets = ["subnet-1"]\n'


def test_more_runners_at_least_than_at_most_are_refused() -> None:
    assert problems(EXTERNAL + runner("min_runners = 5\nmax_runners = 4")) == [
        f"{SMALL}, min_runners: 5 is more than max_runners, 4"
    ]


def test_more_idle_runners_than_there_may_be_at_most_are_refused() -> None:
    assert problems(EXTERNAL + runner("min_idle = 11")) == [f"{SMALL}, min_idle: 11 is more than max_runners, 10"]


@pytest.mark.parametrize("cpu", FARGATE_SIZES)
def test_fargate_takes_every_size_of_its_table(cpu: int) -> None:
    for memory in FARGATE_SIZES[cpu]:
        assert the_only(FARGATE + runner(cpu=cpu, memory=memory)).shape.memory == memory


@pytest.mark.parametrize(
    ("cpu", "memory", "told"),
    [
        (
            1000,
            2048,
            "cpu: FARGATE has no 1000 cpu units, only 256, 512, 1024, 2048, 4096, 8192, 16384, 32768",
        ),
        (256, 4096, "memory: FARGATE has no 4096 MiB with 256 cpu units, only 512, 1024, 2048"),
        (512, 1536, "memory: FARGATE has no 1536 MiB with 512 cpu units, only 1024, 2048, 3072, 4096"),
        (1024, 1024, "memory: FARGATE has no 1024 MiB with 1024 cpu units, only 2048 to 8192 in steps of 1024"),
        (8192, 17_408, "memory: FARGATE has no 17408 MiB with 8192 cpu units, only 16384 to 61440 in steps of 4096"),
    ],
)
def test_fargate_takes_no_other_size(cpu: int, memory: int, told: str) -> None:
    assert problems(FARGATE + runner(cpu=cpu, memory=memory)) == [f"{SMALL}, {told}"]


def test_some_sizes_of_fargate_are_for_linux_only() -> None:
    windows = 'os = "WINDOWS_SERVER_2022_CORE"'
    assert problems(FARGATE + runner(windows, cpu=512)) == [
        f'{SMALL}, os: FARGATE has 512 cpu units for LINUX only, but it is "WINDOWS_SERVER_2022_CORE"'
    ]
    assert the_only(FARGATE + runner(windows)).shape.os == "WINDOWS_SERVER_2022_CORE"


@pytest.mark.parametrize("cpu", [128, 1000, 196_608])
def test_outside_fargate_a_task_may_have_any_size_that_ecs_takes(cpu: int) -> None:
    assert the_only(EXTERNAL + runner(cpu=cpu, memory=1000)).shape.cpu == cpu


@pytest.mark.parametrize("cpu", [127, 196_609])
def test_outside_fargate_ecs_has_its_limits_too(cpu: int) -> None:
    (problem,) = problems(EXTERNAL + runner(cpu=cpu))
    assert problem.startswith(f"{SMALL}, cpu: must be 128 to 196608 cpu units")


def test_awsvpc_without_subnets_is_refused() -> None:
    assert problems(runner()) == [
        f"{SMALL}, subnets: are required with the network mode awsvpc; name them here or in [defaults]"
    ]


def test_fargate_with_another_network_mode_is_refused() -> None:
    assert problems(FARGATE + runner('network_mode = "bridge"')) == [
        f'{SMALL}, network_mode: FARGATE needs "awsvpc", but it is "bridge"'
    ]


@pytest.mark.parametrize(("key", "most"), [("subnets", 16), ("security_groups", 5)])
def test_more_subnets_or_groups_than_ecs_takes_are_refused(key: str, most: int) -> None:
    allowed, too_many = ([f"{key}-{index}" for index in range(number)] for number in (most, most + 1))
    the_only(EC2 + runner(f"{key} = {allowed}"))
    assert problems(EC2 + runner(f"{key} = {too_many}")) == [f"{SMALL}, {key}: are {most + 1}; ECS takes {most}"]


def test_external_with_a_capacity_provider_is_refused() -> None:
    (problem,) = problems(EXTERNAL + 'capacity_provider = "spot"\n' + runner())
    assert problem == (
        f"{SMALL}, capacity_provider: EXTERNAL has no capacity providers, "
        'but it is "spot"; write capacity_provider = ""'
    )


def test_the_label_docker_on_a_family_whose_dind_was_forced_off_is_refused() -> None:
    (problem,) = problems(FARGATE + runner('enable_dind = true\nextra_labels = ["docker"]'))
    assert problem.startswith(
        f'{SMALL}, labels: "docker" and "no-docker" cannot both be true of a runner: '
        "docker in docker is off, as FARGATE cannot run it."
    )


def test_the_feature_docker_of_a_fargate_template_is_refused() -> None:
    text = FARGATE + '[[template]]\nfamily_prefix = "run"\n[template.sizes]\ns = { cpu = 1024, memory = 2048 }\n'
    text += "[template.features]\ndocker = { enable_dind = true }\nplain = {}\n"
    (problem,) = problems(text)
    assert problem.startswith('[[template]] 1 (family_prefix "run"), labels: "docker" and "no-docker"')
    assert problem.endswith('(family "run-s-docker")')


@pytest.mark.parametrize(
    "keys",
    [
        'extra_labels = ["Docker"]',
        'enable_dind = true\nextra_labels = ["no-docker"]',
        'architecture = "X86_64"\nextra_labels = ["arm64"]',
        'extra_labels = ["x64", "arm64"]',
    ],
)
def test_labels_that_contradict_each_other_are_refused(keys: str) -> None:
    (problem,) = problems(EXTERNAL + runner(keys))
    assert "cannot both be true of a runner" in problem


def test_the_longest_name_that_github_takes_is_taken() -> None:
    assert len(the_only(EXTERNAL + runner(family="f" * 55)).name) == 55


def test_a_name_longer_than_github_takes_is_refused() -> None:
    (problem,) = problems(EXTERNAL + runner(family="f" * 56))
    assert "of 56 characters; GitHub takes 55" in problem


def test_the_prefix_counts_for_the_length_of_a_name() -> None:
    (problem,) = problems(EXTERNAL + runner(family="f" * 51), RunnerDefaults(name_prefix="prod"))
    assert "of 56 characters" in problem


@pytest.mark.parametrize("family", ["a b", "a/b", "ä", "a.b", "a\\n"])
def test_a_family_with_other_characters_is_refused(family: str) -> None:
    (problem,) = problems(EXTERNAL + runner(family=family))
    assert "family: may hold letters, digits, hyphens and underscores only" in problem


def test_a_duplicate_family_is_refused() -> None:
    assert problems(EXTERNAL + runner() + runner()) == [
        '[[runner]] 2 (family "small"), family: is defined already, by [[runner]] 1 (family "small")'
    ]


@pytest.mark.parametrize("text", ["", EXTERNAL, "runner = []", "template = []"])
def test_no_runner_at_all_is_refused(text: str) -> None:
    assert problems(text) == ["the file: defines no runner; it needs at least one [[runner]] or [[template]]"]


def test_all_problems_of_a_file_are_told_at_once() -> None:
    text = FARGATE + "max_runtime = 6\n" + runner("max_runners = -1") + runner("min_idel = 1", family="b")
    assert len(problems(text)) == 2
    text = FARGATE + runner("max_runners = -1") + runner("min_runners = 11", family="b") + runner(family="b")
    assert problems(text) == [
        f"{SMALL}, max_runners: must be 0 or more, but is -1",
        '[[runner]] 3 (family "b"), family: is defined already, by [[runner]] 2 (family "b")',
        '[[runner]] 2 (family "b"), min_runners: 11 is more than max_runners, 10',
    ]


def test_families_are_judged_against_sound_defaults_only() -> None:
    # Otherwise the one mistake, a text instead of a list, would look like a family without subnets as well.
    assert problems('[defaults]\nsubnets = "subnet-1"\n' + runner()) == [
        '[defaults], subnets: must be a list, such as ["a", "b"], but is the text "subnet-1"'
    ]


def test_a_family_that_is_wrong_does_not_hide_that_others_are_right() -> None:
    assert families(EXTERNAL + runner(family="a") + runner(family="b")) == ["a", "b"]
