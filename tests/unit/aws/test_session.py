"""Opening the one AWS session: what it takes from the environment, and its sentences when something is missing."""

import logging
from datetime import UTC, datetime

import pytest

from core.adapters.aws.session import CONNECTIONS, AwsConnection, connect, parse_timestamp
from core.domain.errors import ConfigurationError, CredentialsRejected
from tests.unit.aws.scripted import REGION, ScriptedServer, answering


async def test_the_region_comes_from_aws_region_before_aws_default_region(aws_settings: pytest.MonkeyPatch) -> None:
    aws_settings.setenv("AWS_DEFAULT_REGION", "us-east-1")
    async with connect() as connection:
        assert (connection.region, connection.ecs.meta.region_name) == (REGION, REGION)


async def test_the_region_may_come_from_aws_default_region(aws_settings: pytest.MonkeyPatch) -> None:
    aws_settings.delenv("AWS_REGION")
    aws_settings.setenv("AWS_DEFAULT_REGION", "us-east-1")
    async with connect() as connection:
        assert connection.region == "us-east-1"


async def test_a_missing_region_is_one_sentence(aws_settings: pytest.MonkeyPatch) -> None:
    aws_settings.delenv("AWS_REGION")
    with pytest.raises(ConfigurationError, match="no AWS region is set; set AWS_REGION"):
        async with connect():
            pass


async def test_missing_credentials_are_one_sentence(aws_settings: pytest.MonkeyPatch) -> None:
    aws_settings.delenv("AWS_ACCESS_KEY_ID")
    aws_settings.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsRejected, match="no usable AWS credentials"):
        async with connect():
            pass


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_PROFILE", "nobody"),
        ("AWS_REGION", "not a region"),
        ("AWS_ENDPOINT_URL", "nonsense"),
    ],
)
async def test_a_setting_that_cannot_be_used_is_one_sentence_that_names_it(
    aws_settings: pytest.MonkeyPatch, name: str, value: str
) -> None:
    aws_settings.setenv(name, value)
    with pytest.raises(ConfigurationError, match=value):
        async with connect():
            pass


async def test_half_of_the_credentials_is_one_sentence(aws_settings: pytest.MonkeyPatch) -> None:
    aws_settings.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsRejected, match="AWS_SECRET_ACCESS_KEY"):
        async with connect():
            pass


async def test_retries_are_off_and_the_pool_has_room_for_every_start(connection: AwsConnection) -> None:
    config = connection.ecs.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.max_pool_connections == CONNECTIONS


async def test_other_services_share_the_session(connection: AwsConnection, server: ScriptedServer) -> None:
    server.handler = answering({"Parameter": {"Value": "[defaults]"}})
    async with connection.client("ssm") as ssm:
        answer = await ssm.get_parameter(Name="/runners", WithDecryption=True)
    assert answer["Parameter"]["Value"] == "[defaults]"


async def test_botocore_never_logs_what_is_sent(aws_settings: pytest.MonkeyPatch) -> None:
    aws_settings.setattr(logging.getLogger("botocore"), "level", logging.DEBUG)
    async with connect():
        pass
    assert not logging.getLogger("botocore.endpoint").isEnabledFor(logging.DEBUG)


class TestTimestamps:
    @pytest.mark.parametrize("epoch", [1_893_456_000, 1_893_456_000.25])
    def test_a_number_is_aware_utc(self, epoch: float) -> None:
        parsed = parse_timestamp(epoch)
        assert parsed is not None
        assert (parsed.timestamp(), parsed.tzinfo) == (epoch, UTC)

    def test_text_is_read_as_botocore_reads_it(self) -> None:
        assert parse_timestamp("2030-01-01T00:00:00Z") == datetime(2030, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize("epoch", [1e30, float("nan"), float("inf")])
    def test_a_number_that_no_calendar_has_is_no_time(self, epoch: float) -> None:
        assert parse_timestamp(epoch) is None
