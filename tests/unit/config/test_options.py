"""The table of settings: complete, and the same for environment, command line and help."""

from __future__ import annotations

import argparse

import pytest

from core.config import options
from core.config.options import OPTIONS, Option, add_address_options, add_options

#: behaviour.md section 3.1, AWS's own variables left out: those belong to the ordinary AWS chain.
DOCUMENTED = [
    "GITHUB_APP_CLIENT_ID",
    "GITHUB_APP_ID",
    "GITHUB_APP_INSTALLATION_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_ORG",
    "ECS_CLUSTER",
    "SSM_PARAMETER_NAME",
    "TOML_CONFIG_FILE",
    "SSM_POLL_INTERVAL",
    "RUNNER_EXECUTION_ROLE_ARN",
    "RUNNER_TASK_ROLE_ARN",
    "RUNNER_LOG_GROUP",
    "RUNNER_EXTRA_LABELS",
    "SCALESET_NAME_PREFIX",
    "OFFLINE_RUNNER_REAPER_INTERVAL",
    "OFFLINE_RUNNER_MIN_AGE",
    "GITHUB_CONFIG_URL",
    "GITHUB_API_URL",
    "GITHUB_TOKEN",
    "GITHUB_APP_PRIVATE_KEY_FILE",
    "GITHUB_APP_PRIVATE_KEY_SECRET",
    "GITHUB_CA_FILE",
    "ARCDECK_CONTROLLER_ID",
    "ARCDECK_SOCKET",
    "ARCDECK_SOCKET_GROUP",
    "ARCDECK_SOCKET_READERS",
    "ARCDECK_STATE_DIR",
    "ARCDECK_HTTP_LISTEN",
    "ARCDECK_LOG_LEVEL",
    "RUNNER_GROUP",
    "PROVISIONING_TIMEOUT",
    "PENDING_TIMEOUT",
    "ACTIVATING_TIMEOUT",
    "UNREADY_TIMEOUT",
    "IDLE_TIMEOUT",
    "DRAIN_GRACE",
    "QUIET_WINDOW",
    "SLOT_RELEASE_AFTER",
    "REAPER_INTERVAL",
    "START_CONCURRENCY",
    "CAPACITY_BACKOFF",
    "JOURNAL_RETENTION",
    "JOURNAL_SIZE",
]


def parser() -> argparse.ArgumentParser:
    built = argparse.ArgumentParser()
    add_options(built)
    return built


def test_the_table_holds_every_documented_setting_once() -> None:
    assert sorted(option.variable for option in OPTIONS) == sorted(DOCUMENTED)


def test_the_table_holds_every_option_of_its_module() -> None:
    defined = {id(value) for value in vars(options).values() if isinstance(value, Option)}
    assert defined == {id(option) for option in OPTIONS}


def test_every_setting_is_an_option_unless_it_is_a_secret() -> None:
    flags = {flag for action in parser()._actions for flag in action.option_strings}
    for option in OPTIONS:
        assert (option.flag in flags) is not option.secret


@pytest.mark.parametrize("secret", ["--github-app-private-key=x", "--github-token=x"])
def test_a_secret_is_never_taken_from_the_command_line(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    exact = argparse.ArgumentParser(allow_abbrev=False)
    add_options(exact)
    with pytest.raises(SystemExit):
        exact.parse_args([secret])
    assert "unrecognized arguments" in capsys.readouterr().err


def test_options_are_kept_under_the_name_that_settings_ask_for() -> None:
    given = vars(parser().parse_args(["--github-org", "acme", "--socket", "/run/a.sock"]))
    assert {name: value for name, value in given.items() if value is not None} == {
        "github_org": "acme",
        "socket": "/run/a.sock",
    }


def test_an_option_that_was_not_given_is_none() -> None:
    assert set(vars(parser().parse_args([])).values()) == {None}


def test_help_names_variable_and_default() -> None:
    words = " ".join(parser().format_help().split())
    assert "--pending-timeout PENDING_TIMEOUT longest time a task may be PENDING (default: 5m)" in words
    assert "--log-level ARCDECK_LOG_LEVEL" in words


def test_a_command_that_only_attaches_has_few_options() -> None:
    built = argparse.ArgumentParser()
    add_address_options(built)
    assert set(vars(built.parse_args([]))) == {
        "socket",
        "controller_id",
        "state_dir",
        "ecs_cluster",
        "scaleset_name_prefix",
    }
