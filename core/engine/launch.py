"""One start: JIT config, RunTask, or undo.

One name = one JIT config = one RunTask intent. An answered failure ends the name and removes its registration at once
(behaviour.md row 8); an outcome nobody knows repeats the identical request under the same client token, keeping slot
and registration (row 14).

The intent is in the journal before either call, and open until ECS has accepted the task or the registration is gone:
whatever happens to us in between, a successor knows what may have been left.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

from core.api.model import Severity
from core.domain.errors import (
    ArcdeckError,
    CapacityKind,
    JobStillRunning,
    OutcomeUnknown,
    ProtocolError,
    RunnerExists,
    RunnerNotFound,
    TransientCapacityError,
    Unavailable,
)
from core.domain.placement import requests_of
from core.domain.run_task import RunTaskInput
from core.domain.runner import Phase
from core.domain.scale_set import runner_name
from core.meter import StartStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.domain.messages import JitConfig
    from core.domain.task import Task
    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.endings import Endings
    from core.engine.fleet import Fleet
    from core.engine.gates import Gates
    from core.engine.pacing import Pacer
    from core.engine.target import Target
    from core.engine.times import Times
    from core.ports import EcsClient, ScaleSetClient

#: The identical request is repeated for this long after an outcome nobody knows.
REPEAT_FOR = 300.0
REPEAT_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(frozen=True, slots=True)
class StartServices:
    """What starts work with. ``suffix`` gives the 8 hex digits of a name."""

    ecs: EcsClient
    client: ScaleSetClient
    fleet: Fleet
    gates: Gates
    deregistrar: Deregistrar
    endings: Endings
    chronicle: Chronicle
    times: Times
    pacer: Pacer
    suffix: Callable[[], str]
    controller: str


class Launch:
    """The start of one reserved name."""

    def __init__(self, services: StartServices, target: Target, name: str) -> None:
        self._services = services
        self._target = target
        self._name = name
        self._sent = False  #: RunTask was asked for
        self._began = services.times.monotonic()
        self._spec = target.spec
        self._request = requests_of(target.spec)[0]  #: where it goes; for good once it has begun

    async def run(self) -> None:
        """Start it, or end the name. Raises nothing but cancellation, after which nothing is left behind."""
        place = self._services.gates.begin(self._target)
        if place is None:
            # A refusal of an earlier start ends the batch (behaviour.md 1.3).
            self._services.fleet.release(self._name)
            return
        self._request = place
        try:
            if (jit := await self._jit_config()) is not None:
                await self._launch(jit)
        finally:
            self._services.gates.abandoned(place, self._began)

    async def _launch(self, jit: JitConfig) -> None:
        try:
            task = await self._run_task(jit)
        except TransientCapacityError as error:
            self._count(StartStep.RUN_TASK, error)
            self._refused(error, jit)
        except ArcdeckError as error:
            self._count(StartStep.RUN_TASK, error)
            self._failed(error, jit)
        except asyncio.CancelledError:
            # What was sent may still be carried out: the intent stays open for our successor, and with it the slot.
            self._undo(jit, "the controller shut down before its task was accepted", settles=not self._sent)
            raise
        else:
            self._count(StartStep.RUN_TASK, None)
            self._accepted(jit, task)

    # --- JIT config ------------------------------------------------------------------------------------------------

    async def _jit_config(self) -> JitConfig | None:
        """Register the runner. On failure the name is ended, and None returned."""
        try:
            try:
                jit = await self._register()
            except RunnerExists:
                await self._take_another_name()
                jit = await self._register()
        except ArcdeckError as error:
            self._count(StartStep.JIT_CONFIG, error)
            self._services.fleet.end(self._name, f"no JIT config: {error}")
            self._services.gates.no_jit_config(self._target, error, self._began)
            if isinstance(error, OutcomeUnknown | ProtocolError):
                self._unregister("its JIT config was not heard")
            else:
                self._keep("start-settled", f"no JIT config: {error}", {})
            self._note("start-failed", f"{self._target.name}: no JIT config: {error}", Severity.ERROR)
            return None
        except asyncio.CancelledError:
            self._services.fleet.end(self._name, "the controller shut down before it was registered")
            self._unregister("the controller shut down while it was registered")
            raise
        self._services.gates.jit_config(self._began)
        return jit

    async def _register(self) -> JitConfig:
        self._keep("start-intent", f"register {self._name}", {})
        jit = await self._services.client.generate_jit_config(self._target.scale_set_id or 0, self._name)
        self._services.fleet.registered(self._name, jit.runner_id)
        self._services.chronicle.meter.registration_made(self._target.name)
        return jit

    async def _take_another_name(self) -> None:
        """Remove whoever holds our name, when it is of this scale set, and go on under a new one (1.3, 4.6).

        One that runs a job keeps the name, and is no obstacle.
        """
        holder = await self._services.client.get_runner_by_name(self._name)
        if holder is not None and holder.scale_set_id == self._target.scale_set_id:
            with suppress(JobStillRunning, RunnerNotFound):
                await self._services.client.remove_runner(holder.id)
        self._keep("start-settled", "its name was taken", {})
        self._services.fleet.release(self._name)
        self._name = runner_name(self._target.name, self._services.suffix())
        self._services.fleet.reserve(self._target.name, self._name)

    # --- RunTask ---------------------------------------------------------------------------------------------------

    async def _run_task(self, jit: JitConfig) -> Task | None:
        """Ask until ECS answers; None when the task showed itself before it did."""
        services, start = self._services, self._input(jit)
        self._keep("start-intent", f"start {jit.runner_name}", {"runner_id": jit.runner_id})
        give_up, unanswered = services.times.monotonic() + REPEAT_FOR, False
        for wait in chain(REPEAT_WAITS, repeat(REPEAT_WAITS[-1])):
            await services.pacer.take()
            self._sent = True
            try:
                return await services.ecs.run_task(start)
            except (Unavailable, TransientCapacityError) as error:
                if isinstance(error, TransientCapacityError):
                    # A repeat refused for its rate says nothing of the request whose answer was lost.
                    if not unanswered or error.kind is not CapacityKind.THROTTLE:
                        raise
                    services.pacer.throttled()
                unanswered = True
                if self._shown:
                    return None
                if services.times.monotonic() + wait > give_up:
                    raise
                story = f"{self._name}: RunTask unanswered, the same request again in {wait:.0f} s: {error}"
                self._note("start-repeated", story, Severity.WARNING)
                await services.times.sleep(wait)
        raise AssertionError("the waits never end")

    @property
    def _shown(self) -> bool:
        """Whether a look at ECS or a job message has told of the task already."""
        runner = self._services.fleet.get(self._name)
        return runner is None or runner.phase is not Phase.RESERVED

    def _input(self, jit: JitConfig) -> RunTaskInput:
        placement = self._spec.placement
        return RunTaskInput(
            task_definition=self._target.definition or self._target.spec.family,
            jit_config_encoded=jit.encoded,
            runner_name=self._name,
            scale_set_name=self._target.name,
            subnets=placement.subnets,
            security_groups=placement.security_groups,
            capacity_provider=self._request.provider if placement.capacity_providers else "",
            launch_type=placement.launch_type,
            runner_id=jit.runner_id,
            controller=self._services.controller,
        )

    # --- what came of it -------------------------------------------------------------------------------------------

    def _accepted(self, jit: JitConfig, task: Task | None) -> None:
        services = self._services
        services.pacer.succeeded()
        services.gates.accepted(self._target)
        for place in services.gates.placements.accepted(self._request, self._began):
            self._note("capacity", f"there is room again in {place}", Severity.NOTICE)
        if task is not None:
            services.fleet.add_idle(jit.runner_name, task.arn)
            if ended := services.fleet.observe(task):  # a repeat may find that it has stopped already
                services.endings.ended(ended)
        present = services.fleet.get(self._name)
        task_arn = task.arn if task else (present.task_arn if present else "")
        self._keep("start-settled", "accepted", {"task_arn": task_arn, "runner_id": jit.runner_id})
        self._note("start", f"{jit.runner_name} started")

    def _refused(self, error: TransientCapacityError, jit: JitConfig) -> None:
        services = self._services
        if error.kind is CapacityKind.THROTTLE:
            services.pacer.throttled()
        place, state = services.gates.placements.refused(self._request, self._began, error)
        wait = max(0.0, state.until - services.times.monotonic())
        refusal = "; ".join(error.reasons) or error.message
        told = f"{place} waits {wait:.0f} s after refusal {state.failures} in a row"
        self._note("capacity", f"{self._name}: no room: {refusal}; {told}", Severity.WARNING)
        self._undo(jit, f"no room: {refusal}")

    def _failed(self, error: ArcdeckError, jit: JitConfig) -> None:
        """Log it and let the batch go on (behaviour.md 1.3)."""
        self._services.gates.failed(self._target, error)
        self._note("start-failed", f"{self._name}: RunTask failed: {error}", Severity.ERROR)
        self._undo(jit, f"RunTask failed: {error}")

    def _undo(self, jit: JitConfig, why: str, *, settles: bool = True) -> None:
        if self._shown:
            self._keep("start-settled", why, {})
        else:
            self._services.fleet.end(self._name, why)
            self._unregister(why, jit.runner_id, settles=settles)

    def _unregister(self, why: str, runner_id: int | None = None, *, settles: bool = True) -> None:
        """Have the registration removed; without its id, whatever bears the name in this scale set, if anything.

        With that the intent is over, where it ``settles``.
        """
        self._services.deregistrar.request(
            self._name, self._target.name, runner_id, why, settles=settles, unsure=runner_id is None
        )

    def _count(self, step: StartStep, error: ArcdeckError | None) -> None:
        seconds = self._services.times.monotonic() - self._began
        self._services.chronicle.meter.start_ended(self._target.name, step, error, seconds)

    def _keep(self, kind: str, text: str, data: dict[str, object]) -> None:
        where = self._target.name
        self._services.chronicle.keep(kind, text, scale_set=where, runner=self._name, data=data)

    def _note(self, kind: str, text: str, severity: Severity = Severity.INFO) -> None:
        where = self._target.name
        self._services.chronicle.note(kind, text, severity=severity, scale_set=where, runner=self._name)
