"""Retires scale sets that the configuration no longer names: they drain, and then they go (behaviour.md row 22).

Ours are those that carry our controller's label on GitHub, and those of tasks that carry our controller's tag; things
of the original that the configuration does not name are left alone (invariant I5). The configuration was read before
we come here: unread, it removes nothing.

While the brake holds nothing is lost: one that was found at start is only observed, one that we serve is served on. A
restart is no consent: by then the new names of a renamed prefix stand beside the old ones, and the removal would look
smaller than it is; so a mass removal that waited according to the journal goes on waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.events import EventQuery
from core.api.model import Severity
from core.domain.errors import ConfigurationError
from core.domain.retirement import RemovalPlan, retired_spec
from core.domain.runner import Phase
from core.domain.scale_set import controller_label
from core.domain.task import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from core.domain.task import Task
    from core.engine.chronicle import Chronicle
    from core.engine.company import Company
    from core.engine.fleet import Fleet
    from core.engine.ground import EngineSettings
    from core.engine.made import Made
    from core.engine.target import Target
    from core.ports import Journal, ScaleSetClient


#: Names told in one sentence; the journal has them all.
TOLD = 10
_AGREE = "to agree, say 'arcdeck agree', or start with --allow-mass-removal"


def told(names: Sequence[str]) -> str:
    """The names as far as they fit into one sentence."""
    return ", ".join(names[:TOLD]) + (f" and {len(names) - TOLD} more" if len(names) > TOLD else "")


def _record(names: Sequence[str], waits: str, *, agreed: bool = False) -> dict[str, object]:
    """What the journal keeps; ``waits`` is why a mass removal waits for a person, empty for every other.

    ``agreed``: a person said that these may go.
    """
    return {"scale_sets": list(names), "waits": waits, "agreed": agreed}


class Retirement:
    """Finds what is to be retired, at start and when the configuration changes.

    By the ``settings`` an operator may have confirmed a mass removal in advance; one that observes tells what would go,
    and nothing goes.
    """

    def __init__(
        self,
        client: ScaleSetClient,
        company: Company,
        journal: Journal,
        *,
        targets: Mapping[str, Target],
        fleet: Fleet,
        chronicle: Chronicle,
        made: Made,
        settings: EngineSettings,
    ) -> None:
        self._client = client
        self._company = company
        self._journal = journal
        self._targets = targets
        self._fleet = fleet
        self._chronicle = chronicle
        self._controller = settings.controller
        self._made = made
        self._allowed = settings.allow_mass_removal
        self._goes = "they would drain, and then go" if settings.observe else "they drain, and then they go"
        self._served: frozenset[str] = frozenset()  #: before the change whose removals wait; what came since is no stay
        self._waiting: tuple[str, ...] = ()
        self._braked: tuple[str, ...] = ()  #: found at start, and only observed
        self._agreed: frozenset[str] = frozenset()  #: an operator said that these may go
        self.waits = ""  #: what waits for a confirmation, and why; empty when nothing does

    # --- while we run ----------------------------------------------------------------------------------------------

    def revise(self, wanted: Collection[str]) -> list[str]:
        """Retire what we serve and the configuration no longer names, unless the brake holds; returns the names.

        To be told again and again: a plan that was braked for its busy runners goes ahead when they have left.
        """
        serving = frozenset(name for name, target in self._targets.items() if not target.retired)
        if not self._waiting:
            self._served = serving
        leaving = tuple(sorted(serving.difference(wanted)))
        for name in self._waiting:
            self._targets[name].pending = ""
        plan = RemovalPlan(leaving, len(self._served.intersection(wanted)), self._busy(leaving))
        if leaving and plan.brake and not (self._allowed or self._agreed.issuperset(leaving)):
            self._wait(plan)
            return []
        self._go_on()
        for name in leaving:
            self._company.retire(name)
        if leaving:
            self._chronicle.keep("retiring", f"no longer configured: {told(leaving)}", data=_record(leaving, ""))
        return list(leaving)

    def agree(self) -> list[str]:
        """Let go what waits for a person, now that one has agreed; returns the names, none when nothing waits."""
        names = sorted({*self._waiting, *self._braked})
        if not names:
            return []
        self._agreed = frozenset(names)
        for name in self._braked:
            self._targets[name].braked = ""
            self._company.begin_anew(name)
        if self._braked:  # so that a restart does not wait for them again
            self._chronicle.keep("retiring", f"agreed to remove: {told(names)}", data=_record(names, "", agreed=True))
        self._braked = ()
        if self._waiting:
            self.revise(
                {name for name, target in self._targets.items() if not target.retired}.difference(self._waiting)
            )
        return names

    def _busy(self, names: Iterable[str]) -> int:
        return sum(1 for name in names for runner in self._fleet.live(name) if runner.phase is Phase.BUSY)

    def _wait(self, plan: RemovalPlan) -> None:
        names, why = plan.names, f"this {plan.brake}, so it waits and is served on; {_AGREE}"
        for name in names:
            self._targets[name].pending = f"no longer configured; {why}"
        self.waits = f"no longer configured: {told(names)}; {why}"
        if names != self._waiting:
            self._chronicle.note(
                "retiring", self.waits, severity=Severity.WARNING, keep=_record(names, plan.brake if plan.mass else "")
            )
        self._waiting = names
        self._chronicle.touch()

    def _go_on(self) -> None:
        if self._waiting:
            self._waiting, self.waits = (), ""
            self._chronicle.touch()

    # --- at start --------------------------------------------------------------------------------------------------

    async def find(self, strangers: Iterable[Task]) -> bool:
        """Enlist the retired scale sets; whether there are any. ``strangers`` are our tasks of no configured one."""
        tasks = [task for task in strangers if task.controller == self._controller]
        families = {task.scale_set: task.definition.rpartition(":")[0] for task in tasks if task.scale_set}
        existing = await self._on_github()
        names = sorted({*families, *existing} - set(self._targets))
        if not names:
            return False
        busy = sum(1 for task in tasks if task.status is TaskStatus.RUNNING)
        plan = RemovalPlan(tuple(names), len(existing & set(self._targets)), busy)
        said = await self._said()
        waits = plan.brake if plan.mass else _waited(said, names)
        braked = "" if self._allowed or _agreed(said, names) else waits or plan.brake
        for name in names:
            self._company.enlist(retired_spec(name, families.get(name, "")), retired=True, braked=braked)
        self._braked = tuple(names) if braked else ()
        self._tell(names, braked, _record(names, waits if braked else ""))
        return True

    async def _said(self) -> Mapping[str, object]:
        """What was said when last a removal was told of."""
        said = await self._journal.find(EventQuery(kinds=("retiring",), limit=1))
        return said[-1].data if said else {}

    async def _on_github(self) -> set[str]:
        """Names of the scale sets that carry our controller's label, in every runner group the configuration uses."""
        groups = {target.spec.runner_group for target in self._targets.values()}
        mark, found = controller_label(self._controller), set()
        for group in sorted(groups):
            try:
                group_id = await self._client.runner_group_id(group)
            except ConfigurationError:
                continue  # its scale sets say so themselves, and the others need not wait for it
            listed = await self._client.list_scale_sets(group_id)
            found |= {ref.name for ref in listed if mark in ref.labels or self._made.has(ref)}
        return found

    def _tell(self, names: Sequence[str], braked: str, record: Mapping[str, object]) -> None:
        agree = f"this {braked}, so it waits; {_AGREE}"
        story = f"no longer configured: {told(names)}; {agree if braked else self._goes}"
        severity = Severity.WARNING if braked else Severity.NOTICE
        self._chronicle.note("retiring", story, severity=severity, keep=record)


def _waited(said: Mapping[str, object], names: Sequence[str]) -> str:
    """Why a mass removal of one of these waited; empty when none did."""
    waited = said.get("scale_sets")
    return str(said.get("waits", "")) if isinstance(waited, list) and set(names).intersection(waited) else ""


def _agreed(said: Mapping[str, object], names: Sequence[str]) -> bool:
    """Whether a person has agreed that all of these may go."""
    agreed = said.get("scale_sets")
    return said.get("agreed") is True and isinstance(agreed, list) and set(names).issubset(agreed)
