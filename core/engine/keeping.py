"""What operators may do with what a controller keeps, as opposed to what it runs: scale sets, the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.api.commands import AdoptScaleSet, Outcome, RecreateScaleSet, TendConfiguration
from core.engine.retirement import told

if TYPE_CHECKING:
    from core.engine.adopting import Adopting
    from core.engine.recreation import Recreation
    from core.engine.reload import Reload
    from core.engine.retirement import Retirement


@dataclass(frozen=True, slots=True)
class Keeping:
    """Who does what of it."""

    adopting: Adopting
    recreation: Recreation
    reload: Reload
    retirement: Retirement

    async def carry_out(self, command: AdoptScaleSet | RecreateScaleSet | TendConfiguration) -> tuple[Outcome, str]:
        """What came of it. Raises Refused, and the clients' errors."""
        match command:
            case AdoptScaleSet():
                return await self.adopting.adopt(command)
            case RecreateScaleSet():
                return await self.recreation.recreate(command)
            case TendConfiguration():
                return await self._tend(command)

    async def _tend(self, command: TendConfiguration) -> tuple[Outcome, str]:
        if command.kind == "agree":
            names = self.retirement.agree()
            if not names:
                return Outcome.ALREADY, "no removal waits for anybody"
            return Outcome.DONE, f"these drain now, and then they go: {told(names)}"
        version = self.reload.version
        await self.reload.look()
        if self.reload.problem:
            return Outcome.FAILED, self.reload.problem
        if self.reload.version == version:
            return Outcome.ALREADY, "the runner configuration was read, and is the one that is in force"
        return Outcome.DONE, "the runner configuration was read; new starts go by it"
