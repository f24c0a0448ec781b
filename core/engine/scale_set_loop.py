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
from core.domain.errors import ArcdeckError, ForeignOwner, ScaleSetExists, SessionConflict
from core.domain.scale_set import MANAGED_LABEL, controller_label, labels_on_github
from core.engine.listener import Listener

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from core.domain.messages import ScaleSetRef
    from core.engine.definitions import Definitions
    from core.engine.listener import ListenerServices
    from core.engine.scaler import Scaler
    from core.engine.target import SessionState, Target
    from core.ports import MessageSession, ScaleSetClient

logger = logging.getLogger("arcdeck")

#: Seconds for deleting the session on the way out; an abandoned one blocks a successor for 90 s (section 5.3).
CLOSE_WITHIN = 4.0
#: Seconds between looks whether the last runner of a retired scale set has left.
RETIRED_LOOK = 5.0


@dataclass(frozen=True, slots=True)
class LoopServices:
    """What scale-set loops work with, beside what their listeners do."""

    client: ScaleSetClient
    definitions: Definitions
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
            group.create_task(self._scaler.run(), name=f"scaler {self._target.name}")
            group.create_task(self._supervise(), name=f"loop {self._target.name}")
        raise AssertionError("its services never return")

    async def _supervise(self) -> Never:
        failures = 0
        while True:
            began = self._times.monotonic()
            reason = await self._live()
            if self._times.monotonic() - began >= backoff.HEALTHY_STRETCH:
                failures = 0
            failures += 1
            wait = backoff.step(backoff.RECONNECT_SCHEDULE, failures, self._services.rng.uniform(-1, 1))
            self._degrade(reason, wait)
            await self._times.sleep(wait)
            self._target.restart_at = None

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
        await self._listen(await self._session(target.scale_set_id))
        raise AssertionError("listeners never return")

    async def _listen(self, session: MessageSession) -> None:
        try:
            self._lease()
            await Listener(session, self._scaler, self._services.listening).run()
        finally:
            await self._close(session)

    # --- the end of one that is no longer configured ---------------------------------------------------------------

    async def _retire(self) -> Never:
        """Hold it, with a capacity of 0, until its last runner has left, then delete it; or only observe."""
        if not self._target.braked:
            group_id = await self._services.client.runner_group_id(self._target.spec.runner_group)
            existing = await self._services.client.get_scale_set(self._target.name, group_id)
            if existing is not None and controller_label(self._services.controller) in existing.labels:
                await self._drain_and_delete(existing)
            else:  # its tasks alone are left, and there is no session that could be anybody's
                self._lease()
                await self._last_runner_left()
            self._note("retired", f"scale set {self._target.name} is gone", Severity.NOTICE, keep=True)
            self._services.retired(self._target)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def _drain_and_delete(self, existing: ScaleSetRef) -> None:
        self._target.scale_set_id = existing.id
        session = await self._session(existing.id)
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

    # --- the session -----------------------------------------------------------------------------------------------

    async def _session(self, scale_set_id: int) -> MessageSession:
        """Open the message session, waiting calmly for as long as somebody else holds it (behaviour.md row 30)."""
        status = self._target.session
        status.tries = 0
        while True:
            if status.state != "conflict":  # standing by is one state for the operator, however often it is tried
                self._status("opening")
            status.tries += 1
            try:
                session = await self._services.client.open_session(scale_set_id, self._services.owner)
            except SessionConflict as conflict:
                await self._stand_by(conflict)
                continue
            except ArcdeckError:
                self._status("none")
                raise
            status.tries = 0
            self._status("open")
            return session

    async def _stand_by(self, conflict: SessionConflict) -> None:
        status = self._target.session
        self._target.leased = False
        self._target.degraded = ""  # standing by is a state of its own, whatever ended the last session
        wait = self._services.rng.uniform(*backoff.CONFLICT_WAIT)
        self._status("conflict")
        status.retry_at = self._times.monotonic() + wait
        if status.tries == 1:
            story = f"{self._target.name}: another session is alive, standing by: {conflict}"
            self._note("session-conflict", story, Severity.WARNING)
        await self._times.sleep(wait)
        status.retry_at = None

    def _lease(self) -> None:
        self._target.leased = True
        self._target.degraded = ""
        self._services.listening.deregistrar.wake()
        self._note("session", f"{self._target.name}: listening")

    async def _close(self, session: MessageSession) -> None:
        self._status("closed")
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await session.close()
        except (ArcdeckError, TimeoutError) as error:
            story = f"{self._target.name}: its session could not be deleted and lapses by itself: {error}"
            self._note("session-close-failed", story, Severity.WARNING)

    # --- telling ---------------------------------------------------------------------------------------------------

    def _status(self, state: SessionState) -> None:
        status = self._target.session
        if status.state != state:
            status.state, status.since = state, self._times.monotonic()
        self._services.listening.chronicle.touch()

    def _degrade(self, reason: str, wait: float) -> None:
        self._target.degraded = reason
        self._target.restart_at = self._times.monotonic() + wait
        self._note("degraded", f"{self._target.name}: {reason}; restarts in {wait:.0f} s", Severity.ERROR)

    def _note(self, kind: str, text: str, severity: Severity = Severity.INFO, *, keep: bool = False) -> None:
        self._services.listening.chronicle.note(
            kind, text, severity=severity, scale_set=self._target.name, keep={} if keep else None
        )
