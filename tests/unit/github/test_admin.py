"""The admin connection (sections 2.4 to 2.7; vectors V4, V5; Appendix B.1)."""

import asyncio

import httpx
import pytest

from core.adapters.github import GitHubScaleSetClient
from core.domain.errors import (
    CredentialsRejected,
    PermissionDenied,
    ProtocolError,
    Throttled,
    Unavailable,
)
from tests.fakes.clock import ManualClock
from tests.unit.github.conftest import Identity
from tests.unit.github.support import (
    ADMIN,
    ADMIN_END,
    ADMIN_PATH,
    PAT,
    REGISTRATION_PATH,
    SERVICE_URL,
    SETS_PATH,
    Answer,
    Calls,
    Server,
    admin_grant,
    bearer,
    jwt_until,
    leaks,
    make_client,
    refuses,
    says,
    sent,
    text,
)

NO_SETS = says({"count": 0, "value": []})
SECONDS_LEFT = ADMIN_END - 1_893_452_460  # when the manual clock starts


@pytest.fixture(autouse=True)
def _sets(server: Server) -> None:
    server.on("GET", SETS_PATH, NO_SETS)


def registrations(server: Server) -> int:
    return len(server.asked("POST", ADMIN_PATH))


# V4
@pytest.mark.parametrize(
    ("config_url", "path"),
    [
        ("https://github.com/acme-robotics", "/orgs/acme-robotics"),
        ("https://github.com/acme-robotics/arm-firmware", "/repos/acme-robotics/arm-firmware"),
        ("https://github.com/enterprises/acme-holding", "/enterprises/acme-holding"),
    ],
)
async def test_the_registration_token_comes_from_the_owner_of_the_runners(
    config_url: str, path: str, server: Server, clock: ManualClock, identity: Identity
) -> None:
    server.on("POST", f"{path}/actions/runners/registration-token", says({"token": "registration-token"}, 201))

    async with make_client(server, clock, config_url=config_url, ca_file=identity.certificate) as client:
        await client.list_scale_sets(1)

    request = server.requests[0]
    assert request.url.path == f"{path}/actions/runners/registration-token"
    assert bearer(request) == PAT
    assert request.headers["Content-Type"] == "application/vnd.github.v3+json"
    assert request.content == b""


# V5
async def test_the_admin_connection_is_asked_for_with_the_registration_token(
    client: GitHubScaleSetClient, server: Server
) -> None:
    await client.list_scale_sets(1)

    request = server.asked("POST", ADMIN_PATH)[0]
    assert request.headers["Authorization"] == "RemoteAuth registration-token"
    assert request.headers["Content-Type"] == "application/json"
    assert request.content == b'{"url":"https://github.com/acme-robotics","runner_event":"register"}'


async def test_github_is_told_the_config_url_without_its_slash_and_unescaped(
    server: Server, clock: ManualClock, identity: Identity
) -> None:
    url = "https://github.com/acme-robotics/?a=<1>&b=2"

    async with make_client(server, clock, config_url=f"{url}/", ca_file=identity.certificate) as client:
        await client.list_scale_sets(1)

    assert sent(server.asked("POST", ADMIN_PATH)[0])["url"] == url
    assert b"&" in server.asked("POST", ADMIN_PATH)[0].content


async def test_the_admin_token_opens_the_actions_service(client: GitHubScaleSetClient, server: Server) -> None:
    await client.list_scale_sets(1)

    assert bearer(server.last()) == ADMIN
    assert server.last().url.host == "svc.example.test"


# V5, its part a
async def test_a_registration_token_that_is_not_known_everywhere_yet_is_waited_for(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    early = [text("unknown token", status) for status in (401, 403, 401, 403)]
    server.on("POST", ADMIN_PATH, *early, admin_grant())

    assert await client.list_scale_sets(1) == []
    assert registrations(server) == 5
    assert clock.waits == [1, 2, 4, 8]


# V5, its part b
async def test_a_registration_token_that_is_never_accepted_is_reported_with_the_last_answer(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("POST", ADMIN_PATH, *(text(f"refusal {number}", 401) for number in range(1, 6)))

    with pytest.raises(CredentialsRejected, match=r'status="401 Unauthorized", attempts=5.*refusal 5'):
        await client.list_scale_sets(1)
    assert clock.waits == [1, 2, 4, 8]


async def test_a_rate_limit_on_registering_is_not_mistaken_for_an_unknown_token(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("POST", ADMIN_PATH, says({"message": "API rate limit exceeded"}, 403, Retry_After="30"))

    with pytest.raises(Throttled) as limited:
        await client.list_scale_sets(1)
    assert limited.value.retry_after == 30
    assert clock.waits == []


# V5, its parts c and d
@pytest.mark.parametrize(
    ("grant", "complaint"),
    [
        ({"url": "", "token": ADMIN}, "missing url"),
        ({"token": ADMIN}, "missing url"),
        ({"url": SERVICE_URL}, "missing token"),
        ({"url": SERVICE_URL, "token": ""}, "missing token"),
        ({"url": "service", "token": ADMIN}, "missing url"),
        ({"url": "https://svc\x00", "token": ADMIN}, "missing url"),
        ({"url": "https://svc:port/", "token": ADMIN}, "missing url"),
        ({"url": SERVICE_URL, "token": jwt_until(None)}, "does not say when it expires"),
        ({"url": SERVICE_URL, "token": "opaque"}, "does not say when it expires"),
        ("a string", "unexpected shape"),
    ],
)
async def test_an_admin_connection_that_cannot_be_used_is_a_protocol_error(
    client: GitHubScaleSetClient, server: Server, grant: object, complaint: str
) -> None:
    server.on("POST", ADMIN_PATH, says(grant))

    with pytest.raises(ProtocolError, match=complaint) as odd:
        await client.list_scale_sets(1)
    assert leaks(odd.value, [ADMIN, jwt_until(None), "opaque"]) == []


async def test_a_valid_connection_is_used_again(client: GitHubScaleSetClient, server: Server) -> None:
    await client.list_scale_sets(1)
    await client.list_scale_sets(1)

    assert registrations(server) == 1


@pytest.mark.parametrize(("left", "rounds"), [(60, 1), (59, 2)])
async def test_a_connection_with_less_than_a_minute_left_is_refreshed_before_use(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, left: int, rounds: int
) -> None:
    await client.list_scale_sets(1)
    clock.advance(SECONDS_LEFT - left)

    await client.list_scale_sets(1)

    assert registrations(server) == rounds


async def test_a_token_that_lives_for_less_than_a_minute_is_refreshed_for_each_call(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("POST", ADMIN_PATH, admin_grant(jwt_until(int(clock.now().timestamp()) + 30)))

    for _ in range(3):
        await client.list_scale_sets(1)

    assert registrations(server) == 3


async def test_calls_at_the_same_time_share_one_refresh(client: GitHubScaleSetClient, server: Server) -> None:
    await asyncio.gather(*(client.list_scale_sets(1) for _ in range(10)))

    assert registrations(server) == 1
    assert len(server.asked("GET", SETS_PATH)) == 10


async def test_calls_at_the_same_time_share_even_a_short_lived_connection(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("POST", ADMIN_PATH, admin_grant(jwt_until(int(clock.now().timestamp()) + 30)))

    await asyncio.gather(*(client.list_scale_sets(1) for _ in range(10)))

    assert registrations(server) == 1


async def test_calls_at_the_same_time_share_a_failure(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", REGISTRATION_PATH, says({"message": "Resource not accessible by integration"}, 403))

    results = await asyncio.gather(*(client.list_scale_sets(1) for _ in range(10)), return_exceptions=True)

    assert [type(result) for result in results] == [PermissionDenied] * 10
    assert len(server.asked("POST", REGISTRATION_PATH)) == 1


async def test_a_call_after_a_failure_tries_again(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", REGISTRATION_PATH, text("away", 404), says({"token": "registration-token"}, 201))

    with pytest.raises(ProtocolError):
        await client.list_scale_sets(1)
    assert await client.list_scale_sets(1) == []


async def test_a_cancelled_refresh_leaves_the_next_caller_to_do_it(
    client: GitHubScaleSetClient, server: Server
) -> None:
    reached = asyncio.Event()

    async def never(_: httpx.Request) -> Answer:
        reached.set()
        return await asyncio.Future()

    server.on("POST", ADMIN_PATH, never, admin_grant())
    first = asyncio.create_task(client.list_scale_sets(1))
    await reached.wait()
    second = asyncio.create_task(client.list_scale_sets(1))
    await asyncio.sleep(0)
    first.cancel()

    assert await second == []
    assert registrations(server) == 2


async def test_a_failed_refresh_keeps_the_old_connection_and_tells_what_the_server_said(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    await client.list_scale_sets(1)
    clock.advance(SECONDS_LEFT - 30)
    server.on("POST", REGISTRATION_PATH, says({"message": "no more registrations today"}, 403))

    with pytest.raises(PermissionDenied, match="no more registrations today"):
        await client.list_scale_sets(1)
    clock.advance(-30)
    assert await client.list_scale_sets(1) == []
    assert bearer(server.last()) == ADMIN


async def test_a_missing_permission_is_told_with_the_one_that_is_needed(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("POST", REGISTRATION_PATH, says({"message": "Not Found", "status": "404"}, 404))

    with pytest.raises(PermissionDenied, match="Self-hosted runners: read and write"):
        await client.list_scale_sets(1)


async def test_a_refused_admin_token_is_renewed_and_the_call_repeated_once(
    client: GitHubScaleSetClient, server: Server
) -> None:
    renewed = jwt_until(ADMIN_END, "renewed")
    server.on("POST", ADMIN_PATH, admin_grant(), admin_grant(renewed))
    server.on("GET", SETS_PATH, refuses("InvalidTokenException", 401), NO_SETS)

    assert await client.list_scale_sets(1) == []
    assert [bearer(request) for request in server.asked("GET", SETS_PATH)] == [ADMIN, renewed]


async def test_an_admin_token_refused_twice_is_an_error(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, refuses("InvalidTokenException", 401))

    with pytest.raises(CredentialsRejected, match="InvalidTokenException"):
        await client.list_scale_sets(1)
    assert len(server.asked("GET", SETS_PATH)) == 2


async def test_many_refused_calls_renew_the_connection_once(client: GitHubScaleSetClient, server: Server) -> None:
    await client.list_scale_sets(1)
    renewed = jwt_until(ADMIN_END, "renewed")
    server.on("POST", ADMIN_PATH, admin_grant(renewed))

    async def only_renewed(request: httpx.Request) -> Answer:
        await asyncio.sleep(0)
        return NO_SETS if bearer(request) == renewed else refuses("InvalidTokenException", 401)

    server.on("GET", SETS_PATH, only_renewed)
    await asyncio.gather(*(client.list_scale_sets(1) for _ in range(10)))

    assert registrations(server) == 2


async def test_a_refusal_of_the_previous_token_does_not_cost_the_new_one(
    client: GitHubScaleSetClient, server: Server
) -> None:
    refused = refuses("InvalidTokenException", 401)
    reached, late = asyncio.Event(), asyncio.Event()

    async def late_refusal(_: httpx.Request) -> Answer:
        reached.set()
        await late.wait()
        return refused

    server.on("GET", SETS_PATH, late_refusal, refused, NO_SETS)
    slow = asyncio.create_task(client.list_scale_sets(1))
    await reached.wait()
    await client.list_scale_sets(1)
    late.set()
    await slow

    assert registrations(server) == 2


async def test_the_rest_api_being_away_is_retried_and_then_unavailable(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, calls: Calls
) -> None:
    server.on("POST", REGISTRATION_PATH, httpx.ReadTimeout(""))

    with pytest.raises(Unavailable):
        await client.list_scale_sets(1)
    assert clock.waits == [1, 2, 4, 8]
    assert calls.outcomes == [("registration_token", "Unavailable")] * 5
