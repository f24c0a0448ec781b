"""One scale set, and one closed class of placement, as a front end sees them. Pure, as ``views``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import (
    BackoffView,
    CountsView,
    PauseView,
    ScaleSetState,
    ScaleSetView,
    SessionView,
    UsualView,
)
from core.api.trouble import PlacementView
from core.engine.moments import epoch, timestamp
from core.engine.pauses import words
from core.engine.views import job_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.domain.backoff import CapacityBackoff
    from core.domain.messages import Statistics
    from core.domain.placement import PlacementClass
    from core.domain.scaling import Supply
    from core.engine.target import Pause, Target
    from core.engine.times import Times

#: Jobs that a scale set's view names; GitHub assigns no more than there may be runners, so it is rarely cut.
MOST_WAITING = 50


def scale_set_view(
    target: Target,
    supply: Supply,
    closed: list[tuple[PlacementClass, CapacityBackoff]],
    times: Times,
    usual: Sequence[UsualView] = (),
) -> ScaleSetView:
    """One scale set. ``closed`` are the classes of placement it waits for, the longest wait first."""
    state, reason = _scale_set_state(target, supply, closed, times)
    bounds, decision, session = target.spec.bounds, target.decision, target.session
    return ScaleSetView(
        name=target.name,
        family=target.spec.family,
        state=state,
        reason=reason,
        minimum=bounds.minimum,
        maximum=bounds.maximum,
        assigned=target.assigned,
        running_jobs=target.statistics.running if target.statistics else None,
        waiting_since=timestamp(target.queue.oldest),
        usual=tuple(usual),
        waiting=tuple(job_view(job, queued_at=timestamp(since)) for since, job in target.queue.named[:MOST_WAITING]),
        counted=_counts_view(target.statistics),
        want=decision.want if decision else None,
        starting=supply.starting,
        idle=supply.idle,
        busy=supply.busy,
        ending=supply.ending,
        capacity=target.capacity,
        backoff=_backoff_view(closed, times),
        pause=_pause_view(target.pause, times),
        session=SessionView(
            state=session.state,
            since=epoch(session.since, times),
            tries=session.tries,
            last_poll_at=epoch(session.last_poll, times),
            retry_at=epoch(target.restart_at if session.retry_at is None else session.retry_at, times),
            opened=session.opened,
            owner=session.owner,
            problem=session.problem,
        ),
        why=decision.explanation if decision else "",
    )


def _scale_set_state(
    target: Target, supply: Supply, closed: list[tuple[PlacementClass, CapacityBackoff]], times: Times
) -> tuple[ScaleSetState, str]:
    """The worst present condition, and why."""
    decision = target.decision
    wanted = decision.want if decision and decision.want is not None else 0
    paused = target.pause is not None and not target.retired
    conditions = (
        (bool(target.degraded), ScaleSetState.DEGRADED, target.degraded),
        (target.breaker.tripped, ScaleSetState.BLOCKED, target.breaker.reason),
        (target.session.state == "conflict", ScaleSetState.SESSION, "another session is alive; standing by"),
        (paused, ScaleSetState.PAUSED, words(target.pause, times) if target.pause else ""),
        (bool(closed), ScaleSetState.BACKOFF, closed[0][1].reason if closed else ""),
        (supply.overdue > 0, ScaleSetState.LATE_START, _late(supply.overdue)),
        (bool(target.observed), ScaleSetState.OBSERVING, target.observed),
        (bool(target.braked), ScaleSetState.OBSERVING, f"no longer configured; {target.braked}"),
        (target.retired, ScaleSetState.RETIRING, "no longer configured; it goes when its last runner has left"),
        (not target.leased and target.session.state in {"none", "opening"}, ScaleSetState.STARTING, ""),
        (not target.leased, ScaleSetState.OBSERVING, "its message session is not ours"),
        (wanted >= target.spec.bounds.maximum and supply.occupied >= target.spec.bounds.maximum,
         ScaleSetState.AT_MAX, target.pending),
    )  # fmt: skip
    well = (ScaleSetState.OK, target.pending or target.detour)
    return next(((state, reason) for holds, state, reason in conditions if holds), well)


def _late(starts: int) -> str:
    return "1 start is over its limit" if starts == 1 else f"{starts} starts are over their limit"


def _backoff_view(closed: list[tuple[PlacementClass, CapacityBackoff]], times: Times) -> BackoffView | None:
    if not closed:
        return None
    place, state = closed[0]
    return BackoffView(
        placement=str(place),
        failures=state.failures,
        since=times.epoch(state.since),
        until=times.epoch(state.until),
        reason=state.reason,
    )


def _counts_view(told: Statistics | None) -> CountsView | None:
    return CountsView(registered=told.registered, busy=told.busy, idle=told.idle) if told else None


def placement_view(
    place: PlacementClass, state: CapacityBackoff, waiting: Sequence[str], times: Times
) -> PlacementView:
    """One closed class of placement, and the scale sets that start nothing because of it."""
    return PlacementView(
        placement=str(place),
        failures=state.failures,
        since=times.epoch(state.since),
        until=times.epoch(state.until),
        probing=state.probing,
        reason=state.reason,
        waiting=tuple(sorted(waiting)),
    )


def _pause_view(pause: Pause | None, times: Times) -> PauseView | None:
    return PauseView(by=pause.by, since=times.epoch(pause.since), drains=pause.drains) if pause else None
