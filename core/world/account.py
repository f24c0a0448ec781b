"""A one-page account of a run: what the world saw of it, in numbers.

Taken from the world's own records and from what passed (`Bookkeeper`, which must watch from the beginning), not from
anything the product says about itself; so it is also a check on what the product says. ECS forgets a stopped task after
about an hour and GitHub the oldest ended jobs: of a longer run the account tells the last part in these two lines.
"""

import math
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.world.ecs import EcsTask
from core.world.ecs.tasks import RUNNER_CONTAINER
from core.world.exchanges import Exchange
from core.world.github import Job, JobPhase
from core.world.world import World

WIDTH = 100
"""How many characters a line of the account has at most."""

_DURATION = re.compile(r"\b(\d+h)?(\d+m)?\d+(\.\d+)?s\b|\b(\d+h)?\d+m\b|\b\d+h\b")
_LABEL_WIDTH = 17

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is known of a run when it is over. `waits` are seconds from a job's queueing to its start on a runner."""

    seconds: float
    results: Counts = field(default_factory=dict)
    running: int = 0
    waiting: int = 0
    waits: Sequence[float] = ()
    starts: Counts = field(default_factory=dict)
    refusals: Counts = field(default_factory=dict)
    stops: Counts = field(default_factory=dict)
    ends: Counts = field(default_factory=dict)
    registrations_made: int = 0
    registrations_removed: Counts = field(default_factory=dict)
    registrations_left: int = 0
    ecs_calls: Counts = field(default_factory=dict)
    github_calls: Counts = field(default_factory=dict)


class Bookkeeper:
    """Counts starts, refusals and stops as they pass, from the moment it is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._began = world.clock.monotonic()
        self._started: set[str] = set()
        self._starts: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._stops: Counter[str] = Counter()
        world.witness.subscribe(self)

    def arrived(self, exchange: Exchange) -> None:
        """Nothing is known yet."""

    def answered(self, exchange: Exchange) -> None:
        """Count what came of a start or a stop; an answer that was lost is counted when it is asked for again."""
        if exchange.answer is None:
            return
        if exchange.operation == "RunTask":
            self._count_start(exchange.answer)
        elif exchange.operation == "StopTask" and "task" in exchange.answer:
            self._stops[without_durations(str(exchange.request.get("reason") or "no reason"))] += 1

    def close(self) -> RunRecord:
        """Return the record of the run up to now."""
        github, ecs = self._world.github, self._world.ecs
        jobs = list(github.jobs.values())
        return RunRecord(
            seconds=self._world.clock.monotonic() - self._began,
            results=Counter(job.result or "dropped" for job in jobs if job.phase is JobPhase.COMPLETED),
            running=sum(job.phase is JobPhase.RUNNING for job in jobs),
            waiting=sum(1 for _ in self._world.jobs.waiting()),
            waits=[wait for job in jobs if (wait := _wait_of(job)) is not None],
            starts=self._starts,
            refusals=self._refusals,
            stops=self._stops,
            ends=Counter(_end_of(task) for task in ecs.tasks.values() if task.is_stopped),
            registrations_made=github.registrations_made,
            registrations_removed={str(how): count for how, count in github.registrations_removed.items()},
            registrations_left=len(github.runners),
            ecs_calls=ecs.calls,
            github_calls=github.calls,
        )

    def _count_start(self, answer: Mapping[str, object]) -> None:
        tasks, failures = answer.get("tasks", []), answer.get("failures", [])
        if "__type" in answer:
            self._refusals[str(answer["__type"])] += 1
        for failure in failures if isinstance(failures, list) else ():
            self._refusals[failure["reason"]] += 1
        for task in tasks if isinstance(tasks, list) else ():
            if task["taskArn"] not in self._started:
                self._started.add(task["taskArn"])
                self._starts[task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]] += 1


def account(record: RunRecord) -> list[str]:
    """Return the account of a run as lines of at most `WIDTH` characters."""
    lines = [f"The world ran for {_span(record.seconds)}.", ""]
    for label, text in _paragraphs(record):
        lines += textwrap.wrap(
            text,
            WIDTH,
            initial_indent=label.ljust(_LABEL_WIDTH),
            subsequent_indent=" " * _LABEL_WIDTH,
            break_on_hyphens=False,
        )
    return lines


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of `values` do not exceed; ValueError for no values."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def without_durations(reason: str) -> str:
    """Return a reason with each duration in Go's notation left out, so that equal reasons can be counted together."""
    return _DURATION.sub("…", reason)


def _paragraphs(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "Jobs", f"ended {_counted(record.results)}; running {record.running}; waiting {record.waiting}"
    yield "Waiting times", _waiting(record.waits)
    yield "Starts", _counted(record.starts)
    yield "Refused starts", _counted(record.refusals)
    yield "Stops", _counted(record.stops)
    yield "Ended tasks", _counted(record.ends)
    removed = _counted(record.registrations_removed)
    yield "Registrations", f"made {record.registrations_made}; removed {removed}; left {record.registrations_left}"
    yield "Calls of ECS", _counted(record.ecs_calls)
    yield "Calls of GitHub", _counted(record.github_calls)


def _waiting(waits: Sequence[float]) -> str:
    if not waits:
        return "no job has started"
    shown = f"p50 {percentile(waits, 0.5):.1f} s, p95 {percentile(waits, 0.95):.1f} s, longest {max(waits):.1f} s"
    return f"{shown}, from the queue to a runner, over {len(waits)} jobs"


def _counted(counts: Counts) -> str:
    """Return the sum and its parts, the largest first, equal ones by name."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = ", ".join(f"{name} {count}" for name, count in ordered)
    return f"{sum(counts.values())} ({parts})" if parts else "0"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"


def _wait_of(job: Job) -> float | None:
    return (job.started_at - job.queued_at).total_seconds() if job.started_at is not None else None


def _end_of(task: EcsTask) -> str:
    """Return how a task ended, in a few words."""
    exit_codes = [container.exit_code for container in task.containers if container.name == RUNNER_CONTAINER]
    code = f"exit code {exit_codes[0]}" if exit_codes and exit_codes[0] is not None else "no exit code"
    return f"{task.stop_code or 'no stop code'} with {code}"
