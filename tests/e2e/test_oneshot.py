"""One-shot commands as processes, against a daemon as a process: what an operator types, and what it does."""

import asyncio
import json
import sys

import pytest

from core.world.github import JobPhase
from core.world.world import World
from tests.daemons import Daemon, until
from tests.e2e.conftest import Starter

pytestmark = pytest.mark.e2e


async def arcdeck(daemon: Daemon, *arguments: str) -> tuple[int, str]:
    """Run a command as a shell does; its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "tui.cli", *arguments, "--socket", str(daemon.socket)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return await process.wait(), told.decode()


async def test_an_operator_looks_pauses_resumes_and_reads_what_was_done(world: World, daemon: Starter) -> None:
    one = await daemon()
    await until(lambda: world.github.calls["get_message"] > 0, "the daemon polls")

    assert "Health      ready" in (await arcdeck(one, "status"))[1]
    assert (await arcdeck(one, "pause", "small"))[0] == 0
    job = world.github.enqueue_job("small", name="unit", repository="acme/api", workflow="ci", duration=600)
    assert "PAUSED" in (await arcdeck(one, "scale-sets"))[1]
    assert not world.ecs.calls["RunTask"]

    assert (await arcdeck(one, "resume", "small"))[0] == 0
    await until(lambda: job.phase is JobPhase.RUNNING, "the job runs")
    code, told = await arcdeck(one, "why", "small")
    assert (code, "assigned 1, min 0 → want 1, max 10 → have 1" in told) == (0, True)

    code, told = await arcdeck(one, "events", "--since", "1h", "--kind", "command", "--json")
    commands = [json.loads(line)["data"]["command"]["kind"] for line in told.splitlines()]
    assert (code, commands) == (0, ["pause", "resume"])
    assert (await arcdeck(one, "retry", "nothing"))[0] == 1
