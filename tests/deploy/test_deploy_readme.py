"""What ``deploy/README.md`` shows can be typed: its commands and files exist, and those that need nothing work."""

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.shipped import DEPLOY, EXAMPLE, ROOT, policy, template
from tests.deploy.test_image import instructions
from tui import cli

README: Final = (DEPLOY / "README.md").read_text()
SHELL: Final[list[str]] = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def block_with(text: str) -> str:
    (block,) = (block for block in SHELL if text in block)
    return block


def test_every_block_is_a_shell_script() -> None:
    for block in SHELL:
        subprocess.run(["/bin/sh", "-n"], input=block, text=True, check=True)


def test_every_file_named_is_there() -> None:
    assert all((ROOT / name).is_file() for name in re.findall(r"deploy/[\w.-]+\w", README))
    assert all((DEPLOY / name).is_file() for name in re.findall(r"`([\w-]+\.(?:json|yaml))`", README))


def test_every_command_of_ours_exists() -> None:
    named = re.findall(r"arcdeck (--[a-z-]+|[a-z]+)", "".join(SHELL).replace("--name arcdeck --stop-timeout", ""))
    commands = {word for word in named if not word.startswith("--")} - {"arcdeck"}
    assert {"check", "attach"} <= commands <= cli._COMMANDS.keys()


def test_the_line_that_fills_in_the_policy_does(tmp_path: Path) -> None:
    script = block_with("<CONTROLLER_ROLE_ARN>").replace("deploy/", f"{DEPLOY}/")
    subprocess.run(["/bin/sh", "-ec", script], cwd=tmp_path, check=True)
    assert json.loads((tmp_path / "policy.json").read_text())["Statement"] == policy()


@pytest.mark.parametrize("name", EXAMPLE)
def test_every_placeholder_of_the_policy_is_named(name: str) -> None:
    assert f"<{name}>" in README


def test_the_parameters_of_the_stack_are_those_of_the_template() -> None:
    given = re.findall(r"\b([A-Z]\w+)=", block_with("cloudformation deploy").partition("--parameter-overrides")[2])
    parameters = template()["Parameters"]
    assert set(given) <= set(parameters)
    assert {name for name, about in parameters.items() if "Default" not in about} <= set(given)


def test_the_output_that_is_asked_for_is_one() -> None:
    (output,) = re.findall(r"OutputKey=='(\w+)'", README)
    assert output in template()["Outputs"]


def test_the_container_keeps_its_state_in_the_volume_of_the_image() -> None:
    assert f"arcdeck-state:{instructions('VOLUME')[0]}" in block_with("docker run")
