"""The WHY of the selected row: what it waits for, since when, until when, what happens then (tui-patterns.md 2.3).

The daemon writes the sentences, since only it knows the rules; here they are chosen and put together.
"""

from __future__ import annotations

from core.api.model import EventView, RunnerView, ScaleSetState, ScaleSetView, SessionView
from core.api.trouble import MismatchView, PlacementView
from tui import ages
from tui.internals import SessionRow, placement_why
from tui.records import record_text
from tui.rows import event_text, job_text
from tui.story import Entry


def subject(row: object) -> str:
    """What the sentence is about, for its heading."""
    match row:
        case RunnerView() | ScaleSetView():
            return row.name
        case EventView():
            return f"{row.kind} at {ages.time_of_day(row.at)}"
        case MismatchView() | PlacementView() | SessionRow():
            return _subject_beneath(row)
        case Entry():
            return f"{row.record.kind} at {ages.day(row.record.at)} {ages.time_of_day(row.record.at)}"
        case _:
            return ""


def sentence(row: object) -> str:
    """The sentence itself; empty when nothing is selected."""
    match row:
        case RunnerView():
            return row.why or "Nothing more is known about it."
        case ScaleSetView():
            reason = _reason(row)
            told = (row.why, "" if reason in row.why else reason, _waiting(row))
            return "; ".join(part for part in told if part) or "Nothing has been decided yet."
        case EventView():
            return event_text(row)
        case MismatchView() | SessionRow() | PlacementView():
            return placement_why(row) if isinstance(row, PlacementView) else row.why
        case Entry():
            return record_text(row.record)
        case _:
            return ""


def _subject_beneath(row: MismatchView | PlacementView | SessionRow) -> str:
    match row:
        case MismatchView():
            return f"{row.name}: {row.kind.value}"
        case PlacementView():
            return row.placement
        case SessionRow():
            return f"the session of {row.scale_set.name}"


def _waiting(row: ScaleSetView) -> str:
    """The job that waits longest, of those that were named."""
    if not row.waiting:
        return ""
    job = row.waiting[0]
    since = "" if job.queued_at is None else f" since {ages.time_of_day(job.queued_at)}"
    return f"waiting longest: {job_text(job) or job.id}{since}"


def _reason(row: ScaleSetView) -> str:
    if row.state is ScaleSetState.SESSION:
        return f"{row.reason}{_standing_by(row.session)}"
    if row.backoff is None or row.state is not ScaleSetState.BACKOFF:
        return row.reason
    until = ages.time_of_day(row.backoff.until)
    times = f"{row.backoff.failures} failure{'s' if row.backoff.failures > 1 else ''}"
    return f"no room on {row.backoff.placement}: {row.backoff.reason}, {times}, one start tries again at {until}"


def _standing_by(session: SessionView) -> str:
    since = "" if session.since is None else f" since {ages.time_of_day(session.since)}"
    again = "" if session.retry_at is None else f", the next one at {ages.time_of_day(session.retry_at)}"
    return f"{since}, {session.tries} {'try' if session.tries == 1 else 'tries'}{again}"
