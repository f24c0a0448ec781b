"""``--observe``: everything is read and shown, and not one call changes anything (DESIGN.md section 1)."""

import asyncio
from collections import Counter
from contextlib import nullcontext

import pytest

from core.api.commands import Operator, Outcome, StopTask, SweepNow
from core.api.model import RunnerState, ScaleSetState
from core.domain.errors import ConfigurationError, PermissionDenied
from core.world.faults import Fault
from tests.integration.broken import ACTIONS, BROKEN
from tests.integration.conftest import TOML, Stages
from tests.integration.faults.outsiders import jobs, outsider, until
from tests.integration.faults.planted import plant
from tests.integration.original import READS, asked, original

pytestmark = pytest.mark.virtual_time

HOUR = 3_600
#: What the original beside us does meanwhile.
LISTENING = {"get_message", "delete_message", "refresh_session"}


async def test_an_hour_beside_a_working_ecs_arc_changes_nothing_and_shows_its_runners(stages: Stages) -> None:
    async with stages.world() as world, stages.aws(world), original(world) as theirs:
        await theirs.set_up(["small"])
        running = await theirs.serve("small", 3, 2 * HOUR)
        before = Counter(asked(world))
        async with stages.controller(world, observe=True) as stage:
            await until(lambda: stage.engine.health().ready, 60)
            await asyncio.sleep(HOUR)
            shown = stage.scale_set()
            assert shown.state is ScaleSetState.OBSERVING
            assert "gains the label arcdeck.controller.test" in shown.reason
            assert len(stage.in_state(RunnerState.ASSUMED_BUSY)) == 3
            assert stage.snapshot().controller.observing
        made = Counter(asked(world)) - before
        assert set(made) - LISTENING <= READS
        assert [job.result for job in running] == [None] * 3
        assert world.ecs.calls["RunTask"] == 3


async def test_it_says_how_many_a_controller_would_start_and_starts_none(stages: Stages) -> None:
    async with stages.world() as world, stages.aws(world), original(world) as theirs:
        await theirs.set_up(["small"])
        jobs(world, 3)
        await asyncio.sleep(60)  # which lets GitHub assign them
        before = Counter(asked(world))
        async with stages.controller(world, observe=True) as stage:
            await until(lambda: stage.scale_set().assigned == 3, 120)
            assert "3 held: only observed, a controller that acts would start them" in stage.scale_set().why
            await asyncio.sleep(HOUR)
        assert set(Counter(asked(world)) - before) - LISTENING <= READS


async def test_of_an_empty_account_it_says_what_would_be_made(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world, observe=True) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        assert "create task definition small" in stage.scale_set().reason
        assert "create scale set small" in stage.scale_set().reason
        assert set(asked(world)) <= READS


async def test_what_is_somebody_elses_it_says_would_be_left_alone(stages: Stages) -> None:
    async with stages.world() as world:
        async with outsider(world) as client:
            await client.create_scale_set("small", ["small", "ecs-arc.managed", "arcdeck.controller.blue"], 1)
        async with stages.controller(world, observe=True) as stage:
            await until(lambda: stage.engine.health().ready, 60)
            assert "would leave it alone: scale set small belongs to another controller" in stage.scale_set().reason


async def test_every_command_is_refused(stages: Stages) -> None:
    async with stages.world() as world, stages.aws(world), original(world) as theirs:
        await theirs.set_up(["small"])
        await theirs.serve("small", 1, HOUR)
        async with stages.controller(world, observe=True) as stage:
            await until(lambda: stage.snapshot().runners, 120)
            (shown,) = stage.snapshot().runners
            for command in (StopTask(id="1", runner=shown.name), SweepNow(id="2")):
                answer = await stage.engine.execute(command, Operator(uid=0, name="kim"))
                assert answer.outcome is Outcome.REFUSED
                assert "only observes" in answer.text
        assert world.ecs.calls["StopTask"] == 0


async def test_a_scale_set_that_would_be_removed_is_told_and_stays(stages: Stages) -> None:
    both = TOML + TOML.replace("small", "large")
    async with stages.world(toml=both) as world:
        async with stages.controller(world, toml=both):
            await until(lambda: len(world.github.scale_sets) == 2, 30)
        before = Counter(asked(world))
        async with stages.controller(world, observe=True, name="onlooker") as stage:
            await asyncio.sleep(HOUR)
            assert "let it drain, and then remove it" in stage.scale_set("large").reason
        assert set(Counter(asked(world)) - before) <= READS


async def test_what_cannot_be_looked_at_is_told_and_looked_at_again(stages: Stages) -> None:
    async with stages.world() as world, stages.controller(world, observe=True) as stage:
        await until(lambda: stage.engine.health().ready, 60)
        world.faults.add("get_scale_set", Fault("status", status=403))
        await until(lambda: stage.scale_set().state is ScaleSetState.DEGRADED, 120)
        assert stage.events("look-failed")
        await until(lambda: stage.scale_set().state is ScaleSetState.OBSERVING, 120)


# --- what is wrong is said -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("toml", "told"), BROKEN)
async def test_each_configuration_that_cannot_work_ends_it_with_table_and_key(
    stages: Stages, toml: str, told: str
) -> None:
    async with stages.world() as world:
        with pytest.raises(ConfigurationError) as error:
            async with stages.controller(world, toml=toml, observe=True):
                pass
    assert told in str(error.value)


#: What it cannot look without.
LOOKS = {"ecs:DescribeClusters", "ecs:ListTasks", "ecs:DescribeTasks"}


@pytest.mark.parametrize("action", ACTIONS)
async def test_each_permission_that_is_refused_is_named_or_not_missed(stages: Stages, action: str) -> None:
    async with stages.world() as world:
        plant(world, "small", 1)
        world.iam.refused.add(action)
        refused = pytest.raises(PermissionDenied, match=action) if action in LOOKS else nullcontext()
        with refused:
            async with stages.controller(world, observe=True) as stage:
                await asyncio.sleep(30)
                if action in LOOKS:
                    await stage.running
                elif action == "ecs:DescribeTaskDefinition":
                    assert "DescribeTaskDefinition was refused" in stage.scale_set().reason
                else:
                    assert stage.engine.health().ready
