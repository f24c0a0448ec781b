"""The third safety net: registrations that have been offline for long with no task behind them (behaviour.md 1.4).

Who was first seen offline when is remembered across restarts in the journal (row 26). A registration is removed only
when it belongs to a scale set that we hold: a name alone is never enough (invariant I5).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from core.api.model import Severity
from core.domain.errors import ArcdeckError
from core.domain.reaping import judge_offline
from core.domain.scale_set import scale_set_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.domain.messages import Registration
    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.fleet import Fleet
    from core.engine.recovery import Recovery
    from core.engine.target import Target
    from core.engine.times import Times
    from core.ports import ScaleSetClient

MEMORY = "offline-memory"


class OfflineSweep:
    """Judges runner lists. ``interval`` and ``min_age`` in seconds."""

    def __init__(
        self,
        client: ScaleSetClient,
        fleet: Fleet,
        targets: Mapping[str, Target],
        *,
        deregistrar: Deregistrar,
        recovery: Recovery,
        chronicle: Chronicle,
        times: Times,
        interval: float,
        min_age: float,
    ) -> None:
        self.interval = interval
        self._client = client
        self._fleet = fleet
        self._targets = targets
        self._deregistrar = deregistrar
        self._recovery = recovery
        self._chronicle = chronicle
        self._times = times
        self._min_age = min_age
        self._swept_at: dict[str, float] = {}  #: by scale set: one that became ours later has its own rhythm
        self._first_seen: dict[int, float] | None = None

    @property
    def awaited(self) -> bool:
        """Whether a scale set of ours was never swept: the first sweep follows the lease (row 26)."""
        return any(target.leased and name not in self._swept_at for name, target in self._targets.items())

    def since(self, runner_id: int) -> float | None:
        """Since when a registration has been offline, in monotonic seconds; None when it was not at the last list."""
        return (self._first_seen or {}).get(runner_id)

    async def sweep(self, registrations: list[Registration]) -> None:
        """Learn from a complete list and, when a sweep is due, have the ghosts in it deregistered."""
        leased = {name for name, target in self._targets.items() if target.leased}
        now = self._times.monotonic()
        verdict = judge_offline(
            registrations,
            self._remembered(),
            scale_sets=self._targets.keys(),  # also of those that are not ours yet: their ages count from now
            backed={runner.name for runner in self._fleet.live()},
            min_age=self._min_age,
            now=now,
        )
        changed = verdict.first_seen.keys() != self._remembered().keys()
        self._first_seen = verdict.first_seen
        if changed:
            self._keep()
        due = {name for name in leased if now - self._swept_at.get(name, float("-inf")) >= self.interval}
        self._swept_at |= dict.fromkeys(due, now)
        for ghost in verdict.ghosts:
            if scale_set_of(ghost.name) in due:
                await self._deregister(ghost)

    async def _deregister(self, ghost: Registration) -> None:
        scale_set = scale_set_of(ghost.name) or ""
        try:
            holder = await self._client.get_runner_by_name(ghost.name)
        except ArcdeckError as error:
            story = f"{ghost.name} is offline for long and could not be looked up, again at the next sweep: {error}"
            self._chronicle.note("deregister-failed", story, severity=Severity.WARNING, scale_set=scale_set)
            return
        if holder is None or holder.id != ghost.id:
            return
        if holder.scale_set_id != self._targets[scale_set].scale_set_id:
            return
        why = "offline for long and no task behind it"
        self._deregistrar.request(ghost.name, scale_set, ghost.id, why, until_gone=False, ghost=True)

    def _remembered(self) -> dict[int, float]:
        if self._first_seen is None:
            self._first_seen = {number: self._times.since(at) for number, at in self._recovery.offline.items()}
        return self._first_seen

    def _keep(self) -> None:
        moments = {str(number): self._times.utc(at).isoformat() for number, at in self._remembered().items()}
        self._chronicle.keep(MEMORY, f"{len(moments)} registrations are offline", data={"first_seen": moments})


def remembered(data: Mapping[str, object]) -> dict[int, datetime]:
    """What an entry of the journal says; what cannot be read is forgotten."""
    told = data.get("first_seen")
    if not isinstance(told, dict):
        return {}
    try:
        return {int(number): datetime.fromisoformat(str(at)) for number, at in told.items()}
    except ValueError:
        return {}
