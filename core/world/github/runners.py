"""The runners that are registered here, from their JIT config to their removal.

One pool for the whole of this GitHub: a name is unique in it, and the same id serves the Actions service and the REST
API. A registration exists from the moment its config was made, whether or not a process ever uses it; nothing but a
removal ends it (github-scale-set-api.md sections 4.1 to 4.5).
"""

import random
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from core.world.clock import WorldClock
from core.world.github.jit import JitConfig, build_jit_config, runner_id_in
from core.world.github.records import RunnerRecord, ScaleSetRecord
from core.world.github.refusals import Complaint, RunnerRefused, ServiceRefusal

_FIRST_RUNNER_ID = 4_711

Removal = Callable[[RunnerRecord], None]
"""What somebody does about a registration that has ended."""


class RemovedBy(StrEnum):
    """How a registration came to its end."""

    ITSELF = "itself"
    """An ephemeral runner whose one job is over."""
    SERVICE = "service"
    """Through the Actions service (E14)."""
    REST = "rest"
    """Through the REST API (E23)."""
    SCALE_SET = "scale_set"
    """Together with its scale set."""


class RunnerPool:
    """All registrations, and how many there have been.

    `scale_sets` is shared with the registry that owns it. `on_removed` is called with each record that was taken out.
    """

    def __init__(
        self, clock: WorldClock, rng: random.Random, scale_sets: dict[int, ScaleSetRecord], github_url: str
    ) -> None:
        self.runners: dict[int, RunnerRecord] = {}
        self.made = 0
        self.removed: Counter[RemovedBy] = Counter()
        self.on_removed: Removal = lambda _: None
        self._clock = clock
        self._rng = rng
        self._scale_sets = scale_sets
        self._github_url = github_url
        self._by_name: dict[str, RunnerRecord] = {}

    def register(self, scale_set: ScaleSetRecord, name: str, work_folder: str) -> tuple[RunnerRecord, JitConfig]:
        """Make a registration, offline until a process uses its config; raises ServiceRefusal for a name in use."""
        if name.lower() in self._by_name:
            raise ServiceRefusal(Complaint.RUNNER_EXISTS, f"Runner {name} is already present.")
        runner_id = _FIRST_RUNNER_ID + self.made
        jit = build_jit_config(runner_id, name, work_folder, self._github_url, self._rng)
        runner = RunnerRecord(
            id=runner_id,
            name=name,
            scale_set_id=scale_set.id,
            group_id=scale_set.group.id,
            labels=tuple(label.name for label in scale_set.labels),
            work_folder=work_folder,
            created_at=self._clock.now(),
            secret_marker=jit.marker,
        )
        self.made += 1
        self.runners[runner.id] = scale_set.runners[runner.id] = self._by_name[name.lower()] = runner
        return runner, jit

    def find(self, runner_id: int) -> RunnerRecord:
        """Return a registration; raises ServiceRefusal where there is none."""
        try:
            return self.runners[runner_id]
        except KeyError:
            raise ServiceRefusal(Complaint.RUNNER_NOT_FOUND, f"No agent {runner_id} in pool 0.") from None

    def named(self, name: str) -> RunnerRecord | None:
        """Return the registration with this name, in any casing; None where there is none."""
        return self._by_name.get(name.lower())

    def connect(self, encoded_jit: str) -> RunnerRecord:
        """Let the process that holds this config come online.

        Raises RunnerRefused where the registration is gone or the config was used before, ValueError for what is no
        config at all.
        """
        runner = self.runners.get(runner_id_in(encoded_jit))
        if runner is None or runner.secret_marker not in encoded_jit:
            raise RunnerRefused("the registration has been removed")
        if runner.connected_at is not None:
            raise RunnerRefused(f"the config of {runner.name} was used before")
        runner.online, runner.connected_at = True, self._clock.now()
        return runner

    def remove(self, runner: RunnerRecord, by: RemovedBy) -> None:
        """End a registration; whoever holds its config is turned away from now on."""
        del self.runners[runner.id]
        del self._by_name[runner.name.lower()]
        runner.online = False
        self.removed[by] += 1
        scale_set = self._scale_sets.get(runner.scale_set_id)
        if scale_set is not None:
            scale_set.runners.pop(runner.id, None)
        self.on_removed(runner)
