"""What a controller would do to GitHub and ECS for one scale set, in words, from what is there. Nothing is changed.

The rules are those that ``settling`` and ``definitions`` act by: whose things are is ``core.domain.ownership``'s, and a
task definition is registered anew only when its content differs (behaviour.md rows 25 and 35).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.api.checkup import PlanStep, Verb
from core.domain.ownership import foreign_definition, foreign_scale_set, is_originals
from core.domain.scale_set import labels_on_github
from core.domain.task_definition import content_hash, desired_definition

if TYPE_CHECKING:
    from core.domain.messages import ScaleSetRef
    from core.domain.scale_set import ScaleSetSpec
    from core.domain.task_definition import DefinitionSettings
    from core.ports import RegisteredDefinition

SCALE_SET, DEFINITION = "scale set", "task definition"


@dataclass(frozen=True, slots=True)
class Present:
    """What there is of one scale set that is wanted."""

    scale_set: ScaleSetRef | None  #: None: there is none of that name
    definition: RegisteredDefinition | None  #: None: the family has no revision


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans for one controller."""

    controller: str
    definitions: DefinitionSettings

    def steps(self, spec: ScaleSetSpec, present: Present) -> tuple[PlanStep, PlanStep]:
        """What would become of its task definition, and of the scale set itself."""
        return self._definition(spec, present.definition), self._scale_set(spec, present.scale_set)

    def _definition(self, spec: ScaleSetSpec, there: RegisteredDefinition | None) -> PlanStep:
        family = spec.family
        if there is None:
            return PlanStep(verb=Verb.CREATE, what=DEFINITION, name=family, text="its first revision is registered")
        foreign = foreign_definition(family, there.controller, self.controller, managed=there.managed)
        if foreign:
            return PlanStep(verb=Verb.REFUSE, what=DEFINITION, name=family, text=foreign)
        if there.content_hash == content_hash(desired_definition(spec, self.definitions)):
            return PlanStep(verb=Verb.KEEP, what=DEFINITION, name=family, text=f"{there.reference} is used as it is")
        verb = Verb.ADOPT if there.controller is None else Verb.CHANGE
        text = f"a revision is registered after {there.reference}, whose content differs"
        return PlanStep(verb=verb, what=DEFINITION, name=family, text=text)

    def _scale_set(self, spec: ScaleSetSpec, there: ScaleSetRef | None) -> PlanStep:
        name, wanted = spec.name, labels_on_github(spec, self.controller)
        if there is None:
            return PlanStep(verb=Verb.CREATE, what=SCALE_SET, name=name, text=f"created with {len(wanted)} labels")
        if foreign := foreign_scale_set(name, there.labels, self.controller):
            return PlanStep(verb=Verb.REFUSE, what=SCALE_SET, name=name, text=foreign)
        change = _label_change(there.labels, wanted)
        if is_originals(there.labels):
            return PlanStep(verb=Verb.ADOPT, what=SCALE_SET, name=name, text=f"the original's is taken over: {change}")
        if change:
            return PlanStep(verb=Verb.CHANGE, what=SCALE_SET, name=name, text=change)
        return PlanStep(verb=Verb.KEEP, what=SCALE_SET, name=name, text="as wanted")


def _label_change(there: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    added = [label for label in wanted if label not in there]
    dropped = [label for label in there if label not in wanted]
    told = [f"gains the label {label}" for label in added] + [f"loses the label {label}" for label in dropped]
    return ", ".join(told)
