"""What operators may do with a whole scale set: pause it, drain it, resume it, and have it try again now.

Each is idempotent: asked for again, it says that there is nothing to do. A pause holds starts back at the gates and
advertises no capacity, so that GitHub assigns no more; jobs that it has assigned already show as held. Only what would
make no sense is refused, with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.commands import Outcome
from core.domain.errors import ArcdeckError, ForeignOwner, JobStillRunning
from core.domain.runner import Phase
from core.engine.pauses import words
from core.engine.refusal import Refused, check_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.api.commands import SteerScaleSet
    from core.engine.drainer import Drainer
    from core.engine.fleet import Fleet
    from core.engine.gates import Gates
    from core.engine.pauses import Pauses
    from core.engine.scaler import Scaler
    from core.engine.target import Target
    from core.engine.times import Times


class Steering:
    """Carries these commands out. ``journal_state`` is empty while the journal is well."""

    def __init__(
        self,
        scalers: Mapping[str, Scaler],
        *,
        fleet: Fleet,
        targets: Mapping[str, Target],
        gates: Gates,
        drainer: Drainer,
        pauses: Pauses,
        times: Times,
        journal_state: Callable[[], str],
    ) -> None:
        self._scalers = scalers
        self._fleet = fleet
        self._targets = targets
        self._gates = gates
        self._drainer = drainer
        self._pauses = pauses
        self._times = times
        self._journal_state = journal_state

    async def steer(self, command: SteerScaleSet, who: str) -> tuple[Outcome, str]:
        """What came of it. Raises Refused and, where a drain gets stuck, ArcdeckError."""
        match command.kind:
            case "pause":
                return self._pause(command.scale_set, who)
            case "drain":
                return await self._drain(command.scale_set, who)
            case "resume":
                return self._resume(command.scale_set, who)
            case "retry":
                return self._retry(command.scale_set)

    def _pause(self, scale_set: str, who: str) -> tuple[Outcome, str]:
        """Start nothing more; also one that is only observed, so that it is paused when it becomes ours."""
        target = self._configured(scale_set)
        if target.pause is not None:
            return Outcome.ALREADY, f"{scale_set} is {words(target.pause, self._times)}"
        self._pauses.pause(target, who, drains=False)
        self._kick()
        return Outcome.DONE, f"{scale_set} starts nothing more, and what runs goes on{self._forgetful()}"

    def _resume(self, scale_set: str, who: str) -> tuple[Outcome, str]:
        """Let it start again."""
        target = self._configured(scale_set)
        if target.pause is None:
            return Outcome.ALREADY, f"{scale_set} is not paused"
        self._pauses.resume(target, who)
        self._kick()
        return Outcome.DONE, f"{scale_set} may start runners again{self._forgetful()}"

    async def _drain(self, scale_set: str, who: str) -> tuple[Outcome, str]:
        """Pause it and take its idle runners off GitHub; those that become idle later go after the drain grace."""
        self._configured(scale_set)
        target = check_ours(self._targets, scale_set)
        drained_before = target.pause is not None and target.pause.drains
        if not drained_before:
            self._pauses.pause(target, who, drains=True)
            self._kick()
        gone = await self._drain_idle(target, who)
        if drained_before and not gone:
            return Outcome.ALREADY, f"{scale_set} drains already, and nothing of it is idle"
        left = len(self._fleet.live(scale_set)) - gone
        story = f"{scale_set} is paused, {gone} idle runners were taken off GitHub, {left} others end by themselves"
        return Outcome.DONE, f"{story}{self._forgetful()}"

    def _retry(self, scale_set: str) -> tuple[Outcome, str]:
        """Forget what it waits for, so that the next start is tried now."""
        self._configured(scale_set)
        target = check_ours(self._targets, scale_set)
        if target.pause is not None:
            raise Refused(f"{scale_set} is {words(target.pause, self._times)}; resume it first")
        forgotten = self._gates.forget(target)
        if not forgotten:
            return Outcome.ALREADY, f"{scale_set} waits for no backoff and no breaker"
        self._kick()
        return Outcome.DONE, f"{scale_set} tries again now: forgot {' and '.join(forgotten)}"

    def _configured(self, scale_set: str) -> Target:
        target = self._targets.get(scale_set)
        if target is None:
            raise Refused("it belongs to no scale set of this controller")
        if target.retired:
            raise Refused(f"{scale_set} is no longer configured: it starts nothing, and goes with its last runner")
        return target

    async def _drain_idle(self, target: Target, who: str) -> int:
        """Drain those that are idle now; how many. An error says how far it came."""
        idle = [runner.name for runner in self._fleet.live(target.name) if runner.phase is Phase.IDLE]
        gone = 0
        for name in idle:
            runner = self._fleet.get(name)
            if runner is None or runner.hold or runner.phase is not Phase.IDLE:
                continue  # it took a job, or left, or is held, while another was drained
            try:
                await self._drainer.drain(runner, f"arcdeck: {target.name} was drained by {who}", who)
            except (JobStillRunning, ForeignOwner):
                continue
            except ArcdeckError as error:
                far = f"{target.name} is paused, {gone} of {len(idle)} idle runners were taken off GitHub"
                raise ArcdeckError(f"{far}, then: {error}") from error
            gone += 1
        return gone

    def _kick(self) -> None:
        """Have everybody decide anew: a class of placement is shared."""
        for scaler in self._scalers.values():
            scaler.kick()

    def _forgetful(self) -> str:
        return "; the journal does not take it now, so a restart would forget it" if self._journal_state() else ""
