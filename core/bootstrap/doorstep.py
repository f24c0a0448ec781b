"""How a controller is while it is being made: it lives and waits, and says for what (behaviour.md 3.1).

A container whose health check fails is replaced. One that waits for a configuration out of reach must not be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.model import Health

if TYPE_CHECKING:
    from core.ports import Lives


class Doorstep:
    """Speaks for the engine once there is one; ``reason`` is what is waited for until then."""

    def __init__(self) -> None:
        self.reason = "the controller is being made"
        self.engine: Lives | None = None

    def health(self) -> Health:
        """The engine's, once there is one."""
        return self.engine.health() if self.engine else Health(live=True, ready=False, reasons=(self.reason,))
