"""A changed configuration is taken up scale set by scale set, as a whole or not yet (behaviour.md row 35)."""

import asyncio

import pytest

from core.api.model import ScaleSetState, Severity
from core.domain.errors import ConfigurationError, PermissionDenied, SessionGone, Throttled, Unavailable
from core.domain.messages import ScaleSetRef
from core.domain.scale_set import Limits, ScaleSetSpec, Shape
from core.engine.reload import CALM
from core.ports import RegisteredDefinition
from tests.builders import a_scale_set
from tests.fakes.configuration import FakeConfiguration
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import CHANGES, TimedEcs, TimedGitHub

pytestmark = pytest.mark.virtual_time

INTERVAL = 60.0


def bigger() -> ScaleSetSpec:
    return a_scale_set(maximum=3, shape=Shape(cpu=2048, memory=4096, runner_image="runner:2"))


async def changed(rig: Rig, *scale_sets: ScaleSetSpec) -> None:
    """The configuration says something else, and has been read twice."""
    rig.configuration.change(*scale_sets)
    await asyncio.sleep(INTERVAL + CALM)


class TestReading:
    async def test_it_is_read_at_its_interval(self, rigs: Rigs) -> None:
        async with rigs.running(config_interval=300.0) as rig:
            await asyncio.sleep(3600)
            assert rig.configuration.reads == 12

    async def test_the_same_version_means_no_work(self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            ecs.calls.clear()
            github.calls.clear()
            await asyncio.sleep(10 * INTERVAL)
            assert not CHANGES & {*ecs.calls, *github.calls}
            assert "registered_definition" not in ecs.calls
            assert rig.events("configuration") == []

    @pytest.mark.parametrize(
        ("error", "severity", "words"),
        [
            (ConfigurationError("[[runner]] 1, cpu: is wrong"), Severity.ERROR, "is not taken up"),
            (PermissionDenied("needs ssm:GetParameter"), Severity.ERROR, "is not taken up"),
            (Throttled("slow down"), Severity.WARNING, "cannot be read now"),
            (Unavailable("it is away"), Severity.WARNING, "cannot be read now"),
        ],
    )
    async def test_what_is_wrong_is_told_once_and_stays_a_reason_until_it_is_mended(
        self, rigs: Rigs, error: ConfigurationError, severity: Severity, words: str
    ) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            rig.configuration.problem = error
            await asyncio.sleep(5 * INTERVAL)
            (event,) = [e for e in rig.engine.snapshot().events if e.kind == "configuration-refused"]
            health = rig.engine.health()
            rig.configuration.problem = None
            await asyncio.sleep(INTERVAL)
            assert (event.severity, health.ready, len(health.reasons)) == (severity, True, 1)
            assert f"{words}, the last good one stays in force: {error}" in health.reasons[0]
            assert rig.engine.health().reasons == ()

    async def test_a_problem_of_many_lines_is_one_line_among_the_events(self, rigs: Rigs) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            rig.configuration.problem = ConfigurationError("2 problems\n- one\n- two")
            await asyncio.sleep(INTERVAL + CALM)
            assert rig.events("configuration-refused")[0].endswith("2 problems - one - two")

    async def test_what_is_caught_half_written_is_neither_taken_up_nor_told(self, rigs: Rigs) -> None:
        small, large = a_scale_set("small"), a_scale_set("large")
        async with rigs.running(small, large, config_interval=INTERVAL) as rig:
            await asyncio.sleep(INTERVAL - 1.5)
            rig.configuration.problem = ConfigurationError("line 7 ends too early")
            await asyncio.sleep(1)
            rig.configuration.problem = None
            rig.configuration.change(small)
            await asyncio.sleep(CALM)
            rig.configuration.change(small, large, a_scale_set("more"))
            await asyncio.sleep(2 * CALM)
            assert rig.events("configuration") == ["new configuration: added: more"]
            assert rig.events("configuration-refused") == []

    async def test_a_mistake_of_ours_over_a_text_ends_nothing(
        self, rigs: Rigs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def mistaken(_: FakeConfiguration) -> None:
            raise RecursionError

        monkeypatch.setattr(FakeConfiguration, "read", mistaken)
        async with rigs.running(config_interval=INTERVAL) as rig:
            await asyncio.sleep(2 * INTERVAL)
            assert rig.engine.health().ready
            assert "internal error: RecursionError" in rig.engine.health().reasons[0]


class TestAChange:
    async def test_it_is_in_force_with_its_definition_and_its_labels(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            await changed(rig, a_scale_set(maximum=3, labels=("gpu",)))
            github.send("small", assigned=9)
            await asyncio.sleep(1)
            assert "gpu" in github.scale_sets[1].labels
            assert len(ecs.starts) == 3

    async def test_the_session_stays_open(self, rigs: Rigs, github: TimedGitHub) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            await changed(rig, bigger())
            assert len(github.opened) == 1

    async def test_what_cannot_be_settled_is_not_in_force_in_any_part_and_says_why(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running(a_scale_set(maximum=1), config_interval=INTERVAL) as rig:
            github.fail("update_scale_set", *[Unavailable("GitHub is away")] * 2)
            await changed(rig, bigger())
            github.send("small", assigned=9)
            await asyncio.sleep(1)
            view, reasons = rig.scale_set(), rig.engine.health().reasons
            assert (view.maximum, len(ecs.starts), ecs.starts[0].task_definition) == (1, 1, "small:1")
            assert view.reason == "its new configuration is not in force: GitHub is away"
            assert reasons == (f"small: {view.reason}",)

    async def test_what_cannot_be_settled_is_tried_again_after_5_and_15_seconds(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub
    ) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            github.fail("update_scale_set", *[Unavailable("GitHub is away")] * 2)
            await changed(rig, bigger())
            await asyncio.sleep(25)
            first, *again = github.moments["update_scale_set"]
            assert [moment - first for moment in again] == [5, 20]
            assert (rig.scale_set().maximum, rig.engine.health().reasons) == (3, ())
            assert ecs.definitions["small"].reference == "small:2"

    async def test_a_second_change_takes_the_place_of_one_that_cannot_be_settled(
        self, rigs: Rigs, ecs: TimedEcs
    ) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            ecs.fail("register_definition", *[ConfigurationError("no such image")] * 99)
            await changed(rig, bigger())
            ecs.failures.clear()
            await changed(rig, a_scale_set(maximum=7))
            assert rig.scale_set().maximum == 7

    async def test_a_change_that_is_taken_back_leaves_all_as_it_was(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            ecs.fail("register_definition", *[ConfigurationError("no such image")] * 99)
            before = rig.scale_set()
            await changed(rig, bigger())
            await changed(rig, a_scale_set())
            assert rig.scale_set().model_copy(update={"session": before.session}) == before
            assert rig.engine.health().reasons == ()

    async def test_a_foreign_family_is_not_touched_by_a_change(self, rigs: Rigs, ecs: TimedEcs) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            ecs.definitions["small"] = RegisteredDefinition("small:9", managed=False)
            await changed(rig, bigger())
            assert "it is left alone" in rig.scale_set().reason

    async def test_one_that_waits_for_its_next_try_is_tried_at_once(self, rigs: Rigs, ecs: TimedEcs) -> None:
        ecs.fail("register_definition", *[ConfigurationError("no such role")] * 5)
        async with rigs.running(config_interval=INTERVAL) as rig:
            await asyncio.sleep(INTERVAL - 2)  # the next try after the fourth failure is due in 50 s
            ecs.failures.clear()
            rig.configuration.change(bigger())
            await asyncio.sleep(2 + CALM)
            assert rig.scale_set().state is ScaleSetState.OK

    async def test_starts_that_failed_for_good_are_tried_again_at_once(self, rigs: Rigs, ecs: TimedEcs) -> None:
        # DESIGN.md, Starts: the breaker tries again on a change of the configuration
        async with rigs.running(config_interval=INTERVAL) as rig:
            await asyncio.sleep(INTERVAL - 3)
            ecs.fail("run_task", *[ConfigurationError("no such subnet")] * 3)
            rig.github.send("small", assigned=3)
            await asyncio.sleep(1)
            blocked = rig.scale_set().state
            rig.configuration.change(bigger())
            await asyncio.sleep(2 + CALM)
            assert (blocked, len(ecs.starts)) == (ScaleSetState.BLOCKED, 3)

    async def test_limits_hold_for_those_that_run_already(self, rigs: Rigs) -> None:
        async with rigs.running(a_scale_set(minimum=1), config_interval=INTERVAL) as rig:
            await changed(rig, a_scale_set(minimum=1, limits=Limits(pending=200.0)))
            assert [view.limit for view in rig.runners.values()] == [200.0]


class TestTheSessionMeanwhile:
    async def test_one_that_stands_by_takes_the_change_up(self, rigs: Rigs, github: TimedGitHub) -> None:
        github.held_elsewhere.add(1)
        async with rigs.running(config_interval=INTERVAL) as rig:
            await changed(rig, bigger())
            await asyncio.sleep(5)
            assert rig.scale_set().state is ScaleSetState.SESSION
            assert rig.scale_set().maximum == 3

    async def test_a_session_that_is_lost_after_a_change_is_opened_for_what_is_in_force(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        async with rigs.running(config_interval=INTERVAL) as rig:
            await changed(rig, bigger())
            github.fail("next_message", SessionGone("the session is gone"))
            await asyncio.sleep(70)
            assert (rig.scale_set().maximum, rig.scale_set().session.state) == (3, "open")


class TestARemoval:
    async def test_the_session_is_held_while_it_drains_with_a_capacity_of_0(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        small, large = a_scale_set("small"), a_scale_set("large")
        async with rigs.running(small, large, config_interval=INTERVAL, allow_mass_removal=True) as rig:
            github.send("large", assigned=1)
            await asyncio.sleep(1)
            await changed(rig, small)
            view = rig.scale_set("large")
            assert (view.state, view.capacity, view.session.state) == (ScaleSetState.RETIRING, 0, "open")

    async def test_a_change_that_fails_is_over_when_the_scale_set_is_removed(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        small, large = a_scale_set("small"), a_scale_set("large")
        async with rigs.running(small, large, config_interval=INTERVAL) as rig:
            github.fail("update_scale_set", *[Unavailable("GitHub is away")] * 99)
            await changed(rig, small, a_scale_set("large", maximum=2))
            await changed(rig, small)
            await asyncio.sleep(5)
            assert [ref.name for ref in github.scale_sets.values()] == ["small"]
            assert rig.engine.health().reasons == ()

    async def test_one_that_another_controller_has_taken_over_is_not_deleted(
        self, rigs: Rigs, github: TimedGitHub
    ) -> None:
        small, large = a_scale_set("small"), a_scale_set("large")
        async with rigs.running(small, large, config_interval=INTERVAL) as rig:
            taken = github.id_of("large")
            github.scale_sets[taken] = ScaleSetRef(taken, "large", 1, ("large", "arcdeck.controller.blue"))
            await changed(rig, small)
            await asyncio.sleep(30)
            assert taken in github.scale_sets
            assert rig.scale_set("large").state is ScaleSetState.OBSERVING
