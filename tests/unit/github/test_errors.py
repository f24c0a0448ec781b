"""What refusals mean and say (sections 3.6, 4.5 and 6.1 to 6.3; vectors V9, V11, V18, V30)."""

import json

import pytest

from core.adapters.github import GitHubScaleSetClient
from core.adapters.github.errors import HttpStatusError
from core.domain.errors import (
    ArcdeckError,
    JobStillRunning,
    OutcomeUnknown,
    ProtocolError,
    RunnerExists,
    RunnerNotFound,
    ScaleSetExists,
    ScaleSetNotFound,
    SessionConflict,
)
from tests.unit.github.support import (
    DISTRIBUTED_TASK,
    RUNNER,
    RUNTIME,
    SESSIONS_PATH,
    SETS_PATH,
    Answer,
    Server,
    leaks,
    refuses,
    says,
    text,
)

JIT_PATH = f"{SETS_PATH}/37/generatejitconfig"
ACTIVITY = "3f6c1e2a-0000-4000-8000-000000000030"
REQUEST_ID = "AAAA:1B2C:3D4E5F:607182:65920080"


async def refusal(client: GitHubScaleSetClient, server: Server, answer: Answer) -> ArcdeckError:
    """The error that asking for a JIT config raises after this answer."""
    server.on("POST", JIT_PATH, answer)
    with pytest.raises(ArcdeckError) as refused:
        await client.generate_jit_config(37, RUNNER)
    return refused.value


# V9, V11, V15, V18, V20
@pytest.mark.parametrize("status", [400, 404, 409, 422])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("TaskAgentExistsException", RunnerExists),
        ("TaskAgentNotFoundException", RunnerNotFound),
        ("TaskAgentJobStillRunningException", JobStillRunning),
        ("RunnerScaleSetExistsException", ScaleSetExists),
        ("RunnerScaleSetNotFoundException", ScaleSetNotFound),
        ("RunnerScaleSetSessionConflictException", SessionConflict),
    ],
)
async def test_an_exception_is_known_by_its_name_whatever_the_status(
    client: GitHubScaleSetClient, server: Server, name: str, kind: type[ArcdeckError], status: int
) -> None:
    namespace = DISTRIBUTED_TASK if name.startswith("TaskAgent") else RUNTIME
    error = await refusal(client, server, refuses(name, status, "as it said", namespace))

    assert type(error) is kind
    assert "as it said" in error.message


async def test_an_exception_is_known_by_its_short_name_alone(client: GitHubScaleSetClient, server: Server) -> None:
    error = await refusal(client, server, says({"typeKey": "TaskAgentExistsException", "message": "taken"}, 409))

    assert type(error) is RunnerExists


# V9
async def test_an_exception_is_known_inside_the_wrapping_of_a_host_on_the_way(
    client: GitHubScaleSetClient, server: Server
) -> None:
    name = f"{RUNTIME}.RunnerScaleSetExistsException, {RUNTIME}"
    wrapped = {"error": "Bad Request", "details": f"failed: {json.dumps(json.dumps({'typeName': name}))}"}

    assert type(await refusal(client, server, says(wrapped, 400))) is ScaleSetExists


async def test_a_name_inside_the_message_of_another_exception_does_not_count(
    client: GitHubScaleSetClient, server: Server
) -> None:
    answer = refuses("OddException", 400, "a runner called TaskAgentNotFoundException")

    assert type(await refusal(client, server, answer)) is ProtocolError


# V30
async def test_an_unknown_exception_is_told_with_all_its_details(client: GitHubScaleSetClient, server: Server) -> None:
    odd = says(
        {"typeName": "Contoso.OddException, Contoso", "message": "odd thing"},
        400,
        ActivityId=ACTIVITY,
        X_GitHub_Request_Id=REQUEST_ID,
    )

    error = await refusal(client, server, odd)

    assert type(error) is ProtocolError
    assert error.message == (
        f"generate_jit_config: POST https://svc.example.test{JIT_PATH} "
        f'failed(status="400 Bad Request", activity_id="{ACTIVITY}", github_request_id="{REQUEST_ID}"): '
        "Contoso.OddException, Contoso: odd thing"
    )
    assert error.request_id == REQUEST_ID
    cause = error.__cause__
    assert isinstance(cause, HttpStatusError)
    assert (cause.status, cause.reason, cause.method, cause.attempts) == (400, "Bad Request", "POST", 1)
    assert (cause.activity_id, cause.github_request_id) == (ACTIVITY, REQUEST_ID)
    assert (cause.said.type_name, cause.said.message) == ("Contoso.OddException, Contoso", "odd thing")


async def test_without_githubs_id_the_services_own_is_the_one_to_quote(
    client: GitHubScaleSetClient, server: Server
) -> None:
    error = await refusal(client, server, refuses("OddException", 400, ActivityId=ACTIVITY))

    assert error.request_id == ACTIVITY


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (text("cannot do this now", 400), "cannot do this now"),
        (Answer(400), "unknown error"),
        (Answer(400, b" \r\n"), "unknown error"),
        (Answer(400, b"\xef\xbb\xbf"), "unknown error"),
        (Answer(400, b'\xef\xbb\xbf{"message": "with a mark"}'), ": with a mark"),
        (Answer(400, b"<html>gateway</html>"), "an unexpected answer: <html>gateway</html>"),
        (says(["a", "list"], 400), 'an unexpected answer: ["a", "list"]'),
        (says({"code": 7}, 400), '{"code": 7}'),
        (says({"typeName": 7, "message": None}, 400), '{"typeName": 7, "message": null}'),
        (Answer(400, b"\xff\xfe broken", {"Content-Type": "text/plain"}), "\ufffd\ufffd broken"),
        (Answer(400, b"[" * 100_000), "an unexpected answer: [[["),
    ],
    ids=[
        "plain text",
        "no body",
        "blank body",
        "only a byte order mark",
        "JSON after a byte order mark",
        "HTML",
        "JSON that is no object",
        "an object that says nothing",
        "an object that says it oddly",
        "no UTF-8",
        "bottomless JSON",
    ],
)
async def test_whatever_the_form_of_a_refusal_its_text_is_told(
    client: GitHubScaleSetClient, server: Server, answer: Answer, said: str
) -> None:
    error = await refusal(client, server, answer)

    assert 'status="400 Bad Request"' in error.message
    assert said in error.message


async def test_a_long_body_is_shortened_and_control_characters_are_made_visible(
    client: GitHubScaleSetClient, server: Server
) -> None:
    error = await refusal(client, server, text("\x1b[31mred\r\n" + "x" * 10_000, 400))

    assert len(error.message) < 600
    assert error.message.endswith("…")
    assert "\x1b" not in error.message
    assert "\n" not in error.message


async def test_a_success_of_an_unexpected_status_is_not_quoted(client: GitHubScaleSetClient, server: Server) -> None:
    error = await refusal(client, server, says({"encodedJITConfig": "precious"}, 202))

    assert type(error) is ProtocolError
    assert leaks(error, ["precious"]) == []


async def test_a_success_of_an_unexpected_shape_is_not_quoted(client: GitHubScaleSetClient, server: Server) -> None:
    error = await refusal(client, server, Answer(200, b'{"encodedJITConfig": "precious", oops'))

    assert type(error) is ProtocolError
    assert leaks(error, ["precious"]) == []


async def test_an_exception_behind_a_server_error_proves_nothing(client: GitHubScaleSetClient, server: Server) -> None:
    error = await refusal(client, server, refuses("TaskAgentNotFoundException", 500, "?", DISTRIBUTED_TASK))

    assert type(error) is OutcomeUnknown


@pytest.mark.parametrize("answer", [Answer(404), says({"message": "gone"}, 404), Answer(410)])
async def test_a_scale_set_that_the_service_does_not_know_is_not_found(
    client: GitHubScaleSetClient, server: Server, answer: Answer
) -> None:
    assert type(await refusal(client, server, answer)) is ScaleSetNotFound


@pytest.mark.parametrize("answer", [text("404 page not found", 404), Answer(404, b"<html>proxy</html>")])
async def test_a_404_of_something_on_the_way_is_no_proof_of_absence(
    client: GitHubScaleSetClient, server: Server, answer: Answer
) -> None:
    assert type(await refusal(client, server, answer)) is ProtocolError


async def test_a_conflict_without_a_name_is_a_session_conflict_only_for_sessions(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("POST", SESSIONS_PATH, text("409", 409))

    assert type(await refusal(client, server, text("409", 409))) is ProtocolError
    with pytest.raises(SessionConflict):
        await client.open_session(37, "owner")
