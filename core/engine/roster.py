"""Runners by name, by scale set and by task: three ways to find one, kept in step.

After each step of a runner its scale set is counted anew, and each second or so all of them are: no such question may
walk through the runners of the others. Belongs to the fleet, which alone changes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.runner import Runner


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one runner. ``before`` is None when it is new."""

    before: Runner | None
    after: Runner


class Roster:
    """The live runners. A name belongs to one scale set for as long as it is here."""

    def __init__(self) -> None:
        self._by_name: dict[str, Runner] = {}
        self._by_scale_set: dict[str, dict[str, Runner]] = {}
        self._names_by_arn: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def get(self, name: str) -> Runner | None:
        """The runner of that name."""
        return self._by_name.get(name)

    def by_arn(self, task_arn: str) -> Runner | None:
        """The runner of that task."""
        name = self._names_by_arn.get(task_arn)
        return self._by_name.get(name) if name else None

    def all(self, scale_set: str | None = None) -> list[Runner]:
        """Runners in the order they came; of one scale set, or of all."""
        return list((self._by_name if scale_set is None else self._by_scale_set.get(scale_set, {})).values())

    def put(self, runner: Runner) -> Runner | None:
        """Enter a runner, or a later state of one; returns the state that it replaces, None when it is new."""
        before = self._by_name.get(runner.name)
        self._by_name[runner.name] = runner
        self._by_scale_set.setdefault(runner.scale_set, {})[runner.name] = runner
        if runner.task_arn:
            self._names_by_arn[runner.task_arn] = runner.name
        return before

    def pop(self, name: str) -> Runner | None:
        """Take a runner out; returns its last state, None when it was not here."""
        runner = self._by_name.pop(name, None)
        if runner is not None:
            del self._by_scale_set[runner.scale_set][name]
            self._names_by_arn.pop(runner.task_arn, None)
        return runner
