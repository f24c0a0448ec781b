"""What runners printed: where it is looked for, page by page, and what becomes of odd text and refusals."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from core.adapters.aws.logs import LONGEST_LINE, MOST_PAGES, CloudWatchTaskLogs
from core.adapters.aws.session import AwsConnection
from core.domain.errors import ArcdeckError, ConfigurationError, Gone, PermissionDenied, Throttled, Unavailable
from core.domain.task import Task, TaskStatus
from core.ports import LogPage
from tests.unit.aws.scripted import REGION, HttpAnswer, ScriptedServer, answering, html, refusing

pytestmark = pytest.mark.virtual_time

TASK = Task("arn:aws:ecs:eu-west-1:123456789012:task/ci/0123abcd", TaskStatus.RUNNING, definition="small:7")
GROUP = "/arcdeck/runners"
AT = 1_893_456_000_250


def options(**changed: str) -> dict[str, str]:
    usual = {"awslogs-group": GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": "small"}
    return usual | {key.replace("_", "-"): value for key, value in changed.items()}


def definition(log: Mapping[str, Any] | None) -> HttpAnswer:
    containers = [
        {"name": "dind", "logConfiguration": {"logDriver": "awslogs", "options": options(awslogs_group="other")}},
        {"name": "runner", **({} if log is None else {"logConfiguration": log})},
    ]
    return answering({"taskDefinition": {"containerDefinitions": containers}})


def page(*messages: str, back: str = "b/0", forth: str = "f/9") -> HttpAnswer:
    events = [{"timestamp": AT + number, "message": message} for number, message in enumerate(messages)]
    return answering({"events": events, "nextBackwardToken": back, "nextForwardToken": forth})


class Cloud:
    """Answers each operation with what it was given for it, the last of them for ever."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server
        self._answers: dict[str, list[HttpAnswer]] = {}
        self.say("DescribeTaskDefinition", definition({"logDriver": "awslogs", "options": options()}))
        server.handler = self._handle

    def say(self, operation: str, *answers: HttpAnswer) -> None:
        self._answers[operation] = list(answers)

    def asked(self, operation: str = "GetLogEvents") -> list[dict[str, Any]]:
        return [asked.body for asked in self._server.asked if asked.operation == operation]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        answers = self._answers[self._server.asked[-1].operation]
        return await (answers.pop(0) if len(answers) > 1 else answers[0])(request)


@pytest.fixture
def cloud(server: ScriptedServer) -> Cloud:
    return Cloud(server)


@pytest.fixture
async def logs(cloud: Cloud, connection: AwsConnection) -> AsyncIterator[CloudWatchTaskLogs]:
    del cloud  # it has to answer first
    async with connection.client("logs") as client:
        yield CloudWatchTaskLogs(client, connection.ecs)


async def refusal(logs: CloudWatchTaskLogs) -> ArcdeckError:
    with pytest.raises(ArcdeckError) as raised:
        await logs.tail(TASK, None, 10)
    return raised.value


def texts(answer: LogPage) -> list[str]:
    return [line.text for line in answer.lines]


class TestWhere:
    async def test_group_and_stream_are_those_of_the_runner_in_the_tasks_own_definition(
        self, logs: CloudWatchTaskLogs, cloud: Cloud
    ) -> None:
        cloud.say("GetLogEvents", page("hello"))
        await logs.tail(TASK, None, 10)
        (asked,) = cloud.asked()
        assert (asked["logGroupName"], asked["logStreamName"]) == (GROUP, "small/runner/0123abcd")
        assert cloud.asked("DescribeTaskDefinition") == [{"taskDefinition": "small:7"}]

    async def test_a_definition_is_asked_for_once(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", page("hello"))
        for _ in range(3):
            await logs.tail(TASK, None, 10)
        assert len(cloud.asked("DescribeTaskDefinition")) == 1

    @pytest.mark.parametrize(
        ("log", "words"),
        [
            pytest.param(None, "does not send its log to CloudWatch", id="no log"),
            pytest.param({"logDriver": "splunk", "options": {}}, "does not send its log to CloudWatch", id="elsewhere"),
            pytest.param(
                {"logDriver": "awslogs", "options": options(awslogs_region="us-east-1")},
                f"is in region us-east-1, not in {REGION}",
                id="another region",
            ),
        ],
    )
    async def test_a_log_that_is_not_here_is_said_to_be_elsewhere(
        self, logs: CloudWatchTaskLogs, cloud: Cloud, log: Mapping[str, Any] | None, words: str
    ) -> None:
        cloud.say("DescribeTaskDefinition", definition(log))
        refused = await refusal(logs)
        assert isinstance(refused, ConfigurationError)
        assert words in str(refused)

    async def test_a_definition_that_ecs_has_forgotten_is_gone(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("DescribeTaskDefinition", refusing("ClientException", "Unable to describe task definition."))
        assert type(await refusal(logs)) is Gone


class TestNewest:
    async def test_the_newest_lines_come_oldest_first_with_their_times(
        self, logs: CloudWatchTaskLogs, cloud: Cloud
    ) -> None:
        cloud.say("GetLogEvents", page("one", "two", forth="f/2"))
        answer = await logs.tail(TASK, None, 2)
        assert [(line.text, line.at) for line in answer.lines] == [
            ("one", datetime.fromtimestamp(AT / 1000, UTC)),
            ("two", datetime.fromtimestamp((AT + 1) / 1000, UTC)),
        ]
        assert answer.next == "f/2"
        assert [(asked["limit"], asked["startFromHead"]) for asked in cloud.asked()] == [(2, False)]

    async def test_an_empty_page_at_the_end_hides_nothing(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", page(back="b/5", forth="f/9"), page("there", back="b/4", forth="f/5"))
        answer = await logs.tail(TASK, None, 10)
        assert (texts(answer), answer.next) == (["there"], "f/9")
        assert [asked.get("nextToken") for asked in cloud.asked()] == [None, "b/5"]

    async def test_a_stream_of_empty_pages_is_left_after_some(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", *[page(back=f"b/{number}") for number in range(9)])
        assert (await logs.tail(TASK, None, 10)).lines == ()
        assert len(cloud.asked()) == MOST_PAGES

    async def test_the_beginning_of_the_stream_ends_the_search(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", page(back="b/0"))
        assert (await logs.tail(TASK, None, 10)).lines == ()
        assert len(cloud.asked()) == 2

    async def test_where_nothing_was_written_yet_there_are_no_lines(
        self, logs: CloudWatchTaskLogs, cloud: Cloud
    ) -> None:
        cloud.say("GetLogEvents", refusing("ResourceNotFoundException", "The specified log stream does not exist."))
        assert await logs.tail(TASK, None, 10) == LogPage((), "")


class TestGoingOn:
    async def test_it_goes_on_behind_the_token_until_it_comes_back(
        self, logs: CloudWatchTaskLogs, cloud: Cloud
    ) -> None:
        cloud.say("GetLogEvents", page("three", forth="f/3"), page(forth="f/4"), page("four", forth="f/4"))
        answer = await logs.tail(TASK, "f/2", 10)
        assert (texts(answer), answer.next) == (["three", "four"], "f/4")
        assert [(a["nextToken"], a["startFromHead"], a["limit"]) for a in cloud.asked()] == [
            ("f/2", True, 10),
            ("f/3", True, 9),
            ("f/4", True, 9),
        ]

    async def test_no_more_lines_than_asked_for_are_read(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", page("three", "four", forth="f/4"), page("five", forth="f/5"))
        answer = await logs.tail(TASK, "f/2", 2)
        assert (texts(answer), answer.next) == (["three", "four"], "f/4")

    async def test_nothing_new_is_no_lines_and_the_same_token(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", page(forth="f/2"))
        assert await logs.tail(TASK, "f/2", 10) == LogPage((), "f/2")


class TestText:
    @pytest.mark.parametrize(
        ("message", "shown"),
        [
            ("√ Connected to GitHub\n", "√ Connected to GitHub"),
            ("\x1b[32mgreen\x1b[0m", "green"),
            ("a\tb", "a       b"),
            ("\x1b]0;title\x07", "␛]0;title␇"),
            ("two\nlines", "two␊lines"),
            ("\u202eevil", "\ufffdevil"),
        ],
    )
    async def test_it_is_safe_to_show(self, logs: CloudWatchTaskLogs, cloud: Cloud, message: str, shown: str) -> None:
        cloud.say("GetLogEvents", page(message))
        assert texts(await logs.tail(TASK, None, 10)) == [shown]

    async def test_a_line_without_end_is_cut(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", page("x" * 100_000))
        (text,) = texts(await logs.tail(TASK, None, 10))
        assert len(text) == LONGEST_LINE


class TestRefusals:
    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            pytest.param(refusing("AccessDeniedException", "no"), PermissionDenied, id="denied"),
            pytest.param(refusing("ThrottlingException"), Throttled, id="throttled"),
            pytest.param(refusing("InvalidParameterException", "bad token"), ConfigurationError, id="a wrong token"),
            pytest.param(refusing("ServiceUnavailableException", status=503), Unavailable, id="away"),
            pytest.param(html(200), Unavailable, id="a page of HTML"),
            pytest.param(answering({"events": []}), Unavailable, id="no token to go on from"),
        ],
    )
    async def test_each_is_of_its_kind(
        self, logs: CloudWatchTaskLogs, cloud: Cloud, answer: HttpAnswer, expected: type[ArcdeckError]
    ) -> None:
        cloud.say("GetLogEvents", answer)
        assert type(await refusal(logs)) is expected

    async def test_a_denial_names_the_permission(self, logs: CloudWatchTaskLogs, cloud: Cloud) -> None:
        cloud.say("GetLogEvents", refusing("AccessDeniedException", "no"))
        assert f"needs logs:GetLogEvents on log group '{GROUP}'" in str(await refusal(logs))
