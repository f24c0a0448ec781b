"""Scale sets that the configuration no longer names (behaviour.md row 22)."""

import asyncio

import pytest

from core.api.model import ScaleSetState
from core.world.world import World
from tests.integration.conftest import TOML, Stages

pytestmark = pytest.mark.virtual_time


def families(*names: str) -> str:
    return "\n".join(TOML.replace("small", name) for name in names)


THREE = families("small", "medium", "large")


async def test_a_removed_scale_set_drains_and_then_goes(stages: Stages) -> None:
    # behaviour.md row 22: in the original its tasks run on and nobody reaps them
    async with stages.world(toml=THREE) as world:
        async with stages.controller(world, toml=THREE):
            await asyncio.sleep(5)
        async with stages.controller(world, toml=families("small", "medium")) as stage:
            await asyncio.sleep(120)
            assert {ref.name for ref in world.github.scale_sets.values()} == {"small", "medium"}
            assert [view.name for view in stage.snapshot().scale_sets] == ["small", "medium"]


def registered(world: World) -> set[str]:
    """The families that have an ACTIVE revision."""
    return {definition.family for definition in world.ecs.definitions.values() if definition.is_active}


async def test_its_task_definitions_are_withdrawn_every_revision_of_them(stages: Stages) -> None:
    # behaviour.md 1.6
    async with stages.world(toml=THREE) as world:
        for cpu in ("1024", "2048", "4096"):
            changed = THREE.replace("cpu = 1024", f"cpu = {cpu}")
            async with stages.controller(world, toml=changed):
                await asyncio.sleep(5)
        async with stages.controller(world, toml=families("small", "medium")) as stage:
            await asyncio.sleep(120)
            assert registered(world) == {"small", "medium"}
            assert "task definition family large withdrawn, 3 revisions: no longer configured" in stage.events(
                "definition"
            )
        async with stages.controller(world, toml=THREE):
            await asyncio.sleep(30)
        assert registered(world) == {"small", "medium", "large"}


async def test_a_family_that_another_scale_set_uses_is_left(stages: Stages) -> None:
    # behaviour.md 1.6: a prefix that was changed names the scale sets anew, not their families
    async with stages.world(toml=THREE) as world:
        async with stages.controller(world, toml=THREE):
            await asyncio.sleep(5)
        settings = {"SCALESET_NAME_PREFIX": "new", "ARCDECK_CONTROLLER_ID": "test"}
        async with stages.controller(world, toml=THREE, settings=settings, allow_mass_removal=True):
            await asyncio.sleep(300)
        assert {ref.name for ref in world.github.scale_sets.values()} == {"new-small", "new-medium", "new-large"}
        assert registered(world) == {"small", "medium", "large"}


async def test_a_role_that_may_not_withdraw_them_keeps_no_scale_set_from_going(stages: Stages) -> None:
    async with stages.world(toml=THREE) as world:
        async with stages.controller(world, toml=THREE):
            await asyncio.sleep(5)
        world.iam.refused.add("ecs:ListTaskDefinitions")
        async with stages.controller(world, toml=families("small", "medium")) as stage:
            await asyncio.sleep(120)
            assert {ref.name for ref in world.github.scale_sets.values()} == {"small", "medium"}
            assert stage.events("definition-left")


async def test_one_with_a_busy_runner_waits_for_a_confirmation_and_its_job_ends_well(stages: Stages) -> None:
    async with stages.world(toml=THREE) as world:
        async with stages.controller(world, toml=THREE):
            await asyncio.sleep(5)
            job = world.github.enqueue_job("large", name="deploy", repository="acme/api", workflow="cd", duration=600)
            await asyncio.sleep(120)
        async with stages.controller(world, toml=families("small", "medium")) as stage:
            await asyncio.sleep(30)
            view = stage.scale_set("large")
            assert view.state is ScaleSetState.OBSERVING
            assert "1 busy runners" in view.reason
            assert len(world.ecs.running("large")) == 1
        async with stages.controller(world, toml=families("small", "medium"), allow_mass_removal=True) as stage:
            await asyncio.sleep(30)
            assert stage.scale_set("large").state is ScaleSetState.RETIRING
            await asyncio.sleep(900)
            assert job.result == "succeeded"
            assert "large" not in {ref.name for ref in world.github.scale_sets.values()}
            assert not world.ecs.running("large")


async def test_a_renamed_prefix_removes_nothing_until_somebody_agrees(stages: Stages) -> None:
    # behaviour.md row 22: a one-word edit of a prefix removes everything
    renamed = families("small", "medium", "large")
    async with stages.world(toml=THREE) as world:
        async with stages.controller(world, toml=THREE):
            await asyncio.sleep(5)
        settings = {"SCALESET_NAME_PREFIX": "new", "ARCDECK_CONTROLLER_ID": "test"}
        async with stages.controller(world, toml=renamed, settings=settings) as stage:
            await asyncio.sleep(120)
            assert {"small", "medium", "large", "new-small"} <= {r.name for r in world.github.scale_sets.values()}
            assert any("--allow-mass-removal" in text for text in stage.events("retiring"))
