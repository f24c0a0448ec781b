"""A GitHub that keeps no labels but the name: GHES before 3.18 (github-scale-set-api.md section 3.8)."""

import pytest

from core.api.commands import AdoptScaleSet, Operator, Outcome
from core.api.model import ScaleSetState
from core.world.github import Quirks
from core.world.world import World, WorldSettings
from tests.integration.conftest import Stages
from tests.integration.faults.outsiders import at_github, jobs, outsider, runners, until

pytestmark = pytest.mark.virtual_time

GHES = WorldSettings(quirks=Quirks(drops_extra_labels=True), flow="acquire")


async def served(world: World) -> None:
    (job,) = jobs(world, 1, seconds=30.0)
    await until(lambda: job.result, 300)
    assert job.result == "succeeded"


async def test_what_we_made_is_known_again_after_a_restart(stages: Stages) -> None:
    async with stages.world(GHES) as world:
        for seed in (1, 2, 3):
            async with stages.controller(world, seed=seed):
                await served(world)
        assert {label.name for label in at_github(world).labels} == {"small"}


async def test_what_somebody_else_made_is_left_alone(stages: Stages) -> None:
    # invariant I5
    async with stages.world(GHES) as world:
        async with outsider(world) as client:
            await client.create_scale_set("small", ["small"], 1)
        stages.theatre(world).checker.foreign.scale_set(at_github(world))
        async with stages.controller(world) as stage:
            await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 60)
            assert "was not made by a controller of this kind" in stage.scale_set().reason


async def test_what_is_made_anew_by_somebody_else_is_not_ours_by_its_name(stages: Stages) -> None:
    # invariant I5
    async with stages.world(GHES) as world:
        async with stages.controller(world):
            await served(world)
        world.github.controls.vanish_scale_set(at_github(world).id)
        async with outsider(world) as client:
            await client.create_scale_set("small", ["small"], 1)
        stages.theatre(world).checker.foreign.scale_set(at_github(world))
        async with stages.controller(world, seed=2) as stage:
            await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 60)


async def test_with_its_journal_lost_it_is_adopted_once_and_known_from_then_on(stages: Stages) -> None:
    async with stages.world(GHES) as world:
        async with stages.controller(world):
            await served(world)
        async with stages.controller(world, name="another host", seed=2) as stage:
            await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 60)
            answer = await stage.engine.execute(AdoptScaleSet(id="1", scale_set="small"), Operator(uid=0, name="kim"))
            assert answer.outcome is Outcome.DONE, answer.text
            await served(world)
        async with stages.controller(world, name="another host", seed=3):
            await served(world)


async def test_one_that_is_no_longer_configured_goes(stages: Stages) -> None:
    # behaviour.md row 22
    three = runners("small", "medium", "large")
    async with stages.world(GHES, toml=three) as world:
        async with stages.controller(world, toml=three) as stage:
            await until(lambda: stage.engine.health().ready, 60)
        async with stages.controller(world, toml=runners("small", "medium")):
            await until(lambda: {ref.name for ref in world.github.scale_sets.values()} == {"small", "medium"}, 120)
