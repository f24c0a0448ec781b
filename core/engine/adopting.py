"""Takes over what is somebody else's, because an operator says so (DESIGN.md, Ownership; behaviour.md rows 24, 25).

Two kinds of things are refused by themselves and may be adopted: what carries no mark of a controller, and what carries
another controller's id, which must be named. Its message session is the lock: while the other one holds it nothing is
changed. Then, under the session, the marks are changed: a revision of ours, the tags of its tasks, and the labels of
the scale set last, so that what was cut short is simply done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.commands import Outcome
from core.domain.errors import SessionConflict, TaskNotFound
from core.domain.ownership import owners
from core.domain.scale_set import labels_on_github
from core.engine.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.api.commands import AdoptScaleSet
    from core.domain.messages import ScaleSetRef
    from core.domain.scale_set import ScaleSetSpec
    from core.engine.company import Company
    from core.engine.definitions import Definitions
    from core.engine.made import Made
    from core.engine.target import Target
    from core.ports import EcsClient, ScaleSetClient


class Adopting:
    """Carries adoptions out. ``owner`` is the note on sessions, ``controller`` our id."""

    def __init__(
        self,
        ecs: EcsClient,
        client: ScaleSetClient,
        *,
        company: Company,
        definitions: Definitions,
        targets: Mapping[str, Target],
        made: Made,
        controller: str,
        owner: str,
    ) -> None:
        self._ecs = ecs
        self._client = client
        self._company = company
        self._definitions = definitions
        self._targets = targets
        self._made = made
        self._controller = controller
        self._owner = owner

    async def adopt(self, command: AdoptScaleSet) -> tuple[Outcome, str]:
        """What came of it. Raises Refused, and the clients' errors, after which it may be asked for again."""
        spec = self._wanted(command.scale_set)
        if self._targets[spec.name].leased:
            return Outcome.ALREADY, f"{spec.name} is ours already"
        group_id = await self._client.runner_group_id(spec.runner_group)
        existing = await self._client.get_scale_set(spec.name, group_id)
        others = [owner for owner in owners(existing.labels if existing else ()) if owner != self._controller]
        _check_from(spec.name, others, command.owner)
        tasks = await self._take_over(spec, existing, command.owner)
        self._company.begin_anew(spec.name)
        whose = f"from controller {command.owner}" if command.owner else "from nobody"
        return Outcome.DONE, f"{spec.name} is taken over {whose}, with {tasks} tasks that run; it is listened to now"

    def _wanted(self, name: str) -> ScaleSetSpec:
        target = self._targets.get(name)
        if target is None or target.retired:
            raise Refused(f"the configuration names no scale set {name}, so there is nothing to be done with it")
        return target.wanted

    async def _take_over(self, spec: ScaleSetSpec, existing: ScaleSetRef | None, owner: str) -> int:
        if existing is None:  # the family alone is somebody else's, and there is no session to wait for
            await self._definitions.adopt(spec)
            return await self._take_tasks(spec, owner)
        try:
            session = await self._client.open_session(existing.id, self._owner)
        except SessionConflict as alive:
            raise Refused(
                f"the message session of {spec.name} is somebody's: stop that controller first "
                "(one that was killed lets go within two minutes)"
            ) from alive
        try:
            await self._definitions.adopt(spec)
            tasks = await self._take_tasks(spec, owner)
            labels = labels_on_github(spec, self._controller)
            await self._client.update_scale_set(existing.id, spec.name, labels)
            self._made.note(existing, "taken over")
        finally:
            await session.close()
        return tasks

    async def _take_tasks(self, spec: ScaleSetSpec, owner: str) -> int:
        """Mark the live tasks of that owner as ours; those without an owner are adopted as they are."""
        look = await self._ecs.describe_tasks(await self._ecs.list_tasks())
        theirs = [
            task
            for task in look.tasks
            if task.scale_set == spec.name and task.controller == (owner or None) and not task.status.ended
        ]
        taken = 0
        for task in theirs:
            try:
                if owner:
                    await self._ecs.tag_task(task.arn, self._controller)
            except TaskNotFound:
                continue  # it has ended meanwhile
            taken += 1
        return taken


def _check_from(name: str, others: list[str], owner: str) -> None:
    """Raises Refused unless the operator named the one it belongs to."""
    if others and owner not in others:
        said = f", not to {owner}" if owner else ""
        raise Refused(
            f"{name} belongs to controller {others[0]}{said}; to take it from that, say so: --from {others[0]}"
        )
