"""Every refusal of ECS that is documented or was met in the field, and what it means (ecs-api.md A1, A2)."""

from collections.abc import Callable

import pytest

from core.domain.errors import (
    CapacityKind,
    ConfigurationError,
    PermissionDenied,
    Rejected,
    Retryable,
    TransientCapacityError,
)
from core.domain.failures import (
    FailureClass,
    RunTaskFailure,
    classify_api_error,
    classify_reason,
    run_task_error,
    telling_reason,
)

CAPACITY, QUOTA, THROTTLE = FailureClass.CAPACITY, FailureClass.QUOTA, FailureClass.THROTTLE
CONFIGURATION, PERMISSION, UNKNOWN = FailureClass.CONFIGURATION, FailureClass.PERMISSION, FailureClass.UNKNOWN

#: The eight texts of the original (behaviour.md 1.2).
ORIGINAL_TEXTS = [
    "RESOURCE:CPU",
    "RESOURCE:MEMORY",
    "RESOURCE:ENI",
    "RESOURCE:PORTS",
    "Capacity is unavailable",
    "AGENT",
    "EMPTY CAPACITY PROVIDER",
    "NO ACTIVE INSTANCES",
]
FARGATE_FULL = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
VCPU_QUOTA = "You\N{RIGHT SINGLE QUOTATION MARK}ve reached the limit on the number of vCPUs you can run concurrently"
TASK_QUOTA = "You\N{RIGHT SINGLE QUOTATION MARK}ve reached the limit on the number of tasks you can run concurrently"
EC2_THROTTLE = (
    "Error retrieving security group information for [sg-0]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)"
)
ARN = "arn:aws:ecs:eu-west-1:123456789012:container-instance/ci/0123"


def error_for(*reasons: str) -> Exception:
    return run_task_error([RunTaskFailure(reason, ARN) for reason in reasons])


class TestReasons:
    @pytest.mark.parametrize("text", ORIGINAL_TEXTS)
    @pytest.mark.parametrize(
        "written", [str, str.lower, str.upper, str.title], ids=["as is", "lower", "upper", "title"]
    )
    def test_the_texts_of_the_original_are_capacity_in_any_case(self, text: str, written: Callable[[str], str]) -> None:
        assert classify_reason(written(text)) is CAPACITY

    @pytest.mark.parametrize("text", ORIGINAL_TEXTS)
    def test_the_texts_of_the_original_are_found_inside_a_longer_reason(self, text: str) -> None:
        assert classify_reason(f"could not place it: {text}.") is CAPACITY

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [
            ("RESOURCE:PORTS_TCP", CAPACITY),
            ("RESOURCE:PORTS_UDP", CAPACITY),
            ("RESOURCE:GPU", CAPACITY),
            (FARGATE_FULL, CAPACITY),
            ("No Container Instances were found in your cluster.", CAPACITY),
            (VCPU_QUOTA, QUOTA),
            (TASK_QUOTA, QUOTA),
            (VCPU_QUOTA.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"), QUOTA),
            ("The requested CPU configuration is above your limit", QUOTA),
            ("The requested MEMORY configuration is above your limit", QUOTA),
            ("Rate exceeded", THROTTLE),
            (EC2_THROTTLE, THROTTLE),
            ("LOCATION", CONFIGURATION),
            ("ATTRIBUTE", CONFIGURATION),
            ("MISSING", CONFIGURATION),
            ("INACTIVE", CONFIGURATION),
            ("MemberOf placement constraint unsatisfied", CONFIGURATION),
            ("something new", UNKNOWN),
            ("", UNKNOWN),
        ],
    )
    def test_a_documented_reason_has_its_class(self, reason: str, expected: FailureClass) -> None:
        assert classify_reason(reason) is expected

    @pytest.mark.parametrize("reason", ["reagents are missing", "AGENTLESS", "user-agent refused", "agents", "X_AGENT"])
    def test_agent_inside_another_word_is_not_the_agent(self, reason: str) -> None:
        assert classify_reason(reason) is not CAPACITY


class TestApiErrors:
    @pytest.mark.parametrize("code", ["ThrottlingException", "ServerException"])
    @pytest.mark.parametrize("written", [str, str.lower, str.upper], ids=["as is", "lower", "upper"])
    def test_the_codes_of_the_original_are_transient_in_any_case(
        self, code: str, written: Callable[[str], str]
    ) -> None:
        assert classify_api_error(written(code), "") is THROTTLE

    @pytest.mark.parametrize(
        ("code", "message", "expected"),
        [
            ("ThrottlingException", "Rate exceeded", THROTTLE),
            ("RequestLimitExceeded", "Request limit exceeded.", THROTTLE),
            ("InvalidParameterException", EC2_THROTTLE, THROTTLE),
            ("ClientException", "Too many concurrent attempts to create a new revision of the family.", THROTTLE),
            ("ClientException", "Tasks provisioning capacity limit exceeded.", QUOTA),
            ("ClientException", "The limit of tasks in the PROVISIONING state is reached.", QUOTA),
            ("LimitExceededException", "The limit for the resource was exceeded.", QUOTA),
            ("InvalidParameterException", "No Container Instances were found in your cluster.", CAPACITY),
            ("ClientException", FARGATE_FULL, CAPACITY),
            ("InvalidParameterException", "TaskDefinition is inactive", CONFIGURATION),
            ("ClientException", "TaskDefinition is inactive", CONFIGURATION),
            ("ClientException", "TaskDefinition not found.", CONFIGURATION),
            ("ClientException", "", CONFIGURATION),
            ("InvalidParameterException", "The subnet ID 'subnet-0' does not exist", CONFIGURATION),
            ("InvalidSubnetID.NotFound", "", CONFIGURATION),
            ("ClusterNotFoundException", "Cluster not found.", CONFIGURATION),
            ("UnsupportedFeatureException", "", CONFIGURATION),
            ("PlatformUnknownException", "", CONFIGURATION),
            ("PlatformTaskDefinitionIncompatibilityException", "", CONFIGURATION),
            ("ConflictException", "", CONFIGURATION),
            ("AccessDeniedException", "", PERMISSION),
            ("ClientException", "User: u is not authorized to perform: iam:PassRole on resource: r", PERMISSION),
            ("BlockedException", "", PERMISSION),
            ("ExpiredTokenException", "", PERMISSION),
            ("UnrecognizedClientException", "", PERMISSION),
            ("InvalidSignatureException", "", PERMISSION),
            ("RequestExpired", "", PERMISSION),
            ("InternalFailure", "", UNKNOWN),
            ("NewException", "never seen", UNKNOWN),
            ("502", "Bad Gateway", UNKNOWN),
        ],
    )
    def test_a_documented_error_has_its_class(self, code: str, message: str, expected: FailureClass) -> None:
        assert classify_api_error(code, message) is expected

    def test_reason_words_mean_nothing_in_the_message_of_an_error(self) -> None:
        assert classify_api_error("ClientException", "The agent and its location are unknown.") is CONFIGURATION

    @pytest.mark.parametrize(
        ("code", "expected"), [("ThrottlingException", "ThrottlingException"), ("ClientException", "the text")]
    )
    def test_an_error_is_known_by_its_text_only_where_its_code_says_nothing(self, code: str, expected: str) -> None:
        assert telling_reason(code, "the text") == expected


class TestRunTaskError:
    @pytest.mark.parametrize(
        ("reason", "kind"),
        [
            ("RESOURCE:CPU", CapacityKind.CAPACITY),
            (VCPU_QUOTA, CapacityKind.QUOTA),
            (EC2_THROTTLE, CapacityKind.THROTTLE),
        ],
    )
    def test_a_transient_reason_is_one_class_of_error_with_its_kind(self, reason: str, kind: CapacityKind) -> None:
        error = error_for(reason)
        assert isinstance(error, TransientCapacityError)
        assert (error.kind, error.reasons) == (kind, (reason,))

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [
            ("ATTRIBUTE", ConfigurationError),
            ("role r is not authorized to perform: ecs:RunTask", PermissionDenied),
            ("something new", Rejected),
        ],
    )
    def test_everything_else_is_not_retryable(self, reason: str, expected: type[Rejected]) -> None:
        error = error_for(reason)
        assert type(error) is expected
        assert not isinstance(error, Retryable)

    def test_one_reason_that_passes_outweighs_those_that_do_not(self) -> None:
        error = error_for("ATTRIBUTE", "something new", "RESOURCE:MEMORY")
        assert isinstance(error, TransientCapacityError)

    def test_the_message_lists_every_arn_and_reason(self) -> None:
        error = run_task_error([RunTaskFailure("RESOURCE:CPU", "arn:1"), RunTaskFailure("AGENT", "arn:2")])
        assert str(error).endswith("arn:1: RESOURCE:CPU; arn:2: AGENT; ")

    def test_the_message_lists_a_reason_without_an_arn_and_its_detail(self) -> None:
        error = run_task_error([RunTaskFailure("ATTRIBUTE", detail="ecs.os-type")])
        assert str(error).endswith("ATTRIBUTE (ecs.os-type); ")

    def test_a_thousand_failures_make_a_short_message_and_each_reason_once(self) -> None:
        error = error_for(*["RESOURCE:CPU", "RESOURCE:MEMORY"] * 500)
        assert isinstance(error, TransientCapacityError)
        assert len(str(error)) < 1100
        assert error.reasons == ("RESOURCE:CPU", "RESOURCE:MEMORY")

    def test_control_characters_never_reach_the_message(self) -> None:
        assert "\x1b" not in str(error_for("\x1b[31mred"))

    def test_the_request_id_is_kept(self) -> None:
        assert run_task_error([RunTaskFailure("AGENT")], request_id="r-1").request_id == "r-1"
