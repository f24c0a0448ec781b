"""One scale set's life under supervision: definition, scale set, session, messages; and again after whatever ends it.

Creation is part of the loop, so that a scale set deleted on GitHub, or whose creation failed, comes back (behaviour.md
row 31). A failure shows as degraded with its reason and restarts with a backoff that a healthy stretch resets; the
other scale sets do not notice. A changed configuration is taken up while we listen, and an end or a return of it begins
anew. Only cancellation ends it; then the session is closed and the scale set stays.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain import backoff
from core.domain.errors import ArcdeckError, Rejected, Unavailable
from core.domain.scale_set import controller_label
from core.engine.listener import Listener
from core.engine.races import first_of
from core.engine.sessions import Sessions
from core.engine.settling import Settler

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine

    from core.domain.messages import ScaleSetRef
    from core.domain.scale_set import ScaleSetSpec
    from core.engine.definitions import Definitions
    from core.engine.listener import ListenerServices
    from core.engine.made import Made
    from core.engine.scaler import Scaler
    from core.engine.target import Target
    from core.engine.watcher import Watcher
    from core.ports import MessageSession, ScaleSetClient

logger = logging.getLogger("arcdeck")

#: Seconds for the look at ECS that comes before a lease: a session that is not polled for longer may lapse (5.4).
LOOK_WITHIN = 30.0
#: Seconds between looks whether the last runner of a retired scale set has left.
RETIRED_LOOK = 5.0


@dataclass(frozen=True, slots=True)
class LoopServices:
    """What scale-set loops work with, beside what their listeners do."""

    client: ScaleSetClient
    definitions: Definitions
    watcher: Watcher
    listening: ListenerServices
    rng: random.Random
    controller: str
    made: Made
    owner: str  #: owner name of sessions: the host's, for people to read
    uses_family: Callable[[str], bool]  #: whether a scale set that is wanted has that family
    retired: Callable[[Target], None]  #: told when a retired scale set is gone


class ScaleSetLoop:
    """The loop of one scale set."""

    def __init__(self, scaler: Scaler, services: LoopServices) -> None:
        self._scaler = scaler
        self._target = scaler.target
        self._services = services
        self._times = services.listening.times
        self._sessions = Sessions(
            self._target,
            services.client,
            owner=services.owner,
            rng=services.rng,
            chronicle=services.listening.chronicle,
            times=self._times,
        )
        self._settler = Settler(
            self._target,
            services.client,
            services.definitions,
            services.listening.chronicle,
            controller=services.controller,
            made=services.made,
        )
        self._turned = asyncio.Event()  #: what it is here for has changed: begin anew
        self._revised = asyncio.Event()  #: the configuration was changed
        self._follows = False  #: changes are taken up without beginning anew
        self._leased_at: float | None = None  #: when the present or last session began to be listened to

    @property
    def name(self) -> str:
        """The scale set's name."""
        return self._target.name

    @property
    def scaler(self) -> Scaler:
        """The one that decides for it."""
        return self._scaler

    def begin_anew(self) -> None:
        """It was retired, or is configured again."""
        self._turned.set()

    def take_up(self, spec: ScaleSetSpec) -> None:
        """The configuration wants it like this from now on; new starts go by it as soon as it is settled."""
        self._target.revised = spec
        (self._revised if self._follows else self._turned).set()

    async def run(self) -> Never:
        """Live until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._decide(), name=f"scaler {self._target.name}")
            group.create_task(self._supervise(), name=f"loop {self._target.name}")
        raise AssertionError("its services never return")

    async def _decide(self) -> Never:
        """Run the scaler; a mistake of ours in it must not take the other scale sets down."""
        while True:
            try:
                await self._scaler.run()
            except Exception as error:
                logger.exception("scale set %s: deciding failed", self._target.name)
                self._degrade(f"internal error: {type(error).__name__}", backoff.RECONNECT_SCHEDULE[0])
                await self._times.sleep(backoff.RECONNECT_SCHEDULE[0])

    async def _supervise(self) -> Never:
        failures = 0
        while True:
            self._leased_at = None
            reason = await self._live()
            if self._turned.is_set():
                failures = 0
                continue
            if self._was_healthy:
                failures = 0
            failures += 1
            wait = backoff.step(backoff.RECONNECT_SCHEDULE, failures, self._services.rng.uniform(-1, 1))
            self._degrade(reason, wait)
            await self._until_turned("wait", self._times.sleep(wait))
            self._target.restart_at = None

    @property
    def _was_healthy(self) -> bool:
        """Whether GitHub was heard for long enough to forget earlier failures; standing by is no health."""
        heard = self._target.session.last_poll
        return self._leased_at is not None and (heard or 0.0) - self._leased_at >= backoff.HEALTHY_STRETCH

    async def _live(self) -> str:
        """Run once from the beginning; returns why it ended, unless it was told to begin anew."""
        self._turned.clear()
        try:
            await self._until_turned("serve", self._serve())
        except ArcdeckError as error:
            return str(error)
        except Exception as error:  # a mistake of ours must not take the other scale sets down
            logger.exception("scale set %s failed", self._target.name)
            return f"internal error: {type(error).__name__}"
        return ""

    async def _until_turned(self, what: str, work: Coroutine[None, None, None]) -> None:
        name = self._target.name
        await first_of({f"{what} {name}": work, f"turn of {name}": self._turned.wait()})

    async def _serve(self) -> Never:
        target = self._target
        if target.retired:
            await self._retire()
        scale_set_id = await self._settler.settle()
        await self._listen(await self._sessions.open(scale_set_id))
        raise AssertionError("listeners never return")

    async def _listen(self, session: MessageSession) -> None:
        try:
            if not self._target.leased:
                await self._look()
            self._lease()
            listener = Listener(session, self._scaler, self._services.listening)
            name = self._target.name
            await first_of({f"listener {name}": listener.run(), f"configuration of {name}": self._follow()})
        except Exception as error:
            self._sessions.failed(error)
            raise
        finally:
            await self._sessions.close(session)

    # --- a changed configuration -----------------------------------------------------------------------------------

    async def _follow(self) -> Never:
        """Take up changes while we listen; one that cannot be taken up is tried again, and the old one serves on."""
        failures = 0
        self._follows = True
        try:
            while True:
                if self._target.revised is None:
                    failures = 0
                    await self._revised.wait()
                self._revised.clear()
                try:
                    await self._settler.settle()
                except ArcdeckError as error:
                    failures += 1
                    await self._not_yet(error, failures)
                else:
                    self._scaler.kick()
                    self._note("revised", f"{self._target.name}: new starts go by the new configuration")
        finally:
            self._follows = False

    async def _not_yet(self, error: ArcdeckError, failures: int) -> None:
        """Say why, and wait for the next try or for another change."""
        wait = backoff.step(backoff.RECONNECT_SCHEDULE, failures, self._services.rng.uniform(-1, 1))
        self._target.pending = f"its new configuration is not in force: {error}"
        self._note("not-revised", f"{self._target.name}: {self._target.pending}; again in {wait:.0f} s", Severity.ERROR)
        waits = {"revision": self._revised.wait(), "wait": self._times.sleep(wait)}
        await first_of({f"{what} of {self._target.name}": waiting for what, waiting in waits.items()})

    # --- the end of one that is no longer configured ---------------------------------------------------------------

    async def _retire(self) -> Never:
        """Hold it, with a capacity of 0, until its last runner has left, then delete it; or only observe."""
        if not self._target.braked:
            group_id = await self._services.client.runner_group_id(self._target.spec.runner_group)
            existing = await self._services.client.get_scale_set(self._target.name, group_id)
            if existing is not None and self._is_ours(existing):
                await self._drain_and_delete(existing)
            elif existing is not None:
                self._target.braked = "its scale set on GitHub is not ours, so its tasks are only observed"
                await asyncio.Event().wait()
            else:  # its tasks alone are left, and there is no session that could be anybody's
                self._lease()
                await self._last_runner_left()
            await self._withdraw()
            self._note("retired", f"scale set {self._target.name} is gone", Severity.NOTICE, keep=True)
            self._services.retired(self._target)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def _withdraw(self) -> None:
        """Withdraw its task definitions, unless another scale set has come to use the family."""
        family = self._target.spec.family
        if self._services.uses_family(family):
            return
        try:
            await self._services.definitions.withdraw(family)
        except Rejected as refused:  # a role that may not: the scale set is gone all the same
            self._note("definition-left", f"task definitions of {family} stay registered: {refused}", Severity.WARNING)

    def _is_ours(self, existing: ScaleSetRef) -> bool:
        return controller_label(self._services.controller) in existing.labels or self._services.made.has(existing)

    async def _drain_and_delete(self, existing: ScaleSetRef) -> None:
        self._target.scale_set_id = existing.id
        session = await self._sessions.open(existing.id)
        name = self._target.name
        await first_of(
            {f"listener of {name}": self._listen(session), f"retirement of {name}": self._last_runner_left()}
        )
        await self._services.client.delete_scale_set(existing.id)

    async def _last_runner_left(self) -> None:
        while self._services.listening.fleet.live(self._target.name):
            await self._times.sleep(RETIRED_LOOK)

    # --- listening -------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """See what whoever held the session before us has started last, so that nothing is started again (row 7)."""
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                await self._services.watcher.read_since(self._times.monotonic())
        except TimeoutError as slow:
            raise Unavailable(f"ECS could not be looked at within {LOOK_WITHIN:.0f} s") from slow

    def _lease(self) -> None:
        self._leased_at = self._times.monotonic()
        self._target.leased = True
        self._target.degraded = ""
        self._services.listening.deregistrar.wake()
        self._note("session", f"{self._target.name}: listening")

    # --- telling ---------------------------------------------------------------------------------------------------

    def _degrade(self, reason: str, wait: float) -> None:
        self._target.degraded = reason
        self._target.restart_at = self._times.monotonic() + wait
        self._note("degraded", f"{self._target.name}: {reason}; restarts in {wait:.0f} s", Severity.ERROR)

    def _note(self, kind: str, text: str, severity: Severity = Severity.INFO, *, keep: bool = False) -> None:
        self._services.listening.chronicle.note(
            kind, text, severity=severity, scale_set=self._target.name, keep={} if keep else None
        )
