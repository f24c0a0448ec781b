"""Stop, sweep, preview, deregister and shutdown, against the whole world: what follows, the journal, the refusals."""

import asyncio
import itertools

import pytest

from core.api.commands import (
    Answer,
    Command,
    DeregisterRunner,
    Operator,
    Outcome,
    PreviewSweep,
    StopDaemon,
    StopTask,
    SweepNow,
)
from core.api.events import EventQuery, EventRecord
from core.api.model import RunnerState, RunnerView
from core.world.ecs.mishaps import Stuck
from core.world.ecs.states import TaskState
from tests.integration.conftest import Stage, Stages
from tests.integration.faults.outsiders import at_github, jobs, outsider, runners, until

pytestmark = pytest.mark.virtual_time

ALICE = Operator(uid=1000, name="alice")
WARM = runners("small", min_runners=1)
GHOST = "small-0000abcd"
_LIVE = (RunnerState.IDLE, RunnerState.DRAINING, RunnerState.STOPPING, RunnerState.FINISHING)
ids = itertools.count()


def new_id() -> str:
    return f"c{next(ids)}"


async def execute(stage: Stage, command: Command) -> Answer:
    return await stage.engine.execute(command, ALICE)


async def journal(stage: Stage, *kinds: str) -> list[EventRecord]:
    return [event async for event in stage.engine.events(EventQuery(kinds=kinds), follow=False)]


async def one(stage: Stage, state: RunnerState) -> RunnerView:
    """The first runner in a state, as soon as there is one."""
    await until(lambda: stage.in_state(state), 600)
    return stage.in_state(state)[0]


def refused(answer: Answer) -> str:
    assert answer.outcome is Outcome.REFUSED, answer
    return answer.text


# --- stop ----------------------------------------------------------------------------------------------------------


async def test_an_idle_runner_goes_off_github_first_and_the_journal_says_who_asked(stages: Stages) -> None:
    async with stages.world(toml=WARM) as world, stages.controller(world, toml=WARM) as stage:
        idle = await one(stage, RunnerState.IDLE)
        answer = await execute(stage, StopTask(id=new_id(), runner=idle.name, reason="its host is ill"))
        assert answer.outcome is Outcome.DONE
        assert idle.runner_id not in world.github.runners
        await until(lambda: idle.name not in {row.name for row in stage.in_state(*_LIVE)}, 300)
        (command,) = await journal(stage, "command")
        assert (command.operator, command.runner, command.data["outcome"]) == ("alice", idle.name, "done")
        assert command.data["command"]["reason"] == "its host is ill"


async def test_a_busy_runner_is_stopped_only_when_its_job_is_named(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        (job,) = jobs(world, 1, seconds=900.0)
        busy = await one(stage, RunnerState.BUSY)
        assert busy.job is not None
        unnamed = await execute(stage, StopTask(id=new_id(), runner=busy.name))
        assert "the command must name it" in refused(unnamed)
        assert world.ecs.calls["StopTask"] == 0
        named = await execute(stage, StopTask(id=new_id(), runner=busy.name, confirm_job=busy.job.id))
        assert (named.outcome, world.ecs.calls["StopTask"]) == (Outcome.DONE, 1)
        await until(lambda: job.result, 1800)  # GitHub gives a runner that fell silent up some time
        assert job.result == "failed"
        refusal, _ = await journal(stage, "command")
        assert refusal.data["outcome"] == "refused"


async def test_the_same_command_again_acts_once(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        world.ecs.next_start(Stuck(TaskState.PENDING))
        jobs(world, 1, seconds=30.0)
        stuck = await one(stage, RunnerState.PENDING)
        command = StopTask(id=new_id(), runner=stuck.name)
        first, again = await execute(stage, command), await execute(stage, command)
        assert (first, world.ecs.calls["StopTask"]) == (again, 1)


async def test_who_is_not_there_cannot_be_stopped(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        answer = await execute(stage, StopTask(id=new_id(), runner="small-deadbeef"))
        assert refused(answer) == "there is no runner small-deadbeef"


# --- sweep ---------------------------------------------------------------------------------------------------------


async def test_a_preview_names_whom_a_sweep_stops_and_stops_nobody(stages: Stages) -> None:
    settings = {"REAPER_INTERVAL": "1h"}
    async with stages.world(settle=900.0) as world, stages.controller(world, settings=settings) as stage:
        world.ecs.next_start(Stuck(TaskState.PENDING))
        jobs(world, 1, seconds=30.0)
        stuck = await one(stage, RunnerState.PENDING)
        await asyncio.sleep(330)
        preview = await execute(stage, PreviewSweep(id=new_id()))
        assert [line.partition(":")[0] for line in preview.details] == [stuck.name]
        assert world.ecs.calls["StopTask"] == 0
        sweep = await execute(stage, SweepNow(id=new_id()))
        assert sweep.text.endswith(": 1 stopped")
        told = await journal(stage, "command", "stop")
        assert [event.kind for event in told] == ["command", "stop", "command"]


async def test_a_sweep_of_a_scale_set_that_is_not_ours_is_refused(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        answer = await execute(stage, SweepNow(id=new_id(), scale_set="other"))
        assert refused(answer) == "it belongs to no scale set of this controller"


# --- deregister ----------------------------------------------------------------------------------------------------


async def test_a_ghost_is_deregistered_at_once_and_a_second_time_there_is_nothing_to_do(stages: Stages) -> None:
    async with stages.world(settle=900.0) as world, stages.controller(world) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        async with outsider(world) as somebody:
            left = await somebody.generate_jit_config(at_github(world).id, GHOST)
        first = await execute(stage, DeregisterRunner(id=new_id(), runner=GHOST))
        again = await execute(stage, DeregisterRunner(id=new_id(), runner=GHOST))
        assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.ALREADY)
        assert left.runner_id not in world.github.runners
        (entry,) = await journal(stage, "deregistered")
        assert (entry.runner, entry.operator) == (GHOST, "alice")


async def test_a_busy_runner_is_not_deregistered(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        (job,) = jobs(world, 1, seconds=120.0)
        busy = await one(stage, RunnerState.BUSY)
        answer = await execute(stage, DeregisterRunner(id=new_id(), runner=busy.name))
        assert "would lose its job" in refused(answer)
        await until(lambda: job.result, 300)
        assert job.result == "succeeded"


# --- shutdown ------------------------------------------------------------------------------------------------------


async def test_a_shutdown_leaves_jobs_alone_and_is_in_the_journal(stages: Stages) -> None:
    async with stages.world() as world:
        (job,) = jobs(world, 1, seconds=300.0)
        async with stages.controller(world) as stage:
            await one(stage, RunnerState.BUSY)
            answer = await execute(stage, StopDaemon(id=new_id(), reason="a new version"))
            assert answer.outcome is Outcome.DONE
            await asyncio.wait({stage.running}, timeout=30)
            assert stage.running.done()
            (command,) = await journal(stage, "command")
            assert (command.operator, command.data["command"]["reason"]) == ("alice", "a new version")
        async with stages.controller(world, seed=2):
            await until(lambda: job.result, 600)
            assert job.result == "succeeded"


async def test_a_shutdown_that_means_another_start_is_refused(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        answer = await execute(stage, StopDaemon(id=new_id(), instance="somebody-else"))
        assert answer.outcome is Outcome.REFUSED
        assert not stage.running.done()
