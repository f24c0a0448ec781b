"""Makes ECS and GitHub like the configuration wants one scale set: its task definition, and the scale set itself.

As a whole or not at all: until both are as wanted, what was in force before stays in force (behaviour.md row 35). What
exists and is not ours is never touched (invariant I5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.errors import ForeignOwner, ScaleSetExists
from core.domain.ownership import foreign_scale_set
from core.domain.scale_set import labels_on_github

if TYPE_CHECKING:
    from core.domain.messages import ScaleSetRef
    from core.domain.scale_set import ScaleSetSpec
    from core.engine.chronicle import Chronicle
    from core.engine.definitions import Definitions
    from core.engine.made import Made
    from core.engine.target import Target
    from core.ports import ScaleSetClient


class Settler:
    """Settles one scale set, as often as it takes."""

    def __init__(
        self,
        target: Target,
        client: ScaleSetClient,
        definitions: Definitions,
        chronicle: Chronicle,
        *,
        controller: str,
        made: Made,
    ) -> None:
        self._target = target
        self._client = client
        self._definitions = definitions
        self._chronicle = chronicle
        self._controller = controller
        self._made = made

    async def settle(self) -> int:
        """Put what is wanted into force, and return the scale set's id on GitHub.

        Raises ForeignOwner when the family or the scale set exists and is not ours, and the clients' errors; then
        nothing of it is in force.
        """
        wanted = self._target.wanted
        definition = await self._definitions.ensure(wanted)
        scale_set_id = (await self._scale_set(wanted)).id
        self._target.take(wanted, definition, scale_set_id)
        self._chronicle.touch()
        return scale_set_id

    async def _scale_set(self, spec: ScaleSetSpec) -> ScaleSetRef:
        """Create it, or make the existing one like the configuration. ForeignOwner when it is not ours."""
        labels = labels_on_github(spec, self._controller)
        group_id = await self._client.runner_group_id(spec.runner_group)
        existing = await self._client.get_scale_set(spec.name, group_id)
        if existing is None and (elsewhere := await self._in_its_former_group(spec)) is not None:
            self._check_owner(elsewhere)
            return await self._client.update_scale_set(elsewhere.id, spec.name, labels, group_id)
        if existing is None:
            try:
                created = await self._client.create_scale_set(spec.name, labels, group_id)
            except ScaleSetExists:  # by an attempt of ours whose answer was lost, or by somebody else just now
                existing = await self._client.get_scale_set(spec.name, group_id)
                if existing is None:
                    raise
            else:
                self._made.note(created, "created on GitHub")
                self._target.forgive()  # what failed with one that is gone says nothing of this one
                return created
        self._check_owner(existing)
        return await self._client.update_scale_set(existing.id, spec.name, labels)

    async def _in_its_former_group(self, spec: ScaleSetSpec) -> ScaleSetRef | None:
        """The scale set where it was served so far, when the configuration has moved it; None when it was not.

        A second one in the new group would leave the first behind, with its jobs.
        """
        former = self._target.spec.runner_group
        if self._target.scale_set_id is None or former == spec.runner_group:
            return None
        return await self._client.get_scale_set(spec.name, await self._client.runner_group_id(former))

    def _check_owner(self, existing: ScaleSetRef) -> None:
        if self._made.has(existing):
            return
        if foreign := foreign_scale_set(existing.name, existing.labels, self._controller):
            raise ForeignOwner(foreign)
