"""Who we are: App JWTs, installation tokens, personal access tokens (sections 2.1 to 2.3; vectors V1 to V3)."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.adapters.github import AppCredentials, GitHubScaleSetClient, TokenCredentials
from core.domain.errors import ConfigurationError, CredentialsRejected, ProtocolError
from core.domain.secret import Secret
from tests.fakes.clock import ManualClock
from tests.unit.github.conftest import Identity
from tests.unit.github.support import (
    PAT,
    REST_RUNNERS_PATH,
    Answer,
    Calls,
    Server,
    bearer,
    leaks,
    make_client,
    says,
)

if TYPE_CHECKING:
    from jwt.types import Options

#: The vectors live in 2030.
TIMELESS: Final["Options"] = {"verify_exp": False, "verify_iat": False}
TOKEN_PATH = "/app/installations/987654/access_tokens"
NO_RUNNERS = says({"total_count": 0, "runners": []})
BAD_CREDENTIALS = says({"message": "Bad credentials", "status": "401"}, 401)


def pem(key: RSAPrivateKey | ec.EllipticCurvePrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode())


def installation_token(name: str, expires_at: str | None = "2030-01-01T00:01:00Z") -> Answer:
    return says({"token": name, "expires_at": expires_at, "permissions": {"metadata": "read"}}, 201)


@pytest.fixture
async def app(
    server: Server, clock: ManualClock, calls: Calls, identity: Identity, rsa_key: RSAPrivateKey
) -> AsyncIterator[GitHubScaleSetClient]:
    """A client that is a GitHub App."""
    credentials = AppCredentials("Iv23liExampleClient", 987654, pem(rsa_key))
    server.on("GET", REST_RUNNERS_PATH, NO_RUNNERS)
    server.on("POST", TOKEN_PATH, installation_token("installation-1"), installation_token("installation-2"))
    async with make_client(
        server, clock, credentials=credentials, on_call=calls, ca_file=identity.certificate
    ) as client:
        yield client


# V1
async def test_the_app_names_itself_with_a_backdated_jwt_of_nine_minutes(
    app: GitHubScaleSetClient, server: Server, rsa_key: RSAPrivateKey, clock: ManualClock
) -> None:
    await app.list_runners()

    token = bearer(server.asked("POST", TOKEN_PATH)[0])
    claims = jwt.decode(token, rsa_key.public_key(), algorithms=["RS256"], options=TIMELESS)
    assert clock.now().timestamp() == 1893452460
    assert claims == {"iat": 1893452400, "exp": 1893452940, "iss": "Iv23liExampleClient"}
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}


# V2
async def test_the_installation_token_is_the_bearer_of_rest_calls(app: GitHubScaleSetClient, server: Server) -> None:
    await app.list_runners()

    assert bearer(server.last()) == "installation-1"
    assert server.asked("POST", TOKEN_PATH)[0].headers["Accept"] == "application/vnd.github+json"


async def test_an_installation_token_is_used_until_shortly_before_its_end(
    app: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    await app.list_runners()
    clock.advance(3600 - 61)
    await app.list_runners()
    assert bearer(server.last()) == "installation-1"

    clock.advance(1)
    await app.list_runners()
    assert bearer(server.last()) == "installation-2"


async def test_an_installation_token_without_an_end_is_used_once(app: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", TOKEN_PATH, installation_token("first", None), installation_token("second", None))

    await app.list_runners()
    await app.list_runners()

    assert [bearer(request) for request in server.asked("GET", REST_RUNNERS_PATH)] == ["first", "second"]


async def test_calls_at_the_same_time_fetch_one_installation_token(app: GitHubScaleSetClient, server: Server) -> None:
    await asyncio.gather(*(app.list_runners() for _ in range(5)))

    assert len(server.asked("POST", TOKEN_PATH)) == 1


async def test_a_refused_installation_token_is_replaced_once(app: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, BAD_CREDENTIALS, NO_RUNNERS)

    assert await app.list_runners() == []
    assert bearer(server.last()) == "installation-2"


async def test_a_refusal_of_the_previous_installation_token_does_not_cost_the_new_one(
    app: GitHubScaleSetClient, server: Server
) -> None:
    reached, late = asyncio.Event(), asyncio.Event()

    async def late_refusal(_: httpx.Request) -> Answer:
        reached.set()
        await late.wait()
        return BAD_CREDENTIALS

    server.on("GET", REST_RUNNERS_PATH, late_refusal, BAD_CREDENTIALS, NO_RUNNERS)
    slow = asyncio.create_task(app.list_runners())
    await reached.wait()
    await app.list_runners()
    late.set()
    await slow

    assert len(server.asked("POST", TOKEN_PATH)) == 2


async def test_an_installation_token_refused_twice_is_a_matter_for_people(
    app: GitHubScaleSetClient, server: Server
) -> None:
    server.on("GET", REST_RUNNERS_PATH, BAD_CREDENTIALS)

    with pytest.raises(CredentialsRejected, match="Bad credentials"):
        await app.list_runners()
    assert len(server.asked("GET", REST_RUNNERS_PATH)) == 2


# V3
async def test_a_bad_app_key_is_reported_in_githubs_words_and_not_retried(
    app: GitHubScaleSetClient, server: Server, clock: ManualClock
) -> None:
    message = "A JSON web token could not be decoded"
    server.on("POST", TOKEN_PATH, says({"message": message, "status": "401"}, 401))

    with pytest.raises(CredentialsRejected, match=message):
        await app.list_runners()
    assert len(server.requests) == 1
    assert clock.waits == []


async def test_the_jwt_that_github_repeats_in_an_error_is_blotted_out(
    app: GitHubScaleSetClient, server: Server
) -> None:
    async def echo(request: httpx.Request) -> Answer:
        return says({"message": f"cannot decode {bearer(request)}"}, 401)

    server.on("POST", TOKEN_PATH, echo)

    with pytest.raises(CredentialsRejected, match=r"cannot decode \*\*\*") as refused:
        await app.list_runners()
    assert leaks(refused.value, [bearer(server.last())]) == []


async def test_an_unknown_installation_is_a_configuration_error(app: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", TOKEN_PATH, says({"message": "Integration not found", "status": "404"}, 404))

    with pytest.raises(ConfigurationError, match="installation id"):
        await app.list_runners()


async def test_an_answer_without_a_token_is_a_protocol_error(app: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", TOKEN_PATH, says({"expires_at": "2030-01-01T00:01:00Z"}, 201))

    with pytest.raises(ProtocolError, match="holds no token"):
        await app.list_runners()


async def test_a_token_in_an_answer_of_an_unexpected_status_is_not_repeated(
    app: GitHubScaleSetClient, server: Server
) -> None:
    server.on("POST", TOKEN_PATH, says({"token": "installation-1"}, 200))

    with pytest.raises(ProtocolError, match="200 OK") as odd:
        await app.list_runners()
    assert leaks(odd.value, ["installation-1"]) == []


async def test_a_personal_token_is_used_as_it_is(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, NO_RUNNERS)

    await client.list_runners()

    assert [bearer(request) for request in server.requests] == [PAT]


async def test_a_refused_personal_token_is_not_tried_again(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", REST_RUNNERS_PATH, BAD_CREDENTIALS)

    with pytest.raises(CredentialsRejected):
        await client.list_runners()
    assert len(server.requests) == 1


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
async def test_both_forms_of_rsa_keys_are_read(
    form: PrivateFormat, server: Server, clock: ManualClock, identity: Identity, rsa_key: RSAPrivateKey
) -> None:
    credentials = AppCredentials("123456", 987654, pem(rsa_key, form))
    server.on("POST", TOKEN_PATH, installation_token("installation-1"))
    server.on("GET", REST_RUNNERS_PATH, NO_RUNNERS)

    async with make_client(server, clock, credentials=credentials, ca_file=identity.certificate) as client:
        await client.list_runners()

    issuer = jwt.decode(bearer(server.requests[0]), options={"verify_signature": False})["iss"]
    assert issuer == "123456"


def test_a_key_that_is_none_is_refused_without_being_shown(
    server: Server, clock: ManualClock, identity: Identity
) -> None:
    credentials = AppCredentials("Iv23liExampleClient", 987654, Secret("half a key"))

    with pytest.raises(ConfigurationError, match="RSA private key in PEM") as refused:
        make_client(server, clock, credentials=credentials, ca_file=identity.certificate)
    assert leaks(refused.value, ["half a key"]) == []


def test_a_key_of_another_kind_is_refused(server: Server, clock: ManualClock, identity: Identity) -> None:
    credentials = AppCredentials("Iv23liExampleClient", 987654, pem(ec.generate_private_key(ec.SECP256R1())))

    with pytest.raises(ConfigurationError, match="RSA private key in PEM"):
        make_client(server, clock, credentials=credentials, ca_file=identity.certificate)


@pytest.mark.parametrize(
    ("client_id", "installation_id", "key", "complaint"),
    [
        ("", 1, "key", "client id is missing"),
        ("id", 0, "key", "installation id is missing"),
        ("id", 1, "", "private key is missing"),
    ],
)
def test_an_app_needs_all_three_of_its_credentials(
    client_id: str, installation_id: int, key: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        AppCredentials(client_id, installation_id, Secret(key))


@pytest.mark.parametrize("token", ["", "two words", "a line\n", "tøken"])
def test_a_personal_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(ConfigurationError, match="GITHUB_TOKEN"):
        TokenCredentials(Secret(token))
