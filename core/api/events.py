"""What happened, for those who ask: the question and the record that answers it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.api.view import View

#: Most events in one answer.
MOST_EVENTS = 10_000
#: As many are given when nobody says how many.
USUAL_EVENTS = 1_000


class EventQuery(View):
    """Which events are asked for. What is None or empty is not asked about; the rest must all hold."""

    since: float | None = None  #: seconds since the epoch, inclusive
    until: float | None = None  #: the same
    kinds: tuple[str, ...] = ()  #: any of them
    scale_set: str = ""
    runner: str = ""
    job: str = ""  #: the job's id
    operator: str = ""
    limit: int = Field(default=USUAL_EVENTS, ge=1, le=MOST_EVENTS)  #: the newest so many


class EventRecord(View):
    """One thing that happened, as the journal keeps it."""

    at: float
    kind: str
    scale_set: str = ""
    runner: str = ""
    task_arn: str = ""
    operator: str = ""  #: empty for what the controller did by itself
    text: str = ""
    data: dict[str, Any] = Field(default_factory=dict)  #: plain JSON values: exit codes, times, a command as sent …


#: The kind of the record that stands for events a reader was too slow to get.
SKIPPED = "skipped"
