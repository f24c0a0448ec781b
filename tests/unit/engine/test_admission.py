"""Nothing is changed before we are admitted and have looked (Engine's order of start; DESIGN.md section 3)."""

import asyncio

import pytest

from core.domain.errors import (
    ArcdeckError,
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    Throttled,
    Unavailable,
)
from core.domain.messages import Statistics
from core.domain.task import TaskStatus
from core.engine.engine import ServiceEndedError, forever
from core.engine.watcher import Watcher
from tests.builders import a_scale_set
from tests.fakes.scale_sets import FakeMailbox
from tests.unit.engine.conftest import Rigs
from tests.unit.engine.support import CHANGES, TimedEcs, TimedGitHub, now, timed

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def services(rigs: Rigs) -> tuple[TimedEcs, TimedGitHub]:
    """There is everything one could change: a job that waits, a stuck task, a stopped one with its registration."""
    ecs, github = timed(rigs)
    github.mailboxes[1] = FakeMailbox(statistics=Statistics(assigned=3))
    ecs.plant("arn:stuck", TaskStatus.PENDING, scale_set="small", runner_name="small-00000001")
    ecs.plant("arn:over", TaskStatus.STOPPED, desired_stopped=True, scale_set="small", runner_name="small-00000002")
    github.register("small-00000002", 1)
    return ecs, github


def fail(services: tuple[TimedEcs, TimedGitHub], call: str, *errors: ArcdeckError) -> None:
    ecs, github = services
    (github if call == "list_scale_sets" else ecs).fail(call, *errors)


def changed(services: tuple[TimedEcs, TimedGitHub]) -> frozenset[str]:
    ecs, github = services
    return CHANGES & {*ecs.calls, *github.calls}


CHECKS = ["check_cluster", "list_scale_sets", "list_tasks", "describe_tasks"]


@pytest.mark.parametrize("call", CHECKS)
@pytest.mark.parametrize(
    "error",
    [ConfigurationError("no such cluster"), CredentialsRejected("who are you"), PermissionDenied("you may not")],
)
async def test_a_rejection_ends_the_run_before_anything_was_changed(
    rigs: Rigs, services: tuple[TimedEcs, TimedGitHub], call: str, error: ArcdeckError
) -> None:
    fail(services, call, error)
    rig = rigs.rig()
    with pytest.raises(type(error), match=str(error)):
        await rig.engine.run(rig.stop)
    assert changed(services) == frozenset()


@pytest.mark.parametrize("call", CHECKS)
@pytest.mark.parametrize("error", [Unavailable("it is away"), Throttled("slow down")])
async def test_what_is_merely_out_of_reach_is_waited_for(
    rigs: Rigs, services: tuple[TimedEcs, TimedGitHub], call: str, error: ArcdeckError
) -> None:
    fail(services, call, *[error] * 3)
    async with rigs.running(settle=14.9) as rig:
        waiting = (changed(services), rig.engine.health().ready)
        await asyncio.sleep(0.2)
        assert waiting == (frozenset(), False)
        assert rig.engine.health().ready
        assert len(rig.events("waiting")) == 1


async def test_the_cluster_the_scale_sets_and_the_tasks_are_looked_at_in_this_order(
    rigs: Rigs, services: tuple[TimedEcs, TimedGitHub]
) -> None:
    ecs, github = services
    calls = ecs.calls = github.calls
    async with rigs.running():
        before = calls[: calls.index("registered_definition")]
        assert before[:6] == [
            "check_cluster",
            "list_scale_sets",
            *("list_tasks", "describe_tasks"),  # the stopped ones
            *("list_tasks", "describe_tasks"),
        ]


async def test_tasks_are_adopted_before_the_first_start(rigs: Rigs, services: tuple[TimedEcs, TimedGitHub]) -> None:
    ecs, _ = services
    async with rigs.running() as rig:
        assert "small-00000001" in rig.runners
        assert len(ecs.starts) == 2  # three jobs, and the stuck task may still come


async def test_told_to_stop_while_it_waits_it_ends_at_once_and_has_changed_nothing(
    rigs: Rigs, services: tuple[TimedEcs, TimedGitHub]
) -> None:
    fail(services, "check_cluster", *[Unavailable("it is away")] * 100)
    async with rigs.running(settle=12) as rig:
        rig.stop.set()
        stopped_at = now()
    assert now() == stopped_at
    assert changed(services) == frozenset()


async def test_each_start_makes_sure_of_the_scale_sets_definition_before_its_scale_set(
    rigs: Rigs, services: tuple[TimedEcs, TimedGitHub]
) -> None:
    ecs, github = services
    calls = ecs.calls = github.calls
    async with rigs.running(a_scale_set(minimum=1)):
        order = [call for call in calls if call in CHANGES]
        assert order[:4] == ["register_definition", "create_scale_set", "open_session", "generate_jit_config"]


async def test_a_service_that_returns_is_as_loud_as_a_crash() -> None:
    with pytest.raises(ServiceEndedError, match="watcher ended"):
        await forever("watcher", asyncio.sleep(1))


async def test_a_root_service_that_fails_ends_the_run_loudly(rigs: Rigs, monkeypatch: pytest.MonkeyPatch) -> None:
    async def mistaken(watcher: Watcher) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr(Watcher, "run", mistaken)
    rig = rigs.rig()
    with pytest.raises(ExceptionGroup) as raised:
        await rig.engine.run(rig.stop)
    assert raised.group_contains(KeyError)
