"""From ecs-arc to arcdeck and back, with 60 runners at work: none lost, doubled or stopped (behaviour.md row 24).

What is taken over carries the original's marks and no id of ours; the session of the original may still be open.
"""

import asyncio

import pytest

from core.api.model import RunnerState
from core.world.github import Job
from core.world.world import World
from tests.integration.conftest import TOML, Stages
from tests.integration.faults.outsiders import jobs, until
from tests.integration.original import original

pytestmark = pytest.mark.virtual_time

FAMILIES = ("small", "medium", "large")
EACH = 20
TOMLS = "".join(TOML.replace("small", family).replace("= 10", "= 25") for family in FAMILIES)


def results(running: list[Job]) -> set[str | None]:
    """How the jobs ended; None for one that has not."""
    return {job.result for job in running}


def labels_of(world: World) -> set[str]:
    """All labels of all scale sets."""
    return {label.name for ref in world.github.scale_sets.values() for label in ref.labels}


def starts(world: World) -> int:
    return world.ecs.calls["RunTask"]


async def test_sixty_running_jobs_are_taken_over_and_given_back(stages: Stages) -> None:
    async with stages.world(toml=TOMLS) as world, stages.aws(world):
        running: list[Job] = []
        async with original(world) as theirs:
            await theirs.set_up(FAMILIES)
            for family in FAMILIES:
                running += await theirs.serve(family, EACH, 3_000)
        assert starts(world) == 60
        # It was killed: its sessions are open, and we stand by until they lapse.
        async with stages.controller(world, toml=TOMLS) as stage:
            await until(lambda: stage.engine.health().ready, 180)
            assert len(stage.in_state(RunnerState.ASSUMED_BUSY, RunnerState.BUSY)) == 60
            await asyncio.sleep(600)
            assert starts(world) == 60
            fresh = jobs(world, 3, scale_set="small", seconds=1_500)
            await until(lambda: all(job.runner_name for job in fresh), 240)
            assert starts(world) == 63
            assert "arcdeck.controller.test" in labels_of(world)
        assert world.ecs.calls["StopTask"] == 0
        async with original(world) as theirs:
            await theirs.set_up(FAMILIES)
            assert "arcdeck.controller.test" not in labels_of(world)
            await until(lambda: None not in results(running + fresh), 3_600)
            await theirs.close_sessions()
        assert results(running + fresh) == {"succeeded"}
        assert starts(world) == 63
        assert world.ecs.calls["StopTask"] == 0


async def test_the_runners_of_the_original_are_served_to_their_end_by_us(stages: Stages) -> None:
    async with stages.world(toml=TOMLS) as world, stages.aws(world):
        async with original(world) as theirs:
            await theirs.set_up(FAMILIES)
            running = [job for family in FAMILIES for job in await theirs.serve(family, EACH, 900)]
            await theirs.close_sessions()
        async with stages.controller(world, toml=TOMLS) as stage:
            await until(lambda: None not in results(running), 1_500)
            await until(lambda: not world.ecs.running(), 300)
            await until(lambda: not world.github.runners, 300)
            assert stage.snapshot().controller.sweep_failed == ""
        assert results(running) == {"succeeded"}
        assert starts(world) == 60
        assert world.ecs.calls["StopTask"] == 0
