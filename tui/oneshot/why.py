"""``why``: one or two sentences about a scale set, a runner or a job, with the arithmetic of the controller itself.

The controller writes the sentences, since only it knows the rules; here they are found. What is no longer on screens is
looked up in the journal. For a name that nobody knows it says so, and what cannot be known: GitHub names a job only
once it is within the capacity that a scale set advertises (github-scale-set-api.md section 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import ages, exits, looks, rows, why
from tui.oneshot.find import jobs_waiting, runner_called, runners_with_job, scale_set_called
from tui.oneshot.record import OneShot

if TYPE_CHECKING:
    import argparse

    from core.api.events import EventRecord
    from core.api.model import JobView, RunnerView, ScaleSetView, Snapshot
    from tui.oneshot.record import Call

#: Sentences about one name: a job's name may be that of many.
_MOST = 5


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a scale set, a runner or its task, or a job by id or name")


def _why(call: Call) -> int:
    name = call.options.name
    told = sentences(name, call.controller.snapshot()) or _remembered(call, name)
    unknown = not told
    if unknown:
        told = _unknown(name)
    if call.out.as_json:
        call.out.json({"name": name, "known": not unknown, "sentences": told})
    else:
        for sentence in told:
            call.out.sentence(sentence)
    return exits.FAILED if unknown else exits.DONE


def sentences(name: str, snapshot: Snapshot) -> list[str]:
    """What the present moment says of that name; nothing when it does not know it."""
    if (scale_set := scale_set_called(snapshot, name)) is not None:
        return [_of_scale_set(scale_set, snapshot.now)]
    if (runner := runner_called(snapshot, name)) is not None:
        return [_of_runner(runner, snapshot.now)]
    started = [_of_job(row, row.job, snapshot.now) for row in runners_with_job(snapshot, name) if row.job]
    waiting = [_of_waiting(row, job, snapshot.now) for row, job in jobs_waiting(snapshot, name)]
    return [*started, *waiting][:_MOST]


def _of_scale_set(scale_set: ScaleSetView, now: float) -> str:
    word = looks.scale_set_look(scale_set, now).word
    return f"{scale_set.name} is {word}: {why.sentence(scale_set)}."


def _of_runner(runner: RunnerView, now: float) -> str:
    state = f"{looks.runner_look(runner, now).word} {looks.runner_clock(runner, now)}"
    job = f" with {rows.job_text(runner.job)}" if runner.job else ""
    return f"{runner.name} is {state}{job}: {why.sentence(runner).rstrip('.')}."


def _of_job(runner: RunnerView, job: JobView, now: float) -> str:
    waited = ""
    if job.queued_at is not None and job.started_at is not None:
        waited = f" It had waited {ages.running(job.started_at - job.queued_at)} when it started."
    return f"{rows.job_text(job) or job.id} was given to {runner.name}. {_of_runner(runner, now)}{waited}"


def _of_waiting(scale_set: ScaleSetView, job: JobView, now: float) -> str:
    waits = "waits" if job.queued_at is None else f"has waited {ages.running(now - job.queued_at)}"
    return f"{rows.job_text(job) or job.id} {waits} for a runner. {_of_scale_set(scale_set, now)}"


def _remembered(call: Call, name: str) -> list[str]:
    """What the journal last said of a runner or job of that name."""
    for about in ("job", "runner"):
        if found := call.controller.events([(about, name), ("limit", "2")]):
            return [_of_event(event) for event in found]
    return []


def _of_event(event: EventRecord) -> str:
    return f"{ages.day(event.at)} {ages.time_of_day(event.at)} {event.kind}: {event.text.rstrip('.')}."


def _unknown(name: str) -> list[str]:
    known = "no scale set, runner or task of this controller, and no job that was offered, assigned or started here"
    beyond = "GitHub names no jobs beyond the capacity that a scale set advertises"
    until = "a job that waits behind it is not known here until there is room"
    return [
        f"Nobody here knows {name}: it is {known}.",
        f"{beyond}: {until}; 'arcdeck scale-sets' shows which are full.",
    ]


COMMAND = OneShot(
    "why",
    "Why a scale set, a runner or a job is as it is, in a sentence with its arithmetic.",
    """\
It explains jobs that were offered, assigned or started here. The exit code is
1 for a name that nobody knows.

  arcdeck why build-large-docker
  arcdeck why 'deploy (production)'
""",
    _arguments,
    _why,
)
