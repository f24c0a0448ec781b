"""Decides, for one scale set, how many runners to start, and says why (behaviour.md 1.3).

It decides anew whenever something that matters has changed: a message or an empty poll, a runner's step, a gate that
opens by the clock. It never awaits a start. The same sentence goes to the screen, the log and ``why``.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain.durations import format_duration
from core.domain.scaling import advertised_capacity, decide, released, supply_of

if TYPE_CHECKING:
    from core.domain.messages import Statistics
    from core.domain.scaling import Decision, Supply
    from core.engine.chronicle import Chronicle
    from core.engine.fleet import Fleet
    from core.engine.gates import Gates
    from core.engine.starts import Starts
    from core.engine.target import Target
    from core.engine.times import Times

#: A start over its limit is noticed within this many seconds even when nothing else happens.
LOOK_AGAIN = 15.0
#: A gate that opens now is looked at this many seconds later at the earliest.
SOONEST = 0.01


class Scaler:
    """The demand of one scale set against what there is."""

    def __init__(
        self,
        target: Target,
        *,
        fleet: Fleet,
        gates: Gates,
        starts: Starts,
        chronicle: Chronicle,
        times: Times,
        slot_release_after: float,
    ) -> None:
        self.target = target
        self._fleet = fleet
        self._gates = gates
        self._starts = starts
        self._chronicle = chronicle
        self._times = times
        self._slot_release_after = slot_release_after
        self._kick = asyncio.Event()
        self._advertised = asyncio.Event()
        self._released: set[str] = set()
        fleet.watch(target.name, lambda _: self.kick())

    def on_statistics(self, statistics: Statistics) -> Decision:
        """GitHub told how many jobs there are."""
        self.target.queue.counted(statistics, self._times.now())
        if statistics != self.target.statistics:
            self.target.statistics = statistics
            self._chronicle.touch()
        return self.evaluate()

    def on_empty_poll(self) -> Decision:
        """Nothing came within the hold time; GitHub's last word stands, and is looked at again."""
        return self.evaluate()

    def evaluate(self) -> Decision:
        """Decide now, queue the starts, and note the decision when it differs from the one before."""
        gate = self._gates.gate(self.target)
        self._note_detour()
        self._release_slots()
        supply = self.supply()
        decision = decide(self.target.assigned, supply, self.target.spec.bounds, gate)
        self.target.short = decision.held > 0 and self._gates.is_budget(self.target, gate)
        if decision.start and self.target.detour:
            decision = replace(decision, explanation=f"{decision.explanation}; {self.target.detour}")
        if decision.start:
            self._starts.submit(self.target, decision.start)
            supply = self.supply()
        self._explain(decision)
        paused = self.target.pause is not None  # then GitHub assigns no more (DESIGN.md section 4)
        capacity = 0 if paused else advertised_capacity(self.target.spec.bounds, supply, gate)
        if capacity != self.target.capacity:
            self.target.capacity = capacity
            self._advertised.set()
            self._chronicle.touch()
        return decision

    def supply(self) -> Supply:
        """The scale set's runners by what they are good for."""
        runners = self._fleet.live(self.target.name)
        return supply_of(runners, self.target.spec.limits, self._times.monotonic(), self._slot_release_after)

    def doubts_the_count(self) -> bool:
        """Whether runners idle beside jobs that GitHub says wait: it would have handed these to those."""
        supply = self.supply()
        return supply.idle > 0 and (self.target.assigned or 0) > supply.busy

    async def capacity_changed(self) -> None:
        """Return when the capacity to advertise has changed since the last call."""
        await self._advertised.wait()
        self._advertised.clear()

    def capacity(self) -> int:
        """How many runners to tell GitHub we could run, now."""
        self.evaluate()
        self._advertised.clear()
        return self.target.capacity or 0

    def kick(self) -> None:
        """Something changed: decide anew soon."""
        self._kick.set()

    async def run(self) -> Never:
        """Decide whenever kicked or due, until cancelled."""
        while True:
            self._kick.clear()
            self.evaluate()
            try:
                async with asyncio.timeout(self._patience()):
                    await self._kick.wait()
            except TimeoutError:
                continue

    def _patience(self) -> float:
        opening = self._gates.next_opening(self.target)
        return LOOK_AGAIN if opening is None else min(LOOK_AGAIN, max(SOONEST, opening - self._times.monotonic()))

    def _note_detour(self) -> None:
        """Say where starts go from now on, when that is another place than before (behaviour.md row 17)."""
        before, target = self.target.place, self.target
        target.place, target.detour = self._gates.detour(target)
        if before and before != target.place:
            story = target.detour or f"back to {target.place}"
            severity = Severity.WARNING if target.detour else Severity.NOTICE
            self._chronicle.note("fallback", f"{target.name}: {story}", severity=severity, scale_set=target.name)

    def _release_slots(self) -> None:
        """Say, once for each, whose slot is given away though its task has not stopped (behaviour.md row 15)."""
        now, after = self._times.monotonic(), self._slot_release_after
        overlong = [runner for runner in self._fleet.live(self.target.name) if released(runner, now, after)]
        for runner in overlong:
            if runner.name not in self._released:
                waited = f"{runner.name} has been {runner.phase} for {format_duration(after)}"
                self._chronicle.note(
                    "slot-released",
                    f"{waited} and ECS has not said STOPPED; its slot is given away",
                    severity=Severity.WARNING,
                    scale_set=self.target.name,
                    runner=runner.name,
                    task_arn=runner.task_arn,
                    keep={"phase": runner.phase.value},
                )
        self._released = {runner.name for runner in overlong}

    def _explain(self, decision: Decision) -> None:
        before, self.target.decision = self.target.decision, decision
        if decision != before:
            self._chronicle.touch()
        if decision.start:
            self._chronicle.note(
                "scale-up",
                f"{self.target.name}: {decision.explanation}",
                scale_set=self.target.name,
                keep={"start": decision.start, "want": decision.want, "assigned": self.target.assigned},
            )
        elif decision.held and not (before and before.held):
            self._chronicle.note("held", f"{self.target.name}: {decision.explanation}", scale_set=self.target.name)
