"""Each name of the seed's index has its counterpart here (DESIGN.md section 6), which does what the seed says of it."""

import asyncio
import inspect
from dataclasses import fields

import pytest

from core.adapters.aws.ecs import EcsRunner
from core.domain.errors import CapacityKind, Retryable, TransientCapacityError
from core.domain.run_task import RunTaskInput
from core.domain.scale_set import LaunchType
from core.domain.secret import Secret
from core.domain.task import TaskStatus
from core.engine.fleet import Fleet
from core.engine.reaper import Reaper
from core.engine.times import Times
from core.ports import EcsClient, ScaleSetClient
from tests.fakes.clock import ManualClock
from tests.unit.aws.scripted import ScriptedClient
from tests.unit.engine.conftest import Rigs


def parameters(function: object) -> list[str]:
    """The names a caller may pass, without ``self``."""
    assert callable(function)
    return [name for name in inspect.signature(function).parameters if name != "self"]


class TestErrTransientCapacity:
    def test_it_is_one_class_that_callers_catch(self) -> None:
        assert issubclass(TransientCapacityError, Retryable)

    @pytest.mark.parametrize("kind", CapacityKind)
    def test_capacity_quota_and_throttling_are_kinds_of_it_and_keep_what_ecs_said(self, kind: CapacityKind) -> None:
        error = TransientCapacityError("arn: RESOURCE:CPU; ", kind=kind, reasons=("RESOURCE:CPU",))
        assert (str(error), error.kind, error.reasons) == ("arn: RESOURCE:CPU; ", kind, ("RESOURCE:CPU",))


class TestEcsClient:
    @pytest.mark.parametrize(
        ("call", "takes"),
        [
            ("run_task", ["start"]),
            ("stop_task", ["task_arn", "reason"]),
            ("list_tasks", ["desired_stopped"]),
            ("describe_tasks", ["arns"]),
        ],
    )
    def test_the_port_has_the_four_calls(self, call: str, takes: list[str]) -> None:
        assert inspect.iscoroutinefunction(getattr(EcsClient, call))
        assert parameters(getattr(EcsClient, call)) == takes


class TestEcsRunner:
    def test_new_ecs_runner_takes_a_client_and_a_cluster(self) -> None:
        assert parameters(EcsRunner)[:2] == ["client", "cluster"]

    def test_it_is_the_port_on_amazon_ecs(self) -> None:
        runner: EcsClient = EcsRunner(ScriptedClient(), cluster="ci", controller="blue", clock=ManualClock())
        assert isinstance(runner, EcsRunner)

    async def test_run_task_starts_the_runners_task(self) -> None:
        client = ScriptedClient()
        client.answer("RunTask", {"tasks": [{"taskArn": "arn:task/ci/0", "lastStatus": "PENDING"}], "failures": []})
        task = await runner_on(client).run_task(a_start())
        assert (task.arn, task.status) == ("arn:task/ci/0", TaskStatus.PENDING)

    async def test_run_task_raises_the_one_class_when_there_is_no_room(self) -> None:
        client = ScriptedClient()
        client.answer("RunTask", {"tasks": [], "failures": [{"arn": "arn:host", "reason": "RESOURCE:CPU"}]})
        with pytest.raises(TransientCapacityError, match="arn:host: RESOURCE:CPU; "):
            await runner_on(client).run_task(a_start())

    async def test_stop_task_stops_it_with_a_reason(self) -> None:
        client = ScriptedClient()
        client.answer("StopTask", {"task": {}})
        await runner_on(client).stop_task("arn:task/ci/0", "ecs-arc: stuck")
        assert client.requests("StopTask") == [{"cluster": "ci", "task": "arn:task/ci/0", "reason": "ecs-arc: stuck"}]


def test_run_task_input_has_the_same_fields() -> None:
    seed = "TaskDefinition JITConfigEncoded RunnerName ScaleSetName Subnets SecurityGroups CapacityProvider LaunchType"
    ours = [field.name.replace("_", "") for field in fields(RunTaskInput)][:8]
    assert ours == [name.lower() for name in seed.split()]


@pytest.mark.virtual_time
class TestReaper:
    def test_new_reaper_is_given_what_it_works_with(self) -> None:
        assert {"watcher", "fleet", "targets", "stops", "times"} <= set(parameters(Reaper))

    def test_run_takes_an_interval_and_sweep_returns_a_number(self) -> None:
        assert parameters(Reaper.run) == ["interval"]
        assert inspect.signature(Reaper.sweep).return_annotation == "int"

    async def test_run_sweeps_on_the_interval_until_cancelled(self, rigs: Rigs) -> None:
        rigs.ecs.plant("arn:1", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")
        async with rigs.running(reaper_interval=310.0) as rig:
            await asyncio.sleep(300)
            before = list(rig.ecs.stops)
            await asyncio.sleep(310)
            assert (before, [arn for arn, _ in rig.ecs.stops]) == ([], ["arn:1"])

    async def test_sweep_stops_stale_tasks_and_returns_how_many(self, rigs: Rigs) -> None:
        rigs.ecs.plant("arn:1", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")
        async with rigs.running(reaper_interval=10_000.0) as rig:
            await asyncio.sleep(301)
            assert await rig.engine._services.reaper.sweep() == 1


class TestScaleSetClient:
    @pytest.mark.parametrize(("call", "takes"), [("get_runner_by_name", ["name"]), ("remove_runner", ["runner_id"])])
    def test_the_port_has_the_two_calls(self, call: str, takes: list[str]) -> None:
        assert inspect.iscoroutinefunction(getattr(ScaleSetClient, call))
        assert parameters(getattr(ScaleSetClient, call)) == takes


class TestState:
    def test_it_tracks_runners_from_idle_to_busy_to_done(self) -> None:
        fleet = Fleet(Times(ManualClock()))
        fleet.add_idle("small-0000000a", "arn:1")
        fleet.add_idle("small-0000000b", "arn:2")
        fleet.mark_busy("small-0000000a")
        assert (fleet.count(), fleet.idle_count()) == (2, 1)
        assert fleet.snapshot() == {"small-0000000a": "arn:1", "small-0000000b": "arn:2"}
        assert (fleet.mark_done("small-0000000a"), fleet.count()) == ("arn:1", 1)

    def test_it_remembers_who_was_deregistered_for_one_hour(self) -> None:
        clock = ManualClock()
        fleet = Fleet(Times(clock))
        fleet.mark_deregistered("small-0000000a")
        known = fleet.is_deregistered("small-0000000a")
        clock.advance(3600)
        assert (known, fleet.is_deregistered("small-0000000a")) == (True, False)


def runner_on(client: ScriptedClient) -> EcsRunner:
    return EcsRunner(client, cluster="ci", controller="blue", clock=ManualClock())


def a_start() -> RunTaskInput:
    return RunTaskInput(
        task_definition="small:1",
        jit_config_encoded=Secret("plainly fake"),
        runner_name="small-0000000a",
        scale_set_name="small",
        subnets=(),
        security_groups=(),
        capacity_provider="",
        launch_type=LaunchType.EXTERNAL,
    )


@pytest.fixture
def rigs() -> Rigs:
    return Rigs()
