"""Templates into families: the cross product of a template's dimensions (behaviour.md 3.2).

The order is fixed, so that the same text always gives the same families: sizes, architectures, features, the keys of
each sorted. Later dimensions win over earlier ones, key by key; extra labels add up.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config.problems import Place, nearest, shown
from core.config.schema import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.document import Dimension, PlacedTemplate
    from core.config.problems import Findings
    from core.config.schema import Combination, DimensionValue


@dataclass(frozen=True, slots=True)
class Candidate:
    """A family as one ``[[runner]]`` or one combination of a template describes it; defaults are not in it yet."""

    where: str
    table: Runner
    dimension_labels: tuple[str, ...] = ()
    expanded: bool = False  #: by a template, whose words alone don't name the family

    def place(self, key: str = "", *, where: str | None = None) -> Place:
        """Where a problem of this family is told: its own table, or another one that decides for it."""
        named = where is None and not self.expanded
        return Place(where or self.where, key, "" if named else self.table.family)


def expand(template: PlacedTemplate, findings: Findings) -> Iterator[Candidate]:
    """Every family of a template that no combination leaves out."""
    _check_excluded(template, findings)
    every = itertools.product(*(sorted(dimension.values) for dimension in template.dimensions))
    kept = [keys for keys in every if not _is_excluded(template, keys)]
    if not kept:
        findings.error(
            Place(template.where, "exclude"), "leaves nothing of the template; it excludes every combination"
        )
    for keys in kept:
        yield Candidate(template.where, _merged(template, keys), keys, expanded=True)


def _merged(template: PlacedTemplate, keys: tuple[str, ...]) -> Runner:
    chosen = [dimension.values[key] for dimension, key in zip(template.dimensions, keys, strict=True)]
    said: dict[str, object] = {}
    for value in chosen:
        said |= _said(value)
    said["extra_labels"] = tuple(label for value in chosen for label in value.extra_labels)
    return Runner(family="-".join((template.family_prefix, *keys))).model_copy(update=said)


def _said(value: DimensionValue) -> dict[str, object]:
    """What a value says. Its two keys for capacity providers are one statement: each replaces an earlier other one."""
    said = value.model_dump(exclude_none=True, exclude={"capacity_provider", "capacity_providers"})
    if value.providers is not None:
        said |= {"capacity_provider": value.capacity_provider, "capacity_providers": value.capacity_providers}
    return said


def _is_excluded(template: PlacedTemplate, keys: tuple[str, ...]) -> bool:
    chosen = {dimension.name: key for dimension, key in zip(template.dimensions, keys, strict=True)}
    return any(_matches(combination, chosen) for combination in template.excluded)


def _matches(combination: Combination, chosen: dict[str, str]) -> bool:
    wanted = _conditions(combination)
    return all(wanted.get(name, key) == key for name, key in chosen.items())


def _conditions(combination: Combination) -> dict[str, str]:
    written = combination.model_dump(exclude_none=True)
    return {name: str(key) for name, key in written.items()}


def _check_excluded(template: PlacedTemplate, findings: Findings) -> None:
    """Tell of conditions that do nothing: keys that no dimension has, and dimensions that the template lacks."""
    dimensions: dict[str, Dimension] = {dimension.name: dimension for dimension in template.dimensions}
    for number, combination in enumerate(template.excluded, start=1):
        for name, key in _conditions(combination).items():
            place = Place(f"{template.where}, exclude.combinations {number}", name)
            if name not in dimensions:
                findings.warning(place, f"says nothing, as the template has no {name}s; the rest of it still excludes")
            elif key not in dimensions[name].values:
                meant = nearest(key, dimensions[name].values)
                hint = f"; did you mean {shown(meant)}?" if meant else ""
                findings.warning(place, f"names no {name} of the template: {shown(key)}; it excludes nothing{hint}")
