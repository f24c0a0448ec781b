"""The engine: owns every service, their order of start and stop, and the face it shows to front ends.

Start: who we are is checked and ECS is looked at before anything is changed; then all services run under one root
TaskGroup. A root service that fails, or quietly returns, ends the engine loudly; a failing scale set does not.
Stop, within 10 s (DESIGN.md, Shutdown): no more starts and polls at once; starts in flight finish or are undone within
4 s; messages in hand are handled and sessions deleted within 8 s. Runners and scale sets stay.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Never

from core.api.commands import Answer, Outcome, StopDaemon
from core.api.model import Health, Severity
from core.domain.errors import ArcdeckError, Rejected
from core.engine.hands_off import hands_off
from core.engine.shutdown import Shutdown
from core.engine.wiring import assemble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator, Sequence

    from core.api.commands import Command, Operator
    from core.api.events import EventQuery, EventRecord
    from core.api.model import Snapshot, Update
    from core.engine.ground import EnginePorts, EngineSettings
    from core.ports import LogPage

#: Seconds between attempts to reach GitHub and AWS at start.
START_RETRY = 5.0
STARTS_WITHIN = 4.0
LOOPS_WITHIN = 4.0
REMOVALS_WITHIN = 1.0


#: The answer of one that observes to every command.
OBSERVES = "this controller only observes: it changes nothing, whoever asks"


class ServiceEndedError(RuntimeError):
    """A service that must run for ever returned."""


async def forever(name: str, service: Awaitable[object]) -> Never:
    """Run a service whose quiet return is as loud as a crash."""
    await service
    raise ServiceEndedError(f"{name} ended")


class Engine:
    """The running controller; implements ``core.ports.ControlRoom``."""

    def __init__(self, settings: EngineSettings, ports: EnginePorts) -> None:
        self._settings = settings
        self._ports = hands_off(ports) if settings.observe else ports
        self._services = assemble(settings, self._ports)
        self._state = "starting"
        self._shutdown: Shutdown | None = None  #: None until it runs
        if settings.observe:
            self._services.gates.close("only observed, a controller that acts would start them")

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set, then stop in order.

        Raises Rejected before anything was changed when we are not admitted or misconfigured; an ExceptionGroup when a
        root service failed.
        """
        self._shutdown = Shutdown(stop, self._settings.instance, self._services.chronicle)
        if not await self._begun(stop):
            return
        services = self._services
        async with asyncio.TaskGroup() as root:
            starts = self._spawn(root, "starts", services.starts.run())
            removals = self._spawn(root, "deregistrar", services.deregistrar.run())
            sweeps = [
                self._spawn(root, "watcher", services.watcher.run()),
                self._spawn(root, "reaper", services.reaper.run(self._settings.reaper_interval)),
                self._spawn(root, "registrations", services.registrations.run()),
                self._spawn(root, "drainer", services.drainer.run()),
                self._spawn(root, "holds", services.holds.run()),
            ]
            loops = self._spawn(root, "scale sets", services.company.run())
            reload = self._spawn(root, "configuration", services.reload.run(self._settings.config_interval))
            settled = asyncio.sleep(0) if self._settings.observe else services.recovery.run(self._looked_at)
            recovery = root.create_task(settled, name="recovery")
            self._state = "running"
            await stop.wait()
            await self._stop([reload, loops, *sweeps, recovery], starts)
            removals.cancel()

    def _looked_at(self) -> float | None:
        return self._services.watcher.looked_at

    @staticmethod
    def _spawn(root: asyncio.TaskGroup, name: str, service: Coroutine[None, None, Never]) -> asyncio.Task[Never]:
        return root.create_task(forever(name, service), name=name)

    # --- ControlRoom -----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All that a screen shows, now."""
        return self._services.feed.snapshot()

    def updates(self) -> AsyncIterator[Update]:
        """Updates from now on; see ``Feed.updates``."""
        return self._services.feed.updates()

    async def execute(self, command: Command, operator: Operator) -> Answer:
        """Carry out an operator's command; see ``Commands``, and ``Shutdown`` for the one that is always heard."""
        if isinstance(command, StopDaemon) and self._shutdown is not None:
            return self._shutdown.order(command, operator)
        if self._state != "running":
            return Answer(id=command.id, outcome=Outcome.REFUSED, text=f"the controller is {self._state}")
        if self._settings.observe:
            return Answer(id=command.id, outcome=Outcome.REFUSED, text=OBSERVES)
        return await self._services.commands.execute(command, operator)

    def events(self, query: EventQuery, *, follow: bool) -> AsyncIterator[EventRecord]:
        """What happened, and to ``follow``, what happens; see ``History``."""
        return self._services.history.events(query, follow=follow)

    async def logs(self, runner: str, after: str | None, limit: int) -> LogPage:
        """What a runner's task printed; see ``RunnerLogs``."""
        return await self._services.logs.tail(runner, after, limit)

    def health(self) -> Health:
        """Live while the loop answers; ready once every scale set listens and ECS can be read.

        What of the configuration is not in force is told as well; with the last good one in force it is ready.
        """
        reasons = []
        if self._state != "running":
            reasons.append(f"the controller is {self._state}")
        if self._services.watcher.failure:
            reasons.append(f"ECS cannot be read: {self._services.watcher.failure}")
        reasons += [
            f"{target.name}: {target.degraded or self._not_yet}"
            for target in self._services.targets.values()
            if not target.retired and (target.degraded or not (target.leased or target.observed))
        ]
        unheeded = (self._services.reload.problem, self._services.retirement.waits, *self._pending())
        begun = self._state != "starting"
        return Health(live=True, ready=not reasons, begun=begun, reasons=(*reasons, *filter(None, unheeded)))

    @property
    def _not_yet(self) -> str:
        return "was not looked at yet" if self._settings.observe else "does not listen yet"

    def _pending(self) -> Iterator[str]:
        """Changes that a scale set could not take up yet."""
        for target in self._services.targets.values():
            if target.revised is not None and target.pending:
                yield f"{target.name}: {target.pending}"

    # --- start -----------------------------------------------------------------------------------------------------

    async def _begun(self, stop: asyncio.Event) -> bool:
        """Begin; False when told to stop before we were admitted, and nothing was changed."""
        beginning = asyncio.create_task(self._begin(), name="begin")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({beginning, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if beginning.done():
                beginning.result()
            return beginning.done()
        finally:
            for task in (beginning, stopping):
                task.cancel()
            await asyncio.wait({beginning, stopping})

    async def _begin(self) -> None:
        """Be admitted and look, trying again for as long as a service is merely out of reach."""
        told = ""
        await self._services.recovery.read()
        await self._services.pauses.recall()
        await self._services.holds.recall()
        await self._services.made.recall()
        while True:
            try:
                await self._ports.ecs.check_cluster()
                await self._ports.client.list_scale_sets(1)
                await self._services.watcher.read_all()
                await self._services.watcher.read_stopped()  # after it: a task that ends in between is in this list
                if await self._services.retirement.find(self._services.watcher.strangers):
                    await self._services.watcher.read_all()  # now that their scale sets are ours, adopts their tasks
            except Rejected:
                raise
            except ArcdeckError as error:
                if str(error) != told:
                    told = str(error)
                    story = f"cannot start yet, trying again every {START_RETRY:.0f} s: {told}"
                    self._services.chronicle.note("waiting", story, severity=Severity.WARNING)
                await self._services.times.sleep(START_RETRY)
            else:
                return

    # --- stop ------------------------------------------------------------------------------------------------------

    async def _stop(self, ending: Sequence[asyncio.Task[object]], starts: asyncio.Task[Never]) -> None:
        self._state = "stopping"
        services = self._services
        services.chronicle.note("shutdown", "stopping: runners and scale sets stay", severity=Severity.NOTICE)
        services.gates.close("the controller is shutting down")
        for task in ending:
            task.cancel()
        await services.starts.drain(STARTS_WITHIN)
        await asyncio.wait(ending, timeout=LOOPS_WITHIN)
        starts.cancel()  # what is still in flight is undone
        await asyncio.wait({starts})
        await services.deregistrar.settle(REMOVALS_WITHIN)
