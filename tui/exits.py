"""What the exit code of a command says; the same for every command but the daemon's own (``core.daemon``)."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILED: Final = 1  #: it failed, or the controller refused it; for ``status``: the controller is not ready
USAGE: Final = 2  #: settings or arguments that cannot be; nothing was asked of anybody
NOT_RUNNING: Final = 3  #: no controller runs here
