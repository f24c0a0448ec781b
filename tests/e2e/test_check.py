"""``arcdeck check`` as a process: what it says on a page, and to those who read no more than its beginning."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.world.world import World
from tests.daemons import Daemons
from tests.e2e.test_bad_input import WRITING_AWS, WRITING_GITHUB

pytestmark = pytest.mark.e2e


async def check(
    world: World, folder: Path, arguments: str = "", changes: Mapping[str, str | None] | None = None
) -> tuple[int, str]:
    """Run it in a shell; its exit code, and all that was said."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"set -o pipefail; {sys.executable} -P -m tui.cli check {arguments}"),
        env=Daemons(world, folder).environ(changes or {}),
        cwd="/",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return await process.wait(), told.decode()


async def test_a_world_without_a_fault_is_as_it_should_be_and_stays_as_it_is(world: World, tmp_path: Path) -> None:
    code, page = await check(world, tmp_path)
    assert (code, page.splitlines()[-1]) == (0, "Everything is as it should be.")
    assert "create  scale set small" in page
    assert not any(world.ecs.calls[operation] for operation in WRITING_AWS)
    assert not any(world.github.calls[operation] for operation in WRITING_GITHUB)


async def test_a_reader_who_has_seen_enough_gets_no_traceback(world: World, tmp_path: Path) -> None:
    assert await check(world, tmp_path, "| head -c 3") == (0, "ok ")
    code, page = await check(world, tmp_path, "--json | head -c 2")
    assert (code, page) == (0, '{"')


async def test_what_is_wrong_is_a_page_and_exit_code_2(world: World, tmp_path: Path) -> None:
    code, page = await check(world, tmp_path, changes={"ECS_CLUSTER": None, "GITHUB_CONFIG_URL": None})
    assert code == 2
    assert "NO  settings" in page
    assert "Traceback" not in page
    code, page = await check(world, tmp_path, "--json", {"TOML_CONFIG_FILE": "/nowhere/runners.toml"})
    assert (code, json.loads(page)["ok"]) == (2, False)
