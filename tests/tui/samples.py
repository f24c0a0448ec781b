"""A believable fleet with every state in it, the same at every run; and builders with good defaults.

``NOW`` is the daemon's clock in epoch seconds: 14:02:31Z on a day of no importance. The numbers agree with one another:
what scale sets count is what the list of runners holds, up to the rows that only show a state.
"""

from __future__ import annotations

import random
from typing import Any, Final

from core.api.model import (
    BackoffView,
    ControllerView,
    EventView,
    JobView,
    PauseView,
    RunnerState,
    RunnerView,
    ScaleSetState,
    ScaleSetView,
    SessionView,
    Severity,
    Snapshot,
)

NOW: Final = 1_900_000_951.0 - 1_900_000_951.0 % 86_400 + (14 * 60 + 2) * 60 + 31
MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
VERSION: Final = 88_214


def runner(name: str = "runner-small-plain-5a90d3e7", **fields: Any) -> RunnerView:
    """A runner of the scale set in its name; idle for three minutes unless told otherwise."""
    given = {"scale_set": name.rpartition("-")[0], "state": RunnerState.IDLE, "since": NOW - 3 * MINUTE} | fields
    return RunnerView(name=name, **given)


def scale_set(name: str = "runner-small-plain", **fields: Any) -> ScaleSetView:
    """A scale set that is well and polls."""
    session = SessionView(state="open", since=NOW - HOUR, last_poll_at=NOW - 4)
    given = {"state": ScaleSetState.OK, "minimum": 0, "maximum": 24, "assigned": 0, "want": 0, "session": session}
    return ScaleSetView(name=name, **given | fields)


def snapshot(**fields: Any) -> Snapshot:
    """A controller with nothing to do, unless told otherwise."""
    given = {"version": VERSION, "now": NOW, "controller": CONTROLLER} | fields
    return Snapshot(**given)


CONTROLLER: Final = ControllerView(
    id="ci-prod",
    cluster="ci-prod",
    region="eu-west-1",
    github="https://github.com/acme",
    version="0.1.0",
    instance="first",
    started_at=NOW - 9 * HOUR,
    last_sweep_at=NOW - 21,
    next_sweep_at=NOW + 9,
    rate_remaining=4812,
    rate_limit=5000,
)


def _job(repository: str, workflow: str, name: str, **fields: Any) -> JobView:
    return JobView(id=f"{repository}/{workflow}/{name}", repository=repository, workflow=workflow, name=name, **fields)


_JOBS: Final = (
    _job("acme/api", "ci", "test (3.12)"),
    _job("acme/web", "ci", "e2e"),
    _job("acme/docs", "pages", "build"),
    _job("acme/api", "lint", "ruff"),
    _job("acme/cli", "ci", "unit"),
)

_PENDING = RunnerState.PENDING
_RUNNERS: Final = (
    runner(
        "runner-medium-docker-5f3a91c2",
        state=_PENDING,
        since=NOW - 252,
        limit=300.0,
        why="PENDING 4:12 of 5:00; the first sweep after 14:03:19Z stops it, then a replacement starts. ECS: host "
        "rack2-n04, agent connected, image pull since 3:58. PENDING of this set today: median 0:41, slowest 1:55.",
    ),
    runner("runner-medium-docker-c0ffee12", state=_PENDING, since=NOW - 100, limit=300.0),
    runner("runner-medium-docker-8e12bb07", state=_PENDING, since=NOW - 38, limit=300.0),
    runner(
        "runner-large-docker-a11ce004",
        state=_PENDING,
        since=NOW - 307,
        limit=300.0,
        why="PENDING 5:07, over its limit of 5:00: the sweep at 14:02:40Z stops it; a replacement waits for room "
        "(RESOURCE:CPU, next try 14:03:18Z). ECS: no agent has taken the task.",
    ),
    runner("runner-xlarge-plain-4410ce9d", state=RunnerState.UNREADY, since=NOW - 150, limit=180.0),
    runner("runner-small-plain-d00dfeed", state=RunnerState.PROVISIONING, since=NOW - 6, limit=300.0),
    runner("runner-small-plain-1badb002", state=RunnerState.RESERVED, since=NOW - 1),
    runner("runner-small-plain-0b77e1f4", state=RunnerState.STOPPING, since=NOW - 6, reason="stop asked for by alice"),
    runner("runner-small-docker-7e57ab1e", state=RunnerState.DRAINING, since=NOW - 64, limit=120.0),
    runner("runner-small-docker-c001d00d", state=RunnerState.FINISHING, since=NOW - 9, job=_JOBS[4]),
    runner(
        "runner-large-docker-0be1c7f2",
        state=RunnerState.BUSY,
        since=NOW - 5 * HOUR - 40 * MINUTE,
        limit=6 * HOUR,
        online=True,
        job=_job("acme/api", "release", "deploy", queued_at=NOW - 5.7 * HOUR),
        why="BUSY 5h40m of 6h00m with acme/api · release · deploy; at 14:21:58Z the task is stopped and the job fails.",
    ),
    runner("runner-xlarge-plain-fee1dead", state=RunnerState.ASSUMED_BUSY, since=NOW - 4 * MINUTE, online=True),
    runner("runner-small-plain-5a90d3e7", online=True, why="IDLE 3m; one of the 2 that min_runners keeps warm."),
    runner(
        "runner-medium-plain-badc0de5",
        state=RunnerState.FAILED,
        since=NOW - 2 * MINUTE,
        exit_code=7,
        reason="the runner version was refused",
    ),
    runner(
        "runner-small-docker-e5d41b90", state=RunnerState.STOPPED, since=NOW - 75, exit_code=0, job=_JOBS[4]
    ),
    runner(
        "runner-small-plain-c41e7790", state=RunnerState.STOPPED, since=NOW - 130, exit_code=0, job=_JOBS[3]
    ),
)  # fmt: skip


def _busy_runners() -> list[RunnerView]:
    """Seven more that do what runners do."""
    dice = random.Random(20)  # only has to be the same each time
    names = ["large-docker"] * 2 + ["medium-docker"] * 2 + ["small-plain"] * 3
    return [
        runner(
            f"runner-{name}-{dice.getrandbits(32):08x}",
            state=RunnerState.BUSY,
            since=NOW - dice.randrange(5, 60) * MINUTE,
            limit=6 * HOUR,
            online=True,
            job=dice.choice(_JOBS),
        )
        for name in names
    ]


def _dressed(row: RunnerView) -> RunnerView:
    """With a task that belongs to it alone."""
    task = random.Random(row.name).getrandbits(128)
    arn = f"arn:aws:ecs:eu-west-1:111122223333:task/ci-prod/{task:032x}"
    return row.model_copy(update={"task_arn": arn, "launch": "EXTERNAL", "task_status": "RUNNING"})


_SETS: Final = (
    scale_set(
        "runner-large-docker",
        state=ScaleSetState.BACKOFF,
        maximum=6,
        assigned=11,
        want=6,
        starting=1,
        busy=3,
        backoff=BackoffView(
            placement="EXTERNAL, 4 vCPU",
            failures=3,
            since=NOW - 13,
            until=NOW + 47,
            reason="RESOURCE:CPU",
        ),
        why="assigned 11, min 0 → want 6, max 6 → have 4 (3 busy, 1 starting) → waits for room",
    ),
    scale_set(
        "runner-xlarge-plain",
        state=ScaleSetState.SESSION,
        maximum=4,
        assigned=None,
        want=2,
        starting=1,
        busy=1,
        reason="held by build-7",
        session=SessionView(state="conflict", tries=4, last_poll_at=NOW - 72, retry_at=NOW + 28),
    ),
    scale_set(
        "runner-medium-docker",
        state=ScaleSetState.LATE_START,
        minimum=1,
        maximum=12,
        assigned=7,
        want=7,
        starting=3,
        busy=2,
        reason="1 start is over 80 % of its limit",
    ),
    scale_set(
        "runner-small-plain",
        state=ScaleSetState.AT_MAX,
        minimum=2,
        maximum=6,
        assigned=8,
        want=6,
        starting=2,
        busy=3,
        idle=1,
        reason="8 jobs, 6 runners at most",
    ),
    scale_set("runner-small-docker", maximum=24, ending=2),
    scale_set(
        "runner-medium-plain",
        state=ScaleSetState.BLOCKED,
        assigned=1,
        want=1,
        reason="exit 7 three times",
        why="assigned 1, min 0 → want 1, max 24 → have 0 → starts nothing: three starts in a row died within 60 s with "
        "exit code 7 (the runner version was refused); tries again when the configuration changes, or at 14:07:01Z",
    ),
    scale_set("runner-xxlarge-docker", maximum=3),
    scale_set("runner-xxlarge-plain", state=ScaleSetState.OBSERVING, maximum=3, assigned=None, want=None),
)  # fmt: skip


def _event(number: int, seconds_ago: float, kind: str, text: str, **fields: Any) -> EventView:
    return EventView(id=number, at=NOW - seconds_ago, kind=kind, text=text, **fields)


_EVENTS: Final = (
    _event(1, 95, "config", "read version 41: 8 scale sets, nothing changed"),
    _event(
        2,
        64,
        "drain",
        "idle for 5m with no job assigned; removed on GitHub",
        runner="runner-small-docker-7e57ab1e",
        severity=Severity.NOTICE,
    ),
    _event(3, 21, "sweep", "8 scale sets, 21 tasks: 0 stopped, 1 deregistered, in 0.8 s"),
    _event(
        4,
        12,
        "session",
        "409 again (try 4), held by build-7; next try 14:02:59Z",
        scale_set="runner-xlarge-plain",
        severity=Severity.ERROR,
    ),
    _event(
        5,
        6,
        "command",
        "stop: StopTask sent",
        runner="runner-small-plain-0b77e1f4",
        operator="alice",
        severity=Severity.NOTICE,
    ),
    _event(
        6,
        2,
        "capacity",
        "RunTask refused, RESOURCE:CPU, third in a row; next try 14:03:18Z",
        scale_set="runner-large-docker",
        severity=Severity.WARNING,
    ),
)


def fleet(now: float = NOW) -> Snapshot:
    """Eight scale sets and 23 runners with everything that can be the matter."""
    rows = tuple(_dressed(row) for row in (*_RUNNERS, *_busy_runners()))
    return snapshot(now=now, scale_sets=_SETS, runners=rows, events=_EVENTS)


def well() -> Snapshot:
    """Two scale sets with nothing to complain of."""
    rows = (runner(), runner("runner-small-plain-77aa01de", state=RunnerState.BUSY, job=_JOBS[3]))
    sets = (scale_set(busy=1, idle=1, assigned=1, want=2, minimum=2), scale_set("runner-large-docker", maximum=6))
    return snapshot(scale_sets=sets, runners=rows, events=_EVENTS[:1])


def held() -> Snapshot:
    """Scale sets that an operator holds: one draining, one paused, and one that works."""
    sets = (
        scale_set(state=ScaleSetState.PAUSED, idle=2, busy=1, pause=PauseView(by="alice", since=NOW - 12 * MINUTE)),
        scale_set(
            "runner-large-docker",
            state=ScaleSetState.PAUSED,
            busy=1,
            reason="drained by bob since 13:21:31Z",
            pause=PauseView(by="bob", since=NOW - 41 * MINUTE, drains=True),
        ),
        scale_set("runner-small-docker"),
    )
    rows = (
        runner(),
        runner("runner-small-plain-77aa01de", since=NOW - 9 * MINUTE),
        runner("runner-small-plain-0badcafe", state=RunnerState.BUSY, job=_JOBS[3]),
        runner("runner-large-docker-0be1c7f2", state=RunnerState.BUSY, job=_JOBS[0]),
    )
    return snapshot(scale_sets=sets, runners=rows)
