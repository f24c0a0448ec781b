"""What labels say about where a job may land (github-scale-set-api.md section 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.domain.scale_set import ScaleSetSpec


def told_apart_by_name_only(specs: Sequence[ScaleSetSpec]) -> list[tuple[ScaleSetSpec, ...]]:
    """Groups of scale sets that carry the same labels beside their names, in the order of their first ones.

    A job that asks for labels may land on any of such a group, which is meant as a rule only for spares. GitHub takes
    no notice of a label's case.
    """
    groups: dict[frozenset[str], list[ScaleSetSpec]] = {}
    for spec in specs:
        labels = frozenset(label.lower() for label in spec.labels)
        if labels:
            groups.setdefault(labels, []).append(spec)
    return [tuple(group) for group in groups.values() if len(group) > 1]
