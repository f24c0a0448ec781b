"""Listens to one scale set's message session: polls, handles, acknowledges last (DESIGN.md section 4, Listener).

For each message: started, completed, statistics, acquire, acknowledge. *Handled* means applied to the fleet and queued
to the journal. A message in hand is finished even when the listener is told to stop; the poll is dropped at once. What
cannot be acknowledged is acknowledged beside the next poll: a redelivered message finds its jobs known. One whose
offers could not be claimed is left to come again; one that we stumble over is acknowledged, or it would come for ever.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain.errors import ArcdeckError, ProtocolError, Retryable, SessionGone, Unavailable, UnreadableMessage
from core.domain.messages import JobMessageKind, Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.domain.messages import JobMessage, Statistics
    from core.engine.chronicle import Chronicle
    from core.engine.deregistrar import Deregistrar
    from core.engine.fleet import Fleet
    from core.engine.scaler import Scaler
    from core.engine.times import Times
    from core.ports import MessageSession

logger = logging.getLogger("arcdeck")

#: A poll that outlives this many seconds hears nothing any more (behaviour.md row 34).
WATCHDOG = 90.0
#: Waits after a poll that failed while the session lives (github-scale-set-api.md 7.7).
POLL_AGAIN = (1.0, 2.0, 5.0)
#: The longest wait between two polls that is believed when GitHub asks for it: jobs wait as long.
LONGEST_WAIT = 300.0
#: Polls that fail in a row before the session is opened anew.
POLL_FAILURES = 5
#: Seconds that a message in hand may take once we are told to stop; closing the session takes as long at most.
FINISH_WITHIN = 4.0
#: Statistics this many seconds old are asked for anew: GitHub may mend a wrong count without a word. Sooner when they
#: contradict what we see.
RECOUNT_AFTER = 900.0
RECOUNT_DOUBTED_AFTER = 300.0
#: A change of the advertised capacity aborts a poll at most this often, in seconds.
REPOLL_REST = 1.0


@dataclass(frozen=True, slots=True)
class ListenerServices:
    """What listeners work with."""

    fleet: Fleet
    deregistrar: Deregistrar
    chronicle: Chronicle
    times: Times


class Listener:
    """One session's loop. Raises what ends the session: SessionGone, or the client's error after it persisted."""

    def __init__(self, session: MessageSession, scaler: Scaler, services: ListenerServices) -> None:
        self._session = session
        self._scaler = scaler
        self._services = services
        self._target = scaler.target
        self._last = 0  # per session: the ids may restart (github-scale-set-api.md 5.12)
        self._unacknowledged: set[int] = set()
        self._failures = 0
        self._counted = self._services.times.monotonic()
        self._heard: Statistics | None = None  #: of the session's own statistics, the last that we went by

    async def run(self) -> Never:
        """Handle the session's first statistics, then every message, until cancelled or the session is lost."""
        self._hear_session()
        while True:
            try:
                await self._finish(await self._poll())
            except UnreadableMessage as error:
                self._set_aside(error)
            except (Retryable, ProtocolError) as error:
                await self._wait_after(error)
            else:
                self._failures = 0

    def _set_aside(self, error: UnreadableMessage) -> None:
        """Acknowledge what nobody can read: it would come again for ever."""
        self._warn("message-unreadable", f"{self._target.name}: message {error.message_id} is dropped: {error}")
        self._last = max(self._last, error.message_id)
        self._unacknowledged.add(error.message_id)

    async def _wait_after(self, error: Retryable | ProtocolError) -> None:
        """Wait for the session's sake; give it up after some failures in a row."""
        self._failures += 1
        if self._failures > POLL_FAILURES:
            raise error
        asked = error.retry_after if isinstance(error, Retryable) else None
        own = POLL_AGAIN[min(self._failures, len(POLL_AGAIN)) - 1]
        wait = own if asked is None else min(asked, LONGEST_WAIT)
        self._warn("poll-failed", f"{self._target.name}: listening failed, again in {wait:.0f} s: {error}")
        await self._services.times.sleep(wait)

    # --- polling ---------------------------------------------------------------------------------------------------

    async def _poll(self) -> Message | None:
        """Poll once with the present capacity; a change of it aborts the poll and polls anew."""
        while True:
            capacity = self._scaler.capacity()
            await self._retry_acknowledgements()
            poll = asyncio.create_task(self._next_message(capacity), name=f"poll {self._target.name}")
            change = asyncio.create_task(self._change(), name=f"capacity of {self._target.name}")
            try:
                await asyncio.wait({poll, change}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                change.cancel()
                if not poll.done():
                    poll.cancel()
                await asyncio.wait({poll, change})
            if poll.cancelled():
                continue
            message = poll.result()
            self._target.session.last_poll = self._services.times.monotonic()
            self._services.chronicle.touch()
            return message

    async def _next_message(self, capacity: int) -> Message | None:
        try:
            async with asyncio.timeout(WATCHDOG):
                return await self._session.next_message(self._last, capacity)
        except TimeoutError as silence:
            raise Unavailable(f"nothing was heard from GitHub for {WATCHDOG:.0f} s") from silence

    async def _change(self) -> None:
        await self._services.times.sleep(REPOLL_REST)
        await self._scaler.capacity_changed()

    # --- handling --------------------------------------------------------------------------------------------------

    async def _finish(self, message: Message | None) -> None:
        """Handle it to the end even when we are told to stop meanwhile, unless that takes too long."""
        self._hear_session()
        if message is None:
            self._begin_anew()
            self._scaler.on_empty_poll()
            await self._recount()
            return
        handling = asyncio.create_task(self._handle(message), name=f"message {message.id} of {self._target.name}")
        try:
            await asyncio.shield(handling)
        except asyncio.CancelledError:
            # What it raises must not take the place of the cancellation; given up, it comes again to our successor.
            await asyncio.wait({handling}, timeout=FINISH_WITHIN)
            raise
        finally:
            handling.cancel()

    def _begin_anew(self) -> None:
        """Ask from the beginning again: nothing is left to skip, and a sequence that restarted is heard again (5.6)."""
        if not self._unacknowledged:
            self._last = 0

    async def _recount(self) -> None:
        """Ask how many jobs there are when that was last told too long ago; not knowing takes nothing away."""
        age = self._services.times.monotonic() - self._counted
        if age < (RECOUNT_DOUBTED_AFTER if self._scaler.doubts_the_count() else RECOUNT_AFTER):
            return
        self._counted, before = self._services.times.monotonic(), self._target.assigned
        try:
            await self._session.refresh()
        except SessionGone:
            raise
        except ArcdeckError as error:
            self._warn("counters-unread", f"{self._target.name}: GitHub's counters could not be asked for: {error}")
            return
        self._hear_session()
        if self._target.assigned != before:
            change = f"assigned {before} → {self._target.assigned}"
            self._warn("counters-corrected", f"{self._target.name}: GitHub's counters changed without a word: {change}")

    def _hear_session(self) -> None:
        """Go by what came with opening or refreshing the session, once."""
        told = self._session.statistics
        if told is not self._heard:
            self._heard, self._counted = told, self._services.times.monotonic()
            self._scaler.on_statistics(told)

    async def _handle(self, message: Message) -> None:
        self._queue(message)
        for started in message.of(JobMessageKind.STARTED):
            self._apply(self._started, started)
        for completed in message.of(JobMessageKind.COMPLETED):
            self._apply(self._completed, completed)
        if message.statistics is not None:  # they count these jobs: a runner we did not know serves one (row 16)
            self._counted = self._services.times.monotonic()
            self._scaler.on_statistics(message.statistics)
        refusal = await self._acquire(message)
        if refusal is not None:
            raise refusal
        self._last = max(self._last, message.id)
        self._unacknowledged.add(message.id)
        await self._retry_acknowledgements()

    async def _acquire(self, message: Message) -> Retryable | ProtocolError | None:
        """Claim what is offered; returns the failure after which the message must come again, for nobody else will."""
        offered = [job.job.request_id for job in message.of(JobMessageKind.AVAILABLE)]
        if not offered:
            return None
        try:
            won = await self._session.acquire(offered)
        except SessionGone:
            raise
        except ArcdeckError as error:
            self._warn("acquire-failed", f"{self._target.name}: {len(offered)} offered jobs not acquired: {error}")
            return error if isinstance(error, Retryable | ProtocolError) else None
        story = f"{self._target.name}: acquired {len(won)} of {len(offered)} offered jobs"
        self._services.chronicle.note("acquired", story, scale_set=self._target.name)
        return None

    def _queue(self, message: Message) -> None:
        """Note which jobs wait from now on, and which no longer do."""
        for told in message.jobs:
            if told.kind is JobMessageKind.ASSIGNED:
                self._target.queue.joined(told.job, self._services.times.now())
            elif told.kind is not JobMessageKind.AVAILABLE:
                self._target.queue.left(told.job)
        self._services.chronicle.touch()

    def _apply(self, handler: Callable[[JobMessage], None], message: JobMessage) -> None:
        """Handle one job message; a mistake of ours over it must not keep the rest of the queue from being heard."""
        try:
            handler(message)
        except Exception as error:
            logger.exception("a job message of %s could not be handled", self._target.name)
            story = f"{self._target.name}: {message.kind} of {message.job.id} is dropped, internal error"
            self._warn("message-failed", f"{story}: {type(error).__name__}")

    def _started(self, message: JobMessage) -> None:
        if self._services.fleet.job_started(self._target.name, message) is None:
            return
        self._services.chronicle.meter.job_started(self._target.name, message)
        job = message.job
        self._services.chronicle.note(
            "job-started",
            f"{message.runner_name} took {describe(message)}",
            scale_set=self._target.name,
            runner=message.runner_name,
            keep={"job": job.id, "name": job.name, "repository": job.repository, "run": job.run_id},
        )

    def _completed(self, message: JobMessage) -> None:
        runner = self._services.fleet.job_completed(message)
        if runner is not None or not message.runner_name:
            self._services.chronicle.meter.job_completed(self._target.name, message)
        if not message.runner_name:
            return  # cancelled before a runner took it, or given to another (github-scale-set-api.md 5.13)
        if runner is not None:
            self._services.chronicle.note(
                "job-completed",
                f"{message.runner_name} finished {describe(message)}: {message.result or 'result unknown'}",
                scale_set=self._target.name,
                runner=message.runner_name,
                keep={"job": message.job.id, "result": message.result},
            )
        if message.runner_id:
            self._services.deregistrar.request(
                message.runner_name, self._target.name, message.runner_id, "its job is over", until_gone=False
            )

    async def _retry_acknowledgements(self) -> None:
        for message_id in sorted(self._unacknowledged):
            try:
                await self._session.acknowledge(message_id)
            except SessionGone:
                raise
            except Retryable as error:
                self._warn("ack-failed", f"{self._target.name}: message {message_id} not acknowledged yet: {error}")
                return
            except ArcdeckError as error:  # never to be had: those behind it must not wait for it
                self._warn("ack-failed", f"{self._target.name}: message {message_id} cannot be acknowledged: {error}")
            self._unacknowledged.discard(message_id)

    def _warn(self, kind: str, text: str) -> None:
        self._services.chronicle.note(kind, text, severity=Severity.WARNING, scale_set=self._target.name)


def describe(message: JobMessage) -> str:
    """A job in a few words: repository and name, as far as GitHub told."""
    parts = [message.job.repository, message.job.name or message.job.id]
    return " · ".join(part for part in parts if part) or "a job"
