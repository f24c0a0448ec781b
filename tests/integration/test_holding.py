"""Hold a runner, so that somebody can look into it: no rule ends it, the clock ends the hold, a restart does not."""

import asyncio
import itertools

import pytest

from core.api.commands import Answer, HoldRunner, Operator, Outcome, ReleaseRunner, SteerScaleSet, StopTask
from core.api.events import EventQuery, EventRecord
from core.api.model import RunnerState, RunnerView
from core.world.ecs.mishaps import Stuck
from core.world.ecs.states import TaskState
from tests.integration.conftest import Stage, Stages
from tests.integration.faults.outsiders import jobs, runners, until

pytestmark = pytest.mark.virtual_time

ALICE = Operator(uid=1000, name="alice")
HOUR = 3600.0
ids = itertools.count()


async def hold(stage: Stage, runner: str, seconds: float = HOUR) -> Answer:
    return await stage.engine.execute(HoldRunner(id=f"h{next(ids)}", runner=runner, seconds=int(seconds)), ALICE)


async def release(stage: Stage, runner: str) -> Answer:
    return await stage.engine.execute(ReleaseRunner(id=f"r{next(ids)}", runner=runner), ALICE)


async def told(stage: Stage, *kinds: str) -> list[EventRecord]:
    return [event async for event in stage.engine.events(EventQuery(kinds=kinds), follow=False)]


async def one(stage: Stage, *states: RunnerState) -> RunnerView:
    """The first runner in one of these states, as soon as there is one."""
    await until(lambda: stage.in_state(*states), 600)
    return stage.in_state(*states)[0]


def present(stage: Stage, name: str) -> RunnerView:
    return next(view for view in stage.snapshot().runners if view.name == name)


async def test_a_held_task_outlives_its_limit_until_it_is_released(stages: Stages) -> None:
    async with stages.world(settle=1200.0) as world, stages.controller(world) as stage:
        world.ecs.next_start(Stuck(TaskState.PENDING))
        jobs(world, 1, seconds=60.0)
        stuck = await one(stage, RunnerState.PENDING)
        answer = await hold(stage, stuck.name)
        assert answer.outcome is Outcome.DONE
        assert "no rule stops it, and nobody drains it" in answer.text
        await asyncio.sleep(900)
        held = present(stage, stuck.name)
        assert (held.state, held.limit) == (RunnerState.PENDING, None)
        assert held.why.startswith("held by alice until ")
        await release(stage, stuck.name)
        await until(lambda: present(stage, stuck.name).state is RunnerState.FAILED, 120)
        assert "stuck in PENDING" in present(stage, stuck.name).reason


async def test_a_hold_ends_by_the_clock_and_says_so(stages: Stages) -> None:
    async with stages.world(settle=1200.0) as world, stages.controller(world) as stage:
        world.ecs.next_start(Stuck(TaskState.PENDING))
        jobs(world, 1, seconds=60.0)
        stuck = await one(stage, RunnerState.PENDING)
        await hold(stage, stuck.name, 600)
        await asyncio.sleep(595)
        assert present(stage, stuck.name).hold is not None
        await asyncio.sleep(60)
        assert present(stage, stuck.name).hold is None
        (over,) = await told(stage, "released")
        assert over.text == f"{stuck.name} was held by alice for 10m0s: the rules hold for it again"


async def test_a_held_idle_runner_is_not_drained_with_its_scale_set(stages: Stages) -> None:
    toml = runners("small", min_runners=2)
    async with stages.world(toml=toml, settle=1200.0) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 2, 600)
        mine, _other = stage.in_state(RunnerState.IDLE)
        await hold(stage, mine.name)
        await stage.engine.execute(SteerScaleSet(kind="drain", id="d", scale_set="small"), ALICE)
        await asyncio.sleep(900)
        assert present(stage, mine.name).state is RunnerState.IDLE
        assert [view.name for view in stage.in_state(RunnerState.IDLE)] == [mine.name]
        await release(stage, mine.name)
        await until(lambda: not stage.in_state(RunnerState.IDLE), 900)


async def test_a_held_runner_goes_on_with_its_job_past_max_runtime(stages: Stages) -> None:
    toml = runners("small", max_runtime="10m")
    async with stages.world(toml=toml, settle=1200.0) as world, stages.controller(world, toml=toml) as stage:
        (job,) = jobs(world, 1, seconds=1500.0)
        busy = await one(stage, RunnerState.BUSY)
        await hold(stage, busy.name)
        await until(lambda: job.result, 2000)
        assert job.result == "succeeded"


async def test_a_hold_survives_a_restart_and_so_does_its_end(stages: Stages) -> None:
    toml = runners("small", min_runners=2)
    async with stages.world(toml=toml) as world:
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 2, 600)
            first, second = (view.name for view in stage.in_state(RunnerState.IDLE))
            await hold(stage, first)
            await hold(stage, second)
            until_when = present(stage, first).hold
            await release(stage, second)
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: len(stage.snapshot().runners) >= 2, 120)
            again = present(stage, first).hold
            assert (again is not None, present(stage, second).hold) == (True, None)
            assert again is not None
            assert until_when is not None
            assert (again.by, round(again.until)) == ("alice", round(until_when.until))


async def test_a_person_stops_a_held_runner(stages: Stages) -> None:
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        idle = await one(stage, RunnerState.IDLE)
        await hold(stage, idle.name)
        answer = await stage.engine.execute(StopTask(id="s", runner=idle.name), ALICE)
        assert answer.outcome is Outcome.DONE
        await asyncio.sleep(400)
        gone = present(stage, idle.name)
        assert (gone.state, gone.reason) == (RunnerState.STOPPED, "arcdeck: stopped by alice")


async def test_who_leaves_already_or_is_not_there_cannot_be_held(stages: Stages) -> None:
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        idle = await one(stage, RunnerState.IDLE)
        await stage.engine.execute(StopTask(id="s", runner=idle.name), ALICE)
        leaving = await hold(stage, idle.name)
        nobody = await hold(stage, "small-deadbeef")
        free = await release(stage, idle.name)
        assert (leaving.outcome, "removed on GitHub" in leaving.text) == (Outcome.REFUSED, True)
        assert (nobody.outcome, nobody.text) == (Outcome.REFUSED, "there is no runner small-deadbeef")
        assert (free.outcome, free.text) == (Outcome.ALREADY, f"{idle.name} is not held")


async def test_a_hold_is_in_the_journal_with_who_asked_for_it(stages: Stages) -> None:
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        idle = await one(stage, RunnerState.IDLE)
        await hold(stage, idle.name)
        command, held = await told(stage, "command", "held")
        if command.kind == "held":
            command, held = held, command
        assert (held.operator, held.runner, held.data["seconds"]) == ("alice", idle.name, HOUR)
        assert command.text.startswith(f"hold {idle.name} for 1h0m0s, asked for by alice: done")
