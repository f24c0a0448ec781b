"""Settings from environment and options: what is taken, what is refused, and how it is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.config.options import OPTIONS
from core.config.settings import (
    Address,
    ConfigFile,
    RunnerDefaults,
    Settings,
    SsmParameter,
    TaskSettings,
    load_address,
    load_settings,
)
from core.config.values import Listen, LogLevel
from core.domain.errors import ConfigurationError
from core.domain.scale_set import Limits
from tests.unit.config.builders import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Environ = dict[str, str]

DEFAULT_BACKOFF = (15.0, 30.0, 60.0, 120.0, 300.0)
A_TOKEN = "gh" + "p_" + "x" * 36


def refused(environ: Environ, options: Mapping[str, object] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(environ, options or {})
    return lines_of(raised.value, "settings")


def loaded(environ: Environ, **options: str | None) -> Settings:
    return load_settings(environ, options)


def test_the_environment_of_the_original_is_enough(environ: Environ) -> None:
    settings = loaded(environ)
    assert settings.cluster == "ci"
    assert settings.github.config_url == "https://github.com/acme"
    assert settings.source == ConfigFile(Path("/etc/arcdeck/runners.toml"))
    assert settings.tasks == TaskSettings(
        execution_role_arn="arn:aws:iam::123456789012:role/execution",
        task_role_arn="arn:aws:iam::123456789012:role/task",
        log_group="/ecs/runners",
    )
    assert settings.warnings == ()


def test_what_is_not_set_has_the_documented_default(environ: Environ) -> None:
    settings = loaded(environ)
    assert settings.runners == RunnerDefaults(runner_group="default", limits=Limits())
    assert settings.runners.limits == Limits(
        provisioning=600, pending=300, activating=300, unready=180, max_runtime=21_600, idle=21_600, drain_grace=300
    )
    pace = settings.pace
    assert (pace.config_poll_interval, pace.reaper_interval) == (300, 30)
    assert (pace.offline_reaper_interval, pace.offline_min_age) == (1800, 3600)
    assert (pace.quiet_window, pace.slot_release_after) == (120, 600)
    assert (pace.start_concurrency, pace.capacity_backoff) == (20, DEFAULT_BACKOFF)
    daemon = settings.daemon
    assert daemon.address == Address("ci")
    assert (daemon.socket_group, daemon.http_listen, daemon.log_level) == (None, None, LogLevel.INFO)
    assert daemon.journal_retention == 14 * 86_400
    assert daemon.journal_size == 1024**3


def test_every_duration_is_read_from_its_own_variable(environ: Environ) -> None:
    names = [option.variable for option in OPTIONS if option.default.endswith(("s", "m", "h", "d"))]
    names.remove("CAPACITY_BACKOFF")
    settings = loaded(environ | {name: f"{number}s" for number, name in enumerate(names, start=1)})
    limits, pace = settings.runners.limits, settings.pace
    expected = {
        "SSM_POLL_INTERVAL": pace.config_poll_interval,
        "PROVISIONING_TIMEOUT": limits.provisioning,
        "PENDING_TIMEOUT": limits.pending,
        "ACTIVATING_TIMEOUT": limits.activating,
        "UNREADY_TIMEOUT": limits.unready,
        "IDLE_TIMEOUT": limits.idle,
        "DRAIN_GRACE": limits.drain_grace,
        "OFFLINE_RUNNER_REAPER_INTERVAL": pace.offline_reaper_interval,
        "OFFLINE_RUNNER_MIN_AGE": pace.offline_min_age,
        "QUIET_WINDOW": pace.quiet_window,
        "SLOT_RELEASE_AFTER": pace.slot_release_after,
        "REAPER_INTERVAL": pace.reaper_interval,
        "JOURNAL_RETENTION": settings.daemon.journal_retention,
    }
    assert expected == {name: float(number) for number, name in enumerate(names, start=1)}


def test_an_option_wins_over_the_environment(environ: Environ) -> None:
    settings = loaded(
        environ | {"PENDING_TIMEOUT": "1m", "ECS_CLUSTER": "old"}, pending_timeout="2m", ecs_cluster="new"
    )
    assert (settings.runners.limits.pending, settings.cluster) == (120, "new")


def test_an_option_that_was_not_given_leaves_the_environment_alone(environ: Environ) -> None:
    assert loaded(environ, ecs_cluster=None).cluster == "ci"


def test_options_of_other_commands_are_ignored(environ: Environ) -> None:
    assert load_settings(environ, {"command": "check", "json": True}).cluster == "ci"


def test_blanks_around_a_value_do_not_matter(environ: Environ) -> None:
    assert loaded(environ | {"GITHUB_ORG": " acme\n"}).github.config_url == "https://github.com/acme"


def test_all_that_is_missing_is_told_in_one_message() -> None:
    told = refused({})
    assert told[0] == (
        "missing: ECS_CLUSTER, RUNNER_EXECUTION_ROLE_ARN, RUNNER_TASK_ROLE_ARN, RUNNER_LOG_GROUP; "
        "set each as a variable, or as an option such as --ecs-cluster"
    )
    for name in ("GITHUB_ORG", "GITHUB_TOKEN", "GITHUB_APP_INSTALLATION_ID", "TOML_CONFIG_FILE"):
        assert any(line.startswith("missing:") and name in line for line in told[1:])


def test_an_empty_variable_counts_as_missing(environ: Environ) -> None:
    (told,) = refused(environ | {"ECS_CLUSTER": ""})
    assert told.startswith("missing: ECS_CLUSTER;")


def test_what_is_missing_and_what_is_wrong_are_told_together(environ: Environ) -> None:
    told = refused(environ | {"ECS_CLUSTER": "", "PENDING_TIMEOUT": "5"})
    assert [line.split(":")[0] for line in told] == ["missing", "PENDING_TIMEOUT"]


def test_neither_source_is_an_error(environ: Environ) -> None:
    (told,) = refused(environ | {"TOML_CONFIG_FILE": ""})
    assert told.startswith("missing: SSM_PARAMETER_NAME or TOML_CONFIG_FILE")


def test_both_sources_are_an_error(environ: Environ) -> None:
    (told,) = refused(environ | {"SSM_PARAMETER_NAME": "/runners"})
    assert told.startswith("SSM_PARAMETER_NAME and TOML_CONFIG_FILE are both set")


def test_a_source_given_as_an_option_silences_the_other_one_in_the_environment(environ: Environ) -> None:
    environ["SSM_PARAMETER_NAME"] = "/runners"
    assert loaded(environ, toml_config_file="new.toml").source == ConfigFile(Path("new.toml"))


def test_an_ssm_parameter_is_a_source(environ: Environ) -> None:
    del environ["TOML_CONFIG_FILE"]
    assert loaded(environ | {"SSM_PARAMETER_NAME": "/runners"}).source == SsmParameter("/runners")


def test_a_cluster_may_be_an_arn(environ: Environ) -> None:
    arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/build-farm"
    settings = loaded(environ | {"ECS_CLUSTER": arn})
    assert (settings.cluster, settings.controller_id) == (arn, "build-farm")


def test_the_controller_id_is_the_cluster_by_default(environ: Environ) -> None:
    assert loaded(environ).controller_id == "ci"


def test_a_name_prefix_is_part_of_the_default_controller_id(environ: Environ) -> None:
    assert loaded(environ | {"SCALESET_NAME_PREFIX": "prod"}).controller_id == "ci-prod"


def test_a_controller_id_of_ones_own_wins(environ: Environ) -> None:
    assert loaded(environ | {"ARCDECK_CONTROLLER_ID": "blue"}).controller_id == "blue"


@pytest.mark.parametrize("cluster", ["ci_farm", "c" * 33], ids=["underscore", "too long"])
def test_an_impossible_default_id_asks_for_one(environ: Environ, cluster: str) -> None:
    (told,) = refused(environ | {"ECS_CLUSTER": cluster})
    assert told.startswith(f'ARCDECK_CONTROLLER_ID: its default, "{cluster}" from cluster and prefix, is not')
    assert "set an id of your own" in told


def test_a_malformed_controller_id_is_told_once(environ: Environ) -> None:
    (told,) = refused(environ | {"ARCDECK_CONTROLLER_ID": "a_b"})
    assert told.startswith("ARCDECK_CONTROLLER_ID: must be 1 to 32 letters, digits or hyphens")


def test_extra_labels_are_separated_by_commas(environ: Environ) -> None:
    assert loaded(environ | {"RUNNER_EXTRA_LABELS": " a, b ,,c,"}).runners.extra_labels == ("a", "b", "c")


def test_the_capacity_backoff_is_a_list_of_durations(environ: Environ) -> None:
    assert loaded(environ | {"CAPACITY_BACKOFF": "1s, 1m"}).pace.capacity_backoff == (1.0, 60.0)


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:9090", Listen("127.0.0.1", 9090)),
        (":9090", Listen("", 9090)),
        ("[::1]:80", Listen("::1", 80)),
        ("metrics.example.test:0", Listen("metrics.example.test", 0)),
    ],
)
def test_health_and_metrics_listen_where_they_are_told(environ: Environ, listen: str, expected: Listen) -> None:
    assert loaded(environ | {"ARCDECK_HTTP_LISTEN": listen}).daemon.http_listen == expected


@pytest.mark.parametrize(
    ("written", "size"), [("1024KiB", 1024**2), ("512MiB", 512 * 1024**2), ("2 GiB", 2 * 1024**3), ("1TiB", 1024**4)]
)
def test_the_size_of_the_journal_is_in_binary_units(environ: Environ, written: str, size: int) -> None:
    assert loaded(environ | {"JOURNAL_SIZE": written}).daemon.journal_size == size


def test_a_log_level_may_be_written_in_any_case(environ: Environ) -> None:
    assert loaded(environ | {"ARCDECK_LOG_LEVEL": "DEBUG"}).daemon.log_level is LogLevel.DEBUG


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("JOURNAL_SIZE", "1GB", "must be a size such as 512MiB or 1GiB"),
        ("JOURNAL_SIZE", "large", "must be a size such as 512MiB or 1GiB"),
        ("JOURNAL_SIZE", "1023KiB", "must be 1MiB or more"),
        ("PENDING_TIMEOUT", "soon", "is not a duration"),
        ("PENDING_TIMEOUT", "0s", "must be longer than 0"),
        ("PENDING_TIMEOUT", "-5m", "must not be negative"),
        ("PENDING_TIMEOUT", "9" * 30 + "h", "must be shorter than 292 years"),
        ("PENDING_TIMEOUT", "1s" * 40, "is too long to be a duration"),
        ("CAPACITY_BACKOFF", ",", "must name at least one duration"),
        ("CAPACITY_BACKOFF", "15s,0s", "must be longer than 0"),
        ("START_CONCURRENCY", "0", "must be a whole number of 1 or more"),
        ("START_CONCURRENCY", "many", "must be a whole number of 1 or more"),
        ("ARCDECK_LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
        ("ARCDECK_HTTP_LISTEN", "9090", "must be host:port or :port"),
        ("ARCDECK_HTTP_LISTEN", ":99999", "must be host:port or :port"),
        ("ECS_CLUSTER", "arn:aws:ecs:x:1:service/y", "must be the name or the ARN of an ECS cluster"),
        ("SCALESET_NAME_PREFIX", "team a", "may hold letters, digits, '.', '_' and '-' only"),
        ("SCALESET_NAME_PREFIX", "p" * 54, "has 54 characters, and a scale set's name ends at 55"),
        ("SSM_PARAMETER_NAME", "runners", "must start with /"),
        ("ARCDECK_SOCKET", "/run/\0", "is not a path"),
        ("GITHUB_ORG", "https://github.com/acme", "must be the name of an organisation"),
        ("GITHUB_API_URL", "ftp://x", "must be a URL that begins with https://"),
        ("GITHUB_API_URL", "https://api.example.test/?q", "must be an address without ? and #"),
        ("GITHUB_APP_CLIENT_ID", "Iv1 abc", "must be a single word"),
        ("GITHUB_APP_INSTALLATION_ID", "mine", "must be the number that GitHub shows"),
        ("GITHUB_APP_ID", "0", "must be the number that GitHub shows"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(environ: Environ, name: str, value: str, told: str) -> None:
    lines = refused(environ | {name: value})
    assert [line for line in lines if line.startswith(f"{name}: ") and told in line]


def test_a_wrong_option_is_named_as_the_option_it_is(environ: Environ) -> None:
    (told,) = refused(environ, {"pending_timeout": "soon"})
    assert told.startswith("--pending-timeout: ")


def test_every_default_is_accepted_by_its_own_parser() -> None:
    for option in OPTIONS:
        option.parse(option.default)


@pytest.mark.parametrize("name", ["GITHUB_ORG", "GITHUB_CA_FILE", "GITHUB_APP_CLIENT_ID", "ECS_CLUSTER"])
def test_a_token_in_the_wrong_place_is_not_repeated(environ: Environ, name: str) -> None:
    told = refused(environ | {name: A_TOKEN})
    assert any(line.startswith(f"{name}: holds what looks like a token or key") for line in told)
    assert A_TOKEN not in "\n".join(told)


def test_an_address_needs_nothing_but_the_cluster() -> None:
    assert load_address({"ECS_CLUSTER": "ci", "SCALESET_NAME_PREFIX": "a"}, {}) == Address("ci-a")


def test_an_address_may_be_a_socket_alone() -> None:
    assert load_address({}, {"socket": "/tmp/a.sock"}) == Address(None, Path("/tmp/a.sock"))  # noqa: S108 -- only named


def test_a_named_socket_needs_no_possible_controller_id() -> None:
    address = load_address({"ECS_CLUSTER": "ci_farm", "ARCDECK_SOCKET": "/run/a.sock"}, {})
    assert address == Address(None, Path("/run/a.sock"))


def test_an_address_of_nothing_is_refused_with_the_ways_to_name_one() -> None:
    with pytest.raises(ConfigurationError, match=r"which daemon\? Name its socket \(--socket or ARCDECK_SOCKET\)"):
        load_address({}, {})
