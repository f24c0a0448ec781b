"""Starting, stopping, standing by and coming back: what one controller leaves behind is what the next one finds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from core.api.model import RunnerState, ScaleSetState
from core.world.faults import ANY_OPERATION, Fault
from core.world.github import Job, JobPhase, Timings
from core.world.world import World, WorldSettings
from tests.integration.faults.outsiders import a_token, at_github, jobs, outsider, runners, until
from tests.stages import Stage, Stages

pytestmark = pytest.mark.virtual_time

#: A start from its message to the runner's first job, in a calm world.
SERVED = 60.0
CONFLICT_WAIT = 15.0
STOPPED_WITHIN = 10.0
#: A controller that is told to stop, or dies, is followed by its standby within this.
TAKEN_OVER_WITHIN = 120.0
AWAY = Fault("status", status=503)


def now() -> float:
    return asyncio.get_running_loop().time()


def session_of(world: World) -> object:
    return at_github(world).session


async def served(world: World, within: float, *, scale_set: str = "small") -> Job:
    """A job that begins now; asserts that it gets its runner in time."""
    (job,) = jobs(world, 1, scale_set=scale_set, seconds=30)
    await until(lambda: job.phase in {JobPhase.RUNNING, JobPhase.COMPLETED}, within)
    return job


@asynccontextmanager
async def stopping(stages: Stages, world: World) -> AsyncIterator[Stage]:
    """A controller that is told to stop when the context is left, and must have ended soon after."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(stages.controller(world))
        told = now()
        await stack.aclose()
        assert now() - told <= STOPPED_WITHIN


# --- behaviour.md row 29: told to stop -----------------------------------------------------------------------------


async def test_a_controller_that_stops_deletes_its_session_and_nothing_else(stages: Stages) -> None:
    # behaviour.md row 29
    async with stages.world() as world:
        async with stopping(stages, world):
            await asyncio.sleep(5)
            (job,) = jobs(world, 1, seconds=300)
            await until(lambda: job.phase is JobPhase.RUNNING, SERVED)
        assert session_of(world) is None
        assert len(world.ecs.running()) == 1
        assert job.runner_id in world.github.runners
        assert world.github.calls["delete_scale_set"] == 0


async def test_a_successor_listens_at_once(stages: Stages) -> None:
    # behaviour.md row 29
    async with stages.world() as world:
        async with stopping(stages, world):
            await asyncio.sleep(5)
        async with stages.controller(world, seed=2) as stage:
            await until(lambda: stage.scale_set().session.state == "open", 2)


async def test_starts_in_flight_are_finished_and_not_made_again_by_the_successor(stages: Stages) -> None:
    # behaviour.md row 29
    async with stages.world() as world:
        async with stopping(stages, world):
            await asyncio.sleep(5)
            world.faults.add("RunTask", Fault("latency", seconds=3), times=5)
            five = jobs(world, 5)
            await until(lambda: world.github.calls["generate_jit_config"] == 5, 10, step=0.25)
            await asyncio.sleep(1)
            assert not world.ecs.tasks
        assert len(world.ecs.tasks) == 5
        async with stages.controller(world, seed=2):
            await asyncio.sleep(300)
        assert [job.result for job in five] == ["succeeded"] * 5
        assert len(world.ecs.tasks) == 5


@pytest.mark.parametrize("hanging", [Fault("latency", seconds=60), Fault("answer_late", seconds=60)])
async def test_starts_that_hang_are_undone_and_their_jobs_are_served_by_the_successor(
    stages: Stages, hanging: Fault
) -> None:
    # behaviour.md row 29
    async with stages.world() as world:
        async with stopping(stages, world):
            await asyncio.sleep(5)
            world.faults.add("RunTask", hanging, times=3)
            trio = jobs(world, 3)
            await until(lambda: world.github.calls["generate_jit_config"] == 3, 10, step=0.25)
            await asyncio.sleep(1)
        assert not world.github.runners
        async with stages.controller(world, seed=2):
            await asyncio.sleep(500)
        assert [job.result for job in trio] == ["succeeded"] * 3


async def test_a_message_in_hand_is_handled_and_acknowledged(stages: Stages) -> None:
    # behaviour.md row 29
    async with stages.world() as world:
        async with stopping(stages, world):
            await asyncio.sleep(5)
            world.faults.add("delete_message", Fault("latency", seconds=3))
            jobs(world, 2)
            await until(lambda: world.github.calls["delete_message"], 5, step=0.25)
        assert at_github(world).mailbox.backlog == 0
        assert session_of(world) is None


async def test_a_session_that_is_being_opened_is_deleted_all_the_same(stages: Stages) -> None:
    # behaviour.md row 29: GitHub has it, and nobody has told us yet
    async with stages.world() as world:
        world.faults.add("create_session", Fault("answer_late", seconds=3))
        async with stopping(stages, world):
            await until(lambda: world.github.calls["create_session"], 5, step=0.25)
        assert session_of(world) is None


async def test_everything_that_hangs_is_left_after_ten_seconds(stages: Stages) -> None:
    # behaviour.md row 29
    async with stages.world() as world:
        async with stopping(stages, world):
            await asyncio.sleep(5)
            first = jobs(world, 3)
            await asyncio.sleep(20)
            world.faults.add(ANY_OPERATION, Fault("latency", seconds=300), times=None)
            second = jobs(world, 3)
            await asyncio.sleep(2)
        world.faults.clear()
        await asyncio.sleep(100)  # the abandoned session lapses
        async with stages.controller(world, seed=2):
            await asyncio.sleep(400)
        assert [job.result for job in (*first, *second)] == ["succeeded"] * 6


# --- two controllers at once ---------------------------------------------------------------------------------------


@asynccontextmanager
async def two_controllers(stages: Stages, world: World) -> AsyncIterator[tuple[Stage, AsyncExitStack, Stage]]:
    """The one that serves, what ends it, and the one that stands by."""
    async with AsyncExitStack() as second, AsyncExitStack() as first:
        serving = await first.enter_async_context(stages.controller(world, name="first"))
        await until(lambda: serving.scale_set().session.state == "open", 10)
        standby = await second.enter_async_context(stages.controller(world, name="second", seed=2))
        await until(lambda: standby.scale_set().session.state == "conflict", 10)
        yield serving, first, standby


async def test_a_second_controller_stands_by_while_the_first_serves(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world, two_controllers(stages, world) as (_, _, standby):
        ten = jobs(world, 10)
        await asyncio.sleep(400)
        assert [job.result for job in ten] == ["succeeded"] * 10
        assert len(world.ecs.tasks) == 10
        assert standby.scale_set().state is ScaleSetState.SESSION
        assert len(standby.in_state(RunnerState.STOPPED)) == 10  # seen all the same


async def test_a_standby_takes_over_when_the_first_stops_and_starts_nothing_again(stages: Stages) -> None:
    # behaviour.md row 30: the first one's last starts are younger than the standby's last look at ECS
    async with stages.world() as world, two_controllers(stages, world) as (serving, first, standby):
        five = jobs(world, 5)
        await until(lambda: len(world.ecs.tasks) == 5, 20, step=0.25)
        del serving
        await first.aclose()
        await until(lambda: standby.scale_set().session.state == "open", CONFLICT_WAIT + 1)
        await asyncio.sleep(300)
        assert [job.result for job in five] == ["succeeded"] * 5
        assert len(world.ecs.tasks) == 5


async def test_a_standby_takes_over_within_two_minutes_when_the_first_is_killed(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world, two_controllers(stages, world) as (serving, first, standby):
        five = jobs(world, 5, seconds=300)
        await until(lambda: len(serving.in_state(RunnerState.BUSY)) == 5, 180)
        killed = now()
        await serving.cut_off(stages.journal_of("nobody"))
        await first.aclose()
        await until(lambda: standby.scale_set().session.state == "open", TAKEN_OVER_WITHIN)
        assert now() - killed <= TAKEN_OVER_WITHIN
        await asyncio.sleep(400)
        assert [job.result for job in five] == ["succeeded"] * 5
        assert len(world.ecs.tasks) == 5
        await served(world, SERVED)


async def test_a_standby_that_cannot_see_ecs_starts_nothing_when_the_session_becomes_its_own(stages: Stages) -> None:
    # behaviour.md rows 7 and 30: absence is never proof
    async with stages.world() as world, two_controllers(stages, world) as (serving, first, standby):
        five = jobs(world, 5)
        await until(lambda: len(world.ecs.tasks) == 5, 20, step=0.25)
        del serving
        world.faults.add("ListTasks", AWAY, times=None)
        await first.aclose()
        await asyncio.sleep(200)
        assert len(world.ecs.tasks) == 5
        world.faults.clear()
        await until(lambda: standby.scale_set().session.state == "open", 120)
        await asyncio.sleep(60)
        assert [job.result for job in five] == ["succeeded"] * 5
        assert len(world.ecs.tasks) == 5


# --- behaviour.md row 31: the scale set itself ---------------------------------------------------------------------


async def test_a_scale_set_deleted_under_us_is_created_again_and_served(stages: Stages) -> None:
    # behaviour.md row 31
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        before = at_github(world)
        busy = await served(world, SERVED)
        world.github.controls.vanish_scale_set(before.id)
        await until(lambda: world.github.scale_set("small"), 30)
        assert at_github(world).id != before.id
        await served(world, SERVED + 30)
        await until(lambda: len(stage.in_state(RunnerState.STOPPED)) == 2, 180)
        assert busy.runner_id not in world.github.runners or world.github.runners[busy.runner_id].busy


async def test_a_scale_set_whose_creation_fails_at_first_is_served_later(stages: Stages) -> None:
    # behaviour.md row 31
    async with stages.world() as world:
        world.faults.add("create_scale_set", AWAY, times=12)
        async with stages.controller(world) as stage:
            await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 60)
            assert "create_scale_set" in stage.scale_set().reason
            await until(lambda: stage.scale_set().session.state == "open", 120)
            await served(world, SERVED)


async def test_a_scale_set_whose_creation_was_not_answered_is_made_once(stages: Stages) -> None:
    # behaviour.md row 31
    async with stages.world() as world:
        world.faults.add("create_scale_set", Fault("answer_lost"))
        async with stages.controller(world) as stage:
            await until(lambda: stage.scale_set().session.state == "open", 60)
            assert [record.name for record in world.github.scale_sets.values()] == ["small"]


async def test_a_definition_that_could_not_be_registered_at_first_is_registered_later(stages: Stages) -> None:
    # behaviour.md row 31
    async with stages.world() as world:
        world.faults.add("RegisterTaskDefinition", AWAY, times=4)
        async with stages.controller(world):
            await served(world, SERVED + 240)


async def test_a_scale_set_that_is_not_ours_degrades_itself_and_no_other(stages: Stages) -> None:
    # behaviour.md rows 31 and 25
    toml = runners("small", "large")
    async with stages.world(toml=toml) as world:
        async with outsider(world) as somebody:
            await somebody.create_scale_set("small", ["small"], 1)
        stages.theatre(world).checker.foreign.scale_set(at_github(world))
        async with stages.controller(world, toml=toml) as stage:
            await asyncio.sleep(5)
            await served(world, SERVED, scale_set="large")
            assert stage.scale_set("small").state is ScaleSetState.DEGRADED
            assert stage.scale_set("large").state is ScaleSetState.OK


# --- behaviour.md row 30: coming back ------------------------------------------------------------------------------


async def reconnects(stage: Stage, times: int) -> list[float]:
    """Take the session away again and again; returns how long each way back took."""
    waits = []
    for _ in range(times):
        await until(lambda: stage.scale_set().session.state == "open", 90, step=0.25)
        await asyncio.sleep(1)
        stage.world.github.controls.evict_session(at_github(stage.world).id)
        await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 5, step=0.25)
        waits.append(await until(lambda: stage.scale_set().state is not ScaleSetState.DEGRADED, 90, step=0.25))
    return waits


async def test_the_way_back_takes_longer_each_time_the_session_is_lost(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world, stages.controller(world) as stage:
        waits = await reconnects(stage, 5)
        for wait, scheduled in zip(waits, [5, 15, 30, 60, 60], strict=True):
            assert wait == pytest.approx(scheduled, rel=0.2, abs=0.5)
        assert waits != [5, 15, 30, 60, 60]  # jitter


async def test_after_a_healthy_stretch_the_way_back_is_short_again(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world, stages.controller(world) as stage:
        await reconnects(stage, 4)
        await asyncio.sleep(360)
        (wait,) = await reconnects(stage, 1)
        assert wait == pytest.approx(5, rel=0.2, abs=0.5)


async def test_standing_by_for_long_is_no_healthy_stretch(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world, stages.controller(world) as stage:
        await reconnects(stage, 2)
        world.github.controls.occupy_session(at_github(world).id, "another host")
        await until(lambda: stage.scale_set().session.state == "conflict", 60)
        await asyncio.sleep(400)
        world.github.controls.evict_session(at_github(world).id)
        (wait,) = await reconnects(stage, 1)
        assert wait == pytest.approx(60, rel=0.2, abs=0.5)  # it was lost for the fourth time


async def test_a_short_outage_of_github_does_not_make_us_wait_for_our_own_session(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        polls = ("get_message", "create_session", "delete_session", "refresh_session")
        for operation in polls:
            world.faults.add(operation, Fault("reset"), times=None)
        await until(lambda: stage.events("session-close-failed"), 90)
        world.faults.clear()
        await served(world, 30 + SERVED)
        assert stage.events("session-conflict") == []


async def test_an_outage_of_github_costs_no_job_and_no_runner(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        pair = jobs(world, 2, seconds=1_200)
        await until(lambda: len(stage.in_state(RunnerState.BUSY)) == 2, 180)
        operations = [operation for operation in world.github.calls if operation]
        for operation in operations:
            world.faults.add(operation, AWAY, times=None)
        await asyncio.sleep(900)
        assert len(world.ecs.running()) == 2
        world.faults.clear()
        await served(world, 60 + 100 + SERVED)
        await asyncio.sleep(600)
        assert [job.result for job in pair] == ["succeeded"] * 2
        assert world.ecs.calls["StopTask"] == 0


# --- clocks that differ --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [-3_600.0, 3_600.0], ids=["an hour behind", "an hour ahead"])
async def test_a_clock_that_is_an_hour_off_neither_stops_nor_loses_anything(stages: Stages, skew: float) -> None:
    # DESIGN.md section 3, Clocks
    toml = runners("small", max_runtime="20m", min_runners=1)
    lasting = WorldSettings(timings=Timings(installation_token_life=1e6))
    async with stages.world(lasting, toml=toml) as world:
        token = {"GITHUB_TOKEN": await a_token(world)}
        for variable in ("CLIENT_ID", "INSTALLATION_ID", "PRIVATE_KEY"):
            token[f"GITHUB_APP_{variable}"] = ""
        async with stages.controller(world, toml=toml, settings=token, skew=skew) as stage:
            await until(lambda: stage.in_state(RunnerState.IDLE), 180)
            (job,) = jobs(world, 1, seconds=900)
            await asyncio.sleep(300)
        async with stages.controller(world, toml=toml, settings=token, skew=skew, seed=2):
            await asyncio.sleep(900)
        assert job.result == "succeeded"
        assert world.ecs.calls["StopTask"] == 0
