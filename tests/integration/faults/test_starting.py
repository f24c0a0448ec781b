"""Starting: one name, one registration, one task, whatever becomes of the calls; and who waits for what when it fails.

Every registration made ends backed by a task or removed (invariant I4, asserted when each world is left).
"""

import asyncio
import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest

from core.api.model import RunnerState, ScaleSetState
from core.world.ecs import FARGATE_FULL, VCPU_QUOTA, Capacity, FailedStart, Pace, TaskState, Visibility
from core.world.faults import Fault
from core.world.github import Job
from core.world.runners import Fate, Habits
from core.world.world import World, WorldSettings
from tests.integration.conftest import Stage, Stages
from tests.integration.faults.outsiders import at_github, jobs, runners, until
from tests.integration.faults.planted import FAILED, at

pytestmark = pytest.mark.virtual_time

NO_ROLE = Fault(
    "status",
    status=400,
    body={"__type": "ClientException", "message": "ECS was unable to assume the role that was provided for this task."},
)


async def ready(stage: Stage) -> None:
    """Return when every scale set listens."""
    await until(lambda: stage.engine.health().ready, 120)


def nobody_can_be_removed(world: World) -> None:
    """Let every removal of a registration fail, by either way, until the faults are cleared."""
    for operation in ("remove_runner", "delete_runner"):
        world.faults.add(operation, FAILED, times=None)


def done(running: Iterable[Job]) -> bool:
    """Whether all of them have a result."""
    return all(job.result for job in running)


def asked(world: World) -> list[float]:
    """When each RunTask came in."""
    return at(world, "RunTask")


# --- behaviour.md row 8: a refused start is undone -----------------------------------------------------------------


async def test_the_registration_of_a_refused_start_is_removed_at_once(stages: Stages) -> None:
    # behaviour.md row 8
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", NO_ROLE, times=2)
        jobs(world, 2, seconds=30.0)
        await until(lambda: world.ecs.calls["RunTask"] >= 2, 10)
        await asyncio.sleep(2)
        assert len(world.github.runners) == len(world.ecs.tasks) == 2  # those that were started in their place


async def test_a_removal_that_fails_is_tried_until_it_is_done(stages: Stages) -> None:
    # behaviour.md row 8
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        nobody_can_be_removed(world)
        world.faults.add("RunTask", NO_ROLE)
        jobs(world, 1, seconds=300.0)
        await until(lambda: world.ecs.tasks, 10)
        await asyncio.sleep(60)
        assert len(world.github.runners) == 2
        assert len(stage.events("deregister-failed")) >= 2
        world.faults.clear()
        await until(lambda: len(world.github.runners) == 1, 90)


@pytest.mark.parametrize("crash", [False, True], ids=["stopped in order", "killed"])
async def test_a_removal_that_has_not_succeeded_at_a_restart_is_done_after_it(
    stages: Stages, tmp_path: Path, crash: bool
) -> None:
    # behaviour.md row 8: what cannot be undone is remembered
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await ready(stage)
            nobody_can_be_removed(world)
            world.faults.add("RunTask", NO_ROLE, times=3)
            (job,) = jobs(world, 1, seconds=30.0)
            await until(lambda: world.ecs.calls["RunTask"] >= 3, 10)
            world.github.cancel_job(job.id)
            await asyncio.sleep(20)
            assert len(world.github.runners) == 3
            if crash:
                await stage.cut_off(stages.journal_of("successor"))
        world.faults.clear()
        async with stages.controller(world, name="successor" if crash else "controller", seed=2):
            await until(lambda: not world.github.runners, 120)


async def test_a_permanent_error_leaves_no_registration_behind_however_long_it_lasts(stages: Stages) -> None:
    # behaviour.md rows 8 and 10
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", NO_ROLE, times=None)
        jobs(world, 5)
        await asyncio.sleep(1_500)
        assert not world.github.runners


# --- behaviour.md row 9: starts are concurrent, and listening goes on ----------------------------------------------


async def test_50_starts_are_under_way_20_at_a_time_while_polls_and_job_messages_are_handled(stages: Stages) -> None:
    # behaviour.md row 9
    toml = runners("small", max_runners=60)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        (first,) = jobs(world, 1, seconds=10_000.0)
        await until(lambda: first.runner_id, 120)
        world.faults.add("generate_jit_config", Fault("latency", 10.0), times=None)
        began, polls = world.clock.monotonic(), world.github.calls["get_message"]
        jobs(world, 50, seconds=300.0)
        await asyncio.sleep(5)
        assert world.github.calls["generate_jit_config"] == 1 + 20
        world.github.cancel_job(first.id)
        await until(lambda: not stage.in_state(RunnerState.BUSY), 10)  # while the first 20 are under way
        assert world.clock.monotonic() - began < 10
        await until(lambda: len(world.ecs.tasks) == 51, 60)
        assert world.clock.monotonic() - began < 35  # three rounds of ten seconds
        assert world.github.calls["get_message"] > polls + 1


async def test_50_starts_take_a_moment_and_none_is_throttled(stages: Stages) -> None:
    # behaviour.md row 9
    toml = runners("small", max_runners=60)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        jobs(world, 50, seconds=300.0)
        await until(lambda: len(world.ecs.tasks) == 50, 10)
        assert world.ecs.calls["RunTask"] == 50


async def test_one_scale_sets_crowd_does_not_hold_back_anothers_start(stages: Stages) -> None:
    # behaviour.md row 9: fair between scale sets
    toml = runners("crowded", "small", max_runners=60)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        world.faults.add("generate_jit_config", Fault("latency", 5.0), times=None)
        jobs(world, 60, scale_set="crowded", seconds=300.0)
        await asyncio.sleep(1)
        jobs(world, 1, scale_set="small", seconds=300.0)
        waited = await until(lambda: [t for t in world.ecs.tasks.values() if t.family == "small"], 60)
        assert waited < 12  # behind those under way, not behind those that wait


# --- behaviour.md row 10: permanent errors open a breaker ----------------------------------------------------------


async def test_three_permanent_errors_block_a_scale_set_which_shows_why_and_tries_once_in_five_minutes(
    stages: Stages,
) -> None:
    # behaviour.md row 10
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", NO_ROLE, times=None)
        jobs(world, 1)
        await until(lambda: stage.scale_set().state is ScaleSetState.BLOCKED, 30)
        assert "unable to assume the role" in stage.scale_set().reason
        assert "next try" in stage.scale_set().why
        assert len(asked(world)) == 3
        await asyncio.sleep(1_000)
        tries = asked(world)
        assert len(tries) == 6
        assert all(300 <= later - earlier <= 302 for earlier, later in itertools.pairwise(tries[2:]))


async def test_a_burst_of_jobs_makes_one_try_in_five_minutes_too(stages: Stages) -> None:
    # behaviour.md row 10
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", NO_ROLE, times=None)
        jobs(world, 10)
        await asyncio.sleep(60)
        burst = len(asked(world))
        assert burst <= 12  # ten at once, and what replaced the first two before the third was heard
        await asyncio.sleep(1_000)
        assert len(asked(world)) == burst + 3
        assert stage.scale_set().capacity == 0


async def test_a_blocked_scale_set_starts_again_when_a_try_succeeds(stages: Stages) -> None:
    # behaviour.md row 10
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", NO_ROLE, times=3)
        (first,) = jobs(world, 1, seconds=30.0)
        await until(lambda: stage.scale_set().state is ScaleSetState.BLOCKED, 30)
        running = [first, *jobs(world, 2, seconds=30.0)]
        await until(lambda: done(running), 500)
        assert stage.scale_set().state is ScaleSetState.OK
        assert {job.result for job in running} == {"succeeded"}


async def test_a_blocked_scale_set_does_not_hold_back_another(stages: Stages) -> None:
    # behaviour.md row 10
    toml = runners("broken", "small")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        world.faults.add("RunTask", NO_ROLE, times=3)
        jobs(world, 1, scale_set="broken")
        await until(lambda: stage.scale_set("broken").state is ScaleSetState.BLOCKED, 30)
        running = jobs(world, 2, scale_set="small", seconds=30.0)
        await until(lambda: done(running), 180)
        assert stage.scale_set("broken").state is ScaleSetState.BLOCKED


async def test_tasks_whose_runner_version_is_refused_open_the_breaker_which_says_so(stages: Stages) -> None:
    # behaviour.md row 10: starts that die within 60 s without a job
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.runners.next_fate(Fate.VERSION_REFUSED, times=1_000)
        jobs(world, 1)
        await until(lambda: stage.scale_set().state is ScaleSetState.BLOCKED, 600)
        assert "exit code 7" in stage.scale_set().reason
        assert "refuses this version of the runner" in stage.scale_set().reason
        started = world.ecs.calls["RunTask"]
        assert started <= 4  # the end of the third is seen before its exit code
        await asyncio.sleep(1_000)
        assert world.ecs.calls["RunTask"] - started <= 4


async def test_tasks_that_die_between_two_looks_open_the_breaker_too(stages: Stages) -> None:
    # behaviour.md row 10: nobody saw them run, ECS says that they did
    quick = WorldSettings(
        pace=Pace(noticing=0.1, deactivating=0.1, reporting=0.1), habits=Habits(connecting=(0.1, 0.1))
    )
    async with stages.world(quick) as world, stages.controller(world) as stage:
        await ready(stage)
        world.runners.next_fate(Fate.VERSION_REFUSED, times=1_000)
        jobs(world, 1)
        await until(lambda: stage.scale_set().state is ScaleSetState.BLOCKED, 600)
        assert world.ecs.calls["RunTask"] == 3


async def test_tasks_that_somebody_takes_away_do_not_open_the_breaker(stages: Stages) -> None:
    # behaviour.md row 10: a lost host says nothing about starts
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.runners.next_fate(Fate.NEVER_CONNECTS, times=3)
        (job,) = jobs(world, 1, seconds=60.0)
        for number in range(3):
            await until(world.ecs.running, 120)
            assert len(asked(world)) == number + 1
            world.ecs.lose_host(world.ecs.running()[0].arn)
        await until(lambda: job.result, 240)
        assert job.result == "succeeded"


async def test_images_that_cannot_be_pulled_open_the_breaker_with_the_words_of_ecs(stages: Stages) -> None:
    # behaviour.md row 10
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.ecs.next_start(FailedStart("CannotPullContainerError: not found"), times=1_000)
        jobs(world, 1)
        await until(lambda: stage.scale_set().state is ScaleSetState.BLOCKED, 600)
        assert "CannotPullContainerError" in stage.scale_set().reason
        assert world.ecs.calls["RunTask"] == 3


# --- behaviour.md row 11: classes of placement ---------------------------------------------------------------------

ON_A_PROVIDER = {"compatibility": "FARGATE", "subnets": ["subnet-1"], "capacity_provider": "FARGATE"}


def sized(family: str, cpu: int, memory: int, **facts: object) -> str:
    """One scale set of a size."""
    return runners(family, cpu=cpu, memory=memory, **facts)


#: Small, large in cpu, large in memory, and one elsewhere.
FOUR = "\n".join(
    (
        sized("small", 1024, 2048),
        sized("quick", 4096, 2048),
        sized("roomy", 1024, 8192),
        sized("elsewhere", 4096, 8192, **ON_A_PROVIDER),
    )
)


@pytest.mark.parametrize(
    ("refused", "reason", "closed"),
    [
        ("small", "RESOURCE:CPU", {"small", "quick", "roomy"}),
        ("quick", "RESOURCE:CPU", {"quick"}),
        ("small", "RESOURCE:MEMORY", {"small", "quick", "roomy"}),
        ("roomy", "RESOURCE:MEMORY", {"roomy"}),
        ("quick", "AGENT", {"small", "quick", "roomy"}),
        ("small", "RESOURCE:PORTS", {"small"}),
        ("elsewhere", FARGATE_FULL, {"elsewhere"}),
        ("elsewhere", "RESOURCE:ENI", {"elsewhere"}),
        ("quick", VCPU_QUOTA, {"small", "quick", "roomy"}),
    ],
)
async def test_a_refusal_closes_its_class_of_placement_for_all_scale_sets_in_it(
    stages: Stages, refused: str, reason: str, closed: set[str]
) -> None:
    # behaviour.md row 11
    async with stages.world(toml=FOUR) as world, stages.controller(world, toml=FOUR) as stage:
        await ready(stage)
        world.ecs.capacity.refuse(reason)
        jobs(world, 1, scale_set=refused)
        await until(lambda: stage.scale_set(refused).state is ScaleSetState.BACKOFF, 30)
        views = stage.snapshot().scale_sets
        assert {view.name for view in views if view.state is ScaleSetState.BACKOFF} == closed
        assert reason.upper()[:20] in stage.scale_set(refused).reason.upper()


async def test_scale_sets_that_share_a_full_provider_send_one_probe_between_them(stages: Stages) -> None:
    # behaviour.md row 11
    names = [f"set-{number}" for number in range(8)]
    toml = runners(*names)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        world.ecs.capacity.close("RESOURCE:MEMORY")
        jobs(world, 1, scale_set=names[0])
        await until(lambda: asked(world), 10)
        for name in names:
            jobs(world, 2, scale_set=name)
        await asyncio.sleep(700)
        waits = [later - earlier for earlier, later in itertools.pairwise(asked(world))]
        ladder = (15.0, 30.0, 60.0, 120.0, 300.0)
        assert len(waits) >= 4
        for wait, step in zip(waits, ladder, strict=False):
            assert 0.8 * step <= wait <= 1.2 * step + 2
        assert not world.github.runners


async def test_when_the_probe_finds_room_all_who_waited_start(stages: Stages) -> None:
    # behaviour.md row 11
    names = [f"set-{number}" for number in range(4)]
    toml = runners(*names)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        world.ecs.capacity.close("RESOURCE:MEMORY", seconds=60.0)
        running = [job for name in names for job in jobs(world, 2, scale_set=name, seconds=30.0)]
        await until(lambda: done(running), 400)
        assert {view.state for view in stage.snapshot().scale_sets} == {ScaleSetState.OK}
        assert len(stage.events("capacity")) >= 2


async def test_a_deferred_start_is_made_when_its_wait_is_over_though_nobody_polls(stages: Stages) -> None:
    # behaviour.md row 11
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.ecs.capacity.refuse("RESOURCE:CPU")
        jobs(world, 1, seconds=300.0)
        await until(lambda: asked(world), 10)
        await asyncio.sleep(25)
        first, second = asked(world)
        assert 12 <= second - first <= 19


@pytest.mark.parametrize("reason", ["RESOURCE:MEMORY", "EMPTY CAPACITY PROVIDER", "NO ACTIVE INSTANCES"])
async def test_a_task_that_fails_to_start_for_want_of_room_closes_the_class(stages: Stages, reason: str) -> None:
    # behaviour.md row 11: where a provider scales by itself, ECS says it later (ecs-api.md A1)
    toml = sized("small", 1024, 2048, **ON_A_PROVIDER) + "\n" + sized("other", 1024, 4096, **ON_A_PROVIDER)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        world.ecs.next_start(FailedStart(reason, TaskState.PROVISIONING))
        (job,) = jobs(world, 1, seconds=60.0)
        await until(lambda: stage.scale_set().state is ScaleSetState.BACKOFF, 60)
        assert reason in stage.scale_set().reason
        assert stage.scale_set("other").state is ScaleSetState.BACKOFF
        await until(lambda: job.result, 240)
        assert stage.scale_set().state is ScaleSetState.OK
        assert stage.scale_set("other").state is ScaleSetState.OK


async def test_a_provider_that_accepts_tasks_and_never_finds_room_for_them_is_asked_ever_less(stages: Stages) -> None:
    # behaviour.md row 11: an accepted RunTask is no sign of room where ECS says it later
    toml = sized("small", 1024, 2048, **ON_A_PROVIDER)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        world.ecs.next_start(FailedStart("RESOURCE:MEMORY", TaskState.PROVISIONING), times=1_000)
        jobs(world, 5)
        await asyncio.sleep(1_800)
        assert world.ecs.calls["RunTask"] <= 5 + 10


# --- behaviour.md row 13: a table of texts -------------------------------------------------------------------------

WAITS, BLOCKS = ScaleSetState.BACKOFF, ScaleSetState.BLOCKED

#: What RunTask answers where it started no task, and where that ends.
REASONS = {
    "RESOURCE:CPU": WAITS,
    "RESOURCE:MEMORY": WAITS,
    "RESOURCE:PORTS_TCP": WAITS,
    "RESOURCE:ENI": WAITS,
    "RESOURCE:GPU": WAITS,
    "AGENT": WAITS,
    "EMPTY CAPACITY PROVIDER": WAITS,
    "NO ACTIVE INSTANCES": WAITS,
    FARGATE_FULL: WAITS,
    VCPU_QUOTA: WAITS,
    VCPU_QUOTA.replace("vCPUs", "tasks"): WAITS,
    "The requested MEMORY configuration is above your limit": WAITS,
    "LOCATION": BLOCKS,
    "ATTRIBUTE": BLOCKS,
    "MISSING": BLOCKS,
    "INACTIVE": BLOCKS,
    "MemberOf placement constraint unsatisfied": BLOCKS,
    "an agentless cluster is nothing we know": BLOCKS,
}
#: What RunTask is refused with: code and message.
REFUSALS = {
    ("ThrottlingException", "Rate exceeded"): WAITS,
    ("ServerException", "Service Unavailable. Please try again later."): WAITS,
    ("LimitExceededException", "The limit for the resource has been exceeded."): WAITS,
    ("ClientException", "You\N{RIGHT SINGLE QUOTATION MARK}ve reached the limit on the number of tasks"): WAITS,
    ("InvalidParameterException", "No Container Instances were found in your cluster."): WAITS,
    ("InvalidParameterException", "Error retrieving subnet information: RequestLimitExceeded"): WAITS,
    ("InvalidParameterException", "TaskDefinition is inactive"): BLOCKS,
    ("ClusterNotFoundException", "Cluster not found."): BLOCKS,
    ("UnsupportedFeatureException", "The feature is not supported in this Region."): BLOCKS,
    ("PlatformUnknownException", "The specified platform version does not exist."): BLOCKS,
    ("AccessDeniedException", "User is not authorized to perform: ecs:RunTask"): BLOCKS,
    ("BlockedException", "Your AWS account was blocked."): BLOCKS,
    ("ConflictException", "The client token was used before."): BLOCKS,
    ("ExpiredTokenException", "The security token included in the request is expired"): BLOCKS,
    ("WhateverException", "words that nobody has seen before"): BLOCKS,
}


def each_on_a_provider(count: int) -> tuple[WorldSettings, dict[str, str], str]:
    """That many scale sets, each on a capacity provider of its own: a world, the providers by set, a configuration."""
    providers = {f"set-{number:02}": f"provider-{number:02}" for number in range(count)}
    world = WorldSettings(capacity=Capacity(providers=tuple(providers.values())))
    network = {"compatibility": "EC2", "subnets": ["subnet-1"]}
    toml = "\n".join(runners(name, capacity_provider=provider, **network) for name, provider in providers.items())
    return world, providers, toml


def states(stage: Stage) -> dict[str, ScaleSetState]:
    """The condition of each scale set, by name."""
    return {view.name: view.state for view in stage.snapshot().scale_sets}


async def test_each_reason_for_which_ecs_starts_no_task_ends_in_its_class(stages: Stages) -> None:
    # behaviour.md row 13
    settings, providers, toml = each_on_a_provider(len(REASONS))
    async with stages.world(settings, toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        for (name, provider), reason in zip(providers.items(), REASONS, strict=True):
            world.ecs.capacity.close(reason, pool=provider)
            jobs(world, 1, scale_set=name)
        await asyncio.sleep(5)
        expected = dict(zip(providers, REASONS.items(), strict=True))
        assert states(stage) == {name: state for name, (_, state) in expected.items()}
        assert all(reason in stage.scale_set(name).reason for name, (reason, _) in expected.items())
        assert not world.github.runners


async def test_each_error_that_ecs_refuses_a_start_with_ends_in_its_class(stages: Stages) -> None:
    # behaviour.md row 13
    settings, providers, toml = each_on_a_provider(len(REFUSALS))
    async with stages.world(settings, toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await ready(stage)
        for name, ((code, message), state) in zip(providers, REFUSALS.items(), strict=True):
            world.faults.add("RunTask", Fault("status", status=400, body={"__type": code, "message": message}), times=3)
            (job,) = jobs(world, 1, scale_set=name)
            await asyncio.sleep(2)
            assert stage.scale_set(name).state is state, f"{code}: {message}"
            world.github.cancel_job(job.id)  # nothing of it tries again while the others do
            world.faults.clear()
        await asyncio.sleep(2)
        assert not world.github.runners


# --- behaviour.md row 14: an answer that is not heard --------------------------------------------------------------


async def test_a_start_whose_answer_is_lost_is_one_task(stages: Stages) -> None:
    # behaviour.md row 14
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", Fault("answer_lost"), times=3)
        running = jobs(world, 3, seconds=60.0)
        await until(lambda: done(running), 240)
        assert {job.result for job in running} == {"succeeded"}
        assert len(world.ecs.tasks) == 3
        assert world.github.registrations_made == 3


@pytest.mark.parametrize("fault", [Fault("latency", 40.0), Fault("answer_late", 40.0), Fault("reset"), FAILED], ids=str)
async def test_a_start_that_is_not_answered_for_three_minutes_is_repeated_and_is_one_task(
    stages: Stages, fault: Fault
) -> None:
    # behaviour.md row 14
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", fault, times=None)
        (job,) = jobs(world, 1, seconds=60.0)
        await asyncio.sleep(180)
        world.faults.clear()
        await until(lambda: job.result, 240)
        assert job.result == "succeeded"
        assert len(world.ecs.tasks) == 1
        assert world.github.registrations_made == 1


async def test_a_start_that_is_never_answered_is_given_up_and_its_registration_removed(stages: Stages) -> None:
    # behaviour.md row 14: keeping slot and registration for five minutes
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", Fault("reset"), times=None)
        (job,) = jobs(world, 1, seconds=60.0)
        await asyncio.sleep(240)
        assert world.github.registrations_made == 1
        assert len(world.github.runners) == 1
        world.github.cancel_job(job.id)
        await until(lambda: not world.github.runners, 120)


async def test_a_task_of_a_start_that_was_given_up_is_found(stages: Stages) -> None:
    # behaviour.md row 14: carried out, and never answered
    async with stages.world() as world, stages.controller(world) as stage:
        await ready(stage)
        world.faults.add("RunTask", Fault("answer_lost"), times=None)
        for operation in ("ListTasks", "DescribeTasks"):
            world.faults.add(operation, FAILED, times=None)
        (job,) = jobs(world, 1, seconds=1_000.0)
        await asyncio.sleep(400)
        world.faults.clear()
        await asyncio.sleep(60)
        assert len(world.ecs.tasks) == 1
        assert len(stage.in_state(RunnerState.BUSY, RunnerState.ASSUMED_BUSY)) == 1
        await until(lambda: job.result, 1_000)
        assert job.result == "succeeded"


@pytest.mark.parametrize("fault", ["answer_lost", "latency"])
async def test_a_crash_between_run_task_and_its_answer_loses_no_task_and_starts_no_second_one(
    stages: Stages, fault: str
) -> None:
    # behaviour.md row 14
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await ready(stage)
            late = Fault("answer_late", 20.0) if fault == "latency" else Fault("answer_lost")
            world.faults.add("RunTask", late, times=None)
            (job,) = jobs(world, 1, seconds=120.0)
            await until(lambda: world.ecs.tasks, 10)
            await stage.cut_off(stages.journal_of("successor"))
        world.faults.clear()
        async with stages.controller(world, name="successor", seed=2):
            await until(lambda: job.result, 300)
            await asyncio.sleep(60)
        assert job.result == "succeeded"
        assert len(world.ecs.tasks) == 1


async def test_a_start_that_ecs_takes_up_after_an_ordered_shutdown_still_counts(stages: Stages) -> None:
    # behaviour.md row 14, invariant I1: given up at our end, it may be carried out at the other
    toml = runners("small", max_runners=2)
    async with stages.world(toml=toml) as world:
        async with stages.controller(world, toml=toml) as stage:
            await ready(stage)
            world.faults.add("RunTask", Fault("latency", 30.0), times=2)
            waiting = jobs(world, 3, seconds=60.0)
            await asyncio.sleep(2)
        assert not world.ecs.tasks
        async with stages.controller(world, toml=toml, seed=2):
            await until(lambda: all(job.result for job in waiting), 600)
        assert {job.result for job in waiting} == {"succeeded"}


@pytest.mark.parametrize("during", ["generate_jit_config", "RunTask"])
async def test_a_crash_between_jit_config_and_run_task_leaves_no_registration_for_two_minutes(
    stages: Stages, during: str
) -> None:
    # behaviour.md row 14, invariant I4
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await ready(stage)
            fault = Fault("answer_late", 20.0) if during == "generate_jit_config" else Fault("reset")
            world.faults.add(during, fault, times=None)
            (job,) = jobs(world, 1, seconds=60.0)
            await until(lambda: world.github.runners, 10)
            await asyncio.sleep(1)
            (left,) = world.github.runners
            await stage.cut_off(stages.journal_of("successor"))
        world.faults.clear()
        async with stages.controller(world, name="successor", seed=2):
            waited = await until(lambda: left not in world.github.runners, 120)
            assert waited > 50
            await until(lambda: job.result, 300)


async def test_after_a_crash_a_start_whose_task_is_not_listed_yet_is_not_made_twice(stages: Stages) -> None:
    # behaviour.md rows 2 and 14
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await ready(stage)
            world.faults.add("RunTask", Fault("answer_lost"), times=None)
            (job,) = jobs(world, 1, seconds=120.0)
            await until(lambda: world.ecs.tasks, 10)
            await stage.cut_off(stages.journal_of("successor"))
        world.faults.clear()
        world.github.controls.evict_session(at_github(world).id)  # so that the successor need not wait for it
        world.ecs.table.visibility = Visibility(listed_after=45.0, described_after=45.0)
        async with stages.controller(world, name="successor", seed=2) as stage:
            await ready(stage)
            assert stage.scale_set().starting == 1
            await until(lambda: job.result, 300)
        assert job.result == "succeeded"
        assert len(world.ecs.tasks) == 1
