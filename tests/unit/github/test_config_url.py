"""Config URLs (github-scale-set-api.md sections 1.1 to 1.4)."""

import pytest

from core.adapters.github.config_url import FORCE_GHES, parse_config_url
from core.domain.errors import ConfigurationError

HOSTED, SERVER = "hosted", "enterprise server"
ORG, REPO, ENTERPRISE = "/orgs/org", "/repos/org/repo", "/enterprises/my-enterprise"


@pytest.mark.parametrize("ending", ["", "/", "//"])
@pytest.mark.parametrize(
    ("url", "scope", "kind", "api"),
    [
        ("https://github.com/org/repo", REPO, HOSTED, "https://api.github.com"),
        ("https://github.com/org", ORG, HOSTED, "https://api.github.com"),
        ("https://github.com/enterprises/my-enterprise", ENTERPRISE, HOSTED, "https://api.github.com"),
        ("https://github.com/Enterprises/my-enterprise", ENTERPRISE, HOSTED, "https://api.github.com"),
        ("https://www.github.com/org", ORG, HOSTED, "https://api.github.com"),
        ("https://GitHub.com/org", ORG, HOSTED, "https://api.GitHub.com"),
        ("https://github.localhost/org", ORG, HOSTED, "https://api.github.localhost"),
        ("https://my-ghes.com/org", ORG, SERVER, "https://my-ghes.com/api/v3"),
        ("https://my-ghes.com:8443/org", ORG, SERVER, "https://my-ghes.com:8443/api/v3"),
        ("https://my-ghes.ghe.com/org", ORG, HOSTED, "https://api.my-ghes.ghe.com"),
        ("https://my-ghes.GHE.com/org", ORG, SERVER, "https://my-ghes.GHE.com/api/v3"),
        ("http://localhost/org/repo", REPO, SERVER, "http://localhost/api/v3"),
        ("http://127.0.0.1:8080/org", ORG, SERVER, "http://127.0.0.1:8080/api/v3"),
        ("http://[::1]:8080/org", ORG, SERVER, "http://[::1]:8080/api/v3"),
        ("https://github.com:443/org", ORG, SERVER, "https://github.com:443/api/v3"),
    ],
)
def test_a_config_url_says_whose_runners_and_where_the_api_is(
    url: str, scope: str, kind: str, api: str, ending: str
) -> None:
    parsed = parse_config_url(url + ending, {})

    assert (parsed.scope, parsed.api, parsed.url) == (scope, api, url)
    assert parsed.hosted == (kind == HOSTED)


@pytest.mark.parametrize("value", ["1", "false", ""])
def test_force_ghes_with_any_value_makes_every_host_an_enterprise_server(value: str) -> None:
    parsed = parse_config_url("https://test.ghe.com/org/repo", {FORCE_GHES: value})

    assert not parsed.hosted
    assert parsed.api == "https://test.ghe.com/api/v3"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com",
        "https://github.com/",
        "https://github.com/some/random/path",
        "https://github.com/org//repo",
        "https://github.com?org",
    ],
)
def test_a_url_of_nobody_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="should point to an enterprise, an organization or a repository"):
        parse_config_url(url, {})


@pytest.mark.parametrize("url", ["github.com/org", "ssh://github.com/org", "https:///org", "acme", ""])
def test_a_url_without_scheme_or_host_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="should begin with https://"):
        parse_config_url(url, {})


@pytest.mark.parametrize("url", ["https://github.com:port/org", "https://[::1/org"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a URL"):
        parse_config_url(url, {})


@pytest.mark.parametrize("host", ["github.com", "10.0.0.1", "localhost.example.com", "github.localhost"])
def test_plain_http_is_for_loopback_hosts_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="plain http is for loopback hosts only"):
        parse_config_url(f"http://{host}/org", {})


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_config_url("https://me:s3same@github.com/org", {})

    assert "s3same" not in str(refused.value)


def test_query_and_fragment_stay_in_the_url_and_out_of_the_api() -> None:
    parsed = parse_config_url("https://ghes.example.com/org/?a=1#b", {})

    assert parsed.url == "https://ghes.example.com/org/?a=1#b"
    assert parsed.api == "https://ghes.example.com/api/v3"


def test_names_are_encoded_once_for_the_rest_api() -> None:
    assert parse_config_url("https://ghes.example.com/a%20b/c%2Fd", {}).scope == "/repos/a%20b/c%2Fd"


def test_an_api_url_replaces_the_derived_one() -> None:
    parsed = parse_config_url("https://ghes.example.com/org", {}, "https://proxy.example.com/github/")

    assert parsed.api == "https://proxy.example.com/github"


def test_an_api_url_in_plain_http_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="GITHUB_API_URL"):
        parse_config_url("https://ghes.example.com/org", {}, "http://proxy.example.com")
