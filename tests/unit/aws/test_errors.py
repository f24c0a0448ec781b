"""From botocore's exceptions to ours, as values: what may have happened, whose fault it is, what is kept."""

import secrets
from string import Formatter

import pytest
from aiohttp import ClientConnectionResetError, ClientOSError
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from core.adapters.aws.errors import Call, translate
from core.domain.errors import (
    ArcdeckError,
    CapacityKind,
    ConfigurationError,
    CredentialsRejected,
    Gone,
    OutcomeUnknown,
    PermissionDenied,
    Rejected,
    TaskNotFound,
    Throttled,
    TransientCapacityError,
    Unavailable,
)
from core.domain.secret import Secret

START = Call("RunTask", cluster="ci", region="eu-west-1")
STOP = Call("StopTask", cluster="ci", region="eu-west-1")
READ = Call("ListTasks", cluster="ci", region="eu-west-1")
LOOK_UP = Call("DescribeTaskDefinition")
REGISTER = Call("RegisterTaskDefinition")
URL = "http://127.0.0.1:1/"


def refused(code: str, message: str = "", *, by: str = "RunTask", status: int = 400) -> boto.ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": "r-1"}
    return boto.ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, by)


def not_connected(error: Exception | None = None) -> boto.EndpointConnectionError:
    return boto.EndpointConnectionError(endpoint_url=URL, error=error)


#: All that a call could raise; a waiter's error is none of them and takes other arguments.
BOTOCORE_ERRORS = [
    kind
    for kind in vars(boto).values()
    if isinstance(kind, type) and issubclass(kind, boto.BotoCoreError) and kind is not boto.WaiterError
]


class TestRefusals:
    @pytest.mark.parametrize(
        ("call", "error", "expected"),
        [
            pytest.param(START, refused("ThrottlingException"), TransientCapacityError, id="start throttled"),
            pytest.param(READ, refused("ThrottlingException"), Throttled, id="read throttled"),
            pytest.param(STOP, refused("ThrottlingException"), Throttled, id="stop throttled"),
            pytest.param(READ, refused("RequestLimitExceeded", status=503), Throttled, id="throttled with 503"),
            pytest.param(READ, refused("429", status=429), Throttled, id="429 of a proxy"),
            pytest.param(START, refused("429", status=429), TransientCapacityError, id="429 of a proxy, start"),
            pytest.param(START, refused("ServerException", status=500), TransientCapacityError, id="start, AWS fault"),
            pytest.param(STOP, refused("ServerException", status=500), OutcomeUnknown, id="stop, AWS fault"),
            pytest.param(READ, refused("ServerException", status=500), Unavailable, id="read, AWS fault"),
            pytest.param(READ, refused("ServerException"), Unavailable, id="read, AWS fault sent as 400"),
            pytest.param(START, refused("ServiceUnavailable", status=503), OutcomeUnknown, id="start, 503"),
            pytest.param(START, refused("500", status=500), OutcomeUnknown, id="start, 500 without a code"),
            pytest.param(START, refused("InternalFailure"), OutcomeUnknown, id="start, AWS fault sent as 400"),
            pytest.param(READ, refused("AccessDeniedException"), PermissionDenied, id="denied"),
            pytest.param(READ, refused("AccessDenied", by="AssumeRole"), PermissionDenied, id="role denied"),
            pytest.param(READ, refused("ExpiredTokenException"), CredentialsRejected, id="expired"),
            pytest.param(READ, refused("expiredtoken"), CredentialsRejected, id="expired, in any case"),
            pytest.param(READ, refused("UnrecognizedClientException"), CredentialsRejected, id="unrecognized"),
            pytest.param(READ, refused("InvalidSignatureException"), CredentialsRejected, id="signature"),
            pytest.param(START, refused("InvalidParameterException", "no subnet"), ConfigurationError, id="parameter"),
            pytest.param(START, refused("ConflictException"), ConfigurationError, id="token conflict"),
            pytest.param(START, refused("NewException"), Rejected, id="unknown code"),
            pytest.param(REGISTER, refused("LimitExceededException"), Rejected, id="quota, not of a start"),
        ],
    )
    def test_a_code_decides(self, call: Call, error: Exception, expected: type[ArcdeckError]) -> None:
        assert type(translate(error, call)) is expected

    @pytest.mark.parametrize(
        ("message", "kind"),
        [
            ("Tasks provisioning capacity limit exceeded.", CapacityKind.QUOTA),
            ("No Container Instances were found in your cluster.", CapacityKind.CAPACITY),
        ],
    )
    def test_a_start_refused_for_want_of_room_tells_its_kind_and_words(self, message: str, kind: CapacityKind) -> None:
        error = translate(refused("ClientException", message), START)
        assert isinstance(error, TransientCapacityError)
        assert (error.kind, error.reasons, error.request_id) == (kind, (message,), "r-1")

    def test_a_missing_cluster_names_cluster_and_region_and_how_to_mend_it(self) -> None:
        message = translate(refused("ClusterNotFoundException"), READ).message
        for part in ("'ci'", "eu-west-1", "ECS_CLUSTER", "AWS_REGION"):
            assert part in message

    def test_a_task_that_is_not_known_is_gone(self) -> None:
        error = refused("InvalidParameterException", "The referenced task was not found.", by="StopTask")
        assert type(translate(error, STOP)) is TaskNotFound

    def test_a_definition_that_is_not_known_is_gone(self) -> None:
        error = refused("ClientException", "Unable to describe task definition.", by="DescribeTaskDefinition")
        assert type(translate(error, LOOK_UP)) is Gone

    def test_the_same_words_from_another_call_are_not(self) -> None:
        error = refused("InvalidParameterException", "The referenced task was not found.", by="RunTask")
        assert type(translate(error, START)) is ConfigurationError

    def test_the_original_and_the_request_id_are_kept(self) -> None:
        error = refused("AccessDeniedException", "not for you")
        translated = translate(error, READ)
        assert (translated.__cause__, translated.request_id) == (error, "r-1")
        assert "not for you" in translated.message

    def test_an_answer_without_any_of_it_is_a_value(self) -> None:
        assert type(translate(boto.ClientError({}, "RunTask"), START)) is Rejected

    def test_control_characters_are_made_visible(self) -> None:
        assert "\x1b" not in translate(refused("ClientException", "\x1b[2J"), READ).message


class TestNoAnswer:
    @pytest.mark.parametrize(
        "error",
        [
            pytest.param(boto.ReadTimeoutError(endpoint_url=URL), id="read timeout"),
            pytest.param(boto.ConnectionClosedError(endpoint_url=URL), id="closed"),
            pytest.param(not_connected(ClientOSError(104, "Connection reset by peer")), id="reset"),
            pytest.param(not_connected(ClientConnectionResetError("Cannot write")), id="reset while writing"),
            pytest.param(boto.HTTPClientError(error="something"), id="anything in the HTTP client"),
            pytest.param(boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), id="cut short"),
            pytest.param(ResponseParserError("no JSON"), id="unreadable"),
            pytest.param(AttributeError("'list' object has no attribute 'get'"), id="of another shape"),
            pytest.param(TimeoutError(), id="time limit"),
        ],
    )
    def test_a_change_that_was_sent_leaves_its_outcome_open_and_a_read_does_not(self, error: Exception) -> None:
        kinds = [type(translate(error, call)) for call in (START, STOP, REGISTER, READ)]
        assert kinds == [OutcomeUnknown, OutcomeUnknown, OutcomeUnknown, Unavailable]

    @pytest.mark.parametrize(
        "error",
        [
            pytest.param(boto.ConnectTimeoutError(endpoint_url=URL), id="connect timeout"),
            pytest.param(boto.SSLError(endpoint_url=URL, error="self-signed"), id="certificate"),
            pytest.param(boto.ProxyConnectionError(proxy_url=URL), id="proxy"),
            pytest.param(boto.MetadataRetrievalError(error_msg="slow"), id="metadata"),
            pytest.param(
                boto.CredentialRetrievalError(provider="container-role", error_msg="slow"), id="container credentials"
            ),
        ],
    )
    def test_what_was_never_sent_certainly_did_nothing(self, error: Exception) -> None:
        assert type(translate(error, START)) is Unavailable

    @pytest.mark.parametrize(
        "error",
        [
            pytest.param(boto.NoCredentialsError(), id="none"),
            pytest.param(boto.PartialCredentialsError(provider="env", cred_var="X"), id="half"),
            pytest.param(boto.UnauthorizedSSOTokenError(), id="SSO expired"),
            pytest.param(boto.TokenRetrievalError(provider="sso", error_msg="expired"), id="SSO token"),
            pytest.param(
                boto.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"), id="credential process"
            ),
        ],
    )
    def test_missing_credentials_are_for_a_person_to_mend(self, error: Exception) -> None:
        assert type(translate(error, START)) is CredentialsRejected

    @pytest.mark.parametrize(
        "error", [boto.NoRegionError(), boto.ProfileNotFound(profile="x"), boto.ConfigParseError(path="x", error="y")]
    )
    def test_unusable_settings_are_for_a_person_to_mend(self, error: Exception) -> None:
        assert type(translate(error, START)) is ConfigurationError


class TestSecrets:
    def test_botocores_report_on_a_parameter_is_reduced_to_its_name(self) -> None:
        secret = secrets.token_urlsafe(3000)
        report = f"Invalid type for parameter overrides.containerOverrides[0].name, value: {secret}, type: <class 'x'>"
        error = translate(boto.ParamValidationError(report=report), START)
        assert type(error) is ConfigurationError
        assert error.message.endswith("overrides.containerOverrides[0].name")
        assert error.__cause__ is None

    @pytest.mark.parametrize("shown", [slice(None), slice(200)], ids=["whole", "cut short"])
    def test_a_text_that_repeats_the_secret_is_withheld_with_its_original(self, shown: slice) -> None:
        secret = secrets.token_urlsafe(3000)
        call = Call("RunTask", secret=Secret(secret))
        error = translate(refused("ClientException", f"bad value: {secret[shown]}"), call)
        assert secret[:20] not in error.message
        assert error.__cause__ is None

    def test_an_empty_secret_is_repeated_by_nothing(self) -> None:
        error = translate(refused("ClientException", "why"), Call("RunTask", secret=Secret("")))
        assert "why" in error.message


@pytest.mark.parametrize("kind", BOTOCORE_ERRORS)
def test_every_error_of_botocore_is_mapped(kind: type[boto.BotoCoreError]) -> None:
    fields = {field for _, field, _, _ in Formatter().parse(kind.fmt) if field}
    error = translate(kind(**dict.fromkeys(fields, "text")), START)
    assert isinstance(error, ConfigurationError | CredentialsRejected | Unavailable)
