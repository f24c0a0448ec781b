"""A start, from its name to its task, and what is undone when it comes to nothing (behaviour.md 1.2, 1.3)."""

import asyncio
import re
import secrets

import pytest

from core.api.model import RunnerState, ScaleSetState
from core.domain.errors import (
    CapacityKind,
    ConfigurationError,
    OutcomeUnknown,
    PermissionDenied,
    RunnerExists,
    ScaleSetNotFound,
    Throttled,
    Unavailable,
)
from core.domain.messages import JitConfig
from core.domain.scale_set import LaunchType, Placement
from core.domain.secret import Secret
from core.domain.task import TaskStatus
from tests.builders import a_scale_set, job_started
from tests.fakes.scale_sets import FakeGitHub
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import no_room, timed

pytestmark = pytest.mark.virtual_time

#: The first names that the rig's id factory makes.
FIRST, SECOND = "small-0000000a", "small-0000000b"


async def demand(rig: Rig, jobs: int, *, wait: float = 1.0) -> None:
    """GitHub assigns jobs, and some time passes."""
    rig.github.send("small", assigned=jobs)
    await asyncio.sleep(wait)


class TestOneStart:
    async def test_a_start_is_a_jit_config_then_run_task(self, rigs: Rigs) -> None:
        calls = rigs.ecs.calls = rigs.github.calls
        async with rigs.running() as rig:
            calls.clear()
            await demand(rig, 1)
            assert [call for call in calls if call in {"generate_jit_config", "run_task"}] == [
                "generate_jit_config",
                "run_task",
            ]

    async def test_one_run_task_is_sent_for_each_runner(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 3)
            assert sorted(start.runner_name for start in rig.ecs.starts) == sorted(rig.runners)
            assert len(rig.runners) == 3

    async def test_a_runner_is_named_after_its_scale_set_and_eight_lower_case_hex_digits(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert re.fullmatch(r"small-[0-9a-f]{8}", rig.ecs.starts[0].runner_name)

    async def test_a_task_is_run_from_the_definition_of_its_family_at_a_pinned_revision(self, rigs: Rigs) -> None:
        async with rigs.running(a_scale_set("small", family="runner-small")) as rig:
            await demand(rig, 1)
            assert rig.ecs.starts[0].task_definition == "runner-small:1"

    async def test_a_task_gets_the_jit_config_of_its_own_runner(self, rigs: Rigs) -> None:
        rigs.github = github = GitHubWithSecrets()
        async with rigs.running() as rig:
            await demand(rig, 2)
            given = {start.runner_name: start.jit_config_encoded.reveal() for start in rig.ecs.starts}
            assert given == github.given

    async def test_a_task_is_marked_with_its_scale_set_its_runner_and_its_controller(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 1)
            (start,) = rig.ecs.starts
            assert (start.scale_set_name, start.runner_name, start.controller) == ("small", FIRST, "test")
            assert start.runner_id == next(iter(rig.github.runners))

    async def test_with_subnets_a_task_is_placed_in_them(self, rigs: Rigs) -> None:
        placement = Placement(subnets=("subnet-1", "subnet-2"), security_groups=("sg-1",))
        async with rigs.running(a_scale_set(placement=placement)) as rig:
            await demand(rig, 1)
            (start,) = rig.ecs.starts
            assert (start.subnets, start.security_groups) == (("subnet-1", "subnet-2"), ("sg-1",))

    async def test_without_subnets_a_task_has_no_network_of_its_own(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert rig.ecs.starts[0].subnets == ()

    async def test_a_capacity_provider_is_used_where_one_is_named(self, rigs: Rigs) -> None:
        placement = Placement(LaunchType.FARGATE, capacity_providers=("spot", "on-demand"))
        async with rigs.running(a_scale_set(placement=placement)) as rig:
            await demand(rig, 1)
            assert rig.ecs.starts[0].capacity_provider == "spot"

    async def test_the_launch_type_is_used_otherwise(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 1)
            (start,) = rig.ecs.starts
            assert (start.capacity_provider, start.launch_type) == ("", LaunchType.EXTERNAL)

    async def test_a_started_runner_is_tracked_with_its_task(self, rigs: Rigs) -> None:
        async with rigs.running() as rig:
            await demand(rig, 1)
            view = rig.runners[FIRST]
            assert (view.state, view.task_arn) == (RunnerState.PENDING, rig.ecs.arn_of(FIRST))

    async def test_a_slot_is_taken_before_anything_is_created(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.slow["generate_jit_config"] = 30
        async with rigs.running(a_scale_set(maximum=2)) as rig:
            await demand(rig, 5)
            await demand(rig, 5)
            assert (len(rig.in_state(RunnerState.RESERVED)), len(github.jit_names)) == (2, 2)

    async def test_an_intent_is_journalled_before_each_call_and_settled_after_the_last(self, rigs: Rigs) -> None:
        ecs, github = timed(rigs)
        github.slow["generate_jit_config"] = ecs.slow["run_task"] = 5
        async with rigs.running() as rig:
            await demand(rig, 1)
            before_the_jit_config = rig.kept("start-intent")
            await asyncio.sleep(5)
            before_run_task, settled = rig.kept("start-intent"), rig.kept("start-settled")
            await asyncio.sleep(5)
            assert [intent.runner_name for intent in before_the_jit_config] == [FIRST]
            assert before_run_task[-1].data["runner_id"] == next(iter(github.runners))
            assert (settled, [entry.runner_name for entry in rig.kept("start-settled")]) == ([], [FIRST])

    async def test_a_jit_config_is_seen_nowhere_but_in_run_task(self, rigs: Rigs) -> None:
        rigs.github = github = GitHubWithSecrets()
        rigs.ecs.fail("run_task", OutcomeUnknown("no answer"), no_room())
        async with rigs.running() as rig:
            await demand(rig, 2, wait=20)
            told = [rig.engine.snapshot().model_dump_json(), *(repr(entry) for entry in rig.journal.entries)]
            assert github.given
            assert not [secret for secret in github.given.values() if any(secret in text for text in told)]


class TestTakenNames:
    async def test_a_runner_that_holds_the_name_is_removed_and_another_name_tried(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        holder = github.register(FIRST, 1)
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert (github.removed, github.jit_names) == ([holder], [FIRST, SECOND])
            assert list(rig.runners) == [SECOND]

    async def test_another_name_is_tried_once_and_no_more(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.fail("generate_jit_config", RunnerExists("it exists"), RunnerExists("it exists too"))
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert github.jit_names[:2] == [FIRST, SECOND]
            assert rig.events("start-failed") == ["small: no JIT config: it exists too"]
            assert not {FIRST, SECOND} & {start.runner_name for start in rig.ecs.starts}

    async def test_a_holder_of_another_scale_set_is_left_alone(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.register(FIRST, 99)
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert github.remove_asked == []
            assert list(rig.runners) == [SECOND]

    async def test_a_holder_that_runs_a_job_keeps_its_name(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.busy.add(github.register(FIRST, 1))
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert github.removed == []
            assert list(rig.runners) == [SECOND]

    async def test_a_holder_that_left_meanwhile_is_no_obstacle(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.fail("generate_jit_config", RunnerExists("it exists"))
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert list(rig.runners) == [SECOND]


class TestRefusals:
    async def test_a_refusal_for_want_of_room_ends_the_batch(self, rigs: Rigs) -> None:
        ecs, github = timed(rigs)
        ecs.fail("run_task", no_room())
        async with rigs.running(start_concurrency=1) as rig:
            await demand(rig, 5)
            assert (len(ecs.asked), len(github.jit_names)) == (1, 1)
            assert rig.runners == {}

    async def test_a_refused_start_leaves_no_registration(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", no_room())
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert (rig.github.runners, len(rig.github.removed)) == ({}, 1)

    async def test_a_registration_that_cannot_be_undone_is_remembered_and_tried_again(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", no_room())
        rigs.github.fail("remove_runner", Unavailable("GitHub is away"), Unavailable("GitHub is away"))
        async with rigs.running() as rig:
            await demand(rig, 1, wait=10)
            assert len(rig.github.removed) == 0
            await asyncio.sleep(11)  # tried at once, 5 s later and 15 s after that
            assert len(rig.github.removed) == 1

    async def test_a_refusal_keeps_what_ecs_said(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", no_room("RESOURCE:MEMORY"))
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert "RESOURCE:MEMORY" in rig.events("capacity")[0]
            assert "RESOURCE:MEMORY" in rig.scale_set().reason

    async def test_after_the_wait_one_start_probes_and_its_success_opens_the_class(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.slow["run_task"] = 0.5
        ecs.fail("run_task", no_room())
        async with rigs.running(start_concurrency=1) as rig:
            await demand(rig, 3, wait=30)
            refused_at = ecs.moments["run_task"][0] + 0.5
            probe, *others = (moment - refused_at for moment in ecs.moments["run_task"][1:])
            assert (probe, others) == (15.0, [15.5, 16.0])
            assert rig.scale_set().backoff is None

    async def test_any_other_error_is_logged_and_the_batch_goes_on(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", ConfigurationError("TaskDefinition is inactive"))
        async with rigs.running(start_concurrency=1) as rig:
            await demand(rig, 3)
            assert len(rig.ecs.starts) == 3  # the failed one was replaced
            assert rig.events("start-failed") == [f"{FIRST}: RunTask failed: TaskDefinition is inactive"]

    async def test_any_other_error_leaves_no_registration_either(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", PermissionDenied("not authorized to perform iam:PassRole"))
        async with rigs.running() as rig:
            await demand(rig, 1)
            assert len(rig.github.removed) == 1

    async def test_three_permanent_errors_in_a_row_block_the_scale_set_for_five_minutes(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.fail("run_task", *[PermissionDenied("not authorized to perform iam:PassRole")] * 3)
        async with rigs.running(start_concurrency=1) as rig:
            await demand(rig, 5)
            assert len(ecs.asked) == 3
            assert rig.scale_set().state is ScaleSetState.BLOCKED
            assert "iam:PassRole" in rig.scale_set().reason
            await asyncio.sleep(300)
            assert ecs.moments["run_task"][3] - ecs.moments["run_task"][2] == pytest.approx(300.0)

    async def test_the_try_after_a_block_is_a_single_one(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.fail("run_task", *[PermissionDenied("not authorized to perform iam:PassRole")] * 4)
        async with rigs.running() as rig:
            await demand(rig, 3, wait=400)
            assert len(ecs.asked) == 4

    async def test_a_success_after_a_block_ends_it(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", *[PermissionDenied("not authorized to perform iam:PassRole")] * 3)
        async with rigs.running() as rig:
            await demand(rig, 3, wait=310)
            assert len(rig.in_state(RunnerState.PENDING)) == 3
            assert rig.scale_set().state is ScaleSetState.OK


class TestJitConfigs:
    async def test_a_burst_that_github_refuses_is_one_failure(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.latency = 0.1
        github.fail("generate_jit_config", *[Unavailable("GitHub is away")] * 5)
        async with rigs.running(settle=3) as rig:
            await demand(rig, 5, wait=10)
            first, last = github.moments["generate_jit_config"][0], github.moments["generate_jit_config"][5]
            assert last - first == pytest.approx(5.1)

    async def test_githubs_own_wait_is_obeyed(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.fail("generate_jit_config", Throttled("slow down", retry_after=40))
        async with rigs.running() as rig:
            await demand(rig, 1, wait=45)
            first, second = github.moments["generate_jit_config"]
            assert second - first == 40.0

    async def test_starts_that_were_under_way_do_not_cut_githubs_wait_short(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.fail("generate_jit_config", Throttled("slow down", retry_after=40))
        async with rigs.running() as rig:
            await demand(rig, 3, wait=45)
            first, *others = github.moments["generate_jit_config"]
            assert [moment - first for moment in others] == [0, 0, 40]

    async def test_a_permanent_refusal_of_github_blocks_its_own_scale_set_alone(self, rigs: Rigs) -> None:
        rigs.github.fail("generate_jit_config", *[PermissionDenied("no access")] * 3)
        async with rigs.running(a_scale_set("small"), a_scale_set("large")) as rig:
            await demand(rig, 3)
            rig.github.send("large", assigned=1)
            await asyncio.sleep(1)
            assert rig.scale_set("small").state is ScaleSetState.BLOCKED
            assert [start.scale_set_name for start in rig.ecs.starts] == ["large"]

    async def test_a_scale_set_that_is_gone_from_github_holds_up_no_other(self, rigs: Rigs) -> None:
        rigs.github.fail("generate_jit_config", *[ScaleSetNotFound("no such scale set")] * 3)
        async with rigs.running(a_scale_set("small"), a_scale_set("large")) as rig:
            await demand(rig, 3)
            rig.github.send("large", assigned=1)
            await asyncio.sleep(1)
            assert [start.scale_set_name for start in rig.ecs.starts] == ["large"]

    async def test_a_jit_config_whose_answer_was_lost_leaves_no_registration(self, rigs: Rigs) -> None:
        rigs.github = github = GitHubThatLosesAnswers()
        github.lose = 1
        async with rigs.running() as rig:
            await demand(rig, 1, wait=20)
            backed = {start.runner_name for start in rig.ecs.starts}
            assert {runner.name for runner in github.runners.values()} == backed
            assert len(github.removed) == 1


class TestUnknownOutcomes:
    async def test_the_identical_request_is_repeated_under_the_same_token(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.fail("run_task", *[OutcomeUnknown("no answer")] * 6)
        async with rigs.running() as rig:
            await demand(rig, 1, wait=60)
            first = ecs.moments["run_task"][0]
            assert [moment - first for moment in ecs.moments["run_task"]] == [0, 1, 3, 7, 15, 30, 45]
            assert set(ecs.asked) == {ecs.asked[0]}
            assert len({start.client_token for start in ecs.asked}) == 1

    async def test_a_task_that_was_started_unheard_is_the_answer_of_the_repeat(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", OutcomeUnknown("no answer"))
        async with rigs.running() as rig:
            await demand(rig, 1, wait=5)
            assert (len(rig.ecs.starts), list(rig.runners)) == (1, [FIRST])

    async def test_a_repeat_that_is_refused_for_its_rate_says_nothing_of_the_first_request(self, rigs: Rigs) -> None:
        ecs, github = timed(rigs)
        ecs.fail("run_task", OutcomeUnknown("no answer"), no_room("ThrottlingException", CapacityKind.THROTTLE))
        async with rigs.running() as rig:
            await demand(rig, 1, wait=5)
            first = ecs.moments["run_task"][0]
            assert [moment - first for moment in ecs.moments["run_task"]] == [0, 1, 3]
            assert (list(rig.runners), github.remove_asked) == ([FIRST], [])

    async def test_slot_and_registration_are_kept_while_nobody_knows(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", *[OutcomeUnknown("no answer")] * 10)
        async with rigs.running(a_scale_set(maximum=1)) as rig:
            await demand(rig, 1, wait=60)
            assert rig.in_state(RunnerState.RESERVED) == [FIRST]
            assert len(rig.github.runners) == 1

    async def test_after_five_minutes_the_name_is_given_up_and_its_registration_removed(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.fail("run_task", *[OutcomeUnknown("no answer")] * 100)
        async with rigs.running(a_scale_set(maximum=1)) as rig:
            await demand(rig, 1, wait=290)
            held = (rig.in_state(RunnerState.RESERVED), len(rig.github.removed))
            await asyncio.sleep(20)
            assert held == ([FIRST], 0)
            assert FIRST not in rig.runners
            assert len(rig.github.removed) == 1

    async def test_a_task_that_a_look_has_shown_meanwhile_settles_the_start(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        async with rigs.running(a_scale_set(maximum=1)) as rig:
            ecs.fail("run_task", *[OutcomeUnknown("no answer")] * 100)
            await demand(rig, 1)
            ecs.plant("arn:unheard", TaskStatus.PENDING, scale_set="small", runner_name=FIRST, controller="test")
            await asyncio.sleep(250)
            asked = len(ecs.asked)
            await asyncio.sleep(100)
            assert (len(ecs.asked), rig.github.removed) == (asked, [])
            assert rig.runners[FIRST].task_arn == "arn:unheard"

    async def test_a_job_that_started_meanwhile_settles_the_start(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", *[OutcomeUnknown("no answer")] * 100)
        async with rigs.running(a_scale_set(maximum=1)) as rig:
            await demand(rig, 1)
            rig.github.send("small", job_started(FIRST, runner_id=1001), assigned=1)
            await asyncio.sleep(20)
            rig.ecs.plant("arn:unheard", TaskStatus.RUNNING, scale_set="small", runner_name=FIRST, controller="test")
            await asyncio.sleep(400)
            assert rig.in_state(RunnerState.BUSY) == [FIRST]
            assert rig.github.removed == []

    async def test_a_repeat_that_finds_its_task_stopped_ends_the_runner(self, rigs: Rigs) -> None:
        ecs, github = timed(rigs)
        async with rigs.running(a_scale_set(maximum=1), settle=2) as rig:
            ecs.fail("run_task", OutcomeUnknown("no answer"))
            ecs.stillborn = True
            await demand(rig, 1, wait=3)
            assert rig.kept("task-ended")[0].runner_name == FIRST
            assert github.removed[0] == 1001


class TestPace:
    async def test_no_more_than_twenty_starts_are_in_flight(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.slow["generate_jit_config"] = 10
        async with rigs.running(a_scale_set(maximum=50)) as rig:
            await demand(rig, 50)
            assert len(github.jit_names) == 20
            await asyncio.sleep(10)
            assert len(github.jit_names) == 40

    async def test_starts_are_made_at_the_documented_pace(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        async with rigs.running(a_scale_set(maximum=50), start_rate=2.0, start_burst=3.0) as rig:
            await demand(rig, 7, wait=5)
            first = ecs.moments["run_task"][0]
            assert [moment - first for moment in ecs.moments["run_task"]] == [0, 0, 0, 0.5, 1.0, 1.5, 2.0]

    async def test_a_crowd_of_one_scale_set_does_not_hold_up_another(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.slow["run_task"] = 1
        async with rigs.running(a_scale_set("small", maximum=50), a_scale_set("large"), start_concurrency=1) as rig:
            rig.github.send("small", assigned=50)
            await asyncio.sleep(1.5)
            rig.github.send("large", assigned=1)
            await asyncio.sleep(3)
            assert "large" in [start.scale_set_name for start in ecs.asked][:4]

    async def test_the_session_is_heard_while_starts_are_slow(self, rigs: Rigs) -> None:
        _, github = timed(rigs)
        github.slow["generate_jit_config"] = 600
        async with rigs.running() as rig:
            await demand(rig, 5)
            rig.github.send("small", job_started("small-ffffffff"), assigned=5)
            await asyncio.sleep(2)
            assert rig.in_state(RunnerState.BUSY) == ["small-ffffffff"]


class GitHubWithSecrets(FakeGitHub):
    """Gives each runner a JIT config that can be told apart."""

    def __init__(self) -> None:
        super().__init__()
        self.given: dict[str, str] = {}

    async def generate_jit_config(self, scale_set_id: int, runner_name: str) -> JitConfig:
        made = await super().generate_jit_config(scale_set_id, runner_name)
        self.given[runner_name] = secrets.token_hex(32)
        return JitConfig(made.runner_id, runner_name, Secret(self.given[runner_name]))


class GitHubThatLosesAnswers(FakeGitHub):
    """Registers a runner and is not heard, as often as ``lose`` says."""

    lose = 0

    async def generate_jit_config(self, scale_set_id: int, runner_name: str) -> JitConfig:
        made = await super().generate_jit_config(scale_set_id, runner_name)
        if self.lose > 0:
            self.lose -= 1
            raise OutcomeUnknown("no answer")
        return made
