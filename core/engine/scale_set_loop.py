"""One scale set's life under supervision: definition, scale set, session, messages; and again after whatever ends it.

Creation is part of the loop, so that a scale set deleted on GitHub, or whose creation failed, comes back (behaviour.md
row 31). A failure shows as degraded with its reason and restarts with a backoff that a healthy stretch resets; the
other scale sets do not notice. Only cancellation ends it; then the session is closed and the scale set stays.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain import backoff
from core.domain.errors import ArcdeckError, ForeignOwner, ScaleSetExists, Unavailable
from core.domain.scale_set import MANAGED_LABEL, controller_label, labels_on_github
from core.engine.listener import Listener
from core.engine.sessions import Sessions

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from core.domain.messages import ScaleSetRef
    from core.engine.definitions import Definitions
    from core.engine.listener import ListenerServices
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
    owner: str  #: owner name of sessions: the host's, for people to read
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
        self._leased_at: float | None = None  #: when the present or last session began to be listened to

    @property
    def name(self) -> str:
        """The scale set's name."""
        return self._target.name

    @property
    def scaler(self) -> Scaler:
        """The one that decides for it."""
        return self._scaler

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
            if self._was_healthy:
                failures = 0
            failures += 1
            wait = backoff.step(backoff.RECONNECT_SCHEDULE, failures, self._services.rng.uniform(-1, 1))
            self._degrade(reason, wait)
            await self._times.sleep(wait)
            self._target.restart_at = None

    @property
    def _was_healthy(self) -> bool:
        """Whether GitHub was heard for long enough to forget earlier failures; standing by is no health."""
        heard = self._target.session.last_poll
        return self._leased_at is not None and (heard or 0.0) - self._leased_at >= backoff.HEALTHY_STRETCH

    async def _live(self) -> str:
        """Run once from the beginning; returns why it ended."""
        try:
            await self._serve()
        except ArcdeckError as error:
            return str(error)
        except Exception as error:  # a mistake of ours must not take the other scale sets down
            logger.exception("scale set %s failed", self._target.name)
            return f"internal error: {type(error).__name__}"

    async def _serve(self) -> Never:
        target = self._target
        if target.retired:
            await self._retire()
        target.definition = await self._services.definitions.ensure(target.spec)
        target.scale_set_id = (await self._scale_set()).id
        await self._listen(await self._sessions.open(target.scale_set_id))
        raise AssertionError("listeners never return")

    async def _listen(self, session: MessageSession) -> None:
        try:
            if not self._target.leased:
                await self._look()
            self._lease()
            await Listener(session, self._scaler, self._services.listening).run()
        finally:
            await self._sessions.close(session)

    # --- the end of one that is no longer configured ---------------------------------------------------------------

    async def _retire(self) -> Never:
        """Hold it, with a capacity of 0, until its last runner has left, then delete it; or only observe."""
        if not self._target.braked:
            group_id = await self._services.client.runner_group_id(self._target.spec.runner_group)
            existing = await self._services.client.get_scale_set(self._target.name, group_id)
            if existing is not None and controller_label(self._services.controller) in existing.labels:
                await self._drain_and_delete(existing)
            elif existing is not None:
                self._target.braked = "its scale set on GitHub is not ours, so its tasks are only observed"
                await asyncio.Event().wait()
            else:  # its tasks alone are left, and there is no session that could be anybody's
                self._lease()
                await self._last_runner_left()
            self._note("retired", f"scale set {self._target.name} is gone", Severity.NOTICE, keep=True)
            self._services.retired(self._target)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def _drain_and_delete(self, existing: ScaleSetRef) -> None:
        self._target.scale_set_id = existing.id
        session = await self._sessions.open(existing.id)
        listening = asyncio.create_task(self._listen(session), name=f"listener {self._target.name}")
        leaving = asyncio.create_task(self._last_runner_left(), name=f"retirement of {self._target.name}")
        try:
            await asyncio.wait({listening, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                listening.result()
        finally:
            for task in (listening, leaving):
                task.cancel()
            await asyncio.wait({listening, leaving})
        await self._services.client.delete_scale_set(existing.id)

    async def _last_runner_left(self) -> None:
        while self._services.listening.fleet.live(self._target.name):
            await self._times.sleep(RETIRED_LOOK)

    # --- the scale set on GitHub -----------------------------------------------------------------------------------

    async def _scale_set(self) -> ScaleSetRef:
        """Create it, or make the existing one like the configuration. ForeignOwner when it is not ours."""
        client, spec = self._services.client, self._target.spec
        labels = labels_on_github(spec, self._services.controller)
        group_id = await client.runner_group_id(spec.runner_group)
        existing = await client.get_scale_set(spec.name, group_id)
        if existing is None:
            try:
                created = await client.create_scale_set(spec.name, labels, group_id)
            except ScaleSetExists:  # by an attempt of ours whose answer was lost, or by somebody else just now
                existing = await client.get_scale_set(spec.name, group_id)
                if existing is None:
                    raise
            else:
                self._note("scale-set", f"scale set {spec.name} created on GitHub", keep=True)
                self._target.breaker = backoff.Breaker()  # what failed with one that is gone says nothing of this one
                return created
        self._check_owner(existing)
        return await client.update_scale_set(existing.id, spec.name, labels)

    def _check_owner(self, existing: ScaleSetRef) -> None:
        ours = controller_label(self._services.controller)
        others = [label for label in existing.labels if label.startswith(controller_label("")) and label != ours]
        if others:
            raise ForeignOwner(
                f"scale set {existing.name} belongs to another controller ({others[0]}); it is left alone: "
                "set SCALESET_NAME_PREFIX, or ARCDECK_CONTROLLER_ID if it is the same one"
            )
        if MANAGED_LABEL not in existing.labels and ours not in existing.labels:
            raise ForeignOwner(
                f"scale set {existing.name} exists on GitHub and was not made by a controller of this kind; "
                "it is left alone: rename the family, or set SCALESET_NAME_PREFIX"
            )

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
