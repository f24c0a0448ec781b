"""The message queue of one scale set, and the poll that waits on it.

Messages belong to the scale set, not to the session that reads them: whoever polls next sees again, under the same id,
whatever nobody deleted (github-scale-set-api.md section 5.12).

Promises:

- Entries keep the order in which they were posted. They become a message only when a poll asks for one, so what piled
  up between two polls travels together, at most `ENTRIES_PER_MESSAGE` at a time, and the rest follows in the next one.
- A message, once formed, never changes; its id is larger than every earlier one and is not used again. Only
  `restart_ids` breaks this, as the real service has been seen to do.
- There is at most one poll: a newer one ends the older, whose capacity must no longer count.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

ENTRIES_PER_MESSAGE = 50
"""A larger backlog is cut and follows in later messages (github-scale-set-api.md section 5.6)."""

FIRST_MESSAGE_ID = 100_000_001
"""Where the ids of github.com start (github-scale-set-api.md section 5.6)."""


class EntryKind(StrEnum):
    """The four things a scale set is told about a job."""

    AVAILABLE = "JobAvailable"
    ASSIGNED = "JobAssigned"
    STARTED = "JobStarted"
    COMPLETED = "JobCompleted"


@dataclass(frozen=True, slots=True)
class Entry:
    """One job message: its `messageType` and its fields, as they were when it was posted."""

    kind: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """What one poll delivers; without entries it carries statistics only."""

    id: int
    entries: tuple[Entry, ...]


@dataclass(slots=True, eq=False)
class OpenPoll:
    """A request for the next message. Capacity and position hold for as long as it is open.

    `capacity` is the number of runners the client can have in all; `last_message_id` 0 asks for the first undeleted
    message; `wake` is called, any number of times, when there may be something to deliver or the poll has ended.
    """

    capacity: int
    last_message_id: int
    wake: Callable[[], None]
    superseded: bool = False


class Mailbox:
    """The entries, messages and open poll of one scale set. Not shared between scale sets."""

    def __init__(self) -> None:
        self.poll: OpenPoll | None = None
        self._pending: deque[Entry] = deque()
        self._messages: dict[int, Message] = {}
        self._next_id = FIRST_MESSAGE_ID

    @property
    def backlog(self) -> int:
        """How many entries nobody has acknowledged."""
        return len(self._pending) + sum(len(message.entries) for message in self._messages.values())

    def post(self, entries: Iterable[Entry], waking: frozenset[str]) -> None:
        """Add entries; the open poll is woken when one of them is of a `waking` kind."""
        added = tuple(entries)
        self._pending.extend(added)
        if any(entry.kind in waking for entry in added):
            self.wake()

    def post_statistics(self) -> None:
        """Add a message without entries, behind everything posted so far, and wake the open poll."""
        while self._pending:
            self._form()
        self._form()
        self.wake()

    def next_message(self, last_message_id: int) -> Message | None:
        """Return the lowest undeleted message with a larger id, forming one of what is pending; None if there is none.

        After `restart_ids` a client that still holds a large id gets nothing, like a client of the real service.
        """
        later = next((message for message in self._messages.values() if message.id > last_message_id), None)
        if later is None and self._pending:
            formed = self._form()
            later = formed if formed.id > last_message_id else None
        return later

    def delete(self, message_id: int) -> bool:
        """Forget a message for good; False when there is none with this id."""
        return self._messages.pop(message_id, None) is not None

    def restart_ids(self, first: int) -> None:
        """Let ids go on from `first`; what nobody has deleted is delivered again under new ids."""
        undeleted = [entry for message in self._messages.values() for entry in message.entries]
        self._messages.clear()
        self._pending.extendleft(reversed(undeleted))
        self._next_id = first

    def open(self, poll: OpenPoll) -> None:
        """Make `poll` the one that waits; an older one is told to end."""
        if self.poll is not None:
            self.poll.superseded = True
            self.poll.wake()
        self.poll = poll

    def close(self, poll: OpenPoll) -> None:
        """Take `poll` away, unless another has replaced it."""
        if self.poll is poll:
            self.poll = None

    def wake(self) -> None:
        """Let the open poll look again."""
        if self.poll is not None:
            self.poll.wake()

    def _form(self) -> Message:
        taken = tuple(islice(self._pending, ENTRIES_PER_MESSAGE))
        for _ in taken:
            self._pending.popleft()
        message = Message(self._next_id, taken)
        self._messages[message.id] = message
        self._next_id += 1
        return message
