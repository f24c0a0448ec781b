"""What happened, said once: the same words go to the log, to the screens and, where they must last, to the journal.

Log records carry a fixed event name plus fields; what lasts is a journal entry; what is shown is a bounded list of
events, newest last. All of it, lasting or not, is in the ledger, which whoever follows reads. What is a number and no
words goes to the meter, which is found here too.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from core.api.model import EventView, Severity
from core.engine.ledger import Ledger
from core.meter import UNMETERED
from core.ports import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.pulse import Pulse
    from core.engine.times import Times
    from core.meter import Meter
    from core.ports import Journal

logger = logging.getLogger("arcdeck")

_LEVELS = {
    Severity.INFO: logging.INFO,
    Severity.NOTICE: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
}


class Chronicle:
    """Log, events and journal behind one call. Texts from outside are cleaned before they come here."""

    KEPT = 500

    def __init__(self, journal: Journal, times: Times, pulse: Pulse, meter: Meter = UNMETERED) -> None:
        self.meter = meter
        self._journal = journal
        self._times = times
        self._pulse = pulse
        self._events: deque[EventView] = deque(maxlen=self.KEPT)
        self._last_id = 0
        self.ledger = Ledger()

    @property
    def events(self) -> tuple[EventView, ...]:
        """The newest events, oldest first."""
        return tuple(self._events)

    def touch(self) -> None:
        """Something shown changed that is no event."""
        self._pulse.touch()

    def note(
        self,
        kind: str,
        text: str,
        *,
        severity: Severity = Severity.INFO,
        scale_set: str = "",
        runner: str = "",
        task_arn: str = "",
        operator: str = "",
        keep: Mapping[str, object] | None = None,
    ) -> None:
        """Log it and show it; with ``keep``, the data of a journal entry, it lasts too."""
        about = {"scale_set": scale_set, "runner_name": runner, "task_arn": task_arn, "operator": operator}
        extra = {"event": kind, **{name: value for name, value in about.items() if value}}
        logger.log(_LEVELS[severity], text, extra={"fields": extra})
        self._last_id += 1
        event = EventView(
            id=self._last_id,
            at=self._times.epoch(self._times.monotonic()),
            kind=kind,
            severity=severity,
            scale_set=scale_set,
            runner=runner,
            operator=operator,
            text=text,
        )
        self._events.append(event)
        self._pulse.touch()
        self._enter(
            JournalEntry(at=self._times.now(), kind=kind, text=text, data=keep or {}, **about), lasts=keep is not None
        )

    def keep(
        self,
        kind: str,
        text: str,
        *,
        scale_set: str = "",
        runner: str = "",
        task_arn: str = "",
        operator: str = "",
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Write it to the journal, past logs and screens: for what no operator needs to see pass by."""
        about = {"scale_set": scale_set, "runner_name": runner, "task_arn": task_arn, "operator": operator}
        self._enter(JournalEntry(at=self._times.now(), kind=kind, text=text, data=data or {}, **about), lasts=True)

    def _enter(self, entry: JournalEntry, *, lasts: bool) -> None:
        self.ledger.add(entry)
        if lasts:
            self._journal.record(entry)
