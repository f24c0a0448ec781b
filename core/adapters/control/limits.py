"""What the control socket bounds: nobody who looks in can make the daemon hold more than this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the control socket. Times are in seconds."""

    connections: int = 128  #: open at once; one more is answered 503 and closed
    streams: int = 64  #: open at once; one more is answered 503
    commands: int = 32  #: under way at once; one more is answered 503
    reader_patience: float = 30.0  #: a reader that takes nothing for so long is dropped
    body_bytes: int = 64 * 1024  #: of a request; more is answered 413
    body_patience: float = 10.0  #: for a request's body to arrive; later is answered 408
    keepalive: float = 75.0  #: a connection without a request, or with an unfinished one, is closed after
    closing: float = 0.4  #: for answers under way when the server closes; then they are cut, within as much again
