"""What happens below the answers: connections, statuses, timeouts, and what they leave open (behaviour.md row 14)."""

import asyncio
import logging
import secrets
import traceback

import pytest
from aiohttp import web

from core.adapters.aws.calls import CALL_TIMEOUT
from core.adapters.aws.ecs import EcsRunner
from core.adapters.aws.session import READ_TIMEOUT, AwsConnection, connect
from core.domain.errors import (
    ArcdeckError,
    CapacityKind,
    ConfigurationError,
    CredentialsRejected,
    OutcomeUnknown,
    PermissionDenied,
    Throttled,
    TransientCapacityError,
    Unavailable,
)
from core.domain.run_task import RunTaskInput
from core.domain.scale_set import LaunchType
from core.domain.secret import Secret
from tests.unit.aws.conftest import CallRecorder
from tests.unit.aws.scripted import (
    HttpAnswer,
    ScriptedServer,
    answering,
    hanging_up,
    html,
    refusing,
    resetting,
    silent,
)
from tests.virtual_time import VirtualClock, running_loop

UNHEARD = [
    pytest.param(hanging_up, id="closed"),
    pytest.param(resetting, id="reset"),
    pytest.param(silent, id="silence"),
    pytest.param(html(502), id="502"),
    pytest.param(html(504), id="504"),
    pytest.param(refusing("InternalFailure", status=500), id="500"),
    pytest.param(refusing("ServiceUnavailable", status=503), id="503"),
    pytest.param(html(200), id="html with 200"),
    pytest.param(answering({}), id="nothing with 200"),
]


def start() -> RunTaskInput:
    return RunTaskInput(
        task_definition="small:3",
        jit_config_encoded=Secret(secrets.token_urlsafe(3000)),
        runner_name="ci-small-0a1b2c3d",
        scale_set_name="ci-small",
        subnets=(),
        security_groups=(),
        capacity_provider="",
        launch_type=LaunchType.EC2,
    )


async def error_of(wired: EcsRunner, server: ScriptedServer, handler: HttpAnswer) -> ArcdeckError:
    """The error of a start that is answered so."""
    server.handler = handler
    with pytest.raises(ArcdeckError) as raised:
        await wired.run_task(start())
    return raised.value


@pytest.mark.parametrize("handler", UNHEARD)
async def test_a_start_that_was_sent_and_not_answered_may_have_happened(
    wired: EcsRunner, server: ScriptedServer, handler: HttpAnswer
) -> None:
    error = await error_of(wired, server, handler)
    assert type(error) is OutcomeUnknown
    assert len(server.asked) == 1


@pytest.mark.parametrize("handler", UNHEARD)
async def test_a_stop_that_was_sent_and_not_answered_may_have_happened(
    wired: EcsRunner, server: ScriptedServer, handler: HttpAnswer
) -> None:
    server.handler = handler
    with pytest.raises(OutcomeUnknown):
        await wired.stop_task("arn:aws:ecs:eu-west-1:123456789012:task/ci/0", "because")


@pytest.mark.parametrize("handler", UNHEARD)
async def test_a_list_that_was_not_answered_is_unavailable_and_never_empty(
    wired: EcsRunner, server: ScriptedServer, handler: HttpAnswer
) -> None:
    server.handler = handler
    with pytest.raises(Unavailable) as raised:
        await wired.list_tasks()
    assert type(raised.value) is Unavailable


@pytest.mark.parametrize("handler", UNHEARD)
async def test_a_description_that_was_not_answered_is_unavailable(
    wired: EcsRunner, server: ScriptedServer, handler: HttpAnswer
) -> None:
    server.handler = handler
    with pytest.raises(Unavailable):
        await wired.describe_tasks(["arn:aws:ecs:eu-west-1:123456789012:task/ci/0"])


async def test_a_start_that_found_nobody_listening_certainly_did_not_happen(
    aws_settings: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    aws_settings.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_tcp_port}")
    async with connect() as connection:
        ecs = EcsRunner(connection.ecs, cluster="ci", controller="ci", clock=VirtualClock())
        with pytest.raises(Unavailable, match="could not be sent") as raised:
            await ecs.run_task(start())
    assert type(raised.value) is Unavailable


async def test_silence_ends_at_the_read_timeout(wired: EcsRunner, server: ScriptedServer) -> None:
    before = running_loop().time()
    await error_of(wired, server, silent)
    assert running_loop().time() - before == READ_TIMEOUT


async def test_an_answer_that_trickles_ends_at_the_time_limit_of_a_call(
    wired: EcsRunner, server: ScriptedServer
) -> None:
    before = running_loop().time()
    error = await error_of(wired, server, trickling)
    assert type(error) is OutcomeUnknown
    assert running_loop().time() - before == CALL_TIMEOUT


@pytest.mark.parametrize("code", ["ThrottlingException", "ServerException", "throttlingexception"])
@pytest.mark.parametrize("status", [400, 500])
async def test_a_start_refused_by_a_transient_code_is_backed_off(
    wired: EcsRunner, server: ScriptedServer, code: str, status: int
) -> None:
    error = await error_of(wired, server, refusing(code, "Rate exceeded", status=status))
    assert isinstance(error, TransientCapacityError)
    assert (error.kind, error.reasons) == (CapacityKind.THROTTLE, (code,))


async def test_a_refusal_keeps_the_words_and_the_request_id_of_aws_and_the_original(
    wired: EcsRunner, server: ScriptedServer
) -> None:
    error = await error_of(wired, server, refusing("InvalidParameterException", "subnet-0 does not exist"))
    assert "RunTask was refused: InvalidParameterException: subnet-0 does not exist" in error.message
    assert error.request_id == "request-1"
    assert type(error.__cause__).__name__ == "InvalidParameterException"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDeniedException", PermissionDenied),
        ("ExpiredTokenException", CredentialsRejected),
        ("UnrecognizedClientException", CredentialsRejected),
        ("InvalidSignatureException", CredentialsRejected),
        ("ClusterNotFoundException", ConfigurationError),
        ("ClientException", ConfigurationError),
        ("ThrottlingException", Throttled),
    ],
)
async def test_a_refused_read_has_the_error_of_its_code(
    wired: EcsRunner, server: ScriptedServer, code: str, expected: type[ArcdeckError]
) -> None:
    server.handler = refusing(code)
    with pytest.raises(ArcdeckError) as raised:
        await wired.list_tasks()
    assert type(raised.value) is expected


async def test_nothing_is_retried_behind_the_engines_back(wired: EcsRunner, server: ScriptedServer) -> None:
    await error_of(wired, server, refusing("ThrottlingException"))
    assert len(server.asked) == 1


async def test_a_start_travels_as_ecs_takes_it(wired: EcsRunner, server: ScriptedServer) -> None:
    server.handler = answering({"tasks": [{"taskArn": "arn:task/ci/0", "lastStatus": "PROVISIONING"}], "failures": []})
    task = await wired.run_task(start())
    assert task.arn == "arn:task/ci/0"
    assert server.asked[0].operation == "RunTask"
    assert server.asked[0].body["clientToken"] == start().client_token


async def test_the_jit_config_is_in_no_log_and_in_no_error_even_when_aws_repeats_it(
    wired: EcsRunner, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = start()
    server.handler = refusing("InvalidParameterException", f"bad value {secret.jit_config_encoded.reveal()}")
    with pytest.raises(ConfigurationError) as raised:
        await wired.run_task(secret)
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert secret.jit_config_encoded.reveal()[:40] not in shown
    assert "withheld" in raised.value.message


async def test_the_hook_is_told_of_every_call_its_outcome_and_its_seconds(
    wired: EcsRunner, server: ScriptedServer, on_call: CallRecorder
) -> None:
    server.handler = after(2, answering({"taskArns": []}))
    await wired.list_tasks()
    server.handler = after(3, refusing("ThrottlingException"))
    with pytest.raises(Throttled):
        await wired.list_tasks()
    assert on_call.calls == [("ListTasks", "ok", 2.0), ("ListTasks", "Throttled", 3.0)]


async def test_a_cancelled_call_is_told_to_the_hook(
    wired: EcsRunner, server: ScriptedServer, on_call: CallRecorder
) -> None:
    server.handler = silent
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4):
            await wired.list_tasks()
    assert on_call.calls == [("ListTasks", "cancelled", 4.0)]


async def test_the_user_agent_names_the_program(connection: AwsConnection, server: ScriptedServer) -> None:
    agents: list[str] = []

    async def noting(request: web.Request) -> web.StreamResponse:
        agents.append(request.headers["User-Agent"])
        return await answering({"taskArns": []})(request)

    server.handler = noting
    await connection.ecs.list_tasks()
    assert "arcdeck/" in agents[0]


def after(seconds: float, handler: HttpAnswer) -> HttpAnswer:
    """Answer so, but late."""

    async def late(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await handler(request)

    return late


async def trickling(request: web.Request) -> web.StreamResponse:
    """Answer a byte at a time, each just within the read timeout, and never come to an end."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-amz-json-1.1"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(READ_TIMEOUT - 1)
