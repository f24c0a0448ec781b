"""The scale sets of this GitHub and its runner groups: made, found, changed (github-scale-set-api.md section 3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.world.clock import WorldClock
from core.world.github.records import DEFAULT_GROUP_ID, Label, RunnerGroup, ScaleSetRecord
from core.world.github.refusals import Complaint, PlainRefusal, ServiceRefusal
from core.world.github.settings import Quirks


@dataclass(frozen=True, slots=True)
class ScaleSetChange:
    """What a create or an update asks for; None leaves the matter as it is, or to its default."""

    name: str | None = None
    group_id: int | None = None
    labels: tuple[Label, ...] | None = None
    disable_update: bool | None = None


class ScaleSetRegistry:
    """All scale sets by id. Names are unique within a group; labels are not unique at all (section 3.3)."""

    def __init__(self, clock: WorldClock, groups: Iterable[RunnerGroup], quirks: Quirks) -> None:
        self.scale_sets: dict[int, ScaleSetRecord] = {}
        self._clock = clock
        self._groups = {group.id: group for group in groups}
        self._quirks = quirks
        self._next_id = 1

    def create(self, change: ScaleSetChange) -> ScaleSetRecord:
        """Make a scale set; raises ServiceRefusal where its name is taken in its group, PlainRefusal for nonsense."""
        name = change.name or (change.labels[0].name if change.labels else "")
        if not name:
            raise PlainRefusal(400, "a runner scale set needs a name or a label")
        group = self._group(DEFAULT_GROUP_ID if change.group_id is None else change.group_id)
        self._require_free(name, group)
        scale_set = ScaleSetRecord(
            id=self._next_id,
            name=name,
            group=group,
            labels=self._kept_labels(name, change.labels or ()),
            created_at=self._clock.now(),
            disable_update=bool(change.disable_update),
        )
        self._next_id += 1
        self.scale_sets[scale_set.id] = scale_set
        return scale_set

    def update(self, scale_set: ScaleSetRecord, change: ScaleSetChange) -> None:
        """Change what `change` names; raises like `create`, and then nothing has changed."""
        name = change.name or scale_set.name
        group = scale_set.group if change.group_id is None else self._group(change.group_id)
        if (name, group) != (scale_set.name, scale_set.group):
            self._require_free(name, group)
        scale_set.name, scale_set.group = name, group
        if change.labels:
            scale_set.labels = self._kept_labels(name, change.labels)
        if change.disable_update is not None:
            scale_set.disable_update = change.disable_update

    def find(self, scale_set_id: int) -> ScaleSetRecord:
        """Return a scale set; raises ServiceRefusal where there is none."""
        try:
            return self.scale_sets[scale_set_id]
        except KeyError:
            message = f"No runner scale set found with identifier {scale_set_id}."
            raise ServiceRefusal(Complaint.SCALE_SET_NOT_FOUND, message) from None

    def listed(self, group_id: int | None = None, name: str | None = None) -> list[ScaleSetRecord]:
        """Return the scale sets of a group, or with this name, or both; None does not filter."""
        return [
            scale_set
            for scale_set in self.scale_sets.values()
            if group_id in (None, scale_set.group.id) and name in (None, scale_set.name)
        ]

    def named(self, name: str) -> ScaleSetRecord | None:
        """Return the oldest scale set with this name, whatever its group; None where there is none."""
        return next(iter(self.listed(name=name)), None)

    def groups_named(self, name: str | None) -> list[RunnerGroup]:
        """Return the runner groups with this name, in any casing; None returns all."""
        return [group for group in self._groups.values() if name is None or group.name.lower() == name.lower()]

    def _group(self, group_id: int) -> RunnerGroup:
        try:
            return self._groups[group_id]
        except KeyError:
            raise PlainRefusal(400, f"no runner group {group_id}") from None

    def _require_free(self, name: str, group: RunnerGroup) -> None:
        if self.listed(group.id, name):
            message = "A runner scale set with this name exists in the group."
            raise ServiceRefusal(Complaint.SCALE_SET_EXISTS, message)

    def _kept_labels(self, name: str, labels: Sequence[Label]) -> tuple[Label, ...]:
        if self._quirks.drops_extra_labels or not labels:
            return (Label(name),)
        return tuple(labels)
