"""Capacity backoff: closed classes of placement, shared by all scale sets (behaviour.md 1.3, row 11)."""

import asyncio
import random

import pytest

from core.domain.errors import CapacityKind
from core.domain.placement import Dimension, PlacementClass, PlacementRequest
from core.domain.scale_set import Shape
from core.domain.scaling import Gate
from core.engine.placements import Placements
from core.engine.times import Times
from tests.builders import a_scale_set
from tests.fakes.clock import ManualClock
from tests.unit.engine.conftest import FixedDice, Rig, Rigs
from tests.unit.engine.support import no_room, timed

SMALL = PlacementRequest("EXTERNAL", cpu=1024, memory=2048)
LARGE = PlacementRequest("EXTERNAL", cpu=4096, memory=8192)
CPU_CLASS = PlacementClass("EXTERNAL", Dimension.CPU, 1024, 2048)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def placements(clock: ManualClock) -> Placements:
    return Placements(Times(clock), FixedDice())


def refuse(placements: Placements, clock: ManualClock, *, request: PlacementRequest = SMALL) -> None:
    """A start that began a second ago is refused for want of cpu."""
    began = clock.monotonic()
    clock.advance(1)
    placements.refused(request, began, no_room("RESOURCE:CPU"))


class TestClosedClasses:
    def test_nothing_is_closed_at_first(self, placements: Placements) -> None:
        assert placements.gate(SMALL) is None
        assert placements.begin(SMALL)

    def test_a_refusal_closes_the_class_and_says_when_it_is_tried_again(
        self, placements: Placements, clock: ManualClock
    ) -> None:
        refuse(placements, clock)
        gate = placements.gate(SMALL)
        story = "no room in EXTERNAL for 1024 cpu and more: RESOURCE:CPU; first refusal in a row"
        assert gate == Gate(0, f"{story}; next try {Times(clock).clock_text(16.0)}")

    def test_a_closed_class_holds_back_starts_at_least_as_large(
        self, placements: Placements, clock: ManualClock
    ) -> None:
        refuse(placements, clock)
        assert not placements.begin(LARGE)

    def test_a_smaller_start_passes_a_closed_class(self, placements: Placements, clock: ManualClock) -> None:
        refuse(placements, clock, request=LARGE)
        assert placements.begin(SMALL)

    def test_refusals_in_a_row_wait_15_30_60_120_300_300_seconds(
        self, placements: Placements, clock: ManualClock
    ) -> None:
        waits = []
        for _ in range(6):
            assert placements.begin(SMALL)
            refuse(placements, clock)
            state = placements.everything_closed()[CPU_CLASS]
            waits.append(state.until - clock.monotonic())
            clock.advance(waits[-1])
        assert waits == [15, 30, 60, 120, 300, 300]

    def test_each_wait_has_a_uniform_jitter_of_20_percent(self, clock: ManualClock) -> None:
        waits = []
        for seed in range(400):
            placements = Placements(Times(clock), random.Random(seed))
            refuse(placements, clock)
            waits.append(placements.everything_closed()[CPU_CLASS].until - clock.monotonic())
        assert 12.0 <= min(waits) < 12.2
        assert 17.8 < max(waits) <= 18.0
        assert sum(waits) / len(waits) == pytest.approx(15.0, abs=0.2)

    def test_refusals_of_one_batch_are_one_failure(self, placements: Placements, clock: ManualClock) -> None:
        began = clock.monotonic()
        clock.advance(1)
        for _ in range(20):
            placements.refused(SMALL, began, no_room("RESOURCE:CPU"))
            clock.advance(0.1)
        assert placements.everything_closed()[CPU_CLASS].failures == 1

    def test_a_success_of_a_start_begun_after_the_class_closed_opens_it(
        self, placements: Placements, clock: ManualClock
    ) -> None:
        refuse(placements, clock)
        clock.advance(20)
        assert placements.accepted(SMALL, clock.monotonic()) == [CPU_CLASS]
        assert placements.gate(SMALL) is None

    def test_a_success_of_an_older_start_is_no_news(self, placements: Placements, clock: ManualClock) -> None:
        began = clock.monotonic()
        clock.advance(1)
        refuse(placements, clock)
        assert placements.accepted(SMALL, began) == []

    def test_a_success_resets_the_count(self, placements: Placements, clock: ManualClock) -> None:
        for _ in range(3):
            refuse(placements, clock)
            clock.advance(400)
        placements.accepted(SMALL, clock.monotonic())
        refuse(placements, clock)
        assert placements.everything_closed()[CPU_CLASS].failures == 1

    def test_an_operator_can_open_all_classes_of_a_request(self, placements: Placements, clock: ManualClock) -> None:
        refuse(placements, clock)
        assert placements.forget(LARGE) == [CPU_CLASS]
        assert placements.begin(LARGE)


class TestProbes:
    def test_when_the_wait_is_over_one_start_may_try(self, placements: Placements, clock: ManualClock) -> None:
        refuse(placements, clock)
        clock.advance(15)
        gate = placements.gate(SMALL)
        assert gate is not None
        assert gate.allow == 1
        assert (placements.begin(SMALL), placements.begin(SMALL)) == (True, False)

    def test_the_others_are_told_that_a_probe_is_under_way(self, placements: Placements, clock: ManualClock) -> None:
        refuse(placements, clock)
        clock.advance(15)
        placements.begin(SMALL)
        gate = placements.gate(SMALL)
        assert gate is not None
        assert (gate.allow, gate.reason.endswith("one probing start is under way")) == (0, True)

    def test_a_refused_probe_closes_the_class_for_the_next_wait(
        self, placements: Placements, clock: ManualClock
    ) -> None:
        refuse(placements, clock)
        clock.advance(15)
        placements.begin(SMALL)
        refuse(placements, clock)
        clock.advance(29.9)
        assert not placements.begin(SMALL)
        clock.advance(0.1)
        assert placements.begin(SMALL)

    def test_a_probe_that_learned_nothing_leaves_the_try_to_the_next(
        self, placements: Placements, clock: ManualClock
    ) -> None:
        refuse(placements, clock)
        clock.advance(15)
        placements.begin(SMALL)
        placements.abandoned(SMALL, clock.monotonic())
        assert placements.begin(SMALL)

    def test_a_probe_of_two_classes_refused_by_one_frees_the_other(
        self, placements: Placements, clock: ManualClock
    ) -> None:
        began = clock.monotonic()
        clock.advance(1)
        placements.refused(SMALL, began, no_room("RESOURCE:CPU"))
        placements.refused(SMALL, began, no_room("RESOURCE:MEMORY"))
        clock.advance(15)
        placements.begin(SMALL)
        placements.refused(SMALL, clock.monotonic(), no_room("RESOURCE:CPU"))
        assert [state.probing for state in placements.everything_closed().values()] == [False, False]


@pytest.mark.virtual_time
class TestAcrossScaleSets:
    SPECS = (
        a_scale_set("small", shape=Shape(1024, 2048, "runner:1")),
        a_scale_set("large", shape=Shape(4096, 8192, "runner:1")),
        a_scale_set("tiny", shape=Shape(256, 512, "runner:1")),
    )

    async def demand_everywhere(self, rig: Rig) -> None:
        for name in ("small", "large", "tiny"):
            rig.github.send(name, assigned=1)
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.9)

    async def test_one_scale_sets_refusal_holds_back_larger_starts_of_the_others(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.fail("run_task", no_room("RESOURCE:CPU"))
        async with rigs.running(*self.SPECS) as rig:
            await self.demand_everywhere(rig)
            assert [start.scale_set_name for start in ecs.asked] == ["small", "tiny"]
            assert rig.scale_set("large").backoff is not None
            assert rig.scale_set("tiny").backoff is None

    async def test_one_probe_is_made_for_all_of_them(self, rigs: Rigs) -> None:
        ecs, _ = timed(rigs)
        ecs.slow["run_task"] = 2
        ecs.fail("run_task", no_room("AGENT"), no_room("AGENT"))
        async with rigs.running(*self.SPECS) as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(3)
            await self.demand_everywhere(rig)
            await asyncio.sleep(14)
            assert len(ecs.asked) == 2  # the refused start, and the one probe 15 s later

    async def test_a_success_of_the_probe_lets_all_of_them_start(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", no_room("AGENT"))
        async with rigs.running(*self.SPECS) as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(1)
            await self.demand_everywhere(rig)
            await asyncio.sleep(16)
            assert {start.scale_set_name for start in rig.ecs.starts} == {"small", "large", "tiny"}

    @pytest.mark.parametrize("kind", [CapacityKind.THROTTLE, CapacityKind.QUOTA])
    async def test_a_throttled_or_quota_refusal_holds_back_all_of_them(self, rigs: Rigs, kind: CapacityKind) -> None:
        rigs.ecs.fail("run_task", no_room("ThrottlingException", kind))
        async with rigs.running(*self.SPECS) as rig:
            await self.demand_everywhere(rig)
            assert rig.ecs.starts == []

    async def test_a_scale_set_in_backoff_shows_its_failures_and_its_next_try(self, rigs: Rigs) -> None:
        rigs.ecs.fail("run_task", no_room("RESOURCE:CPU"))
        async with rigs.running() as rig:
            rig.github.send("small", assigned=1)
            await asyncio.sleep(1)
            backoff = rig.scale_set().backoff
            assert backoff is not None
            assert (backoff.failures, backoff.reason, backoff.until - backoff.since) == (1, "RESOURCE:CPU", 15.0)
