"""What the journal answers to one question, and what comes to it: records, numbered, newest last.

Bounded: of more than ``KEPT`` records the oldest go. A story that broke off keeps what it has and says why; whoever
shows it starts it again when the daemon can be reached. It knows nothing of Textual.
"""

from __future__ import annotations

from collections import deque
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, NamedTuple

from core.api.client import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.api.events import EventRecord
    from tui.feed import Client

#: Records that are asked for and kept.
KEPT: Final = 2_000


class Entry(NamedTuple):
    """One record; the number is its own for as long as the story lasts, and grows."""

    number: int
    record: EventRecord


class Story:
    """Follows one question. ``changed`` is called for every record and when it breaks off; it must not wait."""

    def __init__(self, client: Client, changed: Callable[[], None]) -> None:
        self._client = client
        self._changed = changed
        self._told = 0
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.problem = ""  #: why it broke off; empty while it is followed
        self.running = False

    async def follow(self, asked: Iterable[tuple[str, str]]) -> None:
        """Begin anew and follow until it breaks off or is cancelled."""
        self.entries.clear()
        self.problem, self.running = "", True
        try:
            async with aclosing(self._client.events([*asked, ("limit", str(KEPT))], follow=True)) as events:
                async for record in events:
                    self._told += 1
                    self.entries.append(Entry(self._told, record))
                    self._changed()
        except ControlError as error:
            self.problem = str(error)
        finally:
            self.running = False
            self._changed()
