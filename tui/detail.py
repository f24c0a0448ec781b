"""One runner in full: its facts and the stages of its life, as far as anybody knows them. Pure.

A snapshot holds the present of a runner, the journal its past; a runner that is long gone has only the latter. What
neither knows is ``?``, never left out and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from tui import ages, looks, records, rows
from tui.tones import Span, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from core.api.events import EventRecord
    from core.api.model import JobView, RunnerView, ScaleSetView, Snapshot, UsualView

_UNKNOWN: Final = Span("?", Tone.MUTED)
#: The stages that the record of an ended task tells of, in ECS's words and in ours.
_OF_THE_TASK: Final = (
    ("created_at", "created"),
    ("pull_started_at", "pull began"),
    ("pull_stopped_at", "pulled"),
    ("started_at", "started"),
    ("online_at", "online"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one runner."""

    name: str
    runner: RunnerView | None  #: None when the snapshot has it no more
    snapshot: Snapshot
    told: Sequence[EventRecord]  #: what the journal has of it, oldest first
    now: float  #: seconds in the daemon's clock

    def last(self, *kinds: str) -> EventRecord | None:
        """The newest record of one of these kinds."""
        return next((record for record in reversed(self.told) if record.kind in kinds), None)

    @property
    def scale_set(self) -> str:
        """The name of its scale set; empty when nobody knows."""
        if self.runner is not None:
            return self.runner.scale_set
        return next((record.scale_set for record in self.told if record.scale_set), "")

    @property
    def its_set(self) -> ScaleSetView | None:
        """Its scale set as it is now; None when the snapshot has none of that name."""
        return next((row for row in self.snapshot.scale_sets if row.name == self.scale_set), None)


class Fact(NamedTuple):
    """A line of what is known."""

    label: str
    said: Span
    from_start: bool = False  #: what differs at its end is cut at its start


class Stage(NamedTuple):
    """A step of a runner's life; ``at`` in epoch seconds, None = not known or not yet."""

    label: str
    at: float | None
    usual: UsualView | None = None  #: how long it usually takes after the step before, where that is known


# --- facts ---------------------------------------------------------------------------------------------------------


def facts(known: Known) -> list[Fact]:
    """What there is to know, what matters most first."""
    runner, ended = known.runner, known.last("task-ended")
    return [
        Fact("state", _state(known)),
        Fact("why", _why(known)),
        *_job(known),
        Fact("scale set", _scale_set(known)),
        Fact("GitHub", _registration(runner)),
        Fact("ECS", _said(runner.task_status if runner else "STOPPED" if ended else "")),
        Fact("task", _said(_task(known)), from_start=True),
        Fact("definition", _said(runner.definition if runner else ""), from_start=True),
        Fact("launch", _said(runner.launch if runner else "")),
        Fact("start", _start(known)),
        Fact("exit codes", _exits(runner, ended)),
        Fact("ended for", _ending(runner, ended)),
    ]


def _said(text: str) -> Span:
    return Span(text) if text else _UNKNOWN


def _state(known: Known) -> Span:
    if known.runner is None:
        return Span("no longer shown; what follows is from the journal", Tone.MUTED)
    look = looks.runner_look(known.runner, known.now)
    return Span(f"{look.glyph} {look.word} {looks.runner_clock(known.runner, known.now)}", look.tone)


def _why(known: Known) -> Span:
    if known.runner is not None:
        return _said(known.runner.why)
    return _said(records.record_text(known.told[-1]) if known.told else "")


def _job(known: Known) -> Iterator[Fact]:
    job = known.runner.job if known.runner else None
    if job is not None:
        yield Fact("job", Span(rows.job_text(job) or job.id, Tone.STRONG))
        yield Fact("run", _said(job_link(job, known.snapshot.controller.github)), from_start=True)
        return
    told = next((found for record in reversed(known.told) if (found := records.job_of(record)).get("name")), None)
    yield Fact("job", Span(f"{told.get('repository', '')} · {told['name']}", Tone.STRONG) if told else _UNKNOWN)


def job_link(job: JobView, github: str) -> str:
    """The page of the job's run; empty when the run is not known."""
    if not job.run_id or not job.repository:
        return ""
    site = urlsplit(github)
    return f"{site.scheme or 'https'}://{site.netloc or 'github.com'}/{job.repository}/actions/runs/{job.run_id}"


def _scale_set(known: Known) -> Span:
    found = known.its_set
    if found is None:
        return _said(known.scale_set)
    want = "?" if found.want is None else found.want
    return Span(f"{found.name} (have {rows.have(found)}, want {want})")


def _registration(runner: RunnerView | None) -> Span:
    if runner is None:
        return _UNKNOWN
    number = "id ?" if runner.runner_id is None else f"id {runner.runner_id}"
    online = {True: "online", False: "offline", None: "online ?"}[runner.online]
    return Span(f"{number} · {online}")


def _task(known: Known) -> str:
    if known.runner is not None and known.runner.task_arn:
        return known.runner.task_arn
    return next((record.task_arn for record in reversed(known.told) if record.task_arn), "")


def _exits(runner: RunnerView | None, ended: EventRecord | None) -> Span:
    codes = records.exit_codes(ended) if ended else ""
    if not codes and runner is not None and runner.exit_code is not None:
        codes = str(runner.exit_code)
    bad = bool(runner and runner.exit_code) or bool(ended and records.exit_code(ended))
    return Span(codes, Tone.FAILED if bad else Tone.NORMAL) if codes else _UNKNOWN


def _ending(runner: RunnerView | None, ended: EventRecord | None) -> Span:
    reason = runner.reason if runner and runner.reason else records.stop_reason(ended) if ended else ""
    return _said(reason)


def _start(known: Known) -> Span:
    """How long its start took, beside what is usual in its scale set."""
    steps = known.runner.steps if known.runner else None
    took = steps.online_at - steps.created_at if steps and steps.online_at and steps.created_at else None
    told = "" if took is None else f"{ages.exact(took)} from its making to online"
    usual = next((each for each in (known.its_set.usual if known.its_set else ()) if each.stage == "start"), None)
    if usual is None:
        return _said(told)
    of = f"here p50 {ages.exact(usual.p50)}, p95 {ages.exact(usual.p95)} of {usual.starts}"
    slow = took is not None and took > usual.p95
    return Span("; ".join(part for part in (told, of) if part), Tone.LATE if slow else Tone.NORMAL)


# --- stages --------------------------------------------------------------------------------------------------------


def stages(known: Known) -> list[Stage]:
    """The steps from the wish for a runner to the end of its task, in the order in which they happen."""
    ended = known.last("task-ended")
    data = ended.data if ended else {}
    job = known.runner.job if known.runner else None
    usual = {each.stage: each for each in (known.its_set.usual if known.its_set else ())}
    return [
        Stage("job queued", job.queued_at if job else None),
        Stage("asked for", _first(known, "start-intent")),
        Stage("accepted", _first(known, "start")),
        *(Stage(label, _of_the_task(known, data, name), usual.get(name)) for name, label in _OF_THE_TASK),
        Stage("job began", (job.started_at if job else None) or _first(known, "job-started")),
        Stage("job over", _first(known, "job-completed")),
        Stage("stop asked", _first(known, "stop")),
        Stage("ended", _epoch(data.get("stopped_at")) or (ended.at if ended else None)),
    ]


def _first(known: Known, kind: str) -> float | None:
    return next((record.at for record in known.told if record.kind == kind), None)


def _of_the_task(known: Known, data: Mapping[str, object], name: str) -> float | None:
    """A step of the task: from the record of its end, else as it is now."""
    present: float | None = getattr(known.runner.steps, name) if known.runner else None
    return _epoch(data.get(name)) or present


def _epoch(moment: object) -> float | None:
    """A time of the journal, in ISO 8601, as epoch seconds."""
    try:
        return datetime.fromisoformat(moment).timestamp() if isinstance(moment, str) else None
    except ValueError:
        return None


def gaps(steps: Sequence[Stage]) -> list[str]:
    """For each step how long after the last one known before it, in words.

    Empty where one of them is not known, and where they came the other way round, as for a job that a warm runner took.
    """
    told: list[str] = []
    before: float | None = None
    for step in steps:
        gap = None if step.at is None or before is None else step.at - before
        told.append(f"+{ages.exact(gap)}" if gap is not None and gap >= 0 else "")
        before = step.at if step.at is not None else before
    return told
