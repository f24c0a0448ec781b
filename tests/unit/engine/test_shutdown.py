"""Stopping within ten seconds, in order, with everything kept that a successor needs (behaviour.md 1.5, row 29)."""

import asyncio
from collections.abc import Callable

import pytest

from core.api.commands import Outcome, SweepNow
from core.api.model import RunnerState
from core.domain.errors import ArcdeckError, OutcomeUnknown, SessionGone, Unavailable
from core.domain.task import TaskStatus
from tests.builders import a_scale_set, job_started
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub, now

pytestmark = pytest.mark.virtual_time

NAME = "small-0000000a"


async def seconds_to_stop(rigs: Rigs, prepare: Callable[[Rig], None], *, after: float = 1.0) -> tuple[Rig, float]:
    """Run, do something, and stop ``after`` seconds later; returns how long that took."""
    rig = rigs.rig()
    running = asyncio.create_task(rig.engine.run(rig.stop))
    await asyncio.sleep(1)
    prepare(rig)
    await asyncio.sleep(after)
    stopped_at = now()
    rig.stop.set()
    async with asyncio.timeout(60):
        await running
    return rig, now() - stopped_at


def demand(jobs: int) -> Callable[[Rig], None]:
    return lambda rig: rig.github.send("small", assigned=jobs)  # type: ignore[return-value]  # the id interests nobody


def nothing(_: Rig) -> None:
    """Leave it as it is."""


class TestWhatStays:
    async def test_with_nothing_in_hand_it_ends_at_once(self, rigs: Rigs) -> None:
        _, seconds = await seconds_to_stop(rigs, nothing)
        assert seconds == 0.0

    async def test_sessions_are_closed(self, rigs: Rigs, github: TimedGitHub) -> None:
        await seconds_to_stop(rigs, nothing)
        assert [session.closed for session in github.opened] == [True]
        assert github.sessions == {}

    async def test_all_sessions_are_closed_at_once(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.slow["close"] = 3
        async with rigs.running(*(a_scale_set(f"set-{number}") for number in range(51)), settle=2) as rig:
            stopped_at = now()
            rig.stop.set()
        assert now() - stopped_at == 3.0
        assert all(session.closed for session in github.opened)

    async def test_scale_sets_are_never_deleted(self, rigs: Rigs, github: TimedGitHub) -> None:
        await seconds_to_stop(rigs, demand(2))
        assert list(github.scale_sets) == [1]
        assert "delete_scale_set" not in github.calls

    async def test_runners_and_their_registrations_stay(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        await seconds_to_stop(rigs, demand(2))
        assert (len(ecs.tasks), len(github.runners)) == (2, 2)
        assert "stop_task" not in ecs.calls

    async def test_no_start_is_made_any_more(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        github.slow["close"] = 3

        def fewer_tasks(_: Rig) -> None:
            asyncio.get_running_loop().call_later(2, lambda: ecs.move(ecs.arn_of(NAME), TaskStatus.STOPPED))

        async with rigs.running(a_scale_set(minimum=2)) as rig:
            fewer_tasks(rig)
            rig.stop.set()
        assert len(ecs.starts) == 2

    @pytest.mark.parametrize("ticks", range(12))
    async def test_no_start_begins_once_it_was_told_to_stop_whatever_is_in_hand(
        self, rigs: Rigs, github: TimedGitHub, ticks: int
    ) -> None:
        github.slow["acknowledge"] = 2
        async with rigs.running() as rig:
            github.send("small", assigned=3)
            for _ in range(ticks):
                await asyncio.sleep(0)
            rig.stop.set()
            await asyncio.sleep(0)  # it hears of it
            begun = list(github.jit_names)
        assert github.jit_names == begun

    async def test_not_ready_while_it_stops(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.slow["close"] = 3
        async with rigs.running() as rig:
            rig.stop.set()
            await asyncio.sleep(1)
            assert "the controller is stopping" in rig.engine.health().reasons


class TestStartsInFlight:
    async def test_a_start_that_is_answered_in_time_is_finished(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        github.slow["generate_jit_config"], ecs.slow["run_task"] = 2, 2
        rig, seconds = await seconds_to_stop(rigs, demand(1), after=0.5)
        assert (seconds, len(ecs.tasks), github.removed) == (3.5, 1, [])
        assert [entry.text for entry in rig.kept("start-settled")] == ["accepted"]

    async def test_a_start_that_waits_for_its_jit_config_is_undone(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        github.slow["generate_jit_config"] = 60
        _, seconds = await seconds_to_stop(rigs, demand(1))
        assert seconds <= 10
        assert (ecs.starts, github.runners) == ([], {})
        assert github.looked_up == [NAME]  # it may be registered all the same

    async def test_a_start_that_ecs_does_not_answer_is_undone(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        ecs.slow["run_task"] = 60
        _, seconds = await seconds_to_stop(rigs, demand(1))
        assert seconds <= 10
        assert (len(github.removed), github.runners) == (1, {})

    async def test_a_start_that_is_being_repeated_is_undone(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        ecs.fail("run_task", *[OutcomeUnknown("no answer")] * 50)
        _, seconds = await seconds_to_stop(rigs, demand(1), after=20)
        assert seconds <= 10
        assert github.runners == {}

    async def test_a_start_whose_task_was_seen_meanwhile_is_kept(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        ecs.slow["run_task"] = 600

        def unheard(rig: Rig) -> None:
            demand(1)(rig)
            ecs.plant("arn:unheard", TaskStatus.RUNNING, scale_set="small", runner_name=NAME, controller="test")

        await seconds_to_stop(rigs, unheard, after=35)
        assert (len(github.runners), github.remove_asked) == (1, [])

    async def test_queued_starts_are_given_up_without_a_trace(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        github.slow["generate_jit_config"] = 2
        async with rigs.running(start_concurrency=1) as rig:
            github.send("small", assigned=5)
            await asyncio.sleep(1)
            rig.stop.set()
        assert (len(github.jit_names), len(ecs.tasks)) == (1, 1)


class TestAMessageInHand:
    async def test_it_is_handled_and_acknowledged(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.slow["acknowledge"] = 2
        rig, seconds = await seconds_to_stop(rigs, started, after=1)
        assert seconds == 1.0
        assert github.opened[0].acknowledged == [100_000_001]
        assert rig.in_state(RunnerState.BUSY) == [NAME]

    async def test_it_does_not_hold_up_the_end(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.slow["acknowledge"] = 600
        _, seconds = await seconds_to_stop(rigs, started)
        assert seconds <= 10
        assert github.opened[0].closed

    @pytest.mark.parametrize("error", [SessionGone("the session is gone"), Unavailable("GitHub is away")])
    async def test_it_may_fail_without_holding_up_the_end(
        self, rigs: Rigs, github: TimedGitHub, error: ArcdeckError
    ) -> None:
        github.slow["acknowledge"] = 2
        github.fail("acknowledge", error)
        _, seconds = await seconds_to_stop(rigs, started)
        assert seconds <= 10

    async def test_a_poll_is_dropped_at_once(self, rigs: Rigs, github: TimedGitHub) -> None:
        await seconds_to_stop(rigs, nothing, after=20)
        assert len(github.moments["next_message"]) == 1


class TestServicesThatHang:
    @pytest.mark.parametrize("call", ["close", "next_message", "remove_runner", "list_runners", "open_session"])
    async def test_a_github_that_hangs_holds_nothing_up(self, rigs: Rigs, github: TimedGitHub, call: str) -> None:
        github.slow[call] = 600
        _, seconds = await seconds_to_stop(rigs, nothing, after=40)
        assert seconds <= 10

    @pytest.mark.parametrize("call", ["list_tasks", "describe_tasks", "stop_task", "register_definition"])
    async def test_an_ecs_that_hangs_holds_nothing_up(self, rigs: Rigs, ecs: TimedEcs, call: str) -> None:
        def hang(rig: Rig) -> None:
            ecs.slow[call] = 600
            ecs.plant("arn:stuck", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")

        _, seconds = await seconds_to_stop(rigs, hang, after=400)
        assert seconds <= 10

    async def test_a_session_that_cannot_be_deleted_lapses_by_itself_and_is_told(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.fail("close", Unavailable("GitHub is away"))
        rig, seconds = await seconds_to_stop(rigs, nothing)
        assert seconds == 0.0
        assert "lapses by itself" in rig.events("session-close-failed")[0]

    async def test_with_everything_slow_at_once_it_still_ends_in_ten_seconds(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        def everything(rig: Rig) -> None:
            for call in ("acknowledge", "close", "generate_jit_config", "remove_runner", "list_runners"):
                github.slow[call] = 600
            for call in ("run_task", "stop_task", "list_tasks", "describe_tasks"):
                ecs.slow[call] = 600
            started(rig)

        _, seconds = await seconds_to_stop(rigs, everything, after=40)
        assert seconds <= 10


def started(rig: Rig) -> None:
    """A job starts on a runner that nobody knew."""
    rig.github.send("small", job_started(NAME), assigned=0)


async def test_a_controller_that_does_not_run_refuses_commands(rigs: Rigs) -> None:
    rig = rigs.rig()
    answer = await rig.execute(SweepNow(id="1"))
    assert (answer.outcome, answer.text) == (Outcome.REFUSED, "the controller is starting")
