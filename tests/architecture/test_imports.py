"""What gets loaded, seen in a fresh process: the run-time twin of the import contracts."""

import json
import subprocess
import sys

import pytest


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after the statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True, text=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("foreign", ["textual", "moto", "core.world", "tui"])
def test_loading_the_daemon_loads_no_screen_and_no_world(foreign: str) -> None:
    assert foreign not in loaded_by("import core.daemon")


@pytest.mark.parametrize("foreign", ["textual", "rich", "aioboto3", "httpx", "core.engine", "core.world"])
def test_loading_the_command_line_loads_neither_a_screen_nor_the_controller(foreign: str) -> None:
    assert foreign not in loaded_by("import tui.cli")


@pytest.mark.parametrize("foreign", ["asyncio", "logging", "pydantic", "socket", "sqlite3"])
def test_the_domain_needs_no_machinery(foreign: str) -> None:
    modules = ["errors", "reaping", "runner", "run_task", "scale_set", "scaling", "placement", "backoff", "messages"]
    bare = loaded_by("import dataclasses, enum, typing, re, hashlib, datetime")
    assert foreign not in loaded_by("".join(f"import core.domain.{name}\n" for name in modules)) - bare


def test_loading_the_screen_does_not_load_the_controller() -> None:
    modules = loaded_by("import tui.app")
    assert not {name for name in modules if name.startswith(("core.engine", "core.adapters", "core.domain"))}
