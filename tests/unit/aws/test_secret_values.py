"""The App's private key in Secrets Manager: what is asked, what becomes of each refusal, and that nothing is shown."""

import base64

import pytest

from core.adapters.aws.secret_values import secret_value
from core.adapters.aws.session import AwsConnection
from core.domain.errors import ArcdeckError, ConfigurationError, PermissionDenied, Retryable, Throttled, Unavailable
from core.domain.secret import Secret
from tests.unit.aws.scripted import REGION, HttpAnswer, ScriptedServer, answering, hanging_up, html, refusing

pytestmark = pytest.mark.virtual_time

ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:app-key-AbCdEf"
SETTING = "GITHUB_APP_PRIVATE_KEY_SECRET"
VALUE = "a value that must not appear"


async def fetch(connection: AwsConnection) -> Secret:
    async with connection.client("secretsmanager") as client:
        return await secret_value(client, ARN, setting=SETTING)


async def refusal(connection: AwsConnection) -> ArcdeckError:
    with pytest.raises(ArcdeckError) as raised:
        await fetch(connection)
    return raised.value


def binary(content: bytes) -> HttpAnswer:
    return answering({"SecretBinary": base64.b64encode(content).decode()})


async def test_the_current_value_is_asked_for_by_its_arn(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = answering({"SecretString": VALUE})
    assert (await fetch(connection)).reveal() == VALUE
    assert [(asked.operation, asked.body) for asked in server.asked] == [("GetSecretValue", {"SecretId": ARN})]


async def test_what_comes_cannot_be_shown_by_accident(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = answering({"SecretString": VALUE})
    assert VALUE not in repr(await fetch(connection))


async def test_a_key_that_was_put_as_a_file_is_text_as_well(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = binary(VALUE.encode())
    assert (await fetch(connection)).reveal() == VALUE


async def test_bytes_that_are_no_text_are_refused_without_a_trace(
    connection: AwsConnection, server: ScriptedServer
) -> None:
    server.handler = binary(VALUE.encode() + b"\xff")
    refused = await refusal(connection)
    assert isinstance(refused, ConfigurationError)
    assert str(refused) == f"{SETTING}: secret {ARN} holds bytes that are no text"
    assert (refused.__cause__, refused.__suppress_context__) == (None, True)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ResourceNotFoundException", 400, ConfigurationError),
        ("InvalidRequestException", 400, ConfigurationError),  # marked for deletion
        ("AccessDeniedException", 400, PermissionDenied),
        ("DecryptionFailure", 400, PermissionDenied),
        ("ThrottlingException", 400, Throttled),
        ("InternalServiceError", 500, Unavailable),
    ],
)
async def test_each_refusal_is_of_its_kind(
    connection: AwsConnection, server: ScriptedServer, code: str, status: int, expected: type[ArcdeckError]
) -> None:
    server.handler = refusing(code, "no", status=status)
    assert type(await refusal(connection)) is expected


async def test_a_missing_secret_is_named_with_what_to_check(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = refusing("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    assert str(await refusal(connection)) == (
        f"secret {ARN} was not found in region {REGION}; "
        f"check {SETTING}, AWS_REGION and the account that the credentials belong to"
    )


async def test_a_denial_names_the_permissions(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = refusing("AccessDeniedException", "no")
    assert f"needs secretsmanager:GetSecretValue on {ARN}" in str(await refusal(connection))


@pytest.mark.parametrize("handler", [hanging_up, html(502), html(200)], ids=["hangs up", "bad gateway", "HTML"])
async def test_an_answer_that_is_none_may_be_better_later(
    connection: AwsConnection, server: ScriptedServer, handler: HttpAnswer
) -> None:
    server.handler = handler
    assert isinstance(await refusal(connection), Retryable)
