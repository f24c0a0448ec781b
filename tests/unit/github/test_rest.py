"""The REST list of runners (section 8; vector V31)."""

import pytest

from core.adapters.github import GitHubScaleSetClient
from core.adapters.github.rest import MAX_PAGES
from core.domain.errors import PermissionDenied, ProtocolError, Unavailable
from core.domain.messages import Registration
from tests.fakes.clock import ManualClock
from tests.unit.github.conftest import Identity
from tests.unit.github.support import (
    API,
    PAT,
    REST_RUNNERS_PATH,
    Answer,
    Server,
    bearer,
    make_client,
    query,
    says,
    text,
)


def runner(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": number,
        "name": f"linux-small-{number:08x}",
        "os": "linux",
        "status": "offline",
        "busy": False,
        "ephemeral": True,
        "runner_group_id": 1,
        "labels": [{"id": 501, "name": "linux-small", "type": "read-only"}],
        **changes,
    }


def page(*runners: object, following: str | None = None) -> Answer:
    links = {} if following is None else {"Link": f'<{following}>; rel="next", <{following}>; rel="last"'}
    return says({"total_count": 101, "runners": runners}, **links)


def second_page(base: str = API) -> str:
    return f"{base}{REST_RUNNERS_PATH}?per_page=100&page=2"


# V31
async def test_every_page_of_the_list_is_read(client: GitHubScaleSetClient, server: Server) -> None:
    first = page(*(runner(number) for number in range(100)), following=second_page())
    server.on("GET", REST_RUNNERS_PATH, first, page(runner(4711)))

    runners = await client.list_runners()

    assert len(runners) == 101
    assert [query(request) for request in server.requests] == [
        {"per_page": "100"},
        {"per_page": "100", "page": "2"},
    ]


async def test_a_runner_is_read_as_the_list_has_it(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, page(runner(7, status="online", busy=True)))

    assert await client.list_runners() == [
        Registration(7, "linux-small-00000007", online=True, busy=True, labels=("linux-small",))
    ]


# V31
async def test_the_rest_api_is_asked_in_its_pinned_version(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, page())

    await client.list_runners()

    assert server.last().headers["Accept"] == "application/vnd.github+json"
    assert server.last().headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert bearer(server.last()) == PAT


@pytest.mark.parametrize(
    ("config_url", "path"),
    [
        ("https://github.com/acme/widgets", "/repos/acme/widgets/actions/runners"),
        ("https://github.com/enterprises/acme", "/enterprises/acme/actions/runners"),
        ("https://ghes.example.com/acme", "/api/v3/orgs/acme/actions/runners"),
    ],
)
async def test_the_list_is_that_of_the_config_urls_owner(
    config_url: str, path: str, server: Server, clock: ManualClock, identity: Identity
) -> None:
    server.on("GET", path, page())

    async with make_client(server, clock, config_url=config_url, ca_file=identity.certificate) as client:
        assert await client.list_runners() == []


async def test_a_runner_that_moved_to_the_next_page_meanwhile_is_listed_once(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("GET", REST_RUNNERS_PATH, page(runner(1), runner(2), following=second_page()), page(runner(2), runner(3)))

    assert [found.id for found in await client.list_runners()] == [1, 2, 3]


@pytest.mark.parametrize("failure", [text("", 500), says({"message": "odd"}), says({"runners": None})])
async def test_a_page_that_fails_fails_the_list(client: GitHubScaleSetClient, server: Server, failure: Answer) -> None:
    server.on("GET", REST_RUNNERS_PATH, page(runner(1), following=second_page()), failure)

    with pytest.raises((Unavailable, ProtocolError)):
        await client.list_runners()


async def test_a_link_to_another_host_does_not_get_the_token(client: GitHubScaleSetClient, server: Server) -> None:
    first = page(runner(1), following=second_page("https://elsewhere.example.test"))
    server.on("GET", REST_RUNNERS_PATH, first, page(runner(2)))

    assert len(await client.list_runners()) == 2
    assert {request.url.host for request in server.requests} == {"api.github.com"}


async def test_a_list_that_never_ends_is_an_error(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, page(following=second_page()))

    with pytest.raises(ProtocolError, match="still not the last"):
        await client.list_runners()
    assert len(server.requests) == MAX_PAGES


@pytest.mark.parametrize("status", [403, 404])
async def test_a_missing_permission_is_told_with_the_one_that_is_needed(
    client: GitHubScaleSetClient, server: Server, status: int
) -> None:
    server.on("GET", REST_RUNNERS_PATH, says({"message": "Not Found"}, status))

    with pytest.raises(PermissionDenied, match="Self-hosted runners: read and write"):
        await client.list_runners()
