"""Metrics of what a snapshot shows, read at the scrape: they come and go with the scale sets they speak of.

What is not known has no series, so that an alert on its absence can be written; ages are in the daemon's own clock.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from core.adapters.control.metrics_words import SCOPED, scoped
from core.api.model import RunnerState, ScaleSetState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from prometheus_client import Metric

    from core.adapters.control.metrics_words import Scope
    from core.api.model import ControllerView, CountsView, ScaleSetView, Snapshot

    _OfScaleSet = tuple[str, str, Callable[[ScaleSetView, float], float | None]]
    _OfController = tuple[str, str, Callable[[ControllerView, float], float | None]]


def _age(moment: float | None, now: float) -> float | None:
    return None if moment is None else max(0.0, now - moment)


def _counted(of: Callable[[CountsView], int]) -> Callable[[ScaleSetView, float], float | None]:
    return lambda scale_set, _: of(scale_set.counted) if scale_set.counted else None


#: ARC's: what GitHub counts, what is configured, and what is wanted.
_ARC: tuple[_OfScaleSet, ...] = (
    ("gha_assigned_jobs", "Jobs assigned to the scale set, waiting or running.", lambda s, _: s.assigned),
    ("gha_running_jobs", "Jobs that run, or are about to.", lambda s, _: s.running_jobs),
    ("gha_registered_runners", "Runners registered, as GitHub counts.", _counted(lambda c: c.registered)),
    ("gha_busy_runners", "Registered runners with a job, as GitHub counts.", _counted(lambda c: c.busy)),
    ("gha_idle_runners", "Registered runners without a job, as GitHub counts.", _counted(lambda c: c.idle)),
    ("gha_min_runners", "Configured minimum.", lambda s, _: s.minimum),
    ("gha_max_runners", "Configured maximum.", lambda s, _: s.maximum),
    ("gha_desired_runners", "Runners wanted.", lambda s, _: s.want),
)

_OURS: tuple[_OfScaleSet, ...] = (
    ("arcdeck_starting_runners", "Runners on their way to being online, within their limits.", lambda s, _: s.starting),
    ("arcdeck_ending_runners", "Runners that hold a slot and serve nothing.", lambda s, _: s.ending),
    ("arcdeck_advertised_capacity", "Capacity told to GitHub.", lambda s, _: s.capacity),
    (
        "arcdeck_queue_age_seconds",
        "Age of the job that waits longest for a runner; 0 when none waits.",
        lambda s, now: _age(s.waiting_since, now) or 0.0,
    ),
    (
        "arcdeck_backoff_failures",
        "Refusals in a row of the placement that it waits for.",
        lambda s, _: s.backoff.failures if s.backoff else 0,
    ),
    (
        "arcdeck_backoff_remaining_seconds",
        "Time until a start may be tried again after such a refusal; 0 when it may.",
        lambda s, now: max(0.0, s.backoff.until - now) if s.backoff else 0.0,
    ),
    (
        "arcdeck_last_poll_age_seconds",
        "Time since the message session was last heard.",
        lambda s, now: _age(s.session.last_poll_at, now),
    ),
)

_WHOLE: tuple[_OfController, ...] = (
    (
        "arcdeck_last_look_age_seconds",
        "Time since ECS was last read completely.",
        lambda c, now: _age(c.last_sweep_at, now),
    ),
    ("arcdeck_github_rate_limit", "REST calls that GitHub allows in an hour.", lambda c, _: c.rate_limit),
    ("arcdeck_github_rate_limit_remaining", "REST calls that are left of them.", lambda c, _: c.rate_remaining),
    ("arcdeck_journal_degraded", "1 while the journal's disk does not take everything.", lambda c, _: bool(c.journal)),
    ("arcdeck_observing", "1 when this controller only observes.", lambda c, _: c.observing),
)

#: Runners that are over are counted by their ends.
_LIVE = tuple(state for state in RunnerState if state not in {RunnerState.STOPPED, RunnerState.FAILED})


class SeenMetrics(Collector):
    """``snapshot`` gives the present one; ``idled`` what idle stretches that are over add up to, by scale set."""

    def __init__(
        self, snapshot: Callable[[], Snapshot], scope: Scope, idled: Callable[[], Mapping[str, float]]
    ) -> None:
        self._snapshot = snapshot
        self._scope = scope
        self._idled = idled

    def collect(self) -> Iterator[Metric]:
        """Every family there is, also those without a series at the moment."""
        snapshot = self._snapshot()
        now, scale_sets, controller = snapshot.now, snapshot.scale_sets, snapshot.controller
        for name, text, read in _ARC:
            yield _gauge(name, text, SCOPED, ((scoped(s.name, self._scope), read(s, now)) for s in scale_sets))
        for name, text, read in _OURS:
            yield _gauge(name, text, ("name",), (((s.name,), read(s, now)) for s in scale_sets))
        for name, text, read_whole in _WHOLE:
            yield _gauge(name, text, (), [((), read_whole(controller, now))])
        yield _gauge("arcdeck_build_info", "1, by the version that runs.", ("version",), [((controller.version,), 1)])
        yield _states(scale_sets)
        yield _counts(snapshot)
        yield _oldest(snapshot)
        yield _idle(snapshot, self._idled())


def _gauge(
    name: str, text: str, labels: Sequence[str], series: Iterable[tuple[tuple[str, ...], float | None]]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for values, number in series:
        if number is not None:
            gauge.add_metric(values, float(number))
    return gauge


def _states(scale_sets: Iterable[ScaleSetView]) -> GaugeMetricFamily:
    series = (((s.name, state.value), float(s.state is state)) for s in scale_sets for state in ScaleSetState)
    return _gauge("arcdeck_scale_set_state", "1 for the present state.", ("name", "state"), series)


def _counts(snapshot: Snapshot) -> GaugeMetricFamily:
    found = Counter((runner.scale_set, runner.state) for runner in snapshot.runners)
    series = (((s.name, state.value), found[s.name, state]) for s in snapshot.scale_sets for state in _LIVE)
    return _gauge("arcdeck_runners", "Runners in each state, as the screen shows them.", ("name", "state"), series)


def _oldest(snapshot: Snapshot) -> GaugeMetricFamily:
    since: dict[tuple[str, str], float] = {}
    for runner in snapshot.runners:
        if runner.state in _LIVE:
            place = (runner.scale_set, runner.state.value)
            since[place] = min(runner.since, since.get(place, runner.since))
    series = ((place, _age(moment, snapshot.now)) for place, moment in since.items())
    text = "How long the runner that is longest in a state has been in it."
    return _gauge("arcdeck_oldest_runner_age_seconds", text, ("name", "state"), series)


def _idle(snapshot: Snapshot, over: Mapping[str, float]) -> CounterMetricFamily:
    seconds = {scale_set.name: 0.0 for scale_set in snapshot.scale_sets} | dict(over)
    for runner in snapshot.runners:
        if runner.state is RunnerState.IDLE:
            seconds[runner.scale_set] = seconds.get(runner.scale_set, 0.0) + max(0.0, snapshot.now - runner.since)
    counter = CounterMetricFamily(
        "arcdeck_idle_seconds", "Time that runners were online without a job, all together.", labels=["name"]
    )
    for scale_set, total in seconds.items():
        counter.add_metric([scale_set], total)
    return counter
