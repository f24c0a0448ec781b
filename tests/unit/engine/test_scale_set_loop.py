"""One scale set's life: created or taken over, listened to, and again after whatever ends it (behaviour.md 1.5).

The session is the lease: until it was ours once, the scale set is only observed (DESIGN.md section 3).
"""

import asyncio
from itertools import pairwise

import pytest

from core.api.model import ScaleSetState
from core.domain.errors import (
    ArcdeckError,
    CredentialsRejected,
    PermissionDenied,
    ProtocolError,
    ScaleSetNotFound,
    SessionGone,
    Throttled,
    Unavailable,
)
from core.domain.messages import ScaleSetRef
from core.domain.task import TaskStatus
from core.engine.listener import Listener
from tests.builders import a_scale_set
from tests.fakes.scale_sets import FakeMailbox
from tests.unit.engine.conftest import Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub

pytestmark = pytest.mark.virtual_time

LABELS = ("small", "linux", "ecs-arc.managed", "arcdeck.controller.test")
#: A session conflict is retried every 10 to 15 s; the rig's dice fall in the middle.
CONFLICT = 12.5


def existing(github: TimedGitHub, *labels: str) -> None:
    """A scale set of our name is there already."""
    github.scale_sets[1] = ScaleSetRef(1, "small", 1, labels)
    github.mailboxes[1] = FakeMailbox()


class TestTheScaleSet:
    async def test_it_is_created_in_group_1_with_name_derived_system_and_controller_labels(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running():
            assert github.scale_sets == {1: ScaleSetRef(1, "small", 1, LABELS)}

    async def test_one_that_exists_and_is_ours_is_updated(self, rigs: Rigs, github: TimedGitHub) -> None:
        existing(github, "small", "arcdeck.controller.test")
        async with rigs.running():
            assert github.scale_sets[1].labels == LABELS
            assert "create_scale_set" not in github.calls

    async def test_one_of_the_original_is_taken_over(self, rigs: Rigs, github: TimedGitHub) -> None:
        existing(github, "small", "x64", "ecs-arc.managed")
        async with rigs.running() as rig:
            assert github.scale_sets[1].labels == LABELS
            assert rig.scale_set().session.state == "open"

    @pytest.mark.parametrize(
        "labels",
        [
            pytest.param(("small",), id="nobody's mark"),
            pytest.param(("small", "ecs-arc.managed", "arcdeck.controller.blue"), id="another controller's"),
        ],
    )
    async def test_one_that_is_not_ours_is_never_touched(
        self, rigs: Rigs, github: TimedGitHub, labels: tuple[str, ...]
    ) -> None:
        existing(github, *labels)
        async with rigs.running() as rig:
            await asyncio.sleep(600)
            assert github.scale_sets[1].labels == labels
            assert not {"update_scale_set", "delete_scale_set", "open_session"} & set(github.calls)
            assert rig.scale_set().state is ScaleSetState.DEGRADED
            assert "it is left alone" in rig.scale_set().reason

    async def test_its_creation_is_tried_again_when_it_failed(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.fail("create_scale_set", Unavailable("GitHub is away"))
        async with rigs.running(settle=6) as rig:
            assert rig.scale_set().session.state == "open"

    async def test_it_comes_back_when_somebody_deleted_it(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running():
            del github.scale_sets[1]
            await asyncio.sleep(60)  # the pending poll ends after 50 s, the restart waits 5 s
            assert [ref.labels for ref in github.scale_sets.values()] == [LABELS]

    async def test_after_it_came_back_starts_are_not_blocked_by_what_was(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        async with rigs.running() as rig:
            github.fail("generate_jit_config", *[ScaleSetNotFound("no such scale set")] * 3)
            github.send("small", assigned=3)
            await asyncio.sleep(1)
            blocked = rig.scale_set().state
            del github.scale_sets[1]
            github.mailboxes[1].arrived.set()
            await asyncio.sleep(6)
            assert (blocked, len(ecs.starts)) == (ScaleSetState.BLOCKED, 3)


class TestTheSession:
    async def test_it_is_opened_in_the_name_of_the_host(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running(owner="bastion-1"):
            assert github.owners == ["bastion-1"]

    async def test_a_conflict_is_retried_calmly_for_as_long_as_it_takes(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.held_elsewhere.add(1)
        async with rigs.running() as rig:
            await asyncio.sleep(3600)
            tries = github.moments["open_session"]
            assert {later - earlier for earlier, later in pairwise(tries)} == {CONFLICT}
            assert len(tries) == 289
            assert rig.scale_set().session.tries == 289

    async def test_a_conflict_shows_and_is_told_once(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.held_elsewhere.add(1)
        async with rigs.running() as rig:
            await asyncio.sleep(300)
            assert rig.scale_set().state is ScaleSetState.SESSION
            assert len(rig.events("session-conflict")) == 1

    async def test_a_session_that_ends_is_opened_again_after_5_15_30_60_60_seconds(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.fail("next_message", *[SessionGone("the session is gone")] * 5)
        async with rigs.running():
            await asyncio.sleep(200)
            opened = github.moments["open_session"]
            assert [later - earlier for earlier, later in pairwise(opened)] == [5, 15, 30, 60, 60]

    @pytest.mark.parametrize(
        "error",
        [
            CredentialsRejected("who are you"),
            PermissionDenied("you may not"),
            ProtocolError("what was that"),
            SessionGone("the session is gone"),
            Throttled("slow down"),
        ],
    )
    @pytest.mark.parametrize("call", ["get_scale_set", "open_session", "next_message"])
    async def test_only_shutdown_ends_the_loop(
        self, rigs: Rigs, github: TimedGitHub, call: str, error: ArcdeckError
    ) -> None:
        github.fail(call, *[error] * 30)
        async with rigs.running() as rig:
            await asyncio.sleep(2400)
            assert rig.scale_set().session.state == "open"

    async def test_the_backoff_begins_anew_after_a_healthy_stretch(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.fail("next_message", *[SessionGone("the session is gone")] * 4)
        async with rigs.running():
            await asyncio.sleep(110 + 300)
            github.opened[-1].evicted = True
            github.send("small", assigned=0)
            before = len(github.opened)
            await asyncio.sleep(5.1)
            assert len(github.opened) == before + 1

    async def test_what_it_is_down_for_shows_with_the_time_of_the_next_try(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        github.fail("get_scale_set", PermissionDenied("the App may not manage runners"))
        async with rigs.running() as rig:
            view = rig.scale_set()
            assert (view.state, view.reason) == (ScaleSetState.DEGRADED, "the App may not manage runners")
            assert view.session.retry_at is not None
            assert view.session.retry_at - rig.engine.snapshot().controller.started_at == 5.0

    async def test_a_scale_set_that_fails_is_not_noticed_by_the_others(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        github.fail("get_scale_set", PermissionDenied("no"))
        async with rigs.running(a_scale_set("small"), a_scale_set("large")) as rig:
            failed = [view.name for view in rig.engine.snapshot().scale_sets if view.state is ScaleSetState.DEGRADED]
            (healthy,) = {"small", "large"} - set(failed)
            github.send(healthy, assigned=1)
            await asyncio.sleep(1)
            assert len(failed) == 1
            assert [start.scale_set_name for start in ecs.starts] == [healthy]

    async def test_a_mistake_of_ours_degrades_one_scale_set_and_no_more(
        self, rigs: Rigs, github: TimedGitHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def mistaken(listener: Listener) -> None:
            raise KeyError("a mistake")

        monkeypatch.setattr(Listener, "run", mistaken)
        async with rigs.running() as rig:
            await asyncio.sleep(60)
            assert rig.scale_set().reason == "internal error: KeyError"
            assert len(github.opened) > 1

    async def test_the_definition_is_registered_once_and_then_used_as_it_is(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        github.fail("next_message", SessionGone("the session is gone"))
        async with rigs.running():
            await asyncio.sleep(10)
            assert len(github.opened) == 2
            assert len(ecs.registered) == 1


class TestTheLease:
    def plant(self, ecs: TimedEcs, github: TimedGitHub) -> None:
        """A stuck task, a stopped one with its registration, and a job that waits."""
        ecs.plant("arn:stuck", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")
        ecs.plant("arn:over", TaskStatus.STOPPED, desired_stopped=True, scale_set="small", runner_name="small-00000002")
        github.register("small-00000002", 1)

    async def test_while_another_holds_the_session_nothing_is_started_stopped_or_deregistered(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        self.plant(ecs, github)
        github.held_elsewhere.add(1)
        github.mailboxes[1] = FakeMailbox()
        async with rigs.running(a_scale_set(minimum=3)):
            await asyncio.sleep(7200)
            assert not {"run_task", "stop_task"} & set(ecs.calls)
            assert not {"generate_jit_config", "remove_runner", "delete_scale_set"} & set(github.calls)

    async def test_scale_sets_that_become_ours_at_once_share_the_look_at_ecs_that_comes_first(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        github.latency = 0.1
        async with rigs.running(*(a_scale_set(f"set-{number}") for number in range(51))) as rig:
            assert rig.engine.health().ready
            assert ecs.calls.count("list_tasks") == 3  # what stopped, what runs, and once more when they are ours

    async def test_what_is_only_observed_is_shown(self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs) -> None:
        self.plant(ecs, github)
        github.held_elsewhere.add(1)
        async with rigs.running() as rig:
            assert "small-00000001" in rig.runners

    async def test_a_second_controller_takes_over_when_the_first_is_gone(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        async with rigs.running() as first:
            standby = rigs.rig()
            standing_by = asyncio.create_task(standby.engine.run(standby.stop))
            github.send("small", assigned=2)
            await asyncio.sleep(60)
            states = (first.scale_set().session.state, standby.scale_set().session.state)
            first.stop.set()
            await asyncio.sleep(CONFLICT + 1)
            taken_over = standby.scale_set().session.state
            standby.stop.set()
            await standing_by
            assert (states, taken_over) == (("open", "conflict"), "open")
            assert len(ecs.starts) == 2  # what the first had started, the second adopted

    async def test_the_task_of_a_controller_that_is_gone_is_reaped_once_the_session_is_ours(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        self.plant(ecs, github)
        github.held_elsewhere.add(1)
        async with rigs.running():
            await asyncio.sleep(600)
            github.held_elsewhere.clear()
            await asyncio.sleep(45)
            assert [arn for arn, _ in ecs.stops] == ["arn:stuck"]

    async def test_losing_the_session_to_a_conflict_returns_to_observing(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        async with rigs.running() as rig:
            ecs.plant("arn:stuck", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")
            github.opened[0].evicted = True
            github.held_elsewhere.add(1)
            github.send("small", assigned=4)
            await asyncio.sleep(900)
            assert rig.scale_set().state is ScaleSetState.SESSION
            assert (ecs.starts, ecs.stops) == ([], [])

    async def test_demand_that_was_there_before_waits_for_the_session(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs
    ) -> None:
        github.fail("generate_jit_config", *[Throttled("slow down", retry_after=60)] * 4)
        async with rigs.running() as rig:
            github.send("small", assigned=4)
            await asyncio.sleep(1)
            github.opened[0].evicted = True
            github.held_elsewhere.add(1)
            github.mailboxes[1].arrived.set()
            await asyncio.sleep(900)
            assert ecs.starts == []
            assert rig.scale_set().why.endswith("4 held: only observing until its message session is ours")

    @pytest.mark.parametrize("error", [Unavailable("GitHub is away"), SessionGone("the session is gone")])
    async def test_losing_the_session_to_an_outage_does_not(
        self, rigs: Rigs, github: TimedGitHub, ecs: TimedEcs, error: ArcdeckError
    ) -> None:
        async with rigs.running():
            ecs.plant("arn:stuck", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")
            github.fail("next_message", *[error] * 6)
            github.fail("open_session", *[Unavailable("GitHub is away")] * 100)
            github.opened[0].evicted = True
            github.mailboxes[1].arrived.set()
            await asyncio.sleep(600)
            assert [arn for arn, _ in ecs.stops] == ["arn:stuck"]

    async def test_not_ready_until_every_scale_set_listens(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.held_elsewhere.add(1)
        async with rigs.running(a_scale_set("small"), a_scale_set("large")) as rig:
            waiting = rig.engine.health()
            github.held_elsewhere.clear()
            await asyncio.sleep(CONFLICT)
            assert (waiting.ready, len(waiting.reasons)) == (False, 1)
            assert waiting.reasons[0].endswith("does not listen yet")
            assert rig.engine.health().ready
