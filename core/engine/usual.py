"""How long starts usually take, by scale set and stage, so that one that takes longer can be told from the others.

A watcher of the fleet that changes nothing: each start of ours that came online is remembered, the newest few hundred
of a scale set, with the times that ECS gave its task. It begins anew with the controller.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from core.api.model import UsualView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from core.domain.runner import Runner
    from core.engine.roster import Change
    from core.engine.times import Times

#: Starts of a scale set that are remembered.
REMEMBERED: Final = 200
#: Stages, each with what it ends with, in the words of ``core.api.model.Steps``, in the order in which they happen.
PULL_BEGAN, PULLED, STARTED, ONLINE = "pull_started_at", "pull_stopped_at", "started_at", "online_at"
WHOLE: Final = "start"  #: from the task's making to online


class Usual:
    """Told of each step of each runner."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._starts: defaultdict[str, deque[dict[str, float]]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._views: dict[str, tuple[UsualView, ...]] = {}

    def of(self, scale_set: str) -> tuple[UsualView, ...]:
        """What is usual there, a stage each; none before a start has come online."""
        return self._views.get(scale_set, ())

    def changed(self, change: Change) -> None:
        """Remember a start that has just come online."""
        before, after = change.before, change.after
        came = before is not None and before.online_since is None and after.online_since is not None
        if not came or after.adopted or after.accepted_at is None:
            return
        starts = self._starts[after.scale_set]
        starts.append(dict(self._stages(after)))
        self._views[after.scale_set] = tuple(_views(starts))

    def _stages(self, runner: Runner) -> Iterator[tuple[str, float]]:
        task, online = runner.task, runner.online_since
        if task is None or online is None:
            return
        created = _epoch(task.created_at)
        moments = [
            (PULL_BEGAN, _epoch(task.pull_started_at)),
            (PULLED, _epoch(task.pull_stopped_at)),
            (STARTED, _epoch(task.started_at)),
            (ONLINE, self._times.epoch(online)),
        ]
        before = created
        for stage, at in moments:
            if before is not None and at is not None:
                yield stage, max(0.0, at - before)
            before = at if at is not None else before
        if created is not None:
            yield WHOLE, max(0.0, self._times.epoch(online) - created)


def _views(starts: Sequence[dict[str, float]]) -> Iterator[UsualView]:
    for stage in (PULL_BEGAN, PULLED, STARTED, ONLINE, WHOLE):
        seconds = sorted(start[stage] for start in starts if stage in start)
        if seconds:
            yield UsualView(stage=stage, starts=len(seconds), p50=_share(seconds, 0.5), p95=_share(seconds, 0.95))


def _share(ascending: Sequence[float], share: float) -> float:
    """The smallest of them that at least so many do not exceed."""
    return ascending[max(0, -(-int(share * 1000) * len(ascending) // 1000) - 1)]


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
