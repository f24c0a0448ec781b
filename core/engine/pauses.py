"""Which scale sets are paused, and that a restart does not forget it.

A pause outlives the controller: whoever paused a scale set because its hosts are being worked on must not find it
starting runners there because somebody else deployed a new version meanwhile. So it is in the journal, which keeps the
entries of this kind for good. Without a journal that takes it, it ends with the controller, and the answer to the
command says so; the fleet never depends on the journal (DESIGN.md section 4, Journal), and neither does a pause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.api.events import MOST_EVENTS, EventQuery
from core.api.model import Severity
from core.engine.target import Pause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.chronicle import Chronicle
    from core.engine.target import Target
    from core.engine.times import Times
    from core.ports import Journal, JournalEntry

PAUSED: Final = "paused"
RESUMED: Final = "resumed"


class Pauses:
    """Sets and lifts pauses, and knows them again after a restart.

    ``paused`` has those of all scale sets, also of one that the configuration names only later, or again.
    """

    def __init__(
        self,
        journal: Journal,
        paused: dict[str, Pause],
        targets: Mapping[str, Target],
        *,
        chronicle: Chronicle,
        times: Times,
    ) -> None:
        self._journal = journal
        self._paused = paused
        self._targets = targets
        self._chronicle = chronicle
        self._times = times

    async def recall(self) -> None:
        """Pause again what was paused when the controller ended; call it before anything starts."""
        said = await self._journal.find(EventQuery(kinds=(PAUSED, RESUMED), limit=MOST_EVENTS))
        for name, entry in {entry.scale_set: entry for entry in said}.items():  # the newest of each
            if entry.kind == PAUSED:
                pause = self._paused[name] = self._recalled(entry)
                self._chronicle.note("recalled", f"{name} is still {words(pause, self._times)}", scale_set=name)
            if (target := self._targets.get(name)) is not None:
                target.pause = self._paused.get(name)

    def pause(self, target: Target, by: str, *, drains: bool) -> None:
        """Let nothing start, from now on."""
        target.pause = self._paused[target.name] = Pause(by, self._times.monotonic(), drains)
        runs = "idle runners go, and busy ones finish their jobs" if drains else "what runs goes on"
        self._note(PAUSED, target, f"{target.name} is paused: nothing starts, {runs}", by, {"drains": drains})

    def resume(self, target: Target, by: str) -> None:
        """Let it start again."""
        target.pause = None
        self._paused.pop(target.name, None)
        self._note(RESUMED, target, f"{target.name} may start runners again", by, {})

    def _recalled(self, entry: JournalEntry) -> Pause:
        return Pause(entry.operator, self._times.since(entry.at), drains=entry.data.get("drains") is True)

    def _note(self, kind: str, target: Target, story: str, by: str, data: Mapping[str, object]) -> None:
        self._chronicle.note(kind, story, severity=Severity.NOTICE, scale_set=target.name, operator=by, keep=data)


def words(pause: Pause, times: Times) -> str:
    """A pause in words: by whom, since when, and whether runners go."""
    since = times.utc(pause.since).strftime("%Y-%m-%d %H:%M:%SZ")
    return f"paused by {pause.by} since {since}" + (", and drains" if pause.drains else "")
