"""Where on GitHub, and as whom: which combinations make sense, and what is said about the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.credentials import AppCredentials, TokenCredentials
from core.config.settings import load_settings
from core.domain.errors import ConfigurationError
from tests.unit.config.builders import lines_of

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.github_settings import GitHubSettings

Environ = dict[str, str]

APP = (
    "GITHUB_APP_CLIENT_ID",
    "GITHUB_APP_ID",
    "GITHUB_APP_INSTALLATION_ID",
    "GITHUB_APP_PRIVATE_KEY",
)
SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app-key-AbCdEf"


@pytest.fixture
def token_environ(environ: Environ) -> Environ:
    """The environment of somebody with a personal access token."""
    kept = {name: value for name, value in environ.items() if name not in APP}
    return kept | {"GITHUB_TOKEN": "a-token"}


def github(environ: Environ) -> GitHubSettings:
    return load_settings(environ, {}).github


def app(environ: Environ) -> AppCredentials:
    credentials = github(environ).credentials
    assert isinstance(credentials, AppCredentials)
    return credentials


def refused(environ: Environ) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(environ, {})
    return lines_of(raised.value, "settings")


def without(environ: Environ, *names: str) -> Environ:
    return {name: value for name, value in environ.items() if name not in names}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://github.com/acme/", "https://github.com/acme"),
        ("https://github.com/acme/tools", "https://github.com/acme/tools"),
        ("https://acme.ghe.com/acme", "https://acme.ghe.com/acme"),
        ("https://ghes.example.test/acme", "https://ghes.example.test/acme"),
        ("http://localhost:8080/acme", "http://localhost:8080/acme"),
        ("http://127.0.0.1:8080/acme", "http://127.0.0.1:8080/acme"),
        ("http://[::1]:8080/acme", "http://[::1]:8080/acme"),
        ("https://github.localhost/acme", "https://github.localhost/acme"),
    ],
)
def test_a_config_url_may_point_anywhere_on_github(environ: Environ, given: str, expected: str) -> None:
    assert github(without(environ, "GITHUB_ORG") | {"GITHUB_CONFIG_URL": given}).config_url == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("https://github.com", "must point to an organisation"),
        ("https://github.com/some/random/path", "must point to an organisation"),
        ("https://github.com/acme?tab=people", "must point to an organisation"),
        ("github.com/acme", "must be a URL that begins with https://"),
        ("http://github.com/acme", "must use https"),
        ("http://10.0.0.1/acme", "must use https"),
        ("https://[::1/acme", "is not a URL"),
        ("https://github.com:port/acme", "is not a URL"),
    ],
)
def test_a_config_url_that_points_nowhere_is_refused(environ: Environ, given: str, told: str) -> None:
    (line,) = refused(without(environ, "GITHUB_ORG") | {"GITHUB_CONFIG_URL": given})
    assert line.startswith(f"GITHUB_CONFIG_URL: {told}")


def test_a_password_in_a_url_is_refused_and_not_repeated(environ: Environ) -> None:
    (line,) = refused(without(environ, "GITHUB_ORG") | {"GITHUB_CONFIG_URL": "https://me:hunter2@github.com/acme"})
    assert "must not hold a user name or password" in line
    assert "hunter2" not in line


def test_an_organisation_and_its_own_url_agree(environ: Environ) -> None:
    settings = github(environ | {"GITHUB_CONFIG_URL": "https://www.GitHub.com/Acme/"})
    assert settings.config_url == "https://www.GitHub.com/Acme"


def test_an_organisation_and_another_url_are_an_error(environ: Environ) -> None:
    (line,) = refused(environ | {"GITHUB_CONFIG_URL": "https://github.com/other"})
    assert line == (
        "GITHUB_CONFIG_URL is https://github.com/other, but GITHUB_ORG means https://github.com/acme; "
        "keep the one that is meant"
    )


def test_neither_organisation_nor_url_is_an_error(environ: Environ) -> None:
    (line,) = refused(without(environ, "GITHUB_ORG"))
    assert line.startswith("missing: GITHUB_ORG")


def test_the_api_and_the_authorities_are_found_by_themselves_unless_named(environ: Environ) -> None:
    settings = github(environ)
    assert (settings.api_url, settings.ca_file) == (None, None)
    named = github(environ | {"GITHUB_API_URL": "https://api.example.test/", "GITHUB_CA_FILE": "/etc/ca.pem"})
    assert (named.api_url, str(named.ca_file)) == ("https://api.example.test", "/etc/ca.pem")


def test_an_app_is_known_by_its_client_id(environ: Environ) -> None:
    credentials = app(environ)
    assert (credentials.issuer, credentials.installation_id) == ("Iv1.abc123", 12345)


def test_an_app_may_be_known_by_its_number_alone(environ: Environ) -> None:
    assert app(without(environ, "GITHUB_APP_CLIENT_ID")).issuer == "4711"


def test_a_number_of_the_app_is_not_needed(environ: Environ) -> None:
    assert app(without(environ, "GITHUB_APP_ID")).app_id is None


def test_a_private_key_may_come_from_a_file(environ: Environ, app_key: str, tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_text(app_key)
    credentials = app(without(environ, "GITHUB_APP_PRIVATE_KEY") | {"GITHUB_APP_PRIVATE_KEY_FILE": str(file)})
    assert credentials.private_key is not None
    assert credentials.private_key.reveal() == app_key


def test_a_private_key_may_be_fetched_later(environ: Environ) -> None:
    credentials = app(without(environ, "GITHUB_APP_PRIVATE_KEY") | {"GITHUB_APP_PRIVATE_KEY_SECRET": SECRET_ARN})
    assert (credentials.private_key, credentials.private_key_secret) == (None, SECRET_ARN)


def test_two_places_of_a_private_key_are_an_error(environ: Environ) -> None:
    (line,) = refused(environ | {"GITHUB_APP_PRIVATE_KEY_SECRET": SECRET_ARN})
    assert line.startswith("GITHUB_APP_PRIVATE_KEY and GITHUB_APP_PRIVATE_KEY_SECRET are set together")


def test_a_key_file_that_is_not_there_is_named(environ: Environ, tmp_path: Path) -> None:
    file = tmp_path / "absent.pem"
    (line,) = refused(without(environ, "GITHUB_APP_PRIVATE_KEY") | {"GITHUB_APP_PRIVATE_KEY_FILE": str(file)})
    assert line.startswith(f'GITHUB_APP_PRIVATE_KEY_FILE: "{file}" cannot be read (No such file or directory)')


@pytest.mark.parametrize("content", [b"\xff\xfe", b"hello"], ids=["binary", "text"])
def test_a_key_file_without_a_key_is_named(environ: Environ, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "app.pem"
    file.write_bytes(content)
    (line,) = refused(without(environ, "GITHUB_APP_PRIVATE_KEY") | {"GITHUB_APP_PRIVATE_KEY_FILE": str(file)})
    assert line.startswith(f'GITHUB_APP_PRIVATE_KEY_FILE: "{file}" is not a PEM')


def test_a_secret_that_is_no_arn_is_refused_without_being_repeated(environ: Environ) -> None:
    (line,) = refused(without(environ, "GITHUB_APP_PRIVATE_KEY") | {"GITHUB_APP_PRIVATE_KEY_SECRET": "s3cr3t"})
    assert line.startswith("GITHUB_APP_PRIVATE_KEY_SECRET: must be the ARN of a Secrets Manager secret")
    assert "s3cr3t" not in line


def test_a_key_where_its_file_belongs_is_not_repeated(environ: Environ, app_key: str) -> None:
    lines = refused(without(environ, "GITHUB_APP_PRIVATE_KEY") | {"GITHUB_APP_PRIVATE_KEY_FILE": app_key})
    assert all(part not in "\n".join(lines) for part in app_key.splitlines())


def test_the_bare_body_of_a_key_where_its_file_belongs_is_not_repeated(environ: Environ, app_key: str) -> None:
    body = "".join(app_key.splitlines()[1:-1])
    lines = refused(without(environ, "GITHUB_APP_PRIVATE_KEY") | {"GITHUB_APP_PRIVATE_KEY_FILE": body})
    assert body[:40] not in "\n".join(lines)


def test_a_token_stands_in_for_the_app(token_environ: Environ) -> None:
    credentials = github(token_environ).credentials
    assert isinstance(credentials, TokenCredentials)
    assert credentials.token.reveal() == "a-token"


def test_neither_app_nor_token_is_explained(token_environ: Environ) -> None:
    (line,) = refused(without(token_environ, "GITHUB_TOKEN"))
    assert line.startswith("missing: who we are to GitHub. Set GITHUB_APP_CLIENT_ID (or GITHUB_APP_ID)")
    assert line.endswith("or GITHUB_TOKEN")


@pytest.mark.parametrize("absent", ["GITHUB_APP_INSTALLATION_ID", "GITHUB_APP_PRIVATE_KEY"])
def test_an_app_that_is_partly_given_names_what_is_missing(environ: Environ, absent: str) -> None:
    (line,) = refused(without(environ, absent))
    assert line.startswith(f"missing: {absent}; a GitHub App needs")


def test_an_app_without_either_of_its_ids_names_the_client_id(environ: Environ) -> None:
    (line,) = refused(without(environ, "GITHUB_APP_CLIENT_ID", "GITHUB_APP_ID"))
    assert line.startswith("missing: GITHUB_APP_CLIENT_ID;")


def test_a_token_beside_a_part_of_an_app_is_an_error(token_environ: Environ) -> None:
    (line,) = refused(token_environ | {"GITHUB_APP_ID": "4711"})
    assert line.endswith("; or use GITHUB_TOKEN alone")


def test_a_whole_app_wins_over_a_token_and_says_so(environ: Environ) -> None:
    settings = load_settings(environ | {"GITHUB_TOKEN": "a-token"}, {})
    assert isinstance(settings.github.credentials, AppCredentials)
    assert settings.warnings == (
        "GITHUB_TOKEN is set beside a GitHub App and is not used; remove the GITHUB_APP_… settings to use it",
    )


def test_an_app_cannot_serve_an_enterprise(environ: Environ) -> None:
    url = {"GITHUB_CONFIG_URL": "https://github.com/enterprises/acme"}
    (line,) = refused(without(environ, "GITHUB_ORG") | url)
    assert line.startswith("a GitHub App cannot serve a whole enterprise; set GITHUB_TOKEN")


def test_a_token_serves_an_enterprise(token_environ: Environ) -> None:
    url = "https://github.com/enterprises/acme"
    assert github(without(token_environ, "GITHUB_ORG") | {"GITHUB_CONFIG_URL": url}).config_url == url


def test_no_secret_shows_in_settings(environ: Environ, app_key: str) -> None:
    printed = repr(load_settings(environ, {}))
    assert not any(line in printed for line in app_key.splitlines())


def test_no_secret_shows_in_an_error(environ: Environ, app_key: str) -> None:
    damaged = app_key.replace("-----END", "")
    lines = "\n".join(refused(environ | {"GITHUB_APP_PRIVATE_KEY": damaged, "GITHUB_TOKEN": "two words"}))
    assert not any(line in lines for line in app_key.splitlines()[1:-1])
    assert "two words" not in lines
