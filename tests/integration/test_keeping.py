"""Adopt, recreate, reload and agree: what operators may do with scale sets as such, and with the configuration."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.api.commands import AdoptScaleSet, Answer, Operator, Outcome, RecreateScaleSet, TendConfiguration
from core.api.events import EventQuery
from core.api.model import RunnerState, ScaleSetState
from core.world.faults import Fault
from tests.integration.conftest import TOML, Stage, Stages
from tests.integration.faults.outsiders import at_github, jobs, outsider, runners, until

pytestmark = pytest.mark.virtual_time

ALICE = Operator(uid=1000, name="alice")
ids = itertools.count()


async def ready(stage: Stage) -> None:
    await until(lambda: stage.engine.health().ready, 180)


async def ask(stage: Stage, make: Callable[..., Any], **about: object) -> Answer:
    return await stage.engine.execute(make(id=str(next(ids)), **about), ALICE)


# --- adopt ---------------------------------------------------------------------------------------------------------


async def test_a_scale_set_of_another_controller_is_adopted_with_its_tasks_and_its_family(stages: Stages) -> None:
    # behaviour.md rows 24 and 25
    blue, green = {"ARCDECK_CONTROLLER_ID": "blue"}, {"ARCDECK_CONTROLLER_ID": "green"}
    async with stages.world() as world:
        async with stages.controller(world, name="blue", settings=blue) as stage:
            await ready(stage)
            pair = jobs(world, 2, seconds=1_500)
            await until(lambda: len(stage.in_state(RunnerState.BUSY)) == 2, 180)
        async with stages.controller(world, name="green", settings=green, seed=2) as stage:
            await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 60)
            assert "belongs to controller blue" in stage.scale_set().reason
            refused = await ask(stage, AdoptScaleSet, scale_set="small")
            assert (refused.outcome, "--from blue" in refused.text) == (Outcome.REFUSED, True)
            answer = await ask(stage, AdoptScaleSet, scale_set="small", owner="blue")
            assert answer.outcome is Outcome.DONE, answer.text
            assert "with 2 tasks" in answer.text
            await ready(stage)
            assert len(stage.in_state(RunnerState.ASSUMED_BUSY, RunnerState.BUSY)) == 2
            again = await ask(stage, AdoptScaleSet, scale_set="small", owner="blue")
            assert again.outcome is Outcome.ALREADY
            await until(lambda: all(job.result for job in pair), 2_000)
            (command, *_) = [e async for e in stage.engine.events(EventQuery(kinds=("command",)), follow=False)]
            assert (command.operator, command.scale_set) == ("alice", "small")
        labels = {label.name for label in at_github(world).labels}
        assert "arcdeck.controller.green" in labels
        assert "arcdeck.controller.blue" not in labels
        assert {job.result for job in pair} == {"succeeded"}
        assert world.ecs.calls["RunTask"] == 2


async def test_what_another_controller_still_listens_to_is_not_adopted(stages: Stages) -> None:
    blue, green = {"ARCDECK_CONTROLLER_ID": "blue"}, {"ARCDECK_CONTROLLER_ID": "green"}
    async with stages.world() as world, stages.controller(world, name="blue", settings=blue) as first:
        await ready(first)
        async with stages.controller(world, name="green", settings=green, seed=2) as second:
            await until(lambda: second.scale_set().state is ScaleSetState.DEGRADED, 60)
            answer = await ask(second, AdoptScaleSet, scale_set="small", owner="blue")
            assert (answer.outcome, "stop that controller first" in answer.text) == (Outcome.REFUSED, True)
        assert first.engine.health().ready
        assert "arcdeck.controller.blue" in {label.name for label in at_github(world).labels}


async def test_a_scale_set_and_a_family_without_any_mark_are_adopted(stages: Stages) -> None:
    async with stages.world() as world:
        world.ecs.plant_definition("small")
        async with outsider(world) as client:
            await client.create_scale_set("small", ["small"], 1)
        async with stages.controller(world) as stage:
            await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 60)
            answer = await ask(stage, AdoptScaleSet, scale_set="small")
            assert answer.outcome is Outcome.DONE, answer.text
            await ready(stage)
            (job,) = jobs(world, 1)
            await until(lambda: job.result, 300)


async def test_what_is_not_configured_cannot_be_adopted(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        answer = await ask(stage, AdoptScaleSet, scale_set="other")
        assert (answer.outcome, "names no scale set other" in answer.text) == (Outcome.REFUSED, True)


async def test_an_adoption_that_was_cut_short_is_simply_asked_for_again(stages: Stages) -> None:
    async with stages.world() as world:
        async with outsider(world) as client:
            await client.create_scale_set("small", ["small"], 1)
        async with stages.controller(world) as stage:
            await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 60)
            world.faults.add("update_scale_set", Fault("status", status=403))
            assert (await ask(stage, AdoptScaleSet, scale_set="small")).outcome is Outcome.FAILED
            assert (await ask(stage, AdoptScaleSet, scale_set="small")).outcome is Outcome.DONE
            await ready(stage)


# --- recreate ------------------------------------------------------------------------------------------------------


async def test_a_scale_set_whose_counters_are_stuck_is_made_anew(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        old = at_github(world)
        world.github.controls.override_statistics(old.id, totalAssignedJobs=2, totalRunningJobs=0)
        world.github.controls.post(old.id, [])
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 2, 300)
        preview = await ask(stage, RecreateScaleSet, scale_set="small", preview=True)
        assert preview.text.startswith("small would be deleted on GitHub and made anew: 2 runners without a job")
        assert at_github(world) is old
        answer = await ask(stage, RecreateScaleSet, scale_set="small")
        assert answer.outcome is Outcome.DONE, answer.text
        await until(lambda: old.id not in world.github.scale_sets and world.github.scale_set("small"), 60)
        await until(lambda: stage.scale_set().assigned == 0, 60)
        await until(lambda: not world.ecs.running(), 1_200)
        (job,) = jobs(world, 1)
        await until(lambda: job.result, 300)


async def test_one_with_a_busy_runner_is_not_made_anew(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        old = at_github(world)
        (job,) = jobs(world, 1, seconds=120.0)
        await until(lambda: stage.in_state(RunnerState.BUSY), 180)
        for preview in (True, False):
            answer = await ask(stage, RecreateScaleSet, scale_set="small", preview=preview)
            assert (answer.outcome, "may have a job" in answer.text) == (Outcome.REFUSED, True)
        assert at_github(world) is old
        await until(lambda: job.result, 300)


# --- reload --------------------------------------------------------------------------------------------------------


async def test_a_changed_configuration_is_taken_up_when_somebody_asks(stages: Stages, tmp_path: Path) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        file = tmp_path / "controller.toml"
        assert (await ask(stage, TendConfiguration, kind="reload")).outcome is Outcome.ALREADY
        file.write_text(TOML.replace("= 10", "= 7"))
        assert (await ask(stage, TendConfiguration, kind="reload")).outcome is Outcome.DONE
        await until(lambda: stage.scale_set().maximum == 7, 10)
        file.write_text("[[runner]]")
        answer = await ask(stage, TendConfiguration, kind="reload")
        assert (answer.outcome, "the last good one stays in force" in answer.text) == (Outcome.FAILED, True)
        assert stage.scale_set().maximum == 7


# --- agree ---------------------------------------------------------------------------------------------------------

THREE = runners("small", "medium", "large")


async def test_a_removal_found_at_start_goes_on_once_somebody_agrees_and_a_restart_remembers(stages: Stages) -> None:
    # behaviour.md row 22
    one = runners("small")
    async with stages.world(toml=THREE) as world:
        async with stages.controller(world, toml=THREE) as stage:
            await ready(stage)
            job = world.github.enqueue_job("large", name="deploy", repository="acme/api", workflow="cd", duration=600)
            await until(lambda: job.runner_name, 240)
        async with stages.controller(world, toml=one) as stage:
            await ready(stage)
            assert stage.scale_set("large").state is ScaleSetState.OBSERVING
            answer = await ask(stage, TendConfiguration, kind="agree")
            assert answer.text == "these drain now, and then they go: large, medium"
            assert (await ask(stage, TendConfiguration, kind="agree")).outcome is Outcome.ALREADY
            await until(lambda: stage.scale_set("large").state is ScaleSetState.RETIRING, 60)
        async with stages.controller(world, toml=one) as stage:
            await until(lambda: job.result, 900)
            await until(lambda: {ref.name for ref in world.github.scale_sets.values()} == {"small"}, 600)
        assert job.result == "succeeded"


async def test_a_removal_that_waits_while_we_run_goes_on_once_somebody_agrees(stages: Stages, tmp_path: Path) -> None:
    # behaviour.md row 22
    async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE) as stage:
        await ready(stage)
        (tmp_path / "controller.toml").write_text(runners("small"))
        assert (await ask(stage, TendConfiguration, kind="reload")).outcome is Outcome.DONE
        await asyncio.sleep(60)
        assert len(world.github.scale_sets) == 3
        assert "arcdeck agree" in " ".join(stage.engine.health().reasons)
        assert (await ask(stage, TendConfiguration, kind="agree")).outcome is Outcome.DONE
        await until(lambda: {ref.name for ref in world.github.scale_sets.values()} == {"small"}, 300)
        assert stage.engine.health().reasons == ()
