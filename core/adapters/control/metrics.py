"""What Prometheus scrapes: gauges read from the present snapshot, and counters of the calls made to AWS and GitHub.

Names of ARC are used where the meaning is the same, so that its dashboards go on working (README, Metrics).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.api.model import ScaleSetState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from core.api.model import ScaleSetView, Snapshot


def _failures(scale_set: ScaleSetView) -> int:
    return scale_set.backoff.failures if scale_set.backoff else 0


_GAUGES: tuple[tuple[str, str, Callable[[ScaleSetView], float | None]], ...] = (
    ("gha_assigned_jobs", "Jobs assigned to the scale set, waiting or running", lambda s: s.assigned),
    ("gha_running_jobs", "Jobs running", lambda s: s.running_jobs),
    ("gha_min_runners", "Configured minimum", lambda s: s.minimum),
    ("gha_max_runners", "Configured maximum", lambda s: s.maximum),
    ("gha_desired_runners", "Runners wanted", lambda s: s.want),
    ("gha_busy_runners", "Runners with a job", lambda s: s.busy),
    ("gha_idle_runners", "Runners online without a job", lambda s: s.idle),
    ("arcdeck_starting_runners", "Runners on their way to being online", lambda s: s.starting),
    ("arcdeck_ending_runners", "Runners that hold a slot and serve nothing", lambda s: s.ending),
    ("arcdeck_advertised_capacity", "Capacity told to GitHub", lambda s: s.capacity),
    (
        "arcdeck_backoff_failures",
        "Refusals in a row of its placement",
        lambda s: s.backoff.failures if s.backoff else 0,
    ),
)


class CallCounter(Protocol):
    """Told of a call when it is over."""

    def __call__(self, operation: str, outcome: str, seconds: float) -> None:
        """Count it."""


class Metrics:
    """Counts calls and reads snapshots. ``snapshot`` is asked at each scrape."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ["service", "operation", "outcome"]
        self._calls = Counter("arcdeck_calls", "Calls made, by operation and result", labels, registry=self._registry)
        self._seconds = Histogram(
            "arcdeck_call_seconds", "Time of calls", ["service", "operation"], registry=self._registry
        )

    def watch(self, snapshot: Callable[[], Snapshot]) -> None:
        """Read gauges from these snapshots from now on."""
        self._registry.register(_SnapshotCollector(snapshot))

    def on_call(self, service: str) -> CallCounter:
        """Make the hook an adapter calls after each call."""

        def count(operation: str, outcome: str, seconds: float) -> None:
            self._calls.labels(service, operation, outcome).inc()
            self._seconds.labels(service, operation).observe(seconds)

        return count

    def text(self) -> str:
        """Everything, in Prometheus's text format."""
        return generate_latest(self._registry).decode()


class _SnapshotCollector(Collector):
    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        snapshot = self._snapshot()
        for name, text, value in _GAUGES:
            gauge = GaugeMetricFamily(name, text, labels=["name"])
            for scale_set in snapshot.scale_sets:
                if (number := value(scale_set)) is not None:
                    gauge.add_metric([scale_set.name], number)
            yield gauge
        states = GaugeMetricFamily("arcdeck_scale_set_state", "1 for the present state", labels=["name", "state"])
        for scale_set in snapshot.scale_sets:
            for state in ScaleSetState:
                states.add_metric([scale_set.name, state.value], float(scale_set.state is state))
        yield states
