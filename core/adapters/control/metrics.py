"""What Prometheus scrapes, in one registry: what happened, what is, and the calls that were made.

What happened is told when it happens (``metrics_told``), what is now is seen at the scrape (``metrics_seen``), and
calls to AWS and GitHub are counted here.

Names, labels and meanings are those of README, Metrics, which a test holds against what is printed. Names of ARC are
used where the meaning is the same, so that its dashboards go on working.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

from core.adapters.control.metrics_seen import SeenMetrics
from core.adapters.control.metrics_told import ToldMetrics
from core.adapters.control.metrics_words import CALL_BUCKETS, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.api.model import Snapshot
    from core.meter import Meter


class CallCounter(Protocol):
    """Told of a call when it is over."""

    def __call__(self, operation: str, outcome: str, seconds: float) -> None:
        """Count it."""


class Metrics:
    """All metrics of one controller. ``scope`` is on ARC's; ``monotonic`` gives seconds."""

    def __init__(self, scope: Scope, monotonic: Callable[[], float]) -> None:
        # Without them there is a second family beside each counter, which nobody asked for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        self._registry = CollectorRegistry()
        self._scope = scope
        self._told = ToldMetrics(self._registry, scope, monotonic)
        self._snapshot: Callable[[], Snapshot] | None = None
        self._calls = Counter(
            "arcdeck_calls",
            "Calls to AWS and GitHub, by what came of them: ok, a status, or an error.",
            ["service", "operation", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "arcdeck_call_seconds",
            "Time that calls took, whatever came of them.",
            ["service", "operation"],
            registry=self._registry,
            buckets=CALL_BUCKETS,
        )

    @property
    def meter(self) -> Meter:
        """What the engine tells what happens."""
        return self._told

    def watch(self, snapshot: Callable[[], Snapshot]) -> None:
        """Read these snapshots at each scrape from now on; to be called once."""
        self._snapshot = snapshot
        self._registry.register(SeenMetrics(snapshot, self._scope, self._told.idle_seconds))

    def on_call(self, service: str) -> CallCounter:
        """Make the hook an adapter calls after each call."""

        def count(operation: str, outcome: str, seconds: float) -> None:
            self._calls.labels(service, operation, outcome).inc()
            self._seconds.labels(service, operation).observe(seconds)

        return count

    def text(self) -> str:
        """Everything, in Prometheus's text format."""
        for scale_set in self._snapshot().scale_sets if self._snapshot else ():
            self._told.introduce(scale_set.name)
        return generate_latest(self._registry).decode()
