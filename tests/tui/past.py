"""What the journal and a log hold in the pictures: an hour with a little of everything, the same at every run."""

from __future__ import annotations

from typing import Any

from core.api.events import EventRecord
from core.api.logs import LogLine
from tests.tui.samples import NOW

DEPLOY = "runner-large-docker-0be1c7f2"
SMALL = "runner-small-plain-0b77e1f4"
LATE = "runner-medium-docker-aa01cc2e"


def _told(seconds_ago: float, kind: str, text: str, runner: str = "", operator: str = "", **data: Any) -> EventRecord:
    return EventRecord(
        at=NOW - seconds_ago,
        kind=kind,
        text=text,
        runner=runner,
        operator=operator,
        data=data,
        scale_set=runner.rpartition("-")[0],
    )


def _ended(seconds_ago: float, name: str, code: int | None, job: str = "", reason: str = "") -> EventRecord:
    repository, _, called = job.partition(" · ")
    told = {"id": job, "name": called, "repository": repository} if job else None
    text = f"{name} ended: {reason or f'exit code {code}'}"
    return _told(
        seconds_ago, "task-ended", text, name, exit_code=code, served=bool(job), job=told, stopped_reason=reason
    )


def told_history() -> tuple[EventRecord, ...]:
    """An hour as the journal has it, oldest first."""
    return (
        _told(20_497, "start-intent", f"start {DEPLOY}", DEPLOY),
        _told(20_495, "start", f"{DEPLOY} started", DEPLOY),
        _told(20_400, "job-started", f"{DEPLOY} took acme/api · release · deploy", DEPLOY),
        _ended(3_110, "runner-small-docker-77c1d0aa", 137, "acme/web · e2e", "OutOfMemoryError: Container killed"),
        _told(2_400, "paused", "runner-large-docker is paused: nothing starts", operator="bob"),
        _told(2_100, "resumed", "runner-large-docker may start runners again", operator="bob"),
        _told(1_800, "stop", f"{LATE} stopped: pending for 5:03, 5:00 are allowed", LATE, by="reaper"),
        _ended(1_790, LATE, None, reason="Task stopped before it started"),
        _told(620, "capacity", "no room: RESOURCE:CPU; EXTERNAL, 4 vCPU waits 60 s", "runner-large-docker-a11ce004"),
        _ended(130, "runner-small-plain-c41e7790", 0, "acme/api · ruff"),
        _ended(75, "runner-small-docker-e5d41b90", 0, "acme/cli · unit"),
        _told(7, "command", f"stop {SMALL}, asked for by alice: done, StopTask sent", SMALL, "alice", outcome="done"),
        _told(6, "stop", f"{SMALL} stopped: hung, see the incident", SMALL, "alice", by="alice"),
        _told(
            2,
            "command",
            "drain runner-xlarge-plain, asked for by alice: refused, its session is not ours",
            operator="alice",
            outcome="refused",
        ),
    )


def told_log() -> list[LogLine]:
    """The log of a deploy that waits."""
    texts = (
        "Image built, 412 MB",
        "Pushing image api:2030.03.17-8817",
        "Deploying service api to production (3/5)",
        *(f"{number} of 4 targets healthy, deploy waits" for number in (1, 1, 2, 2, 2, 3, 3, 3)),
    )
    return [LogLine(at=NOW - 3 * (len(texts) - number), text=text) for number, text in enumerate(texts)]
