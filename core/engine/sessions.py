"""The message session of one scale set, from opening to deleting it (behaviour.md rows 29 and 30).

A session that nobody deletes keeps everybody out for 90 s, ourselves included (github-scale-set-api.md 5.3). So what
was opened is deleted: also when we are told to stop before GitHub has answered, and, where deleting failed, before the
next one is asked for. A conflict is waited out calmly, for as long as it takes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.api.model import Severity
from core.domain import backoff
from core.domain.errors import ArcdeckError, ProtocolError, Retryable, SessionConflict, SessionGone
from core.meter import SessionCause

if TYPE_CHECKING:
    import random

    from core.engine.chronicle import Chronicle
    from core.engine.target import SessionState, Target
    from core.engine.times import Times
    from core.ports import MessageSession, ScaleSetClient

#: Seconds for deleting a session, and for one that is being opened when we are told to stop.
CLOSE_WITHIN = 4.0


class Sessions:
    """Opens and deletes the sessions of one scale set, one after another. ``owner`` is a note on them for people."""

    def __init__(
        self,
        target: Target,
        client: ScaleSetClient,
        *,
        owner: str,
        rng: random.Random,
        chronicle: Chronicle,
        times: Times,
    ) -> None:
        self._target = target
        self._client = client
        self._owner = owner
        self._rng = rng
        self._chronicle = chronicle
        self._times = times
        self._undeleted: MessageSession | None = None
        self._cause = SessionCause.FIRST  #: why the next one is opened

    async def open(self, scale_set_id: int) -> MessageSession:
        """Open one, standing by for as long as somebody else has it. Raises the client's other errors."""
        status = self._target.session
        status.tries, status.owner = 0, self._owner
        while True:
            if status.state != "conflict":  # standing by is one state for the operator, however often it is tried
                self._show("opening")
            status.tries += 1
            try:
                session = await self._ask(scale_set_id)
            except SessionConflict as conflict:
                await self._stand_by(conflict)
                continue
            except ArcdeckError as error:
                status.problem = str(error)
                self._show("none")
                raise
            status.tries, status.problem = 0, ""
            status.opened += 1
            self._show("open")
            self._chronicle.meter.session_opened(self._target.name, self._cause)
            self._cause = SessionCause.TURNED
            return session

    def failed(self, error: Exception) -> None:
        """Note what ended the present one, before it is closed; without a word it was given up for another task."""
        self._target.session.problem = str(error)
        lost, unheard = isinstance(error, SessionGone), isinstance(error, Retryable | ProtocolError)
        self._cause = SessionCause.LOST if lost else SessionCause.UNHEARD if unheard else SessionCause.FAULT

    async def close(self, session: MessageSession) -> None:
        """Delete one; never raises, and takes 4 s at most."""
        self._show("closed")
        await self._delete(session)

    async def _ask(self, scale_set_id: int) -> MessageSession:
        """Ask GitHub once; what it opens although we were told to stop meanwhile is deleted."""
        if self._undeleted is not None:
            await self._delete(self._undeleted)
        asking = self._client.open_session(scale_set_id, self._owner)
        opening = asyncio.create_task(asking, name=f"session of {self._target.name}")
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait({opening}, timeout=CLOSE_WITHIN)
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                await self._delete(opening.result())
            raise
        finally:
            opening.cancel()

    async def _delete(self, session: MessageSession) -> None:
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await session.close()
        except (ArcdeckError, TimeoutError) as error:
            if self._undeleted is not session:
                story = f"{self._target.name}: its session could not be deleted and lapses by itself: {error}"
                self._note("session-close-failed", story)
            self._undeleted = session
        else:
            self._undeleted = None

    async def _stand_by(self, conflict: SessionConflict) -> None:
        status = self._target.session
        self._target.leased = False
        self._cause = SessionCause.CONFLICT
        self._target.degraded = ""  # standing by is a state of its own, whatever ended the last session
        wait = self._rng.uniform(*backoff.CONFLICT_WAIT)
        status.problem = str(conflict)
        self._show("conflict")
        status.retry_at = self._times.monotonic() + wait
        if status.tries == 1:
            self._note("session-conflict", f"{self._target.name}: another session is alive, standing by: {conflict}")
        await self._times.sleep(wait)
        status.retry_at = None

    def _show(self, state: SessionState) -> None:
        status = self._target.session
        if status.state != state:
            status.state, status.since = state, self._times.monotonic()
        self._chronicle.touch()

    def _note(self, kind: str, text: str) -> None:
        self._chronicle.note(kind, text, severity=Severity.WARNING, scale_set=self._target.name)
