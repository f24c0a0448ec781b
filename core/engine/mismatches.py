"""Where GitHub's list, ECS and we do not agree about a runner, for people to see; nothing is concluded from it here.

Each complete list is compared with the fleet once. What was found is shown until a later list, or what we learn
meanwhile, says otherwise: a ghost that was deregistered, a runner that moved on. Since when something is so is
remembered from list to list. The rules that act by themselves are elsewhere (``offline``, ``draining``); a mismatch
says when they will.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.api.trouble import MismatchKind, MismatchView, Remedy
from core.domain.durations import format_duration
from core.domain.reaping import overdue
from core.domain.runner import Phase
from core.domain.scale_set import scale_set_of
from core.domain.task import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from core.domain.messages import Registration
    from core.domain.runner import Runner
    from core.domain.task import Task
    from core.engine.fleet import Fleet
    from core.engine.target import Target
    from core.engine.times import Times

#: Most that are shown; GitHub's own lists end at some ten thousand.
MOST: Final = 2_000
NO_TASK, UNKNOWN, NOT_LISTED = "no task", "unknown", "not listed"

_WHY: Final = {
    MismatchKind.GHOST: "registered and offline, with no task behind it: it serves nobody; after {limit} it is"
    " deregistered by itself",
    MismatchKind.UNTRACKED: "GitHub shows it online for this scale set, and no task of it is known: somebody else"
    " runs it, or its task just ended",
    MismatchKind.UNREGISTERED: "its task runs, and GitHub does not list it: it gets no job; an idle one is stopped when"
    " a second list agrees",
    MismatchKind.OFFLINE: "its task runs, and GitHub lists it as offline: it gets no job while it is so",
    MismatchKind.BUSY_THERE: "GitHub's list says busy, no job message named it: the message may still come, so it is"
    " not drained on the list's word",
    MismatchKind.IDLE_THERE: "a job message made it busy, GitHub's list says idle: the list lags, or the end of the job"
    " was not told",
    MismatchKind.ORPHAN: "a task with our mark whose scale set is not in the configuration: it is left alone",
}
_REMEDIES: Final = {
    MismatchKind.GHOST: Remedy.DEREGISTER,
    MismatchKind.UNREGISTERED: Remedy.STOP,
    MismatchKind.OFFLINE: Remedy.STOP,
}
#: What GitHub does not list is as it should be in these phases, or not to be judged yet.
_REGISTERED: Final = frozenset({Phase.IDLE, Phase.BUSY})
_WORST_FIRST: Final = {kind: place for place, kind in enumerate(MismatchKind)}


@dataclass(frozen=True, slots=True)
class _Found:
    """A mismatch as one list showed it. ``runner`` is None where we know of none."""

    kind: MismatchKind
    name: str
    scale_set: str
    github: str
    runner: Runner | None
    since: float


class Mismatches:
    """Compares, remembers, and shows. ``offline_since`` tells since when a registration is offline, by its id."""

    def __init__(
        self,
        fleet: Fleet,
        targets: Mapping[str, Target],
        *,
        times: Times,
        offline_since: Callable[[int], float | None],
        orphans: Callable[[], Sequence[Task]],
        min_age: float,
    ) -> None:
        self._fleet = fleet
        self._targets = targets
        self._times = times
        self._offline_since = offline_since
        self._orphans = orphans
        self._min_age = min_age
        self._found: dict[tuple[str, MismatchKind], _Found] = {}

    def compare(self, registrations: Iterable[Registration]) -> None:
        """Learn from one complete list."""
        now, before = self._times.monotonic(), self._found
        found: dict[tuple[str, MismatchKind], _Found] = {}
        for name, kind, github, since in self._disagreements(registrations, now):
            key = (name, kind)
            runner = self._fleet.get(name)
            first = min(since, before[key].since) if key in before else since
            found[key] = _Found(kind, name, scale_set_of(name) or "", github, runner, first)
        self._found = found

    def views(self) -> tuple[MismatchView, ...]:
        """What still is so, the worst first and then the oldest; at most ``MOST``."""
        still = [found for found in self._found.values() if self._still(found)]
        shown = [self._view(found) for found in still] + [self._orphan(task) for task in self._orphans()]
        shown.sort(key=lambda view: (_WORST_FIRST[view.kind], view.since or 0.0, view.name))
        return tuple(shown[:MOST])

    def _disagreements(
        self, registrations: Iterable[Registration], now: float
    ) -> Iterator[tuple[str, MismatchKind, str, float]]:
        listed = {r.name: r for r in registrations if scale_set_of(r.name) in self._targets}
        for name, registration in listed.items():
            kind = self._kind(self._fleet.get(name), registration, now)
            if kind is not None:
                offline = None if registration.online else self._offline_since(registration.id)
                yield name, kind, _at_github(registration), now if offline is None else offline
        for runner in self._fleet.live():
            if runner.name not in listed and runner.phase in _REGISTERED and _runs(runner) and not runner.assumed_busy:
                yield runner.name, MismatchKind.UNREGISTERED, NOT_LISTED, now

    def _kind(self, runner: Runner | None, registration: Registration, now: float) -> MismatchKind | None:
        if runner is None:
            served = registration.online or registration.busy
            return MismatchKind.UNTRACKED if served else MismatchKind.GHOST
        if not _runs(runner):
            return None
        if not registration.online:
            return MismatchKind.OFFLINE if self._should_be_online(runner, now) else None
        if runner.phase is Phase.IDLE and registration.busy:
            return MismatchKind.BUSY_THERE
        if runner.phase is Phase.BUSY and not registration.busy and not runner.assumed_busy:
            return MismatchKind.IDLE_THERE
        return None

    def _should_be_online(self, runner: Runner, now: float) -> bool:
        target = self._targets.get(runner.scale_set)
        late = target is not None and overdue(runner, target.spec.limits, now)
        return runner.phase in _REGISTERED or (runner.phase is Phase.LAUNCHING and late)

    def _still(self, found: _Found) -> bool:
        runner = self._fleet.get(found.name)
        if found.runner is None:
            return runner is None and not self._fleet.is_deregistered(found.name)
        return runner is not None and runner.phase is found.runner.phase

    def _view(self, found: _Found) -> MismatchView:
        target = self._targets.get(found.scale_set)
        ghost, runner = found.kind is MismatchKind.GHOST, self._fleet.get(found.name)
        return MismatchView(
            name=found.name,
            kind=found.kind,
            scale_set=found.scale_set,
            github=found.github,
            ecs=runner.task.status.value if runner and runner.task else NO_TASK,
            ours=runner.phase.value if runner else UNKNOWN,
            since=self._times.epoch(found.since),
            limit=self._min_age if ghost else None,
            remedy=_REMEDIES.get(found.kind, Remedy.NONE) if target is not None and target.leased else Remedy.NONE,
            why=_WHY[found.kind].format(limit=format_duration(self._min_age)),
        )

    @staticmethod
    def _orphan(task: Task) -> MismatchView:
        name = task.runner_name or task.arn
        return MismatchView(
            name=name,
            kind=MismatchKind.ORPHAN,
            scale_set=task.scale_set or "",
            github="?",
            ecs=task.status.value,
            ours=UNKNOWN,
            since=task.created_at.timestamp() if task.created_at else None,
            why=_WHY[MismatchKind.ORPHAN],
        )


def _runs(runner: Runner) -> bool:
    return runner.task is not None and runner.task.status is TaskStatus.RUNNING


def _at_github(registration: Registration) -> str:
    if registration.busy:
        return "busy" if registration.online else "busy, offline"
    return "online" if registration.online else "offline"
