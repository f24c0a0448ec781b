"""Sending, waiting and giving up (sections 6.4 and 6.5; vector V29)."""

import asyncio

import httpx
import pytest

from core.adapters.github import GitHubMessageSession, GitHubScaleSetClient
from core.domain.errors import (
    ConfigurationError,
    OutcomeUnknown,
    PermissionDenied,
    ProtocolError,
    Throttled,
    Unavailable,
)
from tests.fakes.clock import ManualClock
from tests.unit.github.conftest import Identity
from tests.unit.github.support import (
    ADMIN,
    ADMIN_PATH,
    PAT,
    QUEUE_PATH,
    QUEUE_URL,
    RUNNER,
    SETS_PATH,
    Answer,
    Calls,
    FixedRandom,
    Server,
    leaks,
    make_client,
    says,
    text,
)

NO_SETS = says({"count": 0, "value": []})
JIT_PATH = f"{SETS_PATH}/37/generatejitconfig"
SET_PATH = f"{SETS_PATH}/37"
SET = says({"id": 37, "name": "linux-small"})

NEVER_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.PoolTimeout(""), httpx.ProxyError("407")]
AMBIGUOUS = [
    httpx.ReadTimeout(""),
    httpx.WriteTimeout(""),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("Server disconnected"),
    httpx.DecodingError("not gzip"),
    OSError("broken"),
]


def name(error: object) -> str:
    return type(error).__name__


# V29
async def test_a_throttled_call_waits_as_long_as_the_server_asks(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", SETS_PATH, text("slow down", 429, Retry_After="3"), text("", 429, Retry_After="3"), NO_SETS)

    assert await client.list_scale_sets(1) == []
    assert clock.waits == [3, 3]


# V29
async def test_the_wait_a_server_asks_for_may_be_longer_than_the_schedules_longest(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", SETS_PATH, text("", 503, Retry_After="45"), NO_SETS)

    assert await client.list_scale_sets(1) == []
    assert clock.waits == [45]


async def test_a_wait_until_a_date_is_counted_from_our_clock(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    assert clock.now().isoformat() == "2029-12-31T23:01:00+00:00"
    server.on("GET", SETS_PATH, text("", 503, Retry_After="Mon, 31 Dec 2029 23:01:20 GMT"), NO_SETS)

    await client.list_scale_sets(1)

    assert clock.waits == [20]


@pytest.mark.parametrize("value", ["soon", "-3", "Mon, 31 Dec 2029 23:00:00 -0000"])
async def test_a_wait_that_cannot_be_read_falls_back_to_the_schedule(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, value: str
) -> None:
    server.on("GET", SETS_PATH, text("", 429, Retry_After=value), NO_SETS)

    await client.list_scale_sets(1)

    assert clock.waits == [1]


async def test_a_wait_beyond_patience_is_handed_to_the_caller(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", SETS_PATH, text("", 429, Retry_After="121"))

    with pytest.raises(Throttled) as throttled:
        await client.list_scale_sets(1)
    assert throttled.value.retry_after == 121
    assert clock.waits == []


# V29
async def test_a_server_that_stays_broken_is_asked_five_times_and_quoted(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("GET", SETS_PATH, *(text(f"failure {number}", 500) for number in range(1, 6)))

    with pytest.raises(Unavailable, match=r'status="500 Internal Server Error", attempts=5\): failure 5'):
        await client.list_scale_sets(1)
    assert len(server.asked("GET", SETS_PATH)) == 5
    assert clock.waits == [1, 2, 4, 8]


async def test_waits_are_longer_by_a_share_that_chance_decides(
    server: Server, clock: ManualClock, identity: Identity
) -> None:
    server.on("GET", SETS_PATH, text("", 500), text("", 500), NO_SETS)

    async with make_client(server, clock, rng=FixedRandom(0.5), ca_file=identity.certificate) as client:
        await client.list_scale_sets(1)

    assert clock.waits == [1.125, 2.25]


# V29
@pytest.mark.parametrize(("status", "kind"), [(501, ProtocolError), (403, PermissionDenied), (400, ProtocolError)])
async def test_a_refusal_that_will_not_pass_is_not_repeated(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, status: int, kind: type[Exception]
) -> None:
    server.on("GET", SETS_PATH, text("no", status))

    with pytest.raises(kind):
        await client.list_scale_sets(1)
    assert len(server.asked("GET", SETS_PATH)) == 1
    assert clock.waits == []


@pytest.mark.parametrize("error", [*NEVER_SENT, *AMBIGUOUS], ids=name)
async def test_a_lost_connection_is_tried_again(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, error: Exception
) -> None:
    server.on("GET", SETS_PATH, error, NO_SETS)

    assert await client.list_scale_sets(1) == []
    assert clock.waits == [1]


@pytest.mark.parametrize("error", [*NEVER_SENT, *AMBIGUOUS], ids=name)
async def test_a_reading_call_without_an_answer_certainly_did_nothing(
    client: GitHubScaleSetClient, server: Server, error: Exception
) -> None:
    server.on("GET", SETS_PATH, error)

    with pytest.raises(Unavailable) as lost:
        await client.list_scale_sets(1)
    assert not isinstance(lost.value, OutcomeUnknown)


@pytest.mark.parametrize("error", AMBIGUOUS, ids=name)
async def test_a_changing_call_without_an_answer_may_have_been_carried_out(
    client: GitHubScaleSetClient, server: Server, error: Exception
) -> None:
    server.on("PATCH", SET_PATH, error)

    with pytest.raises(OutcomeUnknown):
        await client.update_scale_set(37, "linux-small", ["linux-small"])
    assert len(server.asked("PATCH", SET_PATH)) == 5


async def test_a_changing_call_that_a_broken_server_answered_may_have_been_carried_out(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("PATCH", SET_PATH, text("", 502))

    with pytest.raises(OutcomeUnknown):
        await client.update_scale_set(37, "linux-small", ["linux-small"])


@pytest.mark.parametrize("error", NEVER_SENT, ids=name)
async def test_a_jit_config_whose_request_was_never_sent_certainly_does_not_exist(
    client: GitHubScaleSetClient, server: Server, error: Exception
) -> None:
    server.on("POST", JIT_PATH, error)

    with pytest.raises(Unavailable) as lost:
        await client.generate_jit_config(37, RUNNER)
    assert not isinstance(lost.value, OutcomeUnknown)
    assert len(server.asked("POST", JIT_PATH)) == 1


@pytest.mark.parametrize("reaction", [*AMBIGUOUS, text("", 500), text("", 503)], ids=name)
async def test_a_jit_config_is_never_asked_for_twice(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, reaction: Answer | Exception
) -> None:
    server.on("POST", JIT_PATH, reaction)

    with pytest.raises(OutcomeUnknown):
        await client.generate_jit_config(37, RUNNER)
    assert len(server.asked("POST", JIT_PATH)) == 1
    assert clock.waits == []


async def test_a_throttled_jit_config_is_left_to_the_caller(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    server.on("POST", JIT_PATH, text("", 429, Retry_After="3"))

    with pytest.raises(Throttled) as throttled:
        await client.generate_jit_config(37, RUNNER)
    assert throttled.value.retry_after == 3
    assert clock.waits == []


@pytest.mark.parametrize(
    "error", [httpx.LocalProtocolError(f"bad value {ADMIN}"), httpx.UnsupportedProtocol("ftp"), UnicodeError(ADMIN)]
)
async def test_a_request_that_cannot_be_sent_is_not_repeated_and_shows_no_token(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, error: Exception
) -> None:
    server.on("GET", SETS_PATH, error)

    with pytest.raises(ProtocolError, match="cannot be sent") as unsendable:
        await client.list_scale_sets(1)
    assert leaks(unsendable.value, [ADMIN]) == []
    assert clock.waits == []


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_is_followed_with_method_and_body(
    client: GitHubScaleSetClient, server: Server, status: int
) -> None:
    server.on("PATCH", SET_PATH, Answer(status, headers={"Location": "https://svc.example.test/new"}))
    server.on("PATCH", "/new", SET)

    assert (await client.update_scale_set(37, "linux-small", ["linux-small"])).id == 37
    assert server.last().content == server.asked("PATCH", SET_PATH)[0].content


async def test_a_redirect_to_another_host_does_not_take_the_credentials_along(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("GET", SETS_PATH, Answer(307, headers={"Location": "https://elsewhere.example.test/sets"}))
    server.on("GET", "/sets", NO_SETS)

    await client.list_scale_sets(1)

    assert server.last().url.host == "elsewhere.example.test"
    assert "Authorization" not in server.last().headers


async def test_a_circle_of_redirects_ends_as_an_error(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, Answer(307, headers={"Location": f"https://svc.example.test{SETS_PATH}"}))

    with pytest.raises(ProtocolError, match="TooManyRedirects"):
        await client.list_scale_sets(1)
    assert len(server.asked("GET", SETS_PATH)) == 11


async def test_a_redirect_to_plain_http_is_not_followed(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, Answer(307, headers={"Location": "http://svc.example.test/sets"}))

    with pytest.raises(ProtocolError, match="plain http"):
        await client.list_scale_sets(1)
    assert len(server.asked("GET", "/sets")) == 0


async def test_a_service_in_plain_http_is_never_spoken_to(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", ADMIN_PATH, says({"url": "http://svc.example.test/", "token": ADMIN}))

    with pytest.raises(ProtocolError, match="plain http"):
        await client.list_scale_sets(1)
    assert [request.url.host for request in server.requests] == ["api.github.com", "api.github.com"]


async def test_a_service_on_this_machine_may_speak_plain_http(
    server: Server, clock: ManualClock, identity: Identity
) -> None:
    server.on("POST", "/api/v3/orgs/acme/actions/runners/registration-token", says({"token": "t"}, 201))
    server.on("POST", "/api/v3/actions/runner-registration", says({"url": "http://127.0.0.1:9/t/1/", "token": ADMIN}))
    server.on("GET", "/t/1/_apis/runtime/runnerscalesets", NO_SETS)

    async with make_client(server, clock, config_url="http://127.0.0.1:9/acme", ca_file=identity.certificate) as client:
        assert await client.list_scale_sets(1) == []


async def test_cookies_are_not_kept(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, says({"count": 0, "value": []}, Set_Cookie="backend=7; Path=/"))

    await client.list_scale_sets(1)
    await client.list_scale_sets(1)

    assert "Cookie" not in server.last().headers


async def test_every_request_is_counted_with_its_outcome_and_time(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, calls: Calls
) -> None:
    async def slow(_: httpx.Request) -> Answer:
        clock.advance(0.25)
        return NO_SETS

    server.on("GET", SETS_PATH, text("", 503), httpx.ReadTimeout(""), slow)

    await client.list_scale_sets(1)

    assert calls.seen == [
        ("registration_token", "ok", 0),
        ("admin_connection", "ok", 0),
        ("list_scale_sets", "503", 0),
        ("list_scale_sets", "Unavailable", 0),
        ("list_scale_sets", "ok", 0.25),
    ]


async def test_a_cancelled_call_is_counted_as_cancelled(
    client: GitHubScaleSetClient, server: Server, calls: Calls
) -> None:
    reached = asyncio.Event()

    async def never(_: httpx.Request) -> Answer:
        reached.set()
        return await asyncio.Future()

    server.on("GET", SETS_PATH, never)
    call = asyncio.create_task(client.list_scale_sets(1))
    await reached.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert calls.outcomes[-1] == ("list_scale_sets", "cancelled")


async def test_closing_ends_a_poll_in_flight(
    client: GitHubScaleSetClient, server: Server, message_session: GitHubMessageSession
) -> None:
    reached = asyncio.Event()

    async def hold(_: httpx.Request) -> Answer:
        reached.set()
        return await asyncio.Future()

    server.on("GET", QUEUE_PATH, hold)
    poll = asyncio.create_task(message_session.next_message(0, 10))
    await reached.wait()

    await client.aclose()

    with pytest.raises(OutcomeUnknown, match="closed meanwhile"):
        await poll


async def test_nothing_is_sent_through_a_closed_client(client: GitHubScaleSetClient, server: Server) -> None:
    await client.aclose()

    with pytest.raises(Unavailable, match="closed"):
        await client.list_scale_sets(1)
    assert server.requests == []


async def test_a_call_that_closing_ends_is_not_tried_again(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    closing = asyncio.Event()

    async def close_meanwhile(_: httpx.Request) -> Answer:
        closing.set()
        return await asyncio.Future()

    server.on("GET", SETS_PATH, close_meanwhile)
    call = asyncio.create_task(client.list_scale_sets(1))
    await closing.wait()
    await client.aclose()

    with pytest.raises(Unavailable, match="closed meanwhile"):
        await call
    assert clock.waits == []


@pytest.mark.virtual_time
async def test_a_poll_that_hears_nothing_ends_after_ninety_seconds(
    server: Server, clock: ManualClock, identity: Identity
) -> None:
    async def deaf(_: httpx.Request) -> Answer:
        return await asyncio.Future()

    server.on("POST", f"{SET_PATH}/sessions", says_session())
    server.on("GET", QUEUE_PATH, deaf)
    loop = asyncio.get_running_loop()

    async with make_client(server, clock, ca_file=identity.certificate) as client:
        session = await client.open_session(37, "owner")
        started = loop.time()
        with pytest.raises(OutcomeUnknown, match="none came within 90 s"):
            await session.next_message(0, 10)

    assert loop.time() - started == 90


def says_session() -> Answer:
    token = "queue-token-1"
    return says({"sessionId": "s", "messageQueueUrl": QUEUE_URL, "messageQueueAccessToken": token, "statistics": {}})


def every_kind_of(error: type[httpx.RequestError]) -> list[type[httpx.RequestError]]:
    kinds = [error]
    for narrower in error.__subclasses__():
        kinds += every_kind_of(narrower)
    return kinds


@pytest.mark.parametrize("kind", every_kind_of(httpx.RequestError), ids=lambda kind: kind.__name__)
async def test_no_failure_of_the_http_library_gets_through(
    client: GitHubScaleSetClient, server: Server, kind: type[httpx.RequestError]
) -> None:
    server.on("POST", JIT_PATH, kind("trouble"))

    with pytest.raises((Unavailable, ProtocolError, ConfigurationError)):
        await client.generate_jit_config(37, RUNNER)


async def test_no_token_is_in_any_error_of_a_server_that_repeats_headers(
    client: GitHubScaleSetClient, server: Server
) -> None:
    async def echo(request: httpx.Request) -> Answer:
        return text(f"you sent {dict(request.headers)}", 400)

    server.on("GET", SETS_PATH, echo)

    with pytest.raises(ProtocolError, match="you sent") as refused:
        await client.list_scale_sets(1)
    assert leaks(refused.value, [ADMIN, PAT]) == []
