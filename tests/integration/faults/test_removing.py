"""Scale sets that the configuration no longer names (behaviour.md row 22)."""

import asyncio

import pytest

from core.api.model import ScaleSetState
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
