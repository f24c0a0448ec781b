"""The policy allows what the program can ask for, and nothing else (ecs-api.md A9)."""

import ast
from typing import Final

import botocore.session
import pytest

from core.adapters.aws import tags
from core.adapters.aws.calls import _EXPECTED
from core.domain.permissions import Account, Permission, needed
from tests.deploy import iam
from tests.deploy.shipped import DEPLOY, EXAMPLE, ROOT, policy

#: The services that the program has clients of; the first that knows an operation is the one that is asked.
SERVICES: Final = ("ecs", "ssm", "secretsmanager", "logs", "iam", "sts")

#: What calls need beside their own action.
BESIDE: Final = {
    "iam:PassRole",  # RunTask and RegisterTaskDefinition hand roles to tasks
    "kms:Decrypt",  # GetParameter and GetSecretValue, with a KMS key of one's own
}
#: STS answers this one whatever a policy says (STS API Reference, GetCallerIdentity).
NEEDS_NOTHING: Final = {"sts:GetCallerIdentity"}

ACCOUNT: Final = Account("aws", EXAMPLE["REGION"], EXAMPLE["ACCOUNT"], EXAMPLE["CLUSTER"])
ROLES: Final = (EXAMPLE["RUNNER_EXECUTION_ROLE_ARN"], EXAMPLE["RUNNER_TASK_ROLE_ARN"])
HERE: Final = {"ecs:cluster": ACCOUNT.ecs("cluster/ci-prod")}
TASK: Final = ACCOUNT.ecs("task/ci-prod/0123456789abcdef")
PASSED: Final = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
NEEDED: Final = needed(ACCOUNT, ROLES, family="small", logs=EXAMPLE["RUNNER_LOG_GROUP"])


def callable_actions() -> set[str]:
    """The action of every operation the adapter can call: ``ask`` reads no answer that is not in its table."""
    session = botocore.session.get_session()
    models = {service: set(session.get_service_model(service).operation_names) for service in SERVICES}
    return {
        next(f"{service}:{operation}" for service in SERVICES if operation in models[service])
        for operation in _EXPECTED
    }


def called_operations() -> set[str]:
    """Every operation that the adapter names where it calls one."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "core" / "adapters" / "aws").glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    names = {
        call.args[0].value
        for call in calls
        if ast.unparse(call.func) in {"Call", "self._call", "self._pages"} and isinstance(call.args[0], ast.Constant)
    }
    return {name for name in names if isinstance(name, str) and name.isidentifier()}


def test_the_adapter_calls_all_that_it_can_call() -> None:
    assert called_operations() == _EXPECTED.keys()


def test_it_allows_every_operation_that_the_code_can_call_and_no_other() -> None:
    assert iam.actions(policy()) == callable_actions() - NEEDS_NOTHING | BESIDE


@pytest.mark.parametrize("permission", NEEDED, ids=lambda one: f"{one.action} {one.resource}")
def test_it_allows_what_check_looks_for(permission: Permission) -> None:
    assert iam.allows(policy(), permission.action, permission.resource, permission.context)


def test_what_check_does_not_look_for_it_finds_out_by_doing() -> None:
    looked_for = {permission.action for permission in NEEDED}
    done = {"ssm:GetParameter", "secretsmanager:GetSecretValue", "kms:Decrypt", "iam:SimulatePrincipalPolicy"}
    assert iam.actions(policy()) - looked_for == done


def test_a_live_task_can_be_given_our_mark_and_no_other() -> None:
    assert iam.allows(policy(), "ecs:TagResource", TASK, {"aws:TagKeys": [tags.CONTROLLER]})
    assert not iam.allows(policy(), "ecs:TagResource", TASK, {"aws:TagKeys": [tags.CONTROLLER, "owner"]})
    assert not iam.allows(policy(), "ecs:TagResource", TASK, {})


def test_a_definition_can_be_tagged_as_it_is_registered_and_not_later() -> None:
    definition = ACCOUNT.ecs("task-definition/small:1")
    assert iam.allows(policy(), "ecs:TagResource", definition, {"ecs:CreateAction": "RegisterTaskDefinition"})
    assert not iam.allows(policy(), "ecs:TagResource", definition, {"aws:TagKeys": [tags.CONTROLLER]})


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        pytest.param(
            "ecs:StopTask", ACCOUNT.ecs("task/web/0123"), {"ecs:cluster": ACCOUNT.ecs("cluster/web")}, id="stop"
        ),
        pytest.param("ecs:RunTask", ACCOUNT.ecs("task-definition/small:1"), {"ecs:cluster": "arn:web"}, id="start"),
        pytest.param("ecs:ListTasks", "*", {"ecs:cluster": ACCOUNT.ecs("cluster/web")}, id="list"),
        pytest.param("ecs:DescribeClusters", ACCOUNT.ecs("cluster/web"), {}, id="describe"),
    ],
)
def test_another_cluster_is_out_of_reach(action: str, resource: str, context: dict[str, str]) -> None:
    assert not iam.allows(policy(), action, resource, context)


def test_only_the_two_roles_are_given_away_and_only_to_tasks() -> None:
    admin = "arn:aws:iam::123456789012:role/admin"
    assert not iam.allows(policy(), "iam:PassRole", admin, PASSED)
    assert not iam.allows(policy(), "iam:PassRole", ROLES[0], {"iam:PassedToService": "ec2.amazonaws.com"})


def test_keys_decrypt_for_the_one_parameter_and_the_one_secret_only() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234"
    secret = {
        "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
        "kms:EncryptionContext:SecretARN": EXAMPLE["GITHUB_APP_PRIVATE_KEY_SECRET"],
    }
    parameter = {
        "kms:ViaService": "ssm.eu-west-1.amazonaws.com",
        "kms:EncryptionContext:PARAMETER_ARN": "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/runners",
    }
    assert iam.allows(policy(), "kms:Decrypt", key, secret)
    assert iam.allows(policy(), "kms:Decrypt", key, parameter)
    assert not iam.allows(policy(), "kms:Decrypt", key, {**secret, "kms:EncryptionContext:SecretARN": "arn:another"})
    assert not iam.allows(policy(), "kms:Decrypt", key, {})


def test_every_placeholder_has_a_name_of_ours() -> None:
    left = {word for statement in policy() for word in str(statement).split() if "<" in word}
    assert left == set()
    assert all(f"<{name}>" in (DEPLOY / "iam-policy.json").read_text() for name in EXAMPLE)
