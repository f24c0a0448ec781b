"""The one AWS session of a process, and its ECS client.

Profile, credentials and endpoint come from AWS's ordinary chain; so does the Region, from ``AWS_REGION`` first, which
Go's SDK reads and botocore does not. What is missing is one sentence at the start, not a traceback at the first call.

Two things are set that botocore leaves open. Its retries are off: the engine has its own backoff and would sleep twice.
Its loggers never go below INFO: at DEBUG they write requests and answers word for word, the JIT config among them
(invariant I6).
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import NoCredentialsError, NoRegionError
from botocore.utils import parse_timestamp as parse_any_timestamp

from core import DISTRIBUTION
from core.adapters.aws.errors import CALL_ERRORS, Call, translate
from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager

CONNECT_TIMEOUT = 5
#: Seconds without a byte. RunTask answers within a second or two; a DescribeTasks of 100 tasks within one.
READ_TIMEOUT = 15
#: 20 starts in flight (DESIGN.md section 4), as many stops, the reads, and some to spare: a pool that is too small
#: makes calls wait unseen.
CONNECTIONS = 50

_REGION_VARIABLES = ["AWS_REGION", "AWS_DEFAULT_REGION"]
_TALKATIVE_LOGGERS = ("botocore", "aiobotocore", "boto3", "aioboto3")


@dataclass(frozen=True, slots=True)
class AwsConnection:
    """The session, its Region and its ECS client; all of it ends with the context that ``connect`` opens."""

    region: str
    ecs: Any  #: a client of aiobotocore's, which come without types
    session: aioboto3.Session

    @asynccontextmanager
    async def client(self, service: str) -> AsyncIterator[Any]:
        """Open a client of another service (``ssm``, ``secretsmanager``, ``logs``) on the same session.

        ConfigurationError when a setting of AWS's own for that service is not usable.
        """
        async with AsyncExitStack() as stack:
            with _in_sentences():
                client = await stack.enter_async_context(_client(self.session, service))
            yield client


@asynccontextmanager
async def connect() -> AsyncIterator[AwsConnection]:
    """Open the session and its ECS client.

    Raises ConfigurationError when there is no Region, or one of AWS's own settings is not usable; CredentialsRejected
    when there are no credentials; Unavailable when a source of credentials does not answer.
    """
    _quieten()
    async with AsyncExitStack() as stack:
        with _in_sentences():
            connection = await _open(stack)
        yield connection


@contextmanager
def _in_sentences() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ConfigurationError(f"an AWS setting is not usable: {error}") from error
    except CALL_ERRORS as error:
        failure = translate(error, Call("opening the AWS session"))
        raise failure from failure.__cause__


async def _open(stack: AsyncExitStack) -> AwsConnection:
    botocore_session = _botocore_session()
    region = botocore_session.get_config_variable("region")
    if not region:
        raise NoRegionError
    if await botocore_session.get_credentials() is None:
        raise NoCredentialsError
    session = aioboto3.Session(botocore_session=botocore_session)
    return AwsConnection(region, await stack.enter_async_context(_client(session, "ecs")), session)


def _client(session: aioboto3.Session, service: str) -> AbstractAsyncContextManager[Any]:
    config = AioConfig(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 1},
        user_agent_extra=f"{DISTRIBUTION}/{metadata.version(DISTRIBUTION)}",
    )
    client: AbstractAsyncContextManager[Any] = session.client(service, config=config)
    return client


def _botocore_session() -> AioSession:
    session = AioSession(session_vars={"region": ("region", _REGION_VARIABLES, None, None)})
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_timestamp)
    return session


def parse_timestamp(value: Any) -> datetime | None:
    """Read a timestamp of an answer as aware UTC; None for a number that no calendar has.

    ECS sends epoch seconds, and botocore tries four formats before that one: this halves the cost of a DescribeTasks
    (textual-performance.md, AWS calls). Anything but a number is left to botocore, which STS needs.
    """
    if not isinstance(value, int | float):
        parsed: datetime = parse_any_timestamp(value)
        return parsed
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _quieten() -> None:
    for name in _TALKATIVE_LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
