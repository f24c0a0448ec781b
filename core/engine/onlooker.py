"""One scale set in a controller that only observes: what is there, what is wanted, and what a controller would do.

Takes the place of ``ScaleSetLoop``. GitHub's counters come with the scale set itself, where GitHub tells them at all;
without a message session there is nothing better. Only cancellation ends it; what fails is told, and looked at again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Never

from core.api.checkup import Verb
from core.api.model import Severity
from core.domain.errors import ArcdeckError
from core.engine.plan import Present
from core.engine.races import first_of

if TYPE_CHECKING:
    from core.domain.scale_set import ScaleSetSpec
    from core.engine.chronicle import Chronicle
    from core.engine.plan import Planner
    from core.engine.scaler import Scaler
    from core.engine.times import Times
    from core.ports import EcsClient, ScaleSetClient

#: Seconds between two looks at one scale set.
LOOK_EVERY = 60.0


class Onlooker:
    """Looks at one scale set."""

    def __init__(
        self,
        scaler: Scaler,
        ecs: EcsClient,
        client: ScaleSetClient,
        *,
        planner: Planner,
        chronicle: Chronicle,
        times: Times,
    ) -> None:
        self.scaler = scaler
        self._target = scaler.target
        self._ecs = ecs
        self._client = client
        self._planner = planner
        self._chronicle = chronicle
        self._times = times
        self._turned = asyncio.Event()

    @property
    def name(self) -> str:
        """The scale set's name."""
        return self._target.name

    def begin_anew(self) -> None:
        """It is no longer configured, or configured again: look at once."""
        self._turned.set()

    def take_up(self, spec: ScaleSetSpec) -> None:
        """The configuration wants it like this from now on; look at once."""
        self._target.revised = spec
        self._turned.set()

    async def run(self) -> Never:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.scaler.run(), name=f"scaler {self.name}")
            group.create_task(self._watch(), name=f"onlooker {self.name}")
        raise AssertionError("its services never return")

    async def _watch(self) -> Never:
        while True:
            self._turned.clear()
            try:
                await self._look()
            except ArcdeckError as error:
                self._degrade(str(error))
            else:
                self._degrade("")
            self.scaler.kick()
            await first_of(
                {f"turn of {self.name}": self._turned.wait(), f"rest of {self.name}": self._times.sleep(LOOK_EVERY)}
            )

    async def _look(self) -> None:
        target, spec = self._target, self._target.wanted
        group_id = await self._client.runner_group_id(spec.runner_group)
        present = Present(
            await self._client.get_scale_set(spec.name, group_id),
            None if target.retired else await self._ecs.registered_definition(spec.family),
        )
        there = present.scale_set
        target.spec, target.revised = spec, None
        target.scale_set_id = there.id if there else None
        target.definition = present.definition.reference if present.definition else None
        if there is not None and there.statistics is not None:
            self.scaler.on_statistics(there.statistics)
        target.observed = f"would {self._intention(present)}"
        self._chronicle.touch()

    def _intention(self, present: Present) -> str:
        if self._target.retired:
            return "let it drain, and then remove it: it is no longer configured"
        steps = [step for step in self._planner.steps(self._target.spec, present) if step.verb is not Verb.KEEP]
        if not steps:
            return "use it as it is"
        refused = [step.text for step in steps if step.verb is Verb.REFUSE]
        return (
            f"leave it alone: {refused[0]}"
            if refused
            else "; ".join(f"{step.verb} {step.what} {step.name}: {step.text}" for step in steps)
        )

    def _degrade(self, reason: str) -> None:
        if reason and reason != self._target.degraded:
            story = f"{self.name} could not be looked at, again in {LOOK_EVERY:.0f} s: {reason}"
            self._chronicle.note("look-failed", story, severity=Severity.WARNING, scale_set=self.name)
        self._target.degraded = reason
