"""The runner configuration in SSM Parameter Store: what is asked, and what becomes of each refusal."""

import pytest

from core.adapters.aws.parameters import ParameterSource
from core.adapters.aws.session import AwsConnection
from core.domain.errors import (
    ArcdeckError,
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    Retryable,
    Throttled,
    Unavailable,
)
from core.ports import ConfigDocument
from tests.unit.aws.scripted import REGION, HttpAnswer, ScriptedServer, answering, hanging_up, html, refusing, silent

pytestmark = pytest.mark.virtual_time

NAME = "/arcdeck/runners"


def holding(text: str, version: int = 1) -> HttpAnswer:
    return answering({"Parameter": {"Name": NAME, "Value": text, "Version": version}})


async def read(connection: AwsConnection, name: str = NAME) -> ConfigDocument:
    async with connection.client("ssm") as client:
        return await ParameterSource(client, name).read()


async def refusal(connection: AwsConnection) -> ArcdeckError:
    with pytest.raises(ArcdeckError) as raised:
        await read(connection)
    return raised.value


async def test_the_text_is_the_parameters_value(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = holding("# größer")
    assert (await read(connection)).text == "# größer"


async def test_a_secure_string_is_decrypted(connection: AwsConnection, server: ScriptedServer) -> None:
    # behaviour.md row 23: the original reads the ciphertext, and removes everything
    server.handler = holding("")
    await read(connection)
    assert [asked.body for asked in server.asked] == [{"Name": NAME, "WithDecryption": True}]


@pytest.mark.parametrize(
    ("text", "number", "same"),
    [
        pytest.param("a = 1", 1, True, id="nothing happened"),
        pytest.param("a = 1", 2, False, id="put again"),
        pytest.param("a = 2", 1, False, id="deleted and made anew"),
    ],
)
async def test_the_version_changes_with_every_put(
    connection: AwsConnection, server: ScriptedServer, text: str, number: int, *, same: bool
) -> None:
    server.handler = holding("a = 1", 1)
    before = await read(connection)
    server.handler = holding(text, number)
    assert (before.version == (await read(connection)).version) is same


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ParameterNotFound", ConfigurationError),
        ("ParameterVersionNotFound", ConfigurationError),
        ("AccessDeniedException", PermissionDenied),
        ("InvalidKeyId", PermissionDenied),
        ("UnrecognizedClientException", CredentialsRejected),
        ("ValidationException", ConfigurationError),
        ("ThrottlingException", Throttled),
        ("InternalServerError", Unavailable),
    ],
)
async def test_each_refusal_is_of_its_kind(
    connection: AwsConnection, server: ScriptedServer, code: str, expected: type[ArcdeckError]
) -> None:
    server.handler = refusing(code, "no")
    assert type(await refusal(connection)) is expected


async def test_a_missing_parameter_is_named_with_what_to_check(
    connection: AwsConnection, server: ScriptedServer
) -> None:
    server.handler = refusing("ParameterNotFound")
    assert str(await refusal(connection)) == (
        f"SSM parameter '{NAME}' was not found in region {REGION}; "
        "check SSM_PARAMETER_NAME, AWS_REGION and the account that the credentials belong to"
    )


async def test_a_denial_names_the_permissions(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = refusing("AccessDeniedException", "User is not authorized to perform: ssm:GetParameter")
    told = str(await refusal(connection))
    assert "User is not authorized to perform: ssm:GetParameter" in told
    assert f"needs ssm:GetParameter on parameter '{NAME}' and, for a SecureString, kms:Decrypt" in told


@pytest.mark.parametrize(
    "handler",
    [hanging_up, silent, html(503), html(200), answering({"Parameter": {"Name": NAME}})],
    ids=["hangs up", "silent", "bad gateway", "a page of HTML", "no value"],
)
async def test_an_answer_that_is_none_may_be_better_later(
    connection: AwsConnection, server: ScriptedServer, handler: HttpAnswer
) -> None:
    server.handler = handler
    assert isinstance(await refusal(connection), Retryable)
