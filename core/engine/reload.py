"""Follows the runner configuration while the controller runs (behaviour.md 1.6, rows 22, 23, 35).

It is read at an interval. What is new begins, what was changed goes into force scale set by scale set, and what is no
longer named retires under the brake. A configuration that cannot be read, or cannot work, changes nothing: the last
good one stays in force, and the problem is told once and stays among the reasons of the health until it is gone.

Nothing new counts before it was read twice: a file may be caught while it is written, and half of one that can be read
would retire the other half.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain.errors import ArcdeckError, Retryable
from core.engine.retirement import told
from core.ports import Wanted

if TYPE_CHECKING:
    from core.engine.budgets import Budgets
    from core.engine.chronicle import Chronicle
    from core.engine.company import Company, Step
    from core.engine.retirement import Retirement
    from core.engine.times import Times
    from core.ports import Configuration

logger = logging.getLogger("arcdeck")

#: Seconds between the two readings of something new.
CALM = 2.0


class Reload:
    """The one reader of the configuration. ``version`` is that of what the company was made from."""

    def __init__(
        self,
        configuration: Configuration,
        company: Company,
        retirement: Retirement,
        *,
        budgets: Budgets,
        chronicle: Chronicle,
        times: Times,
        version: str,
    ) -> None:
        self._configuration = configuration
        self._company = company
        self._retirement = retirement
        self._budgets = budgets
        self._chronicle = chronicle
        self._times = times
        self.version = version  #: of what was last taken up
        self._looking = asyncio.Lock()
        self._refusal = ""  #: the last error, while it holds
        self.problem = ""  #: why the configuration as it is now is not in force; empty when it is

    async def run(self, interval: float) -> Never:
        """Read it every so many seconds until cancelled."""
        while True:
            await self._times.sleep(interval)
            await self.look()

    async def look(self) -> None:
        """Read it, and take up what is new; one look at a time, whoever asks."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        reading = await self._steady()
        if isinstance(reading, ArcdeckError):
            self._refused(reading)
            return
        self._mended()
        # Also with nothing new: a removal that waited for busy runners need not wait for ever.
        leaving = self._retirement.revise({spec.name for spec in reading.scale_sets})
        steps = self._steps(reading) if reading.version != self.version else {}
        self.version = reading.version
        self._budgets.revise(reading.budgets)
        if leaving:
            steps["removed"] = leaving
        if steps:
            story = "; ".join(f"{step}: {told(names)}" for step, names in steps.items())
            self._chronicle.note("configuration", f"new configuration: {story}", severity=Severity.NOTICE, keep=steps)

    # --- reading ---------------------------------------------------------------------------------------------------

    async def _steady(self) -> Wanted | ArcdeckError:
        """Read it until it is what we know, or twice the same."""
        reading = await self._read()
        while not isinstance(reading, Retryable) and _mark(reading) not in {self.version, self._refusal}:
            await self._times.sleep(CALM)
            before, reading = reading, await self._read()
            if _mark(before) == _mark(reading):
                break
        return reading

    async def _read(self) -> Wanted | ArcdeckError:
        try:
            return await self._configuration.read()
        except ArcdeckError as error:
            return error
        except Exception as error:  # a mistake of ours over some odd text must not end what runs well
            logger.exception("the runner configuration could not be judged")
            return ArcdeckError(f"internal error: {type(error).__name__}")

    # --- what comes of it ------------------------------------------------------------------------------------------

    def _steps(self, wanted: Wanted) -> dict[str, list[str]]:
        steps: dict[str, list[str]] = {}
        for spec in wanted.scale_sets:
            step: Step | None = self._company.want(spec)
            if step is not None:
                steps.setdefault(step.value, []).append(spec.name)
        return steps

    def _refused(self, error: ArcdeckError) -> None:
        out_of_reach = isinstance(error, Retryable)
        what = "cannot be read now" if out_of_reach else "is not taken up"
        self.problem = f"the runner configuration {what}, the last good one stays in force: {error}"
        if str(error) != self._refusal:
            severity = Severity.WARNING if out_of_reach else Severity.ERROR
            text = " ".join(self.problem.split())  # one line, whatever the list of problems
            self._chronicle.note("configuration-refused", text, severity=severity, keep={})
        self._refusal = str(error)

    def _mended(self) -> None:
        if self.problem:
            self.problem = self._refusal = ""
            self._chronicle.note("configuration", "the runner configuration can be read again", keep={})


def _mark(reading: Wanted | ArcdeckError) -> str:
    """What is the same when two readings are."""
    return reading.version if isinstance(reading, Wanted) else str(reading)
