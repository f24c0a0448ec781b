"""The contract of ``core.ports.EcsClient``, kept by ``EcsRunner`` against two services that were written without it.

Against moto's server where moto is right: clusters and the life of task definitions (ecs-api.md B2, B8). moto runs in a
thread of its own, so those tests live in real time; its one state per process is shared by no other test because they
use a Region of their own (B9). Against the embedded world for everything, in virtual time.
"""

import logging
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from moto.moto_api import state_manager
from moto.server import ThreadedMotoServer

from core.adapters.aws.ecs import EcsRunner
from core.adapters.aws.session import AwsConnection, connect
from core.domain.errors import (
    CapacityKind,
    ConfigurationError,
    OutcomeUnknown,
    TaskNotFound,
    Throttled,
    TransientCapacityError,
)
from core.domain.run_task import RunTaskInput
from core.domain.scale_set import LaunchType, Placement, ScaleSetSpec, Shape
from core.domain.secret import Secret
from core.domain.task import Task, TaskStatus
from core.domain.task_definition import DefinitionSettings, TaskDefinition, content_hash, desired_definition
from core.world.clock import WorldClock
from core.world.ecs import VCPU_QUOTA, EcsWorld, Planted, Visibility
from core.world.faults import Fault, FaultPlan
from tests.virtual_time import EPOCH, VirtualClock

CLUSTER = "arcdeck-demo"
REGION = "eu-north-1"
SETTINGS = DefinitionSettings("arn:aws:iam::1:role/pull", "arn:aws:iam::1:role/job", "/ecs/runners", REGION)


def definition(family: str = "small", *, dind: bool = False, cpu: int = 1024) -> TaskDefinition:
    spec = ScaleSetSpec(
        name=f"ci-{family}",
        family=family,
        shape=Shape(cpu=cpu, memory=2048, runner_image="runner:1", dind=dind, architecture="ARM64"),
        placement=Placement(launch_type=LaunchType.EC2, network_mode="bridge"),
    )
    return desired_definition(spec, SETTINGS)


def start(number: int = 1, **changed: Any) -> RunTaskInput:
    return replace(
        RunTaskInput(
            task_definition="small:1",
            jit_config_encoded=Secret(f"{number:04d}{'j' * 3000}"),
            runner_name=f"ci-small-{number:08x}",
            scale_set_name="ci-small",
            subnets=(),
            security_groups=(),
            capacity_provider="",
            launch_type=LaunchType.EC2,
            runner_id=number,
        ),
        **changed,
    )


def runner_on(connection: AwsConnection, *, cluster: str = CLUSTER, controller: str = "blue") -> EcsRunner:
    return EcsRunner(connection.ecs, cluster=cluster, controller=controller, clock=VirtualClock())


@pytest.fixture(autouse=True)
def aws_settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", secrets.token_hex(10))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secrets.token_hex(20))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return monkeypatch


# --- what moto and the world both hold -----------------------------------------------------------------------------


class Definitions:
    """Clusters and task definitions; ``connection`` is a fixture of each service."""

    async def test_the_cluster_is_active(self, connection: AwsConnection) -> None:
        await runner_on(connection).check_cluster()

    async def test_another_cluster_is_a_configuration_error(self, connection: AwsConnection) -> None:
        with pytest.raises(ConfigurationError, match=f"ECS cluster 'elsewhere' .*{REGION}"):
            await runner_on(connection, cluster="elsewhere").check_cluster()

    async def test_a_family_that_was_never_registered_is_none(self, connection: AwsConnection) -> None:
        assert await runner_on(connection).registered_definition("nobody") is None

    @pytest.mark.parametrize("dind", [False, True])
    async def test_what_is_registered_comes_back_as_ours_with_its_hash(
        self, connection: AwsConnection, *, dind: bool
    ) -> None:
        ecs, wanted = runner_on(connection), definition(f"back-{dind}", dind=dind)
        made = await ecs.register_definition(wanted)
        found = await ecs.registered_definition(wanted.family)
        assert found == made
        assert (made.reference, made.managed) == (f"{wanted.family}:1", True)
        assert (made.controller, made.content_hash) == ("blue", content_hash(wanted))

    @pytest.mark.parametrize("dind", [False, True])
    async def test_one_of_the_original_is_the_same_when_it_says_the_same(
        self, connection: AwsConnection, *, dind: bool
    ) -> None:
        ecs, wanted = runner_on(connection), definition(f"original-{dind}", dind=dind)
        await ecs.register_definition(wanted)
        described = await connection.ecs.describe_task_definition(taskDefinition=wanted.family)
        await connection.ecs.register_task_definition(
            **{key: value for key, value in described["taskDefinition"].items() if key in REGISTRABLE},
            tags=[{"key": "ecs-arc:managed", "value": "true"}],
        )
        found = await ecs.registered_definition(wanted.family)
        assert found is not None
        assert (found.reference, found.controller) == (f"{wanted.family}:2", None)
        assert found.content_hash == content_hash(wanted)

    async def test_a_new_revision_is_the_one_that_is_found(self, connection: AwsConnection) -> None:
        ecs = runner_on(connection)
        await ecs.register_definition(definition("grown"))
        await ecs.register_definition(definition("grown", cpu=2048))
        found = await ecs.registered_definition("grown")
        assert found is not None
        assert (found.reference, found.content_hash) == ("grown:2", content_hash(definition("grown", cpu=2048)))

    async def test_a_family_whose_revisions_are_all_deregistered_is_none(self, connection: AwsConnection) -> None:
        ecs = runner_on(connection)
        made = await ecs.register_definition(definition("withdrawn"))
        await connection.ecs.deregister_task_definition(taskDefinition=made.reference)
        assert await ecs.registered_definition("withdrawn") is None

    async def test_a_family_is_withdrawn_whole_and_no_other(self, connection: AwsConnection) -> None:
        ecs = runner_on(connection)
        for cpu in (1024, 2048, 4096):
            await ecs.register_definition(definition("whole", cpu=cpu))
        await ecs.register_definition(definition("whole-not"))
        assert await ecs.withdraw_family("whole") == 3
        assert await ecs.registered_definition("whole") is None
        assert await ecs.registered_definition("whole-not") is not None
        assert await ecs.withdraw_family("whole") == 0


#: The members of a registered definition that RegisterTaskDefinition takes.
REGISTRABLE = frozenset(
    {
        "family",
        "cpu",
        "memory",
        "networkMode",
        "requiresCompatibilities",
        "executionRoleArn",
        "taskRoleArn",
        "runtimePlatform",
        "volumes",
        "containerDefinitions",
    }
)


class TestMoto(Definitions):
    @pytest.fixture(scope="class")
    @staticmethod
    def endpoint() -> Iterator[str]:
        """moto's server, frozen: otherwise each look at a task moves it on (ecs-api.md B3)."""
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10**12})
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()
        state_manager.unset_transition("ecs::task")

    @pytest.fixture
    async def connection(self, endpoint: str, aws_settings: pytest.MonkeyPatch) -> AsyncIterator[AwsConnection]:
        aws_settings.setenv("AWS_ENDPOINT_URL", endpoint)
        async with connect() as connection:
            await connection.ecs.create_cluster(clusterName=CLUSTER)
            yield connection

    async def test_a_start_on_another_cluster_is_a_configuration_error(self, connection: AwsConnection) -> None:
        with pytest.raises(ConfigurationError, match="ECS cluster 'elsewhere' was not found"):
            await runner_on(connection, cluster="elsewhere").run_task(start())

    async def test_a_start_of_an_unknown_definition_is_a_configuration_error(self, connection: AwsConnection) -> None:
        with pytest.raises(ConfigurationError, match="Unable to describe task definition"):
            await runner_on(connection).run_task(start(task_definition="nobody:1"))


# --- the world holds all of it -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """The world on loopback, and the product's client of it."""

    world: EcsWorld
    ecs: EcsRunner


@asynccontextmanager
async def stage(aws_settings: pytest.MonkeyPatch, **settings: Any) -> AsyncIterator[tuple[EcsWorld, AwsConnection]]:
    rng = random.Random(7)  # the world's dice guard nothing
    world = EcsWorld(WorldClock(EPOCH), rng, **{"faults": FaultPlan(rng), "region": REGION, **settings})
    runner = web.AppRunner(world.app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    aws_settings.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        async with connect() as connection:
            yield world, connection
    finally:
        await runner.cleanup()


@pytest.mark.virtual_time
class TestWorldDefinitions(Definitions):
    @pytest.fixture
    async def connection(self, aws_settings: pytest.MonkeyPatch) -> AsyncIterator[AwsConnection]:
        async with stage(aws_settings) as (_, connection):
            yield connection


@pytest.mark.virtual_time
class TestWorldTasks:
    @pytest.fixture
    async def stage(self, aws_settings: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
        async with stage(aws_settings) as (world, connection):
            ecs = runner_on(connection)
            await ecs.register_definition(definition())
            yield Stage(world, ecs)

    async def test_a_start_carries_its_marks_to_the_task(self, stage: Stage) -> None:
        started = await stage.ecs.run_task(start(42))
        (seen,) = (await stage.ecs.describe_tasks([started.arn])).tasks
        for task in (started, seen):
            assert (task.scale_set, task.runner_name) == ("ci-small", "ci-small-0000002a")
            assert (task.runner_id, task.controller, task.definition) == (42, "blue", "small:1")

    async def test_the_runner_gets_its_jit_config_and_nobody_else(self, stage: Stage) -> None:
        started = await stage.ecs.run_task(start())
        jit_config = stage.world.tasks[started.arn].override_env["ACTIONS_RUNNER_INPUT_JITCONFIG"]
        assert jit_config == start().jit_config_encoded.reveal()
        assert jit_config not in repr(await stage.ecs.describe_tasks([started.arn]))

    async def test_a_repeated_start_is_the_same_task(self, stage: Stage) -> None:
        first = await stage.ecs.run_task(start())
        again = await stage.ecs.run_task(start())
        assert first.arn == again.arn
        assert len(stage.world.tasks) == 1

    async def test_a_start_whose_answer_was_lost_is_found_by_repeating_it(self, stage: Stage) -> None:
        stage.world.faults.add("RunTask", Fault("answer_lost"))
        with pytest.raises(OutcomeUnknown):
            await stage.ecs.run_task(start())
        task = await stage.ecs.run_task(start())
        assert list(stage.world.tasks) == [task.arn]

    async def test_another_start_under_the_same_name_is_refused(self, stage: Stage) -> None:
        await stage.ecs.run_task(start())
        with pytest.raises(ConfigurationError, match="ConflictException"):
            await stage.ecs.run_task(start(jit_config_encoded=Secret("another")))

    async def test_250_tasks_are_listed_and_described_to_the_last(self, stage: Stage) -> None:
        planted = {stage.world.plant_task(Planted("small")).arn for _ in range(250)}
        listed = await stage.ecs.list_tasks()
        described = await stage.ecs.describe_tasks(listed)
        assert len(listed) == 250
        assert set(listed) == {task.arn for task in described.tasks} == planted
        assert described.missing == ()
        assert (stage.world.calls["ListTasks"], stage.world.calls["DescribeTasks"]) == (3, 3)

    async def test_pages_shorter_than_asked_for_are_all_read(self, stage: Stage) -> None:
        stage.world.table.visibility = Visibility(longest_page=7)
        for _ in range(30):
            stage.world.plant_task(Planted("small"))
        assert len(await stage.ecs.list_tasks()) == 30

    async def test_a_task_lives_as_it_is_described(self, stage: Stage) -> None:
        started = await stage.ecs.run_task(start())
        assert started.created_at == EPOCH
        running = await until(stage, started.arn, TaskStatus.RUNNING)
        assert running.started_at is not None
        assert running.pull_stopped_at is not None
        assert running.exit_code is None
        stage.world.exit(started.arn, 7)
        stopped = await until(stage, started.arn, TaskStatus.STOPPED)
        assert (stopped.desired_stopped, stopped.stop_code) == (True, "EssentialContainerExited")
        assert stopped.exit_code == 7

    async def test_a_stop_is_asked_for_with_its_reason(self, stage: Stage) -> None:
        arn = stage.world.plant_task(Planted("small")).arn
        await stage.ecs.stop_task(arn, "ecs-arc: exceeded max runtime 6h0m0s (running: 6h0m20s)")
        stopped = await until(stage, arn, TaskStatus.STOPPED)
        assert stopped.stopped_reason == "ecs-arc: exceeded max runtime 6h0m0s (running: 6h0m20s)"
        assert await stage.ecs.list_tasks() == []
        assert await stage.ecs.list_tasks(desired_stopped=True) == [arn]

    async def test_the_runner_of_a_stopped_task_is_known_without_its_tags(self, stage: Stage) -> None:
        arn = (await stage.ecs.run_task(start())).arn
        await stage.ecs.stop_task(arn, "because")
        task = await until(stage, arn, TaskStatus.STOPPED)
        assert (task.scale_set, task.runner_name) == (None, "ci-small-00000001")

    async def test_a_task_that_ecs_does_not_know_cannot_be_stopped(self, stage: Stage) -> None:
        with pytest.raises(TaskNotFound):
            await stage.ecs.stop_task(f"arn:aws:ecs:{REGION}:123456789012:task/{CLUSTER}/{0:032x}", "because")

    async def test_a_task_that_ecs_does_not_show_yet_is_missing(self, stage: Stage) -> None:
        stage.world.table.visibility = Visibility(listed_after=5, described_after=5)
        arn = (await stage.ecs.run_task(start())).arn
        described = await stage.ecs.describe_tasks([arn])
        assert (described.tasks, described.missing) == ((), (arn,))

    async def test_tasks_of_the_original_are_listed_too(self, stage: Stage) -> None:
        tags = {"ecs-arc:scale-set": "ci-small", "ecs-arc:runner-name": "ci-small-0a1b2c3d"}
        stage.world.plant_task(Planted("small", tags=tags, age=90))
        (task,) = (await stage.ecs.describe_tasks(await stage.ecs.list_tasks())).tasks
        assert (task.scale_set, task.runner_name, task.controller) == ("ci-small", "ci-small-0a1b2c3d", None)
        assert task.created_at == EPOCH - timedelta(seconds=90)

    @pytest.mark.parametrize(
        ("reason", "kind"),
        [
            ("RESOURCE:CPU", CapacityKind.CAPACITY),
            ("RESOURCE:MEMORY", CapacityKind.CAPACITY),
            ("AGENT", CapacityKind.CAPACITY),
            (VCPU_QUOTA, CapacityKind.QUOTA),
        ],
    )
    async def test_no_room_is_transient_and_starts_nothing(self, stage: Stage, reason: str, kind: CapacityKind) -> None:
        stage.world.capacity.refuse(reason)
        with pytest.raises(TransientCapacityError) as raised:
            await stage.ecs.run_task(start())
        assert (raised.value.kind, raised.value.reasons) == (kind, (reason,))
        assert dict(stage.world.tasks) == {}

    async def test_a_throttled_start_is_transient(self, stage: Stage) -> None:
        stage.world.faults.add("RunTask", Fault("throttle"))
        with pytest.raises(TransientCapacityError) as raised:
            await stage.ecs.run_task(start())
        assert (raised.value.kind, raised.value.reasons) == (CapacityKind.THROTTLE, ("ThrottlingException",))

    async def test_a_throttled_page_fails_the_list(self, stage: Stage) -> None:
        stage.world.faults.add("ListTasks", Fault("throttle"))
        with pytest.raises(Throttled):
            await stage.ecs.list_tasks()

    async def test_sweeps_of_2000_tasks_one_after_another_are_never_throttled(self, stage: Stage) -> None:
        arns = [stage.world.plant_task(Planted("small")).arn for _ in range(2000)]
        for _ in range(3):
            assert sorted(await stage.ecs.list_tasks()) == sorted(arns)
            assert len((await stage.ecs.describe_tasks(arns)).tasks) == 2000


async def until(stage: Stage, arn: str, status: TaskStatus) -> Task:
    """Look once a second until the task is so; an hour of virtual time at most."""
    clock = VirtualClock()
    for _ in range(3600):
        (task,) = (await stage.ecs.describe_tasks([arn])).tasks
        if task.status is status:
            return task
        await clock.sleep(1)
    raise AssertionError(f"the task was never {status}")
