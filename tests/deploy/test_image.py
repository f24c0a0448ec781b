"""The image starts what there is, as nobody in particular, and knows whether it is well."""

import asyncio
import json
import os
import re
import sys
import tomllib
from fnmatch import fnmatch
from typing import Any, Final

import pytest

from core.adapters.control.http import health_on_tcp
from core.api.model import Health
from tests.deploy.shipped import DEPLOY, ROOT, VARIABLES, template
from tests.fakes.control_room import FakeControlRoom
from tui import cli

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of that name, in order, lines joined."""
    text = re.sub(r"^ *#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    return re.findall(rf"^{name} +(.+)$", text.replace("\\\n", " "), re.MULTILINE)


def environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", instructions("ENV")[-1]))


def health_command() -> list[str]:
    command: list[str] = json.loads(instructions("HEALTHCHECK")[0].partition("CMD")[2])
    return command


def test_its_entry_point_is_a_command_of_ours_without_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    command, *options = json.loads(instructions("ENTRYPOINT")[0])
    assert PROJECT["project"]["scripts"][command] == f"{cli.__name__}:{cli.main.__name__}"
    assert options == ["--no-ui"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*options, "--help"])
    assert ended.value.code == 0
    assert "--no-ui" in capsys.readouterr().out


def test_what_it_is_built_from_reaches_the_build_and_secrets_do_not() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    def goes_along(path: str) -> bool:
        last = [rule for rule in ignored if fnmatch(path, rule.removeprefix("!"))][-1]
        return last.startswith("!")

    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert all(
        goes_along(path) for path in (*packages, PROJECT["project"]["readme"], "pyproject.toml", "deploy/healthy.py")
    )
    assert not any(goes_along(path) for path in (".git", "app.pem", "arcdeck.env", "tests", ".venv"))


def test_the_embedded_world_stays_out() -> None:
    assert not any("demo" in line for line in instructions("RUN"))


def test_it_runs_as_somebody_without_rights() -> None:
    assert instructions("USER") == ["arcdeck"]


def test_its_settings_exist_and_its_state_is_in_a_volume() -> None:
    settings = {name for name in environment() if name.startswith("ARCDECK_")}
    assert settings <= VARIABLES
    assert instructions("VOLUME") == [environment()["ARCDECK_STATE_DIR"]]


def test_nothing_in_a_working_directory_is_imported() -> None:
    assert environment()["PYTHONSAFEPATH"] == "1"


def test_it_is_told_to_stop_by_the_signal_that_the_daemon_hears() -> None:
    assert instructions("STOPSIGNAL") == ["SIGTERM"]


@pytest.mark.parametrize("address", ["127.0.0.1:{}", ":{}", "0.0.0.0:{}", "localhost:{}"])
@pytest.mark.parametrize(("well", "exit_code"), [(True, 0), (False, 1)], ids=["well", "unwell"])
async def test_its_health_check_tells_whether_the_controller_lives(well: bool, exit_code: int, address: str) -> None:
    room = FakeControlRoom()
    room.well = Health(live=well, ready=False)
    async with health_on_tcp(room, "127.0.0.1", 0, str) as (_, port):
        assert await asked_for_health(address.format(port)) == exit_code


async def test_a_controller_that_does_not_answer_is_not_well() -> None:
    async with health_on_tcp(FakeControlRoom(), "127.0.0.1", 0, str) as (host, port):
        listened = f"{host}:{port}"
    assert await asked_for_health(listened) == 1


async def asked_for_health(listen: str) -> int:
    """The exit code of the image's health check, behind a proxy that there is not."""
    python, script = health_command()
    assert python == "python"
    assert f"COPY deploy/healthy.py {script}" in (DEPLOY / "Dockerfile").read_text()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        DEPLOY / "healthy.py",
        env={"PATH": os.environ["PATH"], "ARCDECK_HTTP_LISTEN": listen, "http_proxy": "http://127.0.0.1:1"},
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


def test_ecs_which_does_not_read_it_asks_the_same() -> None:
    definition = template()["Resources"]["TaskDefinition"]["Properties"]
    asked: Any = definition["ContainerDefinitions"][0]["HealthCheck"]["Command"]
    assert asked == ["CMD", *health_command()]
