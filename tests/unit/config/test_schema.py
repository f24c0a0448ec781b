"""The file as it is written: TOML, types of keys, and keys that nobody reads."""

from __future__ import annotations

import pytest

from core.domain.errors import ConfigurationError
from tests.unit.config.builders import EXTERNAL, parsed, problems, runner, the_only

DIMENSIONS = "the sizes, architectures and features of a [[template]]"
SMALL = '[[runner]] 1 (family "small")'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[defaults]\nmax_runners = \n", "is not valid TOML at line 2, column 15: Invalid value"),
        ("[defaults]\na = 1\na = 2\n", "is not valid TOML at line 3, column 6: Cannot overwrite a value"),
        ("[defaults", "is not valid TOML at line 1, column 10:"),
        ("[defaults]\na = 'x", "is not valid TOML at line 2, column 7:"),
        ("a = " + "[" * 5000, "is nested too deeply"),
        ("a = " + "9" * 5000, "is not valid TOML: "),
    ],
)
def test_what_is_not_toml_is_told_with_line_and_column(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parsed(text)
    assert raised.value.message.startswith(f"the runner configuration: {told}")


def test_a_byte_order_mark_does_not_matter() -> None:
    assert the_only("\ufeff" + EXTERNAL + runner()).family == "small"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("max_runners", '"4"', 'must be a whole number, but is the text "4"; write 4 without quotes'),
        ("max_runners", "true", "must be a whole number, but is true"),
        ("max_runners", "1.5", "must be a whole number, but is 1.5"),
        ("max_runners", "[1]", "must be a whole number, but is a list"),
        ("max_runners", "1979-05-27", "must be a whole number, but is a date or time"),
        ("max_runners", "-1", "must be 0 or more, but is -1"),
        ("max_runners", "3000000000", "must be 2147483647 or less, but is 3000000000"),
        ("max_runners", "0x1" + "0" * 5000, "must be 2147483647 or less, but is a number too large to write"),
        ("max_runners", "1" + "0" * 80, "must be 2147483647 or less, but is a number too large to write"),
        ("min_runners", "-1", "must be 0 or more, but is -1"),
        ("min_idle", "false", "must be a whole number, but is false"),
        ("enable_dind", '"true"', 'must be true or false, but is the text "true"; write true without quotes'),
        ("enable_dind", "1", "must be true or false, but is 1"),
        ("runner_image", "1", "must be text in quotes, but is 1"),
        ("runner_image", '""', "must not be empty"),
        ("subnets", '"a"', 'must be a list, such as ["a", "b"], but is the text "a"'),
        ("compatibility", '"fargate"', 'must be one of "EC2", "FARGATE", "EXTERNAL", but is "fargate"'),
        ("compatibility", "1", 'must be one of "EC2", "FARGATE", "EXTERNAL", but is 1'),
        ("network_mode", '"nat"', 'must be one of "awsvpc", "bridge", "host", "none", but is "nat"'),
        ("architecture", '"amd64"', 'must be one of "X86_64", "ARM64", but is "amd64"'),
        ("os", '"linux"', 'must be "LINUX" or a Windows of ECS such as "WINDOWS_SERVER_2022_CORE", but is "linux"'),
        ("max_runtime", "6", 'must be a duration in quotes, such as "6h" or "90s", but is 6'),
        ("max_runtime", '"6"', "'6' is not a duration; write it like 1h30m, 90s or 1.5h"),
        ("max_runtime", '"-1s"', 'must not be negative, but is "-1s"'),
        ("pending_timeout", '"0s"', "must be longer than 0"),
        ("pending_timeout", '"-0s"', "must be longer than 0"),
        ("drain_grace", '"-1m"', 'must not be negative, but is "-1m"'),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_in_words(key: str, value: str, told: str) -> None:
    assert problems(EXTERNAL + runner(f"{key} = {value}")) == [f"{SMALL}, {key}: {told}"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('"1024"', 'must be a whole number, but is the text "1024"; write 1024 without quotes'),
        ("true", "must be a whole number, but is true"),
        ("false", "must be a whole number, but is false"),
        ("-1", "must be 1 or more, but is -1"),
        ("0", "is required"),
    ],
)
def test_cpu_is_a_number(value: str, told: str) -> None:
    text = f'[[runner]]\nfamily = "small"\nmemory = 1024\ncpu = {value}\n'
    assert problems(EXTERNAL + text) == [f"{SMALL}, cpu: {told}"]


def test_family_cpu_and_memory_are_required() -> None:
    assert problems(EXTERNAL + "[[runner]]\nmax_runners = 1\n") == ["[[runner]] 1, family: is required"]
    assert problems(EXTERNAL + '[[runner]]\nfamily = "small"\n') == [
        f"{SMALL}, cpu: is required",
        f"{SMALL}, memory: is required",
    ]


def test_an_item_of_a_list_is_told_by_its_number() -> None:
    assert problems(EXTERNAL + runner('extra_labels = ["a", 2, ""]')) == [
        f"{SMALL}, extra_labels, item 2: must be text in quotes, but is 2",
        f"{SMALL}, extra_labels, item 3: must not be empty",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[runner]\nfamily = "a"\n', "[runner]: is a list of tables; write it as [[runner]]"),
        ("runner = 5\n", "[runner]: is a list of tables; write it as [[runner]]"),
        ("runner = [5]\n", "[[runner]] 1: must be a table, but is 5"),
        ("defaults = 5\n", "[defaults]: must be a table, but is 5"),
        (
            "[[template]]\nfamily_prefix = 'a'\nsizes = 5\n",
            '[[template]] 1 (family_prefix "a"), sizes: must be a table, but is 5',
        ),
        (
            "[[template]]\nfamily_prefix = 'a'\nsizes.s = 5\n",
            '[[template]] 1 (family_prefix "a"), sizes.s: must be a table, but is 5',
        ),
        (
            "[[template]]\nfamily_prefix = 'a'\nsizes.s = {}\nexclude.combinations = [1]\n",
            '[[template]] 1 (family_prefix "a"), exclude, combinations, item 1: must be a table, but is 1',
        ),
    ],
)
def test_a_table_of_the_wrong_kind_is_told_in_words(text: str, told: str) -> None:
    assert problems(text) == [told]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            EXTERNAL + runner("max_runer = 5"),
            f"{SMALL}, max_runer: is not known and is ignored; did you mean max_runners?",
        ),
        (EXTERNAL + runner("zzz = 5"), f"{SMALL}, zzz: is not known and is ignored"),
        (
            EXTERNAL + "cpu = 1024\n" + runner(),
            f"[defaults], cpu: is not read here, only in [[runner]] and {DIMENSIONS}",
        ),
        (
            EXTERNAL + runner() + "[[runners]]\n",
            "the file, runners: is not known and is ignored; did you mean runner?",
        ),
        (
            EXTERNAL
            + "[[template]]\nfamily_prefix = 'a'\nsize = 1\n[template.sizes]\ns = { cpu = 1024, memory = 1024 }\n",
            '[[template]] 1 (family_prefix "a"), size: is not known and is ignored; did you mean sizes?',
        ),
    ],
)
def test_a_key_that_nobody_reads_is_a_warning_with_the_nearest_one(text: str, warning: str) -> None:
    assert parsed(text).warnings == (warning,)


def test_a_key_in_another_case_is_read_as_the_original_reads_it_with_a_warning() -> None:
    config = parsed(EXTERNAL + runner("Max_Runners = 3"))
    assert config.scale_sets[0].bounds.maximum == 3
    assert config.warnings == (f"{SMALL}, Max_Runners: is read as max_runners; write it in lower case",)


def test_a_key_in_its_proper_case_wins_over_one_in_another() -> None:
    config = parsed(EXTERNAL + runner("MAX_RUNNERS = 3\nmax_runners = 4"))
    assert config.scale_sets[0].bounds.maximum == 4
    assert config.warnings == (f"{SMALL}, MAX_RUNNERS: is not known and is ignored; did you mean max_runners?",)


def test_what_an_operator_wrote_is_shown_without_its_control_characters() -> None:
    (problem,) = problems(EXTERNAL + runner('os = "\\u001b[31mred"'))
    assert "\x1b" not in problem
    assert "␛[31mred" in problem


def test_a_long_value_is_shown_in_short() -> None:
    (problem,) = problems(EXTERNAL + runner(f'os = "{"x" * 500}"'))
    assert len(problem) < 250
