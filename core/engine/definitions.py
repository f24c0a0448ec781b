"""Has the task definition of a scale set in ECS before anything starts from it (behaviour.md 1.6, rows 25, 35).

What is registered with the same content is used at once and never registered again; a family that is not ours is never
touched. That RegisterTaskDefinition refills at one call a second only (ecs-api.md A2) is the adapter's to obey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.errors import ForeignOwner
from core.domain.ownership import foreign_definition
from core.domain.task_definition import content_hash, desired_definition

if TYPE_CHECKING:
    from core.domain.scale_set import ScaleSetSpec
    from core.domain.task_definition import DefinitionSettings, TaskDefinition
    from core.engine.chronicle import Chronicle
    from core.ports import EcsClient, RegisteredDefinition


class Definitions:
    """Task definitions of all scale sets."""

    def __init__(
        self,
        ecs: EcsClient,
        *,
        settings: DefinitionSettings,
        controller: str,
        chronicle: Chronicle,
    ) -> None:
        self._ecs = ecs
        self._settings = settings
        self._controller = controller
        self._chronicle = chronicle

    async def ensure(self, spec: ScaleSetSpec) -> str:
        """The revision new starts use, ``family:revision``; registered when there is none of this content.

        Raises ForeignOwner when the family exists and is not ours, and the client's errors.
        """
        wanted = desired_definition(spec, self._settings)
        existing = await self._ecs.registered_definition(spec.family)
        if existing is not None:
            self._check_owner(spec.family, existing)
            if existing.content_hash == content_hash(wanted):
                return existing.reference
        return await self._register(spec, wanted)

    async def adopt(self, spec: ScaleSetSpec) -> None:
        """Have the newest revision be ours, whosever the family was; an operator has said so."""
        existing = await self._ecs.registered_definition(spec.family)
        if existing is not None and foreign_definition(
            spec.family, existing.controller, self._controller, managed=existing.managed
        ):
            await self._register(spec, desired_definition(spec, self._settings))

    async def withdraw(self, family: str) -> None:
        """Withdraw the revisions of a family that is ours and that nobody wants any more (behaviour.md 1.6).

        Only what carries our own id: one of the original that was never taken over is left. Raises the client's errors.
        """
        existing = await self._ecs.registered_definition(family)
        if existing is None or not existing.managed or existing.controller != self._controller:
            return
        count = await self._ecs.withdraw_family(family)
        story = f"task definition family {family} withdrawn, {count} revisions: no longer configured"
        self._chronicle.note("definition", story, keep={"family": family, "revisions": count})

    async def _register(self, spec: ScaleSetSpec, wanted: TaskDefinition) -> str:
        registered = await self._ecs.register_definition(wanted)
        story = f"task definition {registered.reference} registered for {spec.name}"
        self._chronicle.note("definition", story, scale_set=spec.name, keep={"reference": registered.reference})
        return registered.reference

    def _check_owner(self, family: str, existing: RegisteredDefinition) -> None:
        if foreign := foreign_definition(family, existing.controller, self._controller, managed=existing.managed):
            raise ForeignOwner(foreign)
