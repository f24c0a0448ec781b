"""Who is held for debugging: set, let go of, over by itself, and not forgotten by a restart.

A held runner is exempt from every rule that would stop or drain it, and from nothing else: it takes its slot, it may
take a job, and it ends when its process ends. A hold ends by the clock, so that nobody pays for one that somebody
forgot; that it did is an event. Holds are in the journal; without one that takes them they end with the controller,
and the answer to the command says so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Never

from core.api.events import MOST_EVENTS, EventQuery
from core.api.model import Severity
from core.domain.durations import format_duration
from core.domain.runner import Hold
from core.domain.scale_set import scale_set_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.domain.runner import Runner
    from core.engine.chronicle import Chronicle
    from core.engine.fleet import Fleet
    from core.engine.times import Times
    from core.ports import Journal, JournalEntry

HELD: Final = "held"
RELEASED: Final = "released"
#: The longest hold a command may ask for, in seconds; as far back a restart looks for them.
LONGEST: Final = 86_400.0
#: Seconds between looks whose time is over.
TICK: Final = 1.0


class Holds:
    """Sets and lifts holds. ``journal_state`` is empty while the journal is well."""

    def __init__(
        self, journal: Journal, fleet: Fleet, *, chronicle: Chronicle, times: Times, journal_state: Callable[[], str]
    ) -> None:
        self._journal = journal
        self._fleet = fleet
        self._chronicle = chronicle
        self._times = times
        self._journal_state = journal_state

    async def recall(self) -> None:
        """Hold again whom an earlier run held and time is left for; call it before anything can be stopped."""
        since = (self._times.now() - timedelta(seconds=LONGEST)).timestamp()
        said = await self._journal.find(EventQuery(kinds=(HELD, RELEASED), since=since, limit=MOST_EVENTS))
        for name, entry in {entry.runner_name: entry for entry in said}.items():  # the newest of each
            hold = self._recalled(entry) if entry.kind == HELD else None
            if hold is not None and hold.until > self._times.monotonic():
                self._fleet.hold(name, hold)

    async def run(self) -> Never:
        """Let go of those whose time is over, until cancelled."""
        while True:
            await self._times.sleep(TICK)
            now = self._times.monotonic()
            for name, hold in self._fleet.holds().items():
                if hold.until <= now:
                    self._end(name, hold)

    def hold(self, runner: Runner, by: str, seconds: float) -> str:
        """Hold it for so long from now; says until when."""
        now = self._times.monotonic()
        hold = Hold(by, now, now + seconds)
        self._fleet.hold(runner.name, hold)
        until = self._times.utc(hold.until)
        story = f"{runner.name} is held until {until:%H:%M:%SZ}: no rule stops it, and nobody drains it"
        self._note(HELD, runner.name, story, by, until=until.isoformat(), seconds=seconds)
        forgetful = "; the journal does not take it now, so a restart would forget it" if self._journal_state() else ""
        return f"{story}{forgetful}"

    def release(self, runner: Runner, by: str) -> str:
        """Let go of it before its time."""
        self._fleet.hold(runner.name, None)
        story = f"{runner.name} is no longer held: the rules hold for it again"
        self._note(RELEASED, runner.name, story, by)
        return story

    def _end(self, name: str, hold: Hold) -> None:
        self._fleet.hold(name, None)
        if self._fleet.get(name) is None:
            return  # it never came back after a restart
        lasted = format_duration(hold.until - hold.since)
        self._note(RELEASED, name, f"{name} was held by {hold.by} for {lasted}: the rules hold for it again", "")

    def _recalled(self, entry: JournalEntry) -> Hold | None:
        seconds = entry.data.get("seconds")
        if not isinstance(seconds, int | float):
            return None
        since = self._times.since(entry.at)
        return Hold(entry.operator, since, since + min(seconds, LONGEST))

    def _note(self, kind: str, name: str, story: str, by: str, **data: object) -> None:
        self._chronicle.note(
            kind,
            story,
            severity=Severity.NOTICE,
            scale_set=scale_set_of(name) or "",
            runner=name,
            operator=by,
            keep=data,
        )
