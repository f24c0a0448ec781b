"""What is heard from GitHub, how late, how often and how wrong; and that no job is lost over it."""

import asyncio

import pytest

from core.api.model import RunnerState, ScaleSetState
from core.domain.messages import JobMessage
from core.engine import listener
from core.world.faults import Fault
from core.world.github import Entry, EntryKind, Job, JobPhase, Quirks, Timings, TokenKind
from core.world.world import World, WorldSettings
from tests.integration.faults.outsiders import at_github, jobs, outsider, runners, until
from tests.stages import Stages

pytestmark = pytest.mark.virtual_time

#: A start from its message to the runner's first job, in a calm world.
SERVED = 60.0
#: GitHub takes an abandoned session for gone after 90 s; a conflict is retried every 10 to 15 s.
ABANDONED, CONFLICT_WAIT = 92.0, 15.0
AWAY = Fault("status", status=503)


async def served(world: World, within: float, *, scale_set: str = "small") -> Job:
    """A job that begins now; asserts that it gets its runner in time."""
    (job,) = jobs(world, 1, scale_set=scale_set, seconds=30)
    await until(lambda: job.phase in {JobPhase.RUNNING, JobPhase.COMPLETED}, within)
    return job


def waited(job: Job) -> float:
    """Seconds from its coming until it ran."""
    assert job.started_at is not None, f"{job.name} has not begun"
    return (job.started_at - job.queued_at).total_seconds()


def changes(world: World) -> int:
    """How many calls were made that start, stop or deregister anything."""
    at_github = world.github.calls
    return (
        world.ecs.calls["RunTask"]
        + world.ecs.calls["StopTask"]
        + at_github["generate_jit_config"]
        + at_github["remove_runner"]
        + at_github["delete_runner"]
    )


# --- behaviour.md row 30: somebody else holds the session ----------------------------------------------------------


async def leave_a_session_behind(world: World) -> None:
    """Hold the session as a controller does that is killed now."""
    async with outsider(world) as killed:
        created = await killed.create_scale_set("small", ["small", "ecs-arc.managed"], 1)
        await killed.open_session(created.id, "killed")


async def test_the_session_of_a_killed_predecessor_is_waited_out(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world:
        await leave_a_session_behind(world)
        async with stages.controller(world) as stage:
            await until(lambda: stage.scale_set().session.state == "conflict", 5)
            waited = await until(lambda: stage.scale_set().session.state == "open", ABANDONED + CONFLICT_WAIT)
            assert waited > ABANDONED - CONFLICT_WAIT
            await served(world, SERVED)


async def test_a_conflict_shows_since_when_how_often_and_when_it_is_tried_again(stages: Stages) -> None:
    # behaviour.md row 30
    async with stages.world() as world:
        await leave_a_session_behind(world)
        async with stages.controller(world) as stage:
            await asyncio.sleep(60)
            view, now = stage.scale_set(), stage.snapshot().now
            assert (view.state, view.session.state) == (ScaleSetState.SESSION, "conflict")
            assert view.session.since is not None
            assert view.session.retry_at is not None
            assert now - view.session.since == pytest.approx(60, abs=1)
            assert 4 <= view.session.tries <= 6
            assert 0 <= view.session.retry_at - now <= CONFLICT_WAIT
            assert len(stage.events("session-conflict")) == 1


async def test_a_conflict_of_ninety_two_seconds_is_shown_throughout_and_disturbs_no_other_scale_set(
    stages: Stages,
) -> None:
    # behaviour.md rows 30 and 33
    toml, asked, tries = runners("small", "large"), list[Job](), list[int]()
    async with stages.world(WorldSettings(timings=Timings(session_idle=ABANDONED)), toml=toml) as world:
        await leave_a_session_behind(world)
        async with stages.controller(world, toml=toml) as stage:
            await until(lambda: stage.scale_set("small").session.state == "conflict", 5)
            since = stage.scale_set("small").session.since
            while (view := stage.scale_set("small")).session.state == "conflict":
                assert (view.state, view.session.since) == (ScaleSetState.SESSION, since)
                assert stage.scale_set("large").session.state == "open"
                tries.append(view.session.tries)
                asked += jobs(world, 1, scale_set="large", seconds=30)
                await asyncio.sleep(10)
            assert since is not None
            assert ABANDONED - 5 <= stage.snapshot().now - since <= ABANDONED + CONFLICT_WAIT + 10
            assert tries == sorted(tries)
            opened = 3  # the predecessor's, the other scale set's, and the one that came of it
            assert tries[-1] == world.github.calls["create_session"] - opened
            await served(world, SERVED)
            assert all(waited(job) <= SERVED for job in asked)


async def test_nothing_is_changed_for_as_long_as_somebody_else_holds_the_session(stages: Stages) -> None:
    # behaviour.md row 30
    toml = runners("small", min_runners=2)
    async with stages.world(toml=toml, settle=1e9) as world:
        async with stages.controller(world, toml=toml, name="first"):
            await until(lambda: len(world.ecs.running()) == 2, 120)
        world.github.controls.occupy_session(at_github(world).id, "another host")
        before = changes(world)
        jobs(world, 3)
        async with stages.controller(world, toml=toml, name="second", seed=2) as stage:
            world.ecs.lose_host(world.ecs.running()[0].arn)
            await asyncio.sleep(1_800)
            assert changes(world) == before
            assert stage.scale_set().session.state == "conflict"
            assert len(stage.in_state(RunnerState.ASSUMED_BUSY)) == 1  # adopted and shown


async def test_losing_the_session_to_somebody_else_returns_to_observing(stages: Stages) -> None:
    # behaviour.md row 30
    toml = runners("small", min_runners=1)
    async with stages.world(toml=toml, settle=1e9) as world, stages.controller(world, toml=toml) as stage:
        await until(lambda: stage.in_state(RunnerState.IDLE), 120)
        before = changes(world)
        world.github.controls.occupy_session(at_github(world).id, "another host")
        await until(lambda: stage.scale_set().session.state == "conflict", 30)
        world.ecs.lose_host(world.ecs.running()[0].arn)  # nobody but the other host may replace it
        await asyncio.sleep(300)
        assert changes(world) == before
        world.github.controls.evict_session(at_github(world).id)
        await served(world, CONFLICT_WAIT + SERVED)


# --- behaviour.md row 32: handled, then acknowledged ---------------------------------------------------------------


async def test_a_message_that_cannot_be_acknowledged_is_acknowledged_later_and_starts_nothing_twice(
    stages: Stages,
) -> None:
    # behaviour.md row 32
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.faults.add("delete_message", AWAY, times=12)
        trio = jobs(world, 3)
        await asyncio.sleep(300)
        assert [job.result for job in trio] == ["succeeded"] * 3
        assert world.ecs.calls["RunTask"] == 3
        assert at_github(world).mailbox.backlog == 0
        assert len(stage.events("ack-failed")) >= 2


async def test_a_message_that_comes_again_with_the_next_session_starts_nothing_twice(stages: Stages) -> None:
    # behaviour.md row 32
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        trio = jobs(world, 3, seconds=200)
        await until(lambda: world.ecs.calls["RunTask"] == 3, 30)
        await asyncio.sleep(5)
        world.faults.add("delete_message", AWAY, times=None)
        await until(lambda: stage.events("job-started"), 90)
        world.github.controls.evict_session(at_github(world).id)
        await asyncio.sleep(30)
        world.faults.clear()
        await asyncio.sleep(350)
        assert [job.result for job in trio] == ["succeeded"] * 3
        assert world.ecs.calls["RunTask"] == 3
        assert at_github(world).mailbox.backlog == 0
        assert len(stage.events("job-started")) == 3


async def test_a_job_message_that_is_sent_twice_counts_once(stages: Stages) -> None:
    # behaviour.md row 32
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        (job,) = jobs(world, 1, seconds=60)
        await until(lambda: job.result, 180)
        await until(lambda: stage.events("job-completed"), 60)
        again = {"jobId": job.id, "runnerId": job.runner_id, "runnerName": job.runner_name, "result": job.result}
        kinds = (EntryKind.COMPLETED, EntryKind.STARTED, EntryKind.COMPLETED)
        entries = [Entry(kind, again | {"messageType": kind.value}) for kind in kinds]
        world.github.controls.post(at_github(world).id, entries)
        await asyncio.sleep(60)
        assert (len(stage.events("job-started")), len(stage.events("job-completed"))) == (1, 1)
        assert stage.in_state(RunnerState.BUSY) == []


async def test_a_message_that_is_being_acknowledged_when_we_are_killed_is_not_lost(stages: Stages) -> None:
    # behaviour.md row 32
    async with stages.world() as world:
        async with stages.controller(world, name="first") as first:
            await asyncio.sleep(5)
            (job,) = jobs(world, 1, seconds=900)
            await until(lambda: job.phase is JobPhase.RUNNING, SERVED)
            world.faults.add("delete_message", Fault("answer_late", seconds=20), times=None)
            acknowledged = world.github.calls["delete_message"]
            await until(lambda: world.github.calls["delete_message"] > acknowledged, 60)
            await asyncio.sleep(5)
            await first.cut_off(stages.journal_of("second"))
        world.faults.clear()
        async with stages.controller(world, name="second", seed=2) as second:
            await until(lambda: second.scale_set().session.state == "open", ABANDONED + CONFLICT_WAIT)
            (runner,) = second.in_state(RunnerState.BUSY)
            assert runner.job is not None
            assert runner.job.id == job.id


@pytest.mark.parametrize("fault", [AWAY, Fault("status", status=200), Fault("status", status=200, body={})], ids=str)
async def test_offers_that_could_not_be_claimed_are_claimed_later(stages: Stages, fault: Fault) -> None:
    # behaviour.md row 32: where jobs are offered, nobody offers them twice
    async with stages.world(WorldSettings(flow="acquire")) as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.faults.add("acquire_jobs", fault, times=7)
        pair = jobs(world, 2)
        await asyncio.sleep(300)
        assert [job.result for job in pair] == ["succeeded"] * 2
        assert stage.events("acquire-failed")


async def test_a_message_that_we_stumble_over_is_told_and_keeps_no_other_from_being_heard(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    # behaviour.md row 32
    honest = listener.describe

    def mistaken(message: JobMessage) -> str:
        if message.job.name == "poison":
            raise KeyError("a mistake of ours")
        return honest(message)

    monkeypatch.setattr(listener, "describe", mistaken)
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        poison = world.github.enqueue_job("small", name="poison", duration=60)
        (other,) = jobs(world, 1, seconds=60)
        await asyncio.sleep(300)
        assert (poison.result, other.result) == ("succeeded", "succeeded")
        assert at_github(world).mailbox.backlog == 0
        assert stage.scale_set().state is ScaleSetState.OK
        assert len(stage.events("message-failed")) == 2


async def test_a_message_nobody_can_read_is_told_and_dropped(stages: Stages) -> None:
    # behaviour.md row 32
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        unknown = {"messageId": 7, "messageType": "RunnerScaleSetSomethingElse", "body": "[]"}
        world.faults.add("get_message", Fault("status", status=200, body=unknown))
        await asyncio.sleep(60)
        assert len(stage.events("message-unreadable")) == 1
        await served(world, SERVED)


# --- behaviour.md row 34, and what else a poll may bring -----------------------------------------------------------


async def test_a_poll_that_hears_nothing_is_given_up_and_made_again(stages: Stages) -> None:
    # behaviour.md row 34
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.faults.add("get_message", Fault("latency", seconds=100_000))
        await until(lambda: world.github.log[-1].fault == "latency", 60)
        polls = world.github.calls["get_message"]
        silent = await until(lambda: world.github.calls["get_message"] > polls, 120)
        assert silent == pytest.approx(91, abs=1)  # 90 s of silence, and a second's rest
        await served(world, SERVED + 30)
        assert "90 s" in stage.events("poll-failed")[0]


async def test_an_answer_without_a_body_is_no_message(stages: Stages) -> None:
    # github-scale-set-api.md section 5.5
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.faults.add("get_message", Fault("status", status=200), times=30)
        await served(world, SERVED + 120)
        assert stage.events("poll-failed") == []
        assert world.github.calls["create_session"] == 1


async def test_a_sequence_of_messages_that_restarts_is_heard(stages: Stages) -> None:
    # github-scale-set-api.md section 5.6: ids may begin again at a lower value
    async with stages.world() as world, stages.controller(world):
        await asyncio.sleep(5)
        await served(world, SERVED)
        await asyncio.sleep(120)
        world.github.controls.restart_message_ids(at_github(world).id)
        await served(world, SERVED + 60)
        assert world.github.calls["create_session"] == 1


async def test_a_session_without_a_queue_is_deleted_and_opened_again(stages: Stages) -> None:
    # github-scale-set-api.md section 5.1
    degraded = WorldSettings(quirks=Quirks(empty_queue_url=True))
    async with stages.world(degraded) as world, stages.controller(world) as stage:
        await asyncio.sleep(60)
        assert stage.scale_set().state is ScaleSetState.DEGRADED
        assert "without its queue" in stage.scale_set().reason
        world.github.quirks.empty_queue_url = False
        await until(lambda: stage.scale_set().session.state == "open", 90)
        await served(world, SERVED)


@pytest.mark.parametrize("kind", [TokenKind.ADMIN, TokenKind.QUEUE, TokenKind.INSTALLATION])
async def test_a_token_that_github_takes_back_is_replaced(stages: Stages, kind: TokenKind) -> None:
    # github-scale-set-api.md sections 2.6 and 5.5
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.github.controls.expire_tokens(kind)
        await served(world, SERVED + 60)
        assert stage.events("degraded") == []
        assert world.github.calls["create_session"] == 1


async def test_a_session_that_was_evicted_is_opened_again(stages: Stages) -> None:
    # github-scale-set-api.md section 5.5: the poll answers 401, the refresh 404
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.github.controls.evict_session(at_github(world).id)
        await until(lambda: world.github.calls["create_session"] == 2, 20)
        assert world.github.calls["refresh_session"] == 1
        await served(world, SERVED)
        assert stage.scale_set().session.state == "open"


@pytest.mark.parametrize("status", [401, 404, 410])
async def test_a_poll_on_a_session_that_is_gone_opens_a_new_one_whatever_it_is_answered(
    stages: Stages, status: int
) -> None:
    # github-scale-set-api.md section 11.3
    world_settings = WorldSettings(quirks=Quirks(gone_session_status=status))  # type: ignore[arg-type]  # one of three
    async with stages.world(world_settings) as world, stages.controller(world):
        await asyncio.sleep(5)
        world.github.controls.evict_session(at_github(world).id)
        await served(world, SERVED + 20)


# --- statistics that lie -------------------------------------------------------------------------------------------


async def test_statistics_stuck_high_never_exceed_the_maximum(stages: Stages) -> None:
    # github-scale-set-api.md section 10, row 11
    toml = runners("small", max_runners=4)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await asyncio.sleep(5)
        world.github.controls.override_statistics(at_github(world).id, totalAssignedJobs=500, totalRunningJobs=0)
        world.github.controls.post(at_github(world).id, [])
        await asyncio.sleep(1_200)
        assert len(stage.in_state(RunnerState.IDLE)) == 4
        assert world.ecs.calls["RunTask"] == 4


async def test_statistics_of_zero_stop_nobody_who_works(stages: Stages) -> None:
    # github-scale-set-api.md section 10, row 11
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        pair = jobs(world, 2, seconds=1_200)
        await until(lambda: len(stage.in_state(RunnerState.BUSY)) == 2, 180)
        world.github.controls.override_statistics(at_github(world).id, totalAssignedJobs=0, totalRunningJobs=0)
        waiting = jobs(world, 2)
        await asyncio.sleep(600)
        world.github.controls.override_statistics(at_github(world).id)
        world.github.controls.post(at_github(world).id, [])
        await asyncio.sleep(900)
        assert [job.result for job in (*pair, *waiting)] == ["succeeded"] * 4
        assert world.ecs.calls["StopTask"] == 0


async def test_a_count_that_was_wrong_and_is_mended_without_a_word_is_asked_for_anew(stages: Stages) -> None:
    # github-scale-set-api.md section 10, row 11
    toml = runners("small", max_runners=4)
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await asyncio.sleep(5)
        world.github.controls.override_statistics(at_github(world).id, totalAssignedJobs=9, totalRunningJobs=2)
        world.github.controls.post(at_github(world).id, [])
        await until(lambda: len(stage.in_state(RunnerState.IDLE)) == 4, 300)
        world.github.controls.override_statistics(at_github(world).id)
        await until(lambda: len(world.ecs.running()) == 0, 1_200)
        (told,) = stage.events("counters-corrected")
        assert "assigned 9 → 0" in told


async def test_a_job_that_github_never_told_of_is_found_by_asking_in_a_long_silence(stages: Stages) -> None:
    # github-scale-set-api.md section 10, row 11
    async with stages.world() as world, stages.controller(world):
        await asyncio.sleep(5)
        world.github.controls.override_statistics(at_github(world).id, totalAssignedJobs=0, totalRunningJobs=0)
        (waiting,) = jobs(world, 1)
        await asyncio.sleep(120)
        world.github.controls.override_statistics(at_github(world).id)
        await until(lambda: waiting.result, 1_200)


async def test_what_a_refresh_for_another_reason_tells_is_heard_as_well(stages: Stages) -> None:
    # github-scale-set-api.md section 5.2
    async with stages.world() as world, stages.controller(world) as stage:
        await asyncio.sleep(5)
        world.github.controls.override_statistics(at_github(world).id, totalAssignedJobs=2, totalRunningJobs=0)
        world.github.controls.expire_tokens(TokenKind.QUEUE)  # so the session is refreshed, and no message comes
        await until(lambda: stage.scale_set().assigned == 2, 110)
        world.github.controls.override_statistics(at_github(world).id)


async def test_asking_anew_that_fails_takes_nothing_away(stages: Stages) -> None:
    # github-scale-set-api.md section 10, row 11
    async with stages.world() as world, stages.controller(world) as stage:
        world.faults.add("refresh_session", Fault("status", status=500), times=None)
        await asyncio.sleep(2_000)
        await served(world, SERVED)
        assert stage.events("counters-unread")
        assert stage.events("degraded") == []


# --- behaviour.md row 33 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["generate_jit_config", "get_message", "delete_message", "remove_runner"])
async def test_a_call_that_hangs_for_one_scale_set_holds_up_no_other(stages: Stages, operation: str) -> None:
    # behaviour.md row 33
    toml = runners("slow", "quick")
    async with stages.world(toml=toml) as world, stages.controller(world, toml=toml) as stage:
        await asyncio.sleep(5)
        (stuck,) = jobs(world, 1, scale_set="slow", seconds=20)
        if operation == "remove_runner":
            await until(lambda: stuck.phase is JobPhase.RUNNING, SERVED)
        world.faults.add(operation, Fault("latency", seconds=55))
        await until(lambda: any(call.fault for call in world.github.log), 100, step=0.25)
        quick = await served(world, SERVED, scale_set="quick")
        await until(lambda: stuck.result and quick.result, 300)
        assert stage.events("degraded") == []
