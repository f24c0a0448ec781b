"""Wrong input of every kind: one clear message, exit code 2, nothing changed, no traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.world.faults import Fault
from core.world.world import World
from tests.e2e.conftest import Starter

pytestmark = pytest.mark.e2e

WRITING_AWS = {"RunTask", "StopTask", "RegisterTaskDefinition", "DeregisterTaskDefinition", "TagResource"}
WRITING_GITHUB = {"create_scale_set", "update_scale_set", "delete_scale_set", "generate_jit_config", "create_session"}


def another_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


SETTINGS: dict[str, tuple[dict[str, str | None], str]] = {
    "no cluster": ({"ECS_CLUSTER": None, "ARCDECK_CONTROLLER_ID": "x"}, "ECS_CLUSTER"),
    "no credentials": (
        {"GITHUB_APP_PRIVATE_KEY": None, "GITHUB_APP_CLIENT_ID": None, "GITHUB_APP_INSTALLATION_ID": None},
        "GITHUB_TOKEN",
    ),
    "two sources": ({"SSM_PARAMETER_NAME": "/runners"}, "SSM_PARAMETER_NAME"),
    "no source": ({"TOML_CONFIG_FILE": None}, "TOML_CONFIG_FILE"),
    "a file that is not there": ({"TOML_CONFIG_FILE": "/nowhere/runners.toml"}, "/nowhere/runners.toml"),
    "a key that is none": ({"GITHUB_APP_PRIVATE_KEY": "hunter2"}, "GITHUB_APP_PRIVATE_KEY"),
    "an odd duration": ({"REAPER_INTERVAL": "soon"}, "REAPER_INTERVAL"),
    "an unknown cluster": ({"ECS_CLUSTER": "nowhere", "ARCDECK_CONTROLLER_ID": "x"}, "nowhere"),
    "no region": ({"AWS_REGION": None, "AWS_DEFAULT_REGION": ""}, "AWS_REGION"),
    "another App's key": ({"GITHUB_APP_PRIVATE_KEY": another_key()}, "private key"),
    "another installation": ({"GITHUB_APP_INSTALLATION_ID": "1"}, "installation"),
}

FAULTS: dict[str, tuple[Callable[[World], None], str]] = {
    "no right to list tasks": (
        lambda world: world.faults.add(
            "ListTasks",
            Fault("status", status=400, body='{"__type": "AccessDeniedException", "message": "not authorized"}'),
            times=None,
        ),
        "ecs:ListTasks",
    ),
    "no right to register runners": (
        lambda world: world.faults.add(
            "registration_token",
            Fault("status", status=403, body='{"message": "Resource not accessible by integration"}'),
            times=None,
        ),
        "Resource not accessible",
    ),
}

DOCUMENTS = {
    "no TOML": ("[[runner]\n", "line 1"),
    "no runner": ("[defaults]\n", "no runner"),
    "a missing key": ('[[runner]]\nfamily = "a"\ncpu = 1024\n', "memory"),
    "min over max": (
        """
        [[runner]]
        family = "a"
        cpu = 1024
        memory = 2048
        compatibility = "EXTERNAL"
        min_runners = 5
        max_runners = 2
        """,
        "min_runners",
    ),
}


async def refused(world: World, daemon: Starter, changes: dict[str, str | None], named: str) -> None:
    one = await daemon(changes)
    assert await one.ended() == 2
    told = "".join(one.errors)
    assert named in told
    assert "Traceback" not in "".join(one.lines)
    assert "trying again" not in "".join(one.lines)
    assert "hunter2" not in "".join(one.lines)
    assert not WRITING_AWS & set(world.ecs.calls)
    assert not WRITING_GITHUB & set(world.github.calls)


@pytest.mark.parametrize("case", SETTINGS)
async def test_wrong_settings_are_named(world: World, daemon: Starter, case: str) -> None:
    changes, named = SETTINGS[case]
    await refused(world, daemon, changes, named)


@pytest.mark.parametrize("case", FAULTS)
async def test_a_missing_permission_is_named(world: World, daemon: Starter, case: str) -> None:
    arrange, named = FAULTS[case]
    arrange(world)
    await refused(world, daemon, {}, named)


@pytest.mark.parametrize("case", DOCUMENTS)
async def test_a_wrong_document_is_named(world: World, daemon: Starter, tmp_path: Path, case: str) -> None:
    text, named = DOCUMENTS[case]
    document = tmp_path / "wrong.toml"
    document.write_text(text)
    await refused(world, daemon, {"TOML_CONFIG_FILE": str(document)}, named)
