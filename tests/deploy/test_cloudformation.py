"""The template is one that CloudFormation takes, runs this program, and allows what the policy allows."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from core.config.settings import SsmParameter, load_settings
from tests.deploy.shipped import EXAMPLE, TEMPLATE, VARIABLES, policy, rendered, template

RESOURCES: Final = template()["Resources"]
CONTAINER: Final = RESOURCES["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]
SERVICE: Final = RESOURCES["Service"]["Properties"]

#: What the template refers to, for the example.
NAMES: Final = {
    "AWS::Partition": "aws",
    "AWS::Region": EXAMPLE["REGION"],
    "AWS::AccountId": EXAMPLE["ACCOUNT"],
    "Cluster": EXAMPLE["CLUSTER"],
    "RunnerExecutionRoleArn": EXAMPLE["RUNNER_EXECUTION_ROLE_ARN"],
    "RunnerTaskRoleArn": EXAMPLE["RUNNER_TASK_ROLE_ARN"],
    "SsmParameterName": EXAMPLE["SSM_PARAMETER_NAME"],
    "GitHubConfigUrl": "https://github.com/acme",
    "GitHubAppClientId": "Iv23liExampleClient",
    "GitHubAppInstallationId": "987654",
    "GitHubAppPrivateKeySecret": EXAMPLE["GITHUB_APP_PRIVATE_KEY_SECRET"],
    "RunnerLogGroup": EXAMPLE["RUNNER_LOG_GROUP"],
    "ControllerRole.Arn": EXAMPLE["CONTROLLER_ROLE_ARN"],
    "ControllerId": "",
    "ScaleSetNamePrefix": "",
}


def statements(name: str) -> Any:
    return rendered(RESOURCES[name]["Properties"]["PolicyDocument"]["Statement"], NAMES)


def environment() -> dict[str, str]:
    return {pair["Name"]: rendered(pair["Value"], NAMES) for pair in CONTAINER["Environment"]}


def test_cfn_lint_has_nothing_to_say(tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("cfn-lint"), TEMPLATE]  # it judges by what is installed, without network
    linted = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def test_the_controllers_policy_is_the_one_beside_it_word_for_word() -> None:
    assert statements("ControllerPolicy") == policy()


def test_every_setting_that_it_makes_exists() -> None:
    assert environment().keys() - VARIABLES == {"AWS_REGION"}


def test_what_it_makes_is_all_that_the_program_needs() -> None:
    settings = load_settings(environment(), {})
    assert settings.warnings == ()
    assert settings.controller_id == "ci-prod"
    assert settings.source == SsmParameter("/ci/runners")


def test_every_parameter_is_used_and_shown_in_a_group() -> None:
    shown = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    parameters = set(template()["Parameters"])
    assert {name for group in shown for name in group["Parameters"]} == parameters
    used = json.dumps([RESOURCES, template()["Conditions"]])
    assert [name for name in parameters if f'"{name}"' not in used and f"${{{name}}}" not in used] == []


def test_one_controller_runs_and_a_new_one_stands_by_before_the_old_one_goes() -> None:
    deployment = SERVICE["DeploymentConfiguration"]
    assert SERVICE["DesiredCount"] == 1
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


def test_it_has_longer_to_stop_than_it_takes() -> None:
    assert CONTAINER["StopTimeout"] > 10


def test_one_can_get_into_the_container() -> None:
    assert SERVICE["EnableExecuteCommand"] is True
    assert CONTAINER["LinuxParameters"] == {"InitProcessEnabled": True}
    assert not CONTAINER.get("ReadonlyRootFilesystem")  # the session's agent writes to it
    (allowed,) = statements("ExecPolicy")
    assert allowed["Action"] == [
        f"ssmmessages:{verb}{channel}" for verb in ("Create", "Open") for channel in ("ControlChannel", "DataChannel")
    ]
