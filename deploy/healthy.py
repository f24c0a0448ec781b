"""Whether the controller in this container lives: exit code 0 when it does, 1 when not, with the reason.

For HEALTHCHECK of Docker and for ECS's health check, in an image that has no curl. It asks over loopback at the port of
ARCDECK_HTTP_LISTEN, past any proxy of the environment. A controller that waits (as a standby, or for GitHub) lives.
"""
# ruff: noqa: INP001 - a script that is copied into an image, not a package

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

#: Seconds; the answer comes from memory.
_TIMEOUT = 3


def main() -> int:
    """Ask once; the exit code."""
    port = int(os.environ["ARCDECK_HTTP_LISTEN"].rpartition(":")[2])
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        sys.stdout.write(answer.read().decode(errors="replace") + "\n")
    except (OSError, HTTPException) as error:
        sys.stdout.write(f"port {port} does not answer: {error!r}\n")
        return 1
    finally:
        connection.close()
    return 0 if answer.status == 200 else 1  # noqa: PLR2004 - HTTP's own number


if __name__ == "__main__":
    sys.exit(main())
