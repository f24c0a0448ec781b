"""Pause, drain, resume and retry a whole scale set: what follows, what lasts, what is refused."""

import asyncio
import itertools
import random
from typing import Literal

import pytest

from core.api.commands import Answer, Operator, Outcome, SteerScaleSet
from core.api.events import EventQuery, EventRecord
from core.api.model import RunnerState, ScaleSetState
from core.world.faults import Fault
from core.world.world import WorldSettings
from tests.integration.conftest import TOML, Stage, Stages
from tests.integration.faults.outsiders import jobs, runners, until

pytestmark = pytest.mark.virtual_time

ALICE = Operator(uid=1000, name="alice")
NO_ROLE = Fault(
    "status",
    status=400,
    body={"__type": "ClientException", "message": "ECS was unable to assume the role that was provided for this task."},
)
ids = itertools.count()


async def ready(stage: Stage) -> None:
    """Return when every scale set listens."""
    await until(lambda: stage.engine.health().ready, 120)


async def steer(stage: Stage, kind: Literal["pause", "drain", "resume", "retry"], name: str = "small") -> Answer:
    return await stage.engine.execute(SteerScaleSet(kind=kind, id=str(next(ids)), scale_set=name), ALICE)


async def told(stage: Stage, *kinds: str) -> list[EventRecord]:
    """What the journal, or this run, knows of these kinds."""
    return [event async for event in stage.engine.events(EventQuery(kinds=kinds), follow=False)]


def refused(answer: Answer) -> str:
    assert answer.outcome is Outcome.REFUSED, answer
    return answer.text


# --- pause and resume ----------------------------------------------------------------------------------------------


async def test_a_paused_scale_set_starts_nothing_and_what_runs_goes_on(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        (running,) = jobs(world, 1, seconds=120.0)
        await until(lambda: stage.in_state(RunnerState.BUSY), 120)
        answer = await steer(stage, "pause")
        assert (answer.outcome, answer.text) == (Outcome.DONE, "small starts nothing more, and what runs goes on")
        (later,) = jobs(world, 1, seconds=30.0)
        await asyncio.sleep(600)
        assert (running.result, later.result, world.ecs.calls["RunTask"]) == ("succeeded", None, 1)
        await steer(stage, "resume")
        await until(lambda: later.result, 180)
        assert later.result == "succeeded"


async def test_a_pause_is_shown_with_who_and_since_when(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        await steer(stage, "pause")
        await until(lambda: stage.scale_set().capacity == 0, 5)
        view = stage.scale_set()
        assert (view.state, view.pause and view.pause.by) == (ScaleSetState.PAUSED, "alice")
        assert view.reason.startswith("paused by alice since ")
        assert stage.engine.health().ready


async def test_a_start_that_waited_its_turn_when_the_pause_came_is_not_made(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world, settings={"START_CONCURRENCY": "1"}) as stage:
        await ready(stage)
        world.faults.add("generate_jit_config", Fault("latency", seconds=10))
        jobs(world, 8, seconds=60.0)
        await until(lambda: len(stage.in_state(RunnerState.RESERVED)) == 8, 60)
        await steer(stage, "pause")
        await asyncio.sleep(60)
        assert world.ecs.calls["RunTask"] == 1
        assert "held: paused by alice" in stage.scale_set().why
        await steer(stage, "resume")


async def test_a_pause_survives_a_restart_and_so_does_its_end(stages: Stages) -> None:
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await ready(stage)
            await steer(stage, "pause")
        async with stages.controller(world) as stage:
            await ready(stage)
            (job,) = jobs(world, 1, seconds=30.0)
            await asyncio.sleep(120)
            view = stage.scale_set()
            assert (view.state, view.pause and view.pause.by) == (ScaleSetState.PAUSED, "alice")
            assert not world.ecs.calls["RunTask"]
            await steer(stage, "resume")
            await until(lambda: job.result, 180)
        async with stages.controller(world) as stage:
            await ready(stage)
            assert stage.scale_set().pause is None


async def test_a_pause_outlasts_that_the_configuration_does_not_name_the_scale_set_for_a_while(stages: Stages) -> None:
    two = "".join(TOML.replace("small", name) for name in ("small", "medium"))
    medium = TOML.replace("small", "medium")
    async with stages.world(toml=two) as world:
        async with stages.controller(world, toml=two) as stage:
            await ready(stage)
            await steer(stage, "pause")
        async with stages.controller(world, toml=medium, allow_mass_removal=True) as stage:
            await until(lambda: [view.name for view in stage.snapshot().scale_sets] == ["medium"], 120)
        async with stages.controller(world, toml=two) as stage:
            await ready(stage)
            assert stage.scale_set().state is ScaleSetState.PAUSED
            await steer(stage, "resume")


async def test_pausing_again_says_who_did_and_resuming_again_that_nobody_does(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        answers = [await steer(stage, kind) for kind in ("pause", "pause", "resume", "resume")]
        outcomes = [Outcome.DONE, Outcome.ALREADY, Outcome.DONE, Outcome.ALREADY]
        assert [answer.outcome for answer in answers] == outcomes
        assert answers[1].text.startswith("small is paused by alice since ")
        assert answers[3].text == "small is not paused"
        assert len(await told(stage, "paused")) == len(await told(stage, "resumed")) == 1


async def test_what_was_asked_for_is_journalled_with_who_what_and_the_result(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        await steer(stage, "pause")
        (command,) = await told(stage, "command")
        (paused,) = await told(stage, "paused")
        assert (command.operator, command.scale_set, command.data["outcome"]) == ("alice", "small", "done")
        assert command.data["command"]["kind"] == "pause"
        assert (paused.operator, paused.scale_set, paused.data) == ("alice", "small", {"drains": False})


# --- drain ---------------------------------------------------------------------------------------------------------


async def test_draining_sends_idle_runners_away_and_lets_busy_ones_finish(stages: Stages) -> None:
    toml = runners("small", min_runners=3)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 3, 180)
        (job,) = jobs(world, 1, seconds=600.0)
        await until(lambda: stage.in_state(RunnerState.BUSY), 60)
        answer = await steer(stage, "drain")
        assert answer.outcome is Outcome.DONE
        assert "2 idle runners were taken off GitHub" in answer.text
        await until(lambda: len(world.ecs.running()) == 1, 300)
        assert stage.scale_set().pause == stage.scale_set().pause.model_copy(update={"drains": True})  # type: ignore[union-attr]  # it has one
        await until(lambda: not world.ecs.running(), 900)
        assert job.result == "succeeded"
        await asyncio.sleep(120)
        assert not world.ecs.running()
        await steer(stage, "resume")
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 3, 180)


async def test_a_runner_that_becomes_idle_in_a_draining_scale_set_goes_after_the_grace(stages: Stages) -> None:
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.in_state(RunnerState.PENDING), 60)
        await steer(stage, "drain")
        await until(lambda: stage.in_state(RunnerState.IDLE), 180)
        assert await until(lambda: not world.ecs.running(), 900) >= 300
        await steer(stage, "resume")
        await until(lambda: stage.in_state(RunnerState.IDLE), 180)


async def test_draining_again_says_that_nothing_is_left_to_do(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        await steer(stage, "pause")
        first, again = await steer(stage, "drain"), await steer(stage, "drain")
        assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.ALREADY)


async def test_a_drain_that_github_interrupts_says_how_far_it_came(stages: Stages) -> None:
    toml = runners("small", min_runners=2)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 2, 180)
        for operation in ("remove_runner", "delete_runner"):
            world.faults.add(operation, Fault("status", status=403, body={"message": "no"}), times=None)
        answer = await steer(stage, "drain")
        assert answer.outcome is Outcome.FAILED
        assert answer.text.startswith("small is paused, 0 of 2 idle runners were taken off GitHub, then: ")
        world.faults.clear()
        assert (await steer(stage, "drain")).outcome is Outcome.DONE
        await until(lambda: not world.ecs.running(), 300)
        await steer(stage, "resume")
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 2, 180)


# --- retry ---------------------------------------------------------------------------------------------------------


async def test_after_a_retry_nobody_waits_for_the_backoff(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.ecs.capacity.close("RESOURCE:MEMORY")
        jobs(world, 1, seconds=60.0)
        await until(lambda: (view := stage.scale_set().backoff) and view.failures == 4, 300)
        world.ecs.capacity.open()
        answer = await steer(stage, "retry")
        assert answer.outcome is Outcome.DONE
        assert answer.text.startswith("small tries again now: forgot that there is no room in ")
        assert await until(lambda: world.ecs.tasks, 60) <= 2
        assert stage.scale_set().backoff is None


async def test_after_a_retry_a_blocked_scale_set_starts_again(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", NO_ROLE, times=3)
        jobs(world, 1, seconds=60.0)
        await until(lambda: stage.scale_set().state is ScaleSetState.BLOCKED, 60)
        answer = await steer(stage, "retry")
        assert "forgot that starts fail for good" in answer.text
        assert await until(lambda: world.ecs.tasks, 60) <= 2


async def test_a_retry_with_nothing_to_wait_for_has_nothing_to_do(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        answer = await steer(stage, "retry")
        assert (answer.outcome, answer.text) == (Outcome.ALREADY, "small waits for no backoff and no breaker")


async def test_a_retry_of_a_paused_scale_set_is_refused(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        await steer(stage, "pause")
        assert refused(await steer(stage, "retry")).endswith("; resume it first")


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pause", "drain", "resume", "retry"])
async def test_a_scale_set_of_somebody_else_is_refused(
    stages: Stages, kind: Literal["pause", "drain", "resume", "retry"]
) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        assert refused(await steer(stage, kind, "foreign")) == "it belongs to no scale set of this controller"
        (command,) = await told(stage, "command")
        assert command.data["outcome"] == "refused"


async def test_one_that_is_only_observed_can_be_paused_and_neither_drained_nor_retried(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as first:
        await ready(first)
        async with stages.controller(world, name="standby") as standby:
            await asyncio.sleep(20)
            for kind in ("drain", "retry"):
                assert "only observed" in refused(await steer(standby, kind))
            assert (await steer(standby, "pause")).outcome is Outcome.DONE
            assert (await steer(standby, "resume")).outcome is Outcome.DONE


async def test_one_that_is_no_longer_configured_is_refused(stages: Stages) -> None:
    three = "".join(TOML.replace("small", name) for name in ("small", "medium", "large"))
    async with stages.world(toml=three) as world:
        async with stages.controller(world, toml=three) as stage:
            await ready(stage)
            jobs(world, 1, scale_set="large", seconds=900.0)
            await until(lambda: stage.in_state(RunnerState.BUSY), 120)
        two = "".join(TOML.replace("small", name) for name in ("small", "medium"))
        async with stages.controller(world, toml=two, allow_mass_removal=True) as stage:
            await until(lambda: "large" in {view.name for view in stage.snapshot().scale_sets}, 60)
            assert "no longer configured" in refused(await steer(stage, "pause", "large"))
            await until(lambda: not world.ecs.running("large"), 1200)


# --- all of it at once ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_operators_do_no_job_is_lost_and_no_invariant_broken(stages: Stages, seed: int) -> None:
    dice, toml = random.Random(seed), runners("small", max_runners=4, min_runners=1, drain_grace="30s")
    async with stages.world(WorldSettings(seed=seed), toml=toml) as world:
        offered = jobs(world, 1)
        for life in range(2):
            async with stages.controller(world, toml=toml, seed=life) as stage:
                await ready(stage)
                for _ in range(30):
                    await steer(stage, dice.choice(("pause", "drain", "resume", "resume", "retry")))
                    offered += jobs(world, dice.choice((0, 0, 1, 2)), seconds=dice.uniform(10, 120))
                    if dice.random() < 0.1:
                        world.ecs.capacity.close("RESOURCE:MEMORY", seconds=dice.uniform(10, 120))
                    await asyncio.sleep(dice.uniform(1, 40))
        async with stages.controller(world, toml=toml, seed=2) as stage:
            await ready(stage)
            await steer(stage, "resume")
            await until(lambda: all(job.result for job in offered), 7200, step=10)
            assert {job.result for job in offered} == {"succeeded"}
