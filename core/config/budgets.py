"""Budgets: limits that several scale sets share, because they share a host (behaviour.md row 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.problems import Place, nearest, shown
from core.domain.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from core.config.document import PlacedBudget
    from core.config.problems import Findings
    from core.domain.scale_set import ScaleSetSpec


def read_budgets(
    tables: Iterable[PlacedBudget], scale_sets: Sequence[ScaleSetSpec], findings: Findings
) -> tuple[Budget, ...]:
    """Every ``[[budget]]``, checked against the scale sets, which it names by name or by family."""
    budgets: dict[str, Budget] = {}
    for placed in tables:
        members = _members(placed, scale_sets, findings)
        budget = Budget(
            name=placed.table.name,
            scale_sets=tuple(member.name for member in members),
            max_runners=placed.table.max_runners,
            max_cpu=placed.table.max_cpu,
            max_memory=placed.table.max_memory,
        )
        if budget.name in budgets:
            findings.error(Place(placed.where, "name"), "is the name of another budget, too")
        _check(budget, members, placed.where, findings)
        budgets[budget.name] = budget
    return tuple(budgets.values())


def _members(placed: PlacedBudget, scale_sets: Sequence[ScaleSetSpec], findings: Findings) -> tuple[ScaleSetSpec, ...]:
    known = {spec.family: spec for spec in scale_sets} | {spec.name: spec for spec in scale_sets}
    members: dict[str, ScaleSetSpec] = {}
    for name in placed.table.scale_sets:
        if name in known:
            members[known[name].name] = known[name]
        else:
            meant = nearest(name, known)
            hint = f"; did you mean {shown(meant)}?" if meant else ""
            findings.error(Place(placed.where, "scale_sets"), f"there is no scale set {shown(name)}{hint}")
    return tuple(members.values())


def _check(budget: Budget, members: Sequence[ScaleSetSpec], where: str, findings: Findings) -> None:
    limits: tuple[tuple[str, int | None, Callable[[ScaleSetSpec], int]], ...] = (
        ("max_runners", budget.max_runners, lambda _: 1),
        ("max_cpu", budget.max_cpu, lambda spec: spec.shape.cpu),
        ("max_memory", budget.max_memory, lambda spec: spec.shape.memory),
    )
    if all(limit is None for _, limit, _ in limits):
        findings.error(Place(where), "limits nothing; set max_runners, max_cpu or max_memory")
    for key, limit, cost in limits:
        if limit is not None:
            _check_limit(Place(where, key), limit, [(spec, cost(spec)) for spec in members], findings)


def _check_limit(place: Place, limit: int, costs: Sequence[tuple[ScaleSetSpec, int]], findings: Findings) -> None:
    for spec, cost in costs:
        if cost > limit:
            findings.error(place, f"{limit} does not hold a single runner of {shown(spec.name)}, which needs {cost}")
    floor = sum(cost * spec.bounds.minimum for spec, cost in costs)
    if floor > limit:
        findings.error(place, f"{limit} does not hold the min_runners of its scale sets, which need {floor} together")
