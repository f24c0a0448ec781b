"""What ``deploy/`` ships, read as its readers read it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cfnlint.decode import decode  # type: ignore[import-untyped]  # it brings no types

from core.config.options import OPTIONS

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
TEMPLATE: Final = DEPLOY / "cloudformation.yaml"

#: Every setting, by its variable.
VARIABLES: Final = frozenset(option.variable for option in OPTIONS)

#: An account as an example. The names are the placeholders of the policy.
EXAMPLE: Final = {
    "REGION": "eu-west-1",
    "ACCOUNT": "123456789012",
    "CLUSTER": "ci-prod",
    "RUNNER_EXECUTION_ROLE_ARN": "arn:aws:iam::123456789012:role/runner-execution",
    "RUNNER_TASK_ROLE_ARN": "arn:aws:iam::123456789012:role/runner-task",
    "SSM_PARAMETER_NAME": "/ci/runners",
    "GITHUB_APP_PRIVATE_KEY_SECRET": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:arcdeck-AbCdEf",
    "RUNNER_LOG_GROUP": "/ecs/runners",
    "CONTROLLER_ROLE_ARN": "arn:aws:iam::123456789012:role/arcdeck",
}


def policy() -> list[dict[str, Any]]:
    """The statements of the policy, for the example."""
    text = (DEPLOY / "iam-policy.json").read_text()
    for name, value in EXAMPLE.items():
        text = text.replace(f"<{name}>", value)
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements


def template() -> dict[str, Any]:
    """The CloudFormation template, its short functions written out (``!Ref x`` as ``{"Ref": x}``)."""
    decoded, problems = decode(str(TEMPLATE))
    assert not problems
    plain: dict[str, Any] = json.loads(json.dumps(decoded))
    return plain


def rendered(value: Any, names: Mapping[str, str]) -> Any:
    """A value of the template as CloudFormation would hand it on, by the values of what it refers to."""
    if isinstance(value, list):
        return [rendered(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return names[value["Ref"]]
    if value.keys() == {"Fn::GetAtt"}:
        return names[".".join(value["Fn::GetAtt"])]
    if value.keys() == {"Fn::Sub"}:
        return re.sub(r"\$\{([^}]+)\}", lambda name: names[name[1]], value["Fn::Sub"])
    return {key: rendered(inner, names) for key, inner in value.items()}


def environment_file(text: str) -> dict[str, str]:
    """The variables of a file of ``NAME=value`` lines."""
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
