"""Retires scale sets that the configuration no longer names: they drain, and then they go (behaviour.md row 22).

Ours are those that carry our controller's label on GitHub, and those of tasks that carry our controller's tag; things
of the original that the configuration does not name are left alone (invariant I5). The configuration was read before
we come here: unread, it removes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.api.model import Severity
from core.domain.errors import ConfigurationError
from core.domain.retirement import RemovalPlan, retired_spec
from core.domain.scale_set import controller_label
from core.domain.task import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.domain.scale_set import ScaleSetSpec
    from core.domain.task import Task
    from core.engine.chronicle import Chronicle
    from core.engine.target import Target
    from core.ports import ScaleSetClient


#: Names told in one sentence; the journal has them all.
TOLD = 10


class Enlist(Protocol):
    """Makes a scale set one of ours, with everything that works for it."""

    def __call__(self, spec: ScaleSetSpec, *, retired: bool, braked: str) -> None:
        """Enlist it."""


class Retirement:
    """Finds what is to be retired, once, at start. ``allowed``: an operator has confirmed a mass removal."""

    def __init__(
        self,
        client: ScaleSetClient,
        targets: Mapping[str, Target],
        enlist: Enlist,
        chronicle: Chronicle,
        *,
        controller: str,
        allowed: bool,
    ) -> None:
        self._client = client
        self._targets = targets
        self._enlist = enlist
        self._chronicle = chronicle
        self._controller = controller
        self._allowed = allowed

    async def find(self, strangers: Iterable[Task]) -> bool:
        """Enlist the retired scale sets; whether there are any. ``strangers`` are our tasks of no configured one."""
        tasks = [task for task in strangers if task.controller == self._controller]
        families = {task.scale_set: task.definition.rpartition(":")[0] for task in tasks if task.scale_set}
        existing = await self._on_github()
        names = sorted({*families, *existing} - set(self._targets))
        if not names:
            return False
        busy = sum(1 for task in tasks if task.status is TaskStatus.RUNNING)
        brake = RemovalPlan(tuple(names), len(existing & set(self._targets)), busy).brake
        braked = "" if self._allowed else brake
        for name in names:
            self._enlist(retired_spec(name, families.get(name, "")), retired=True, braked=braked)
        self._tell(names, braked)
        return True

    async def _on_github(self) -> set[str]:
        """Names of the scale sets that carry our controller's label, in every runner group the configuration uses."""
        groups = {target.spec.runner_group for target in self._targets.values()}
        mark, found = controller_label(self._controller), set()
        for group in sorted(groups):
            try:
                group_id = await self._client.runner_group_id(group)
            except ConfigurationError:
                continue  # its scale sets say so themselves, and the others need not wait for it
            found |= {ref.name for ref in await self._client.list_scale_sets(group_id) if mark in ref.labels}
        return found

    def _tell(self, names: list[str], braked: str) -> None:
        told = ", ".join(names[:TOLD]) + (f" and {len(names) - TOLD} more" if len(names) > TOLD else "")
        agree = f"this {braked}, so it waits; to agree, start with --allow-mass-removal"
        story = f"no longer configured: {told}; {agree if braked else 'they drain, and then they go'}"
        severity = Severity.WARNING if braked else Severity.NOTICE
        self._chronicle.note("retiring", story, severity=severity, keep={"scale_sets": names})
