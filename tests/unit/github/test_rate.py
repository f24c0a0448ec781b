"""GitHub's REST rate limits (section 6.6; vector V29)."""

from datetime import UTC, datetime

import pytest

from core.adapters.github import GitHubScaleSetClient, RateLimit
from core.domain.errors import PermissionDenied, Throttled
from tests.fakes.clock import ManualClock
from tests.unit.github.support import REST_RUNNERS_PATH, SETS_PATH, Answer, Server, says

NOBODY = {"total_count": 0, "runners": []}
NO_RUNNERS = says(NOBODY)
RESET = 1_893_452_520  # a minute after the manual clock starts
EXCEEDED = {"message": "API rate limit exceeded for installation", "status": "403"}
SECONDARY = {"message": "You have exceeded a secondary rate limit", "status": "403"}


def limited(payload: object, status: int, *, remaining: int) -> Answer:
    return says(
        payload,
        status,
        x_ratelimit_limit="5000",
        x_ratelimit_remaining=str(remaining),
        x_ratelimit_reset=str(RESET),
        x_ratelimit_resource="core",
    )


async def throttled(client: GitHubScaleSetClient) -> float | None:
    with pytest.raises(Throttled) as error:
        await client.list_runners()
    return error.value.retry_after


async def test_the_limit_is_known_from_any_answer(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, limited(NOBODY, 200, remaining=4321))
    assert client.rate is None

    await client.list_runners()

    assert client.rate == RateLimit(remaining=4321, limit=5000, reset=datetime.fromtimestamp(RESET, UTC))


async def test_a_server_without_limits_tells_none(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, NO_RUNNERS)

    await client.list_runners()

    assert client.rate is None


# V29
async def test_an_exhausted_limit_is_waited_for_until_its_reset(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", REST_RUNNERS_PATH, limited(EXCEEDED, 403, remaining=0))

    assert await throttled(client) == 60
    assert clock.waits == []


async def test_while_a_limit_is_known_to_be_exhausted_nothing_is_asked(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", REST_RUNNERS_PATH, limited(EXCEEDED, 403, remaining=0), NO_RUNNERS)
    await throttled(client)

    clock.advance(59)
    assert await throttled(client) == 1
    assert len(server.requests) == 1

    clock.advance(1)
    assert await client.list_runners() == []


async def test_a_good_answer_that_used_the_limit_up_closes_it_too(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, limited(NOBODY, 200, remaining=0))

    assert await client.list_runners() == []
    assert await throttled(client) == 60
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [403, 429])
async def test_retry_after_comes_before_the_reset(client: GitHubScaleSetClient, server: Server, status: int) -> None:
    answer = limited(SECONDARY, status, remaining=0)
    answer.headers["Retry-After"] = "7"
    server.on("GET", REST_RUNNERS_PATH, answer)

    assert await throttled(client) == 7


async def test_a_secondary_limit_without_a_time_waits_a_minute_and_then_twice_as_long(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", REST_RUNNERS_PATH, says(SECONDARY, 403))

    waits = []
    for _ in range(8):
        wait = await throttled(client)
        assert wait is not None
        waits.append(wait)
        clock.advance(wait)

    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


async def test_a_good_answer_forgets_the_secondary_limits_before_it(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    refused = says(SECONDARY, 403)
    server.on("GET", REST_RUNNERS_PATH, refused, refused, NO_RUNNERS, refused)
    for expected in (60, 120):
        assert await throttled(client) == expected
        clock.advance(expected)
    await client.list_runners()

    assert await throttled(client) == 60


async def test_a_429_of_the_rest_api_is_not_retried(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", REST_RUNNERS_PATH, says({"message": "slow down"}, 429, Retry_After="3"), NO_RUNNERS)

    assert await throttled(client) == 3
    assert clock.waits == []


async def test_a_missing_permission_is_no_limit(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, limited({"message": "Resource not accessible"}, 403, remaining=10))

    with pytest.raises(PermissionDenied, match="Self-hosted runners"):
        await client.list_runners()


async def test_a_limit_on_lists_does_not_stop_the_actions_service(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, limited(EXCEEDED, 403, remaining=0))
    server.on("GET", SETS_PATH, says({"count": 0, "value": []}))
    await throttled(client)

    assert await client.list_scale_sets(1) == []


@pytest.mark.parametrize("reset", ["soon", "", "99999999999999999999"])
async def test_headers_that_cannot_be_read_tell_no_limit(
    client: GitHubScaleSetClient, server: Server, reset: str
) -> None:
    answer = limited(NOBODY, 200, remaining=5)
    answer.headers["x-ratelimit-reset"] = reset
    server.on("GET", REST_RUNNERS_PATH, answer)

    await client.list_runners()

    assert client.rate is None
