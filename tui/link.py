"""How well the screen hears the daemon, as a value: five words and the times behind them (tui-patterns.md section 8.1).

Times are seconds of the screen's own monotonic clock. Silence makes a link stale, and after longer silence lost, by the
clock alone; the feed says the rest. Old data must look old: whoever shows data asks the link first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

#: Seconds without a message after which data counts as stale. The daemon sends a heartbeat each second.
STALE_AFTER: Final = 5.0
#: Seconds without a message after which the connection is given up and made anew.
LOST_AFTER: Final = 15.0
#: Seconds to wait before each attempt to connect; the last one repeats for ever.
RETRY_WAITS: Final = (1.0, 2.0, 5.0, 10.0, 15.0)


class LinkState(StrEnum):
    """What an operator is told about the connection."""

    CONNECTING = "CONNECTING"  #: not heard yet, no failure yet
    LIVE = "LIVE"
    STALE = "STALE"  #: connected, but silent for longer than a heartbeat allows
    LOST = "LOST"  #: no connection; tried again by itself
    INCOMPATIBLE = "INCOMPATIBLE"  #: the daemon speaks another protocol


@dataclass(frozen=True, slots=True)
class Link:
    """The connection as far as it is known."""

    began_at: float  #: when the first attempt was made
    connected: bool = False
    heard_at: float | None = None  #: the last message; None = never
    lost_at: float | None = None  #: since when there is no connection; None while there is one, or before any failure
    tries: int = 0  #: failed attempts since it was last connected
    retry_at: float | None = None  #: when the next attempt is due; None while connected or trying
    problem: str = ""  #: one sentence: why there is no connection
    incompatible: bool = False

    def state(self, now: float) -> LinkState:
        """The link in one word."""
        if self.incompatible:
            return LinkState.INCOMPATIBLE
        if not self.connected:
            return LinkState.CONNECTING if self.lost_at is None else LinkState.LOST
        if self.silence(now) >= LOST_AFTER:
            return LinkState.LOST
        return LinkState.STALE if self.silence(now) >= STALE_AFTER else LinkState.LIVE

    def silence(self, now: float) -> float:
        """Seconds since the daemon was last heard, or since the first attempt when it never was."""
        return max(0.0, now - (self.began_at if self.heard_at is None else self.heard_at))

    def usable(self, now: float) -> bool:
        """Whether commands can be sent and clocks may run on."""
        return self.state(now) in {LinkState.LIVE, LinkState.STALE}

    def heard(self, now: float) -> Link:
        """The link after a message."""
        return Link(self.began_at, connected=True, heard_at=now)

    def lost(self, now: float, problem: str, *, incompatible: bool = False) -> Link:
        """The link after an attempt or a connection failed; the first moment without it is kept."""
        wait = RETRY_WAITS[-1] if incompatible else RETRY_WAITS[min(self.tries, len(RETRY_WAITS) - 1)]
        return replace(
            self,
            connected=False,
            lost_at=now if self.lost_at is None else self.lost_at,
            tries=self.tries + 1,
            retry_at=now + wait,
            problem=problem,
            incompatible=incompatible,
        )

    def trying(self) -> Link:
        """The link while the next attempt is being made."""
        return replace(self, retry_at=None)
