"""The message session (section 5; vectors V19 to V28)."""

import asyncio
import json

import httpx
import pytest

from core.adapters.github import GitHubMessageSession, GitHubScaleSetClient, UnreadableMessage
from core.domain.errors import (
    CredentialsRejected,
    OutcomeUnknown,
    PermissionDenied,
    ProtocolError,
    ScaleSetNotFound,
    SessionConflict,
    SessionGone,
    Throttled,
    Unavailable,
)
from core.domain.messages import JobMessageKind, Statistics
from tests.fakes.clock import ManualClock
from tests.unit.github.support import (
    ADMIN,
    ADMIN_PATH,
    AV,
    QUEUE_PATH,
    REGISTRATION_PATH,
    SESSION_ID,
    SESSION_PATH,
    SESSIONS_PATH,
    SETS_PATH,
    STATISTICS,
    Answer,
    Server,
    bearer,
    job_batch,
    jwt_until,
    leaks,
    query,
    refuses,
    says,
    sent,
    session,
    text,
)

MESSAGE_PATH = f"{QUEUE_PATH}/100000004"
ACQUIRE_PATH = f"{SETS_PATH}/37/acquirejobs"
EXPIRED = Answer(401)
EVICTED = refuses("RunnerAdminException", 404, "runner referenced a session ID that doesn't exist in redis")
SESSION_EXPIRED = refuses("RunnerScaleSetSessionExpiredException", 400)
NO_SUCH_SET = refuses("RunnerScaleSetNotFoundException", 404)

MESSAGE = {
    "messageId": 100000004,
    "messageType": "RunnerScaleSetJobMessages",
    "body": job_batch({"messageType": "JobAvailable", "runnerRequestId": 101}),
    "statistics": STATISTICS,
}


# --- opening -------------------------------------------------------------------------------------------------------


# V19
@pytest.mark.parametrize("status", [200, 201])
async def test_opening_tells_the_owner_and_brings_statistics(
    client: GitHubScaleSetClient, server: Server, status: int
) -> None:
    server.on("POST", SESSIONS_PATH, says(session(), status))

    opened = await client.open_session(37, "ip-10-0-3-17")

    assert opened.id == SESSION_ID
    assert opened.statistics == Statistics(available=1, assigned=2, running=1, registered=2, busy=1, idle=1)
    assert bearer(server.last()) == ADMIN
    assert query(server.last()) == AV
    assert sent(server.last()) == {"ownerName": "ip-10-0-3-17"}


# V20
async def test_a_session_that_another_holds_is_a_conflict_and_is_asked_for_once(
    client: GitHubScaleSetClient, server: Server
) -> None:
    message = "The actions runner scaleset linux-small already has an active session."
    server.on("POST", SESSIONS_PATH, refuses("RunnerScaleSetSessionConflictException", 409, message))

    with pytest.raises(SessionConflict, match="already has an active session"):
        await client.open_session(37, "owner")
    assert len(server.asked("POST", SESSIONS_PATH)) == 1


async def test_a_session_of_a_scale_set_that_is_gone_is_told(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", SESSIONS_PATH, NO_SUCH_SET)

    with pytest.raises(ScaleSetNotFound):
        await client.open_session(37, "owner")


@pytest.mark.parametrize("failure", [text("", 500), httpx.ReadTimeout(""), httpx.ReadError("reset")])
async def test_a_session_that_may_have_been_opened_is_not_asked_for_again(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, failure: Answer | Exception
) -> None:
    server.on("POST", SESSIONS_PATH, failure)

    with pytest.raises(OutcomeUnknown):
        await client.open_session(37, "owner")
    assert len(server.asked("POST", SESSIONS_PATH)) == 1
    assert clock.waits == []


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"messageQueueUrl": ""}, "queue"),
        ({"messageQueueUrl": "queue"}, "queue"),
        ({"messageQueueAccessToken": None}, "queue token"),
        ({"statistics": None}, "statistics"),
    ],
)
@pytest.mark.parametrize("deleted", [Answer(204), SESSION_EXPIRED, text("", 400)])
async def test_a_session_that_cannot_be_used_is_deleted_again(
    client: GitHubScaleSetClient, server: Server, changes: dict[str, object], missing: str, deleted: Answer
) -> None:
    server.on("POST", SESSIONS_PATH, says(session(**changes)))
    server.on("DELETE", SESSION_PATH, deleted)

    with pytest.raises(Unavailable, match=f"without its {missing}"):
        await client.open_session(37, "owner")
    assert server.lines[-1] == f"DELETE {SESSION_PATH}"


@pytest.mark.parametrize("number", [None, "", "00000000-0000-0000-0000-000000000000"])
async def test_a_session_without_an_id_is_no_session(
    client: GitHubScaleSetClient, server: Server, number: str | None
) -> None:
    server.on("POST", SESSIONS_PATH, says(session(sessionId=number)))

    with pytest.raises(ProtocolError, match="names no session"):
        await client.open_session(37, "owner")


# --- polling -------------------------------------------------------------------------------------------------------


# V21
async def test_a_first_poll_asks_for_the_first_message(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("GET", QUEUE_PATH, Answer(202))

    assert await message_session.next_message(0, 10) is None

    request = server.last()
    assert query(request) == {"scope": "37"}
    assert request.url.host == "queue.example.test"
    assert bearer(request) == "queue-token-1"
    assert request.headers["Accept"] == "application/json; api-version=6.0-preview"
    assert request.headers["X-ScaleSetMaxCapacity"] == "10"
    assert "Content-Type" not in request.headers


async def test_a_listener_says_for_which_scale_set(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("GET", QUEUE_PATH, Answer(202))

    await message_session.next_message(0, 10)

    agent = json.loads(server.last().headers["User-Agent"])
    assert (agent["subsystem"], agent["scale_set_id"]) == ("listener", 37)


# V22
async def test_a_later_poll_asks_for_what_comes_after(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("GET", QUEUE_PATH, says(MESSAGE))

    message = await message_session.next_message(100000003, 10)

    assert query(server.last()) == {"scope": "37", "lastMessageId": "100000003"}
    assert message is not None
    assert message.id == 100000004
    assert message.of(JobMessageKind.AVAILABLE)[0].job.request_id == 101


@pytest.mark.parametrize(("capacity", "header"), [(0, "0"), (-1, "0"), (2**31, "2147483647")])
async def test_the_capacity_told_is_a_number_that_github_can_hold(
    message_session: GitHubMessageSession, server: Server, capacity: int, header: str
) -> None:
    server.on("GET", QUEUE_PATH, Answer(202))

    await message_session.next_message(0, capacity)

    assert server.last().headers["X-ScaleSetMaxCapacity"] == header


# V21
@pytest.mark.parametrize("body", [b"", b"\n", b"\xef\xbb\xbf", b"null"])
async def test_an_empty_answer_is_no_message_after_a_short_pause(
    message_session: GitHubMessageSession, server: Server, clock: ManualClock, body: bytes
) -> None:
    server.on("GET", QUEUE_PATH, Answer(200, body))

    assert await message_session.next_message(0, 10) is None
    assert clock.waits == [1]


async def test_nothing_within_the_hold_time_is_no_message_and_no_pause(
    message_session: GitHubMessageSession, server: Server, clock: ManualClock
) -> None:
    server.on("GET", QUEUE_PATH, Answer(202))

    assert await message_session.next_message(0, 10) is None
    assert clock.waits == []


async def test_a_message_of_an_unknown_type_tells_its_id(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("GET", QUEUE_PATH, says({**MESSAGE, "messageType": "SomethingElse"}))

    with pytest.raises(UnreadableMessage, match="unsupported message type: SomethingElse") as unreadable:
        await message_session.next_message(0, 10)
    assert unreadable.value.message_id == 100000004


@pytest.mark.parametrize("status", [404, 410])
async def test_a_queue_that_is_gone_is_a_session_that_is_gone(
    message_session: GitHubMessageSession, server: Server, status: int
) -> None:
    server.on("GET", QUEUE_PATH, Answer(status))

    with pytest.raises(SessionGone, match=r"40.*unknown error|410.*unknown error"):
        await message_session.next_message(0, 10)


async def test_a_refusal_of_the_queue_is_told_in_its_words(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("GET", QUEUE_PATH, text("capacity out of range", 400))

    with pytest.raises(ProtocolError, match=r"400 Bad Request.*capacity out of range"):
        await message_session.next_message(0, 10)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (text("", 503), OutcomeUnknown),
        (httpx.ReadTimeout(""), OutcomeUnknown),
        (httpx.ReadError("reset"), OutcomeUnknown),
        (httpx.ConnectError("refused"), Unavailable),
        (text("", 429, Retry_After="5"), Throttled),
    ],
)
async def test_a_failed_poll_is_left_to_the_listeners_own_rhythm(
    message_session: GitHubMessageSession,
    server: Server,
    clock: ManualClock,
    failure: Answer | Exception,
    kind: type[Exception],
) -> None:
    server.on("GET", QUEUE_PATH, failure)

    with pytest.raises(kind):
        await message_session.next_message(0, 10)
    assert len(server.asked("GET", QUEUE_PATH)) == 1
    assert clock.waits == []


# --- the queue token -----------------------------------------------------------------------------------------------


# V24
async def test_a_refused_queue_token_is_refreshed_and_the_poll_repeated(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("GET", QUEUE_PATH, EXPIRED, says(MESSAGE))
    server.on("PATCH", SESSION_PATH, says(session(2)))

    message = await message_session.next_message(0, 10)

    assert message is not None
    assert server.lines == [f"GET {QUEUE_PATH}", f"PATCH {SESSION_PATH}", f"GET {QUEUE_PATH}"]
    poll, refresh, again = server.requests
    assert [bearer(poll), bearer(refresh), bearer(again)] == ["queue-token-1", ADMIN, "queue-token-2"]
    assert query(refresh) == AV
    assert refresh.content == b""


# V24
async def test_a_queue_token_refused_twice_is_a_lost_session_without_a_second_refresh(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("GET", QUEUE_PATH, EXPIRED)
    server.on("PATCH", SESSION_PATH, says(session(2)))

    with pytest.raises(SessionGone):
        await message_session.next_message(0, 10)
    assert len(server.asked("PATCH", SESSION_PATH)) == 1
    assert len(server.asked("GET", QUEUE_PATH)) == 2


# V25
@pytest.mark.parametrize("refused", [EVICTED, SESSION_EXPIRED, NO_SUCH_SET, Answer(404), Answer(410)])
async def test_a_session_that_cannot_be_refreshed_any_more_is_gone(
    message_session: GitHubMessageSession, server: Server, refused: Answer
) -> None:
    server.on("GET", QUEUE_PATH, EXPIRED)
    server.on("PATCH", SESSION_PATH, refused)

    with pytest.raises(SessionGone):
        await message_session.next_message(0, 10)


async def test_a_refresh_that_fails_for_now_is_tried_once_and_leaves_the_session(
    message_session: GitHubMessageSession, server: Server, clock: ManualClock
) -> None:
    server.on("GET", QUEUE_PATH, EXPIRED, EXPIRED, Answer(202))
    server.on("PATCH", SESSION_PATH, text("", 503), says(session(2)))

    with pytest.raises(Unavailable):
        await message_session.next_message(0, 10)
    assert clock.waits == []
    assert await message_session.next_message(0, 10) is None


async def test_a_refresh_replaces_the_session_as_a_whole(message_session: GitHubMessageSession, server: Server) -> None:
    moved = session(2, sessionId="new-id", messageQueueUrl="https://elsewhere.example.test/queue?scope=38")
    server.on("GET", QUEUE_PATH, EXPIRED)
    server.on("PATCH", SESSION_PATH, says(moved))
    server.on("GET", "/queue", Answer(202))

    await message_session.next_message(0, 10)

    assert str(server.last().url) == "https://elsewhere.example.test/queue?scope=38"
    assert message_session.id == "new-id"


async def test_the_statistics_of_this_moment_come_with_a_refresh(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("PATCH", SESSION_PATH, says(session(statistics=STATISTICS | {"totalAssignedJobs": 7})))
    await message_session.refresh()
    assert message_session.statistics == Statistics(available=1, assigned=7, running=1, registered=2, busy=1, idle=1)


async def test_a_refresh_without_statistics_leaves_those_there_were(
    message_session: GitHubMessageSession, server: Server
) -> None:
    before = message_session.statistics
    server.on("PATCH", SESSION_PATH, says(session(statistics=None)))
    await message_session.refresh()
    assert message_session.statistics is before


@pytest.mark.virtual_time
async def test_a_refresh_for_the_statistics_waits_no_longer_than_polls_can(
    message_session: GitHubMessageSession, server: Server
) -> None:
    async def hang(_: httpx.Request) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError("never")

    server.on("PATCH", SESSION_PATH, hang)
    with pytest.raises(Unavailable, match="no answer in 20 s"):
        await message_session.refresh()


async def test_what_a_refresh_leaves_out_stays(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("GET", QUEUE_PATH, EXPIRED, Answer(202))
    server.on("PATCH", SESSION_PATH, says({"messageQueueAccessToken": "queue-token-2"}))

    assert await message_session.next_message(0, 10) is None
    assert (message_session.id, bearer(server.last())) == (SESSION_ID, "queue-token-2")


async def test_poll_and_acknowledgement_refused_together_refresh_once(
    message_session: GitHubMessageSession, server: Server
) -> None:
    async def only_renewed(request: httpx.Request) -> Answer:
        accepted = Answer(202) if request.method == "GET" else Answer(204)
        return accepted if bearer(request) == "queue-token-2" else EXPIRED

    server.on("GET", QUEUE_PATH, only_renewed)
    server.on("DELETE", MESSAGE_PATH, only_renewed)
    server.on("PATCH", SESSION_PATH, says(session(2)))

    await asyncio.gather(message_session.next_message(0, 10), message_session.acknowledge(100000004))

    assert len(server.asked("PATCH", SESSION_PATH)) == 1


@pytest.mark.parametrize(
    ("life", "passed", "refreshes"),
    [(3600, 3299, 0), (3600, 3300, 1), (100, 49, 0), (100, 50, 1), (-10, 3600, 0)],
)
async def test_a_queue_token_is_refreshed_ahead_of_its_end(  # noqa: PLR0917  one row is one situation
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, life: int, passed: int, refreshes: int
) -> None:
    token = jwt_until(int(clock.now().timestamp()) + life)
    server.on("POST", SESSIONS_PATH, says(session(messageQueueAccessToken=token)))
    server.on("PATCH", SESSION_PATH, says(session(2)))
    server.on("GET", QUEUE_PATH, Answer(202))
    opened = await client.open_session(37, "owner")
    clock.advance(passed)

    await opened.next_message(0, 10)

    assert len(server.asked("PATCH", SESSION_PATH)) == refreshes


@pytest.mark.parametrize("failure", [text("", 503), httpx.ReadTimeout(""), text("", 403)])
async def test_while_the_old_token_is_good_a_failed_early_refresh_does_not_stop_the_poll(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock, failure: Answer | Exception
) -> None:
    token = jwt_until(int(clock.now().timestamp()) + 3600)
    server.on("POST", SESSIONS_PATH, says(session(messageQueueAccessToken=token)))
    server.on("PATCH", SESSION_PATH, failure)
    server.on("GET", QUEUE_PATH, Answer(202))
    opened = await client.open_session(37, "owner")
    clock.advance(3400)

    assert await opened.next_message(0, 10) is None
    assert bearer(server.last()) == token


@pytest.mark.virtual_time
async def test_a_github_that_hangs_keeps_the_poll_waiting_for_twenty_seconds_at_most(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    async def hang(_: httpx.Request) -> Answer:
        return await asyncio.Future()

    token = jwt_until(int(clock.now().timestamp()) + 2 * 3600)
    server.on("POST", SESSIONS_PATH, says(session(messageQueueAccessToken=token)))
    server.on("GET", QUEUE_PATH, Answer(202))
    opened = await client.open_session(37, "owner")
    server.on("POST", REGISTRATION_PATH, hang)  # which the admin connection needs, which the refresh needs
    clock.advance(2 * 3600 - 100)
    started = asyncio.get_running_loop().time()

    assert await opened.next_message(0, 10) is None
    assert asyncio.get_running_loop().time() - started == 20


async def test_an_early_refresh_that_finds_the_session_gone_says_so(
    client: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    token = jwt_until(int(clock.now().timestamp()) + 3600)
    server.on("POST", SESSIONS_PATH, says(session(messageQueueAccessToken=token)))
    server.on("PATCH", SESSION_PATH, EVICTED)
    opened = await client.open_session(37, "owner")
    clock.advance(3400)

    with pytest.raises(SessionGone):
        await opened.next_message(0, 10)


async def test_an_admin_token_refused_at_a_refresh_is_renewed(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("GET", QUEUE_PATH, EXPIRED, Answer(202))
    server.on("PATCH", SESSION_PATH, refuses("InvalidTokenException", 401), says(session(2)))

    assert await message_session.next_message(0, 10) is None
    assert len(server.asked("POST", ADMIN_PATH)) == 1


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialsRejected), (403, PermissionDenied)])
async def test_a_refresh_that_we_may_not_make_is_a_matter_for_people(
    message_session: GitHubMessageSession, server: Server, status: int, kind: type[Exception]
) -> None:
    server.on("GET", QUEUE_PATH, EXPIRED)
    server.on("PATCH", SESSION_PATH, Answer(status))

    with pytest.raises(kind):
        await message_session.next_message(0, 10)


async def test_no_queue_token_is_in_an_error_of_the_queue(
    message_session: GitHubMessageSession, server: Server
) -> None:
    async def echo(request: httpx.Request) -> Answer:
        return text(f"{request.headers} {request.url}", 400)

    server.on("GET", QUEUE_PATH, echo)

    with pytest.raises(ProtocolError) as refused:
        await message_session.next_message(0, 10)
    assert leaks(refused.value, ["queue-token-1"]) == []


# --- acknowledging -------------------------------------------------------------------------------------------------


# V26
@pytest.mark.parametrize("status", [204, 404, 410])
async def test_a_message_is_deleted_or_was_gone_already(
    message_session: GitHubMessageSession, server: Server, status: int
) -> None:
    server.on("DELETE", MESSAGE_PATH, Answer(status))

    await message_session.acknowledge(100000004)

    request = server.last()
    assert query(request) == {"scope": "37"}
    assert bearer(request) == "queue-token-1"
    assert request.headers["Content-Type"] == "application/json"


# V26
async def test_an_acknowledgement_is_repeated_after_a_refresh(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("DELETE", MESSAGE_PATH, EXPIRED, Answer(204))
    server.on("PATCH", SESSION_PATH, says(session(2)))

    await message_session.acknowledge(100000004)

    assert bearer(server.last()) == "queue-token-2"


async def test_an_acknowledgement_refused_twice_is_a_lost_session(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("DELETE", MESSAGE_PATH, EXPIRED)
    server.on("PATCH", SESSION_PATH, says(session(2)))

    with pytest.raises(SessionGone):
        await message_session.acknowledge(100000004)


# V26
@pytest.mark.parametrize("answer", [says(None), text("not now", 400)])
async def test_an_acknowledgement_answered_otherwise_is_an_error(
    message_session: GitHubMessageSession, server: Server, answer: Answer
) -> None:
    server.on("DELETE", MESSAGE_PATH, answer)

    with pytest.raises(ProtocolError, match=f"{answer.status}"):
        await message_session.acknowledge(100000004)


async def test_an_acknowledgement_is_tried_five_times(
    message_session: GitHubMessageSession, server: Server, clock: ManualClock
) -> None:
    server.on("DELETE", MESSAGE_PATH, text("", 503))

    with pytest.raises(Unavailable):
        await message_session.acknowledge(100000004)
    assert clock.waits == [1, 2, 4, 8]


# --- acquiring -----------------------------------------------------------------------------------------------------


# V27
async def test_jobs_are_acquired_with_the_queue_token(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("POST", ACQUIRE_PATH, says({"count": 1, "value": [101]}))

    assert await message_session.acquire([101, 102]) == [101]

    assert server.last().content == b"[101,102]"
    assert query(server.last()) == AV
    assert bearer(server.last()) == "queue-token-1"


# V27: the question that has only one answer is not asked
async def test_nothing_to_acquire_asks_nothing(message_session: GitHubMessageSession, server: Server) -> None:
    assert await message_session.acquire([]) == []
    assert server.requests == []


# V27
async def test_a_host_that_assigns_jobs_itself_has_nothing_to_acquire(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("POST", ACQUIRE_PATH, text("404 page not found", 404))

    assert await message_session.acquire([101]) == []


async def test_acquiring_for_a_scale_set_that_is_gone_is_told(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("POST", ACQUIRE_PATH, NO_SUCH_SET)

    with pytest.raises(ScaleSetNotFound):
        await message_session.acquire([101])


async def test_acquiring_is_repeated_after_a_refresh(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("POST", ACQUIRE_PATH, EXPIRED, says({"count": 1, "value": [101]}))
    server.on("PATCH", SESSION_PATH, says(session(2)))

    assert await message_session.acquire([101]) == [101]
    assert bearer(server.last()) == "queue-token-2"


async def test_acquiring_refused_twice_is_a_lost_session(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("POST", ACQUIRE_PATH, EXPIRED)
    server.on("PATCH", SESSION_PATH, says(session(2)))

    with pytest.raises(SessionGone):
        await message_session.acquire([101])
    assert len(server.asked("PATCH", SESSION_PATH)) == 1


async def test_acquiring_that_fails_for_good_may_have_acquired(
    message_session: GitHubMessageSession, server: Server
) -> None:
    server.on("POST", ACQUIRE_PATH, text("", 500))

    with pytest.raises(OutcomeUnknown):
        await message_session.acquire([101])


# --- closing -------------------------------------------------------------------------------------------------------


# V28
@pytest.mark.parametrize("answer", [Answer(204), SESSION_EXPIRED, Answer(404), NO_SUCH_SET, EVICTED])
async def test_a_session_is_deleted_or_was_gone_already(
    message_session: GitHubMessageSession, server: Server, answer: Answer
) -> None:
    server.on("DELETE", SESSION_PATH, answer)

    await message_session.close()

    assert bearer(server.last()) == ADMIN
    assert query(server.last()) == AV


async def test_closing_twice_deletes_once(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("DELETE", SESSION_PATH, Answer(204))

    await message_session.close()
    await message_session.close()

    assert server.lines == [f"DELETE {SESSION_PATH}"]


async def test_closing_that_failed_can_be_tried_again(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("DELETE", SESSION_PATH, text("", 400), Answer(204))

    with pytest.raises(ProtocolError):
        await message_session.close()
    await message_session.close()

    assert len(server.requests) == 2


async def test_a_closed_session_is_gone(message_session: GitHubMessageSession, server: Server) -> None:
    server.on("DELETE", SESSION_PATH, Answer(204))
    await message_session.close()

    with pytest.raises(SessionGone, match="closed"):
        await message_session.next_message(0, 10)
