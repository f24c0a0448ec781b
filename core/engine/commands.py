"""What operators may do, checked against the present state, each command id once, each in the journal.

A refusal is an answer with its reason, never an error. A command that would break an invariant is refused.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from core.api.commands import (
    AdoptScaleSet,
    Answer,
    DeregisterRunner,
    HoldRunner,
    Outcome,
    PreviewSweep,
    RecreateScaleSet,
    ReleaseRunner,
    SteerScaleSet,
    StopDaemon,
    StopTask,
    SweepNow,
    TendConfiguration,
)
from core.domain.errors import ArcdeckError
from core.engine.command_record import Told, operator_name, recorded
from core.engine.refusal import Refused, check_ours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.api.commands import Command, Operator
    from core.engine.chronicle import Chronicle
    from core.engine.fleet import Fleet
    from core.engine.keeping import Keeping
    from core.engine.reaper import Reaper
    from core.engine.runner_commands import RunnerCommands
    from core.engine.steering import Steering
    from core.engine.target import Target

#: Answers remembered, so that a command sent again acts once.
REMEMBERED = 1000


class Commands:
    """The inbound side of the engine."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        targets: Mapping[str, Target],
        runners: RunnerCommands,
        reaper: Reaper,
        steering: Steering,
        keeping: Keeping,
        chronicle: Chronicle,
    ) -> None:
        self._fleet = fleet
        self._targets = targets
        self._runners = runners
        self._reaper = reaper
        self._steering = steering
        self._keeping = keeping
        self._chronicle = chronicle
        self._answers: OrderedDict[str, asyncio.Future[Answer]] = OrderedDict()

    async def execute(self, command: Command, operator: Operator) -> Answer:
        """Carry a command out; the same id again gets the first one's answer."""
        if (known := self._answers.get(command.id)) is not None:
            return await asyncio.shield(known)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[command.id] = answer
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        try:
            answer.set_result(await self._answer(command, operator))
        except BaseException:
            self._answers.pop(command.id, None)
            answer.cancel()
            raise
        return answer.result()

    async def _answer(self, command: Command, operator: Operator) -> Answer:
        who = operator_name(operator)
        try:
            told = await self._dispatch(command, who)
        except Refused as refusal:
            told = Told(Outcome.REFUSED, str(refusal))
        except ArcdeckError as error:
            told = Told(Outcome.FAILED, str(error))
        return recorded(self._chronicle, command, operator, told)

    async def _dispatch(self, command: Command, who: str) -> Told:
        match command:
            case StopTask() | DeregisterRunner() | HoldRunner() | ReleaseRunner():
                return Told(*await self._runners.carry_out(command, who))
            case SweepNow():
                return await self._sweep(command)
            case PreviewSweep():
                return await self._preview(command)
            case SteerScaleSet():
                return Told(*await self._steering.steer(command, who))
            case AdoptScaleSet() | RecreateScaleSet() | TendConfiguration():
                return Told(*await self._keeping.carry_out(command))
            case StopDaemon():
                raise AssertionError("stopping the daemon is above the services: see Shutdown")

    # --- sweep -----------------------------------------------------------------------------------------------------

    async def _sweep(self, command: SweepNow) -> Told:
        if command.scale_set is not None:
            check_ours(self._targets, command.scale_set)
        stopped = await self._reaper.sweep(command.scale_set)
        return Told(Outcome.DONE, f"{self._looked_at(command.scale_set)}: {stopped} stopped")

    async def _preview(self, command: PreviewSweep) -> Told:
        if command.scale_set is not None:
            check_ours(self._targets, command.scale_set)
        victims = await self._reaper.preview(command.scale_set)
        lines = tuple(f"{runner.name}: {reason}" for runner, reason in victims)
        return Told(Outcome.DONE, f"{self._looked_at(command.scale_set)}: {len(victims)} would be stopped", lines)

    def _looked_at(self, scale_set: str | None) -> str:
        where = scale_set or f"{len(self._targets)} scale sets"
        return f"{where}, {len(self._fleet.live(scale_set))} runners"
