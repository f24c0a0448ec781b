"""Addresses and the User-Agent (sections 2.8, 2.9, 5.5, 5.9 and 8.1)."""

import json

import pytest

from core.adapters.github.agent import LISTENER, Agent
from core.adapters.github.lease import message_url, poll_url
from core.adapters.github.rest import next_page
from core.adapters.github.service import service_url


@pytest.mark.parametrize("path", ["/my/path", "my/path"])
@pytest.mark.parametrize("base", ["http://h/tenant/123/", "http://h/tenant/123"])
def test_the_services_path_and_ours_are_joined_with_one_slash(base: str, path: str) -> None:
    url = service_url(base, path, {"name": "x"})

    assert url == "http://h/tenant/123/my/path?api-version=6.0-preview&name=x"


def test_a_service_without_a_path_is_joined_too() -> None:
    assert service_url("https://h", "a/b/", {}) == "https://h/a/b/?api-version=6.0-preview"


def test_the_services_query_is_kept_and_ours_overrules_it() -> None:
    url = service_url("https://h/t?keep=&name=theirs", "p", {"name": "ours"})

    assert url == "https://h/t/p?api-version=6.0-preview&keep=&name=ours"


def test_an_api_version_that_is_there_already_stays() -> None:
    assert service_url("https://h/t?api-version=7.0", "p", {}) == "https://h/t/p?api-version=7.0"


def test_values_are_percent_encoded() -> None:
    assert service_url("https://h", "p", {"name": "a&b #1+%"}).endswith("name=a%26b%20%231%2B%25")


def test_the_first_poll_uses_the_queues_address_as_it_came() -> None:
    assert poll_url("https://q/m?scope=37&sig=a%2Bb%2F%3D", 0) == "https://q/m?scope=37&sig=a%2Bb%2F%3D"


def test_a_later_poll_sets_the_last_message_and_keeps_the_rest() -> None:
    assert poll_url("https://q/m?scope=37", 5) == "https://q/m?scope=37&lastMessageId=5"
    assert poll_url("https://q/m?lastMessageId=1&scope=37", 5) == "https://q/m?lastMessageId=5&scope=37"
    assert poll_url("https://q/m", 5) == "https://q/m?lastMessageId=5"


def test_a_message_is_addressed_below_the_queue_with_its_query_kept() -> None:
    assert message_url("https://q/a%2Fb/m?scope=37&sig=x%2By", 9) == "https://q/a%2Fb/m/9?scope=37&sig=x%2By"
    assert message_url("https://q/m/", 9) == "https://q/m/9"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("", None),
        ('<https://h/r?page=2>; rel="next", <https://h/r?page=9>; rel="last"', "https://h/r?page=2"),
        ('<https://h/r?page=1>; rel="prev", <https://h/r?page=3>; rel="next"', "https://h/r?page=3"),
        ('<https://h/r?a=1,2&page=3>; title="x"; rel=next', "https://h/r?a=1,2&page=3"),
        ('<https://h/r?page=1>; rel="first", <https://h/r?page=1>; rel="prev"', None),
        ("nonsense", None),
    ],
)
def test_the_next_page_is_the_one_that_the_link_header_calls_so(link: str, expected: str | None) -> None:
    assert next_page(link) == expected


def test_the_user_agent_is_compact_json_with_its_keys_in_order() -> None:
    header = Agent("0.1.0", "0a1b2c3", LISTENER, 37).header()

    assert header == (
        '{"system":"arcdeck","version":"0.1.0","commit_sha":"0a1b2c3","scale_set_id":37,"subsystem":"listener",'
        '"build_version":"0.1.0","build_commit_sha":"0a1b2c3","kind":"scaleset"}'
    )


def test_without_a_scale_set_the_controller_speaks() -> None:
    fields = json.loads(Agent("0.1.0").header())

    assert (fields["subsystem"], fields["scale_set_id"], fields["commit_sha"]) == ("controller", 0, "")
