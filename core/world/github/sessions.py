"""Message sessions: at most one for each scale set, which is what makes it a lease.

A session lives by being used. When nothing has polled it for `Timings.session_idle` seconds it is as good as gone: it
refuses nobody any more and none of its operations succeed (github-scale-set-api.md sections 5.3, 5.4 and 11.3). The
same owner name gives no right to it.
"""

import random
import uuid

from core.world.clock import WorldClock
from core.world.github.records import ScaleSetRecord, Session
from core.world.github.refusals import Complaint, ServiceRefusal
from core.world.github.settings import Timings


class SessionDesk:
    """Opens, keeps and ends the session of a scale set; the session itself is kept in the scale set's record."""

    def __init__(self, clock: WorldClock, rng: random.Random, timings: Timings) -> None:
        self._clock = clock
        self._rng = rng
        self._timings = timings

    def open(self, scale_set: ScaleSetRecord, owner: str, *, pinned: bool = False) -> Session:
        """Begin a session; raises ServiceRefusal while another one is alive. A pinned one lives until it is evicted."""
        if self.current(scale_set) is not None:
            message = f"The actions runner scaleset {scale_set.name} already has an active session."
            raise ServiceRefusal(Complaint.SESSION_CONFLICT, message)
        session_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        scale_set.session = Session(session_id, owner, self._clock.monotonic(), pinned)
        return scale_set.session

    def current(self, scale_set: ScaleSetRecord) -> Session | None:
        """Return the session that is alive, or None."""
        session = scale_set.session
        if session is None or session.pinned or scale_set.mailbox.poll is not None:
            return session
        idle = self._clock.monotonic() - session.last_seen
        return session if idle < self._timings.session_idle else None

    def touch(self, session: Session) -> None:
        """Note that the session was used just now."""
        session.last_seen = self._clock.monotonic()

    def refresh(self, scale_set: ScaleSetRecord, session_id: str) -> Session:
        """Return the session to give a new token to; raises ServiceRefusal where it is not alive."""
        session = self.current(scale_set)
        if session is None or session.id != session_id.lower():
            message = "runner referenced a session ID that doesn't exist in redis"
            raise ServiceRefusal(Complaint.SESSION_EVICTED, message)
        self.touch(session)
        return session

    def close(self, scale_set: ScaleSetRecord, session_id: str) -> None:
        """End the session; raises ServiceRefusal where it is not alive."""
        session = self.current(scale_set)
        if session is None or session.id != session_id.lower():
            message = f"The session identifier {session_id} is not valid."
            raise ServiceRefusal(Complaint.SESSION_EXPIRED, message)
        self.evict(scale_set)

    def evict(self, scale_set: ScaleSetRecord) -> None:
        """End whatever session there is, unasked; a poll that waits is told."""
        scale_set.session = None
        scale_set.mailbox.wake()
