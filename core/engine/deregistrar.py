"""Removes runner registrations from GitHub: once, by id, and for as long as it takes.

Three safety nets meet here: eager removal after a job, removal behind a stopped task, and the undoing of a start that
came to nothing (behaviour.md 1.3, 1.4, row 8). "Not found" is done; "job still running" is left alone and not marked;
any other failure is a warning, remembered and tried again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain.backoff import RECONNECT_SCHEDULE
from core.domain.errors import ArcdeckError, ForeignOwner, JobStillRunning, RunnerNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.chronicle import Chronicle
    from core.engine.fleet import Fleet
    from core.engine.target import Target
    from core.engine.times import Times
    from core.ports import ScaleSetClient

#: Removals in flight at once; GitHub asks for calm with calls that change things (github-scale-set-api.md 6.6).
CONCURRENCY = 4
#: A registration whose making was not answered may still appear; it is looked for again after this many seconds.
UNSURE_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Removal:
    """One registration to remove."""

    name: str
    scale_set: str
    runner_id: int | None  #: None = find it by name first
    why: str
    operator: str = ""
    tries: int = 0
    due: float = 0.0
    until_gone: bool = True  #: its task is over: also "job still running" is asked again
    unsure: bool = False  #: whether there is a registration is not known: not finding it once proves nothing
    settles: bool = False  #: its start came to nothing: the intent in the journal is open until it is removed
    ghost: bool = False  #: nothing but a list of GitHub's told of it (``offline``)


class Deregistrar:
    """The queue of removals and the workers that empty it."""

    def __init__(
        self,
        client: ScaleSetClient,
        fleet: Fleet,
        targets: Mapping[str, Target],
        *,
        chronicle: Chronicle,
        times: Times,
    ) -> None:
        self._client = client
        self._fleet = fleet
        self._targets = targets
        self._chronicle = chronicle
        self._times = times
        self._waiting: dict[str, Removal] = {}
        self._changed = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Removals not yet done."""
        return len(self._waiting)

    def request(
        self,
        name: str,
        scale_set: str,
        runner_id: int | None,
        why: str,
        *,
        until_gone: bool = True,
        settles: bool = False,
        unsure: bool = False,
        ghost: bool = False,
    ) -> None:
        """Have it removed as soon as the scale set is ours to act on.

        Does nothing when it was removed, when its name cannot be known, or when its scale set is not configured.
        """
        if not name or scale_set not in self._targets:
            return
        asked = Removal(
            name, scale_set, runner_id, why, until_gone=until_gone, settles=settles, unsure=unsure, ghost=ghost
        )
        if self._fleet.is_deregistered(name):
            self._settle(asked, "was gone already")
            return
        if ghost and name not in self._waiting:
            self._chronicle.meter.ghost_found(scale_set)
        known = self._waiting.setdefault(name, asked)
        # Its task may stop while the eager removal is under way.
        self._waiting[name] = replace(
            known, until_gone=known.until_gone or until_gone, settles=known.settles or settles
        )
        self._changed.set()

    async def remove(self, removal: Removal) -> str:
        """Remove it now; returns what was done in a few words.

        Raises JobStillRunning or ForeignOwner when it must stay, and the client's errors when nobody knows.
        """
        runner_id = removal.runner_id or await self._find(removal)
        if runner_id is None:
            done = "was gone already"
        else:
            try:
                await self._client.remove_runner(runner_id)
                done = "deregistered"
                if removal.ghost:
                    self._chronicle.meter.ghost_removed(removal.scale_set)
            except RunnerNotFound:
                done = "was gone already"
        self._fleet.mark_deregistered(removal.name)
        self._settle(self._waiting.pop(removal.name, removal), done)
        self._tell(removal, done, runner_id)
        return done

    def wake(self) -> None:
        """Look again: a scale set was leased."""
        self._changed.set()

    async def run(self) -> Never:
        """Serve removals until cancelled."""
        async with asyncio.TaskGroup() as group:
            limit = asyncio.Semaphore(CONCURRENCY)
            while True:
                self._changed.clear()
                for removal in self._due():
                    await limit.acquire()
                    task = group.create_task(self._serve(removal), name=f"deregister {removal.name}")
                    task.add_done_callback(lambda _: limit.release())
                await self._wait()

    async def settle(self, seconds: float) -> None:
        """Wait that long for what can be removed now to be removed; what is left, a successor finds."""
        deadline = self._times.monotonic() + seconds
        while self._waiting and self._times.monotonic() < deadline:
            await self._times.sleep(0.05)

    def _due(self) -> list[Removal]:
        now = self._times.monotonic()
        ready = [r for r in self._waiting.values() if r.due <= now and self._targets[r.scale_set].leased]
        for removal in ready:  # not due again while it is served
            self._waiting[removal.name] = replace(removal, due=float("inf"))
        return ready

    async def _wait(self) -> None:
        now = self._times.monotonic()
        later = [removal.due - now for removal in self._waiting.values() if now < removal.due < float("inf")]
        timeout = min(later, default=None)
        try:
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _serve(self, removal: Removal) -> None:
        try:
            if removal.unsure and not removal.tries and await self._find(removal) is None:
                self._again(removal, UNSURE_WAIT)
                return
            await self.remove(removal)
        except JobStillRunning:
            self._chronicle.note(
                "deregister-skipped",
                f"{removal.name} stays registered: GitHub says its job still runs",
                scale_set=removal.scale_set,
                runner=removal.name,
            )
            if self._waiting.get(removal.name, removal).until_gone:
                self._again(removal, RECONNECT_SCHEDULE[-1])
            else:
                self._waiting.pop(removal.name, None)
        except ForeignOwner as error:
            self._settle(self._waiting.pop(removal.name, removal), "is somebody else's")
            self._warn("deregister-skipped", str(error), removal)
        except ArcdeckError as error:
            wait = RECONNECT_SCHEDULE[min(removal.tries, len(RECONNECT_SCHEDULE) - 1)]
            story = f"{removal.name} could not be deregistered, again in {wait:.0f} s: {error}"
            self._warn("deregister-failed", story, removal)
            self._again(removal, wait)

    def _again(self, removal: Removal, wait: float) -> None:
        due = self._times.monotonic() + wait
        present = self._waiting.get(removal.name, removal)
        self._waiting[removal.name] = replace(present, tries=removal.tries + 1, due=due)
        self._changed.set()

    async def _find(self, removal: Removal) -> int | None:
        found = await self._client.get_runner_by_name(removal.name)
        if found is None:
            return None
        if found.scale_set_id != self._targets[removal.scale_set].scale_set_id:
            # A name alone is never enough (invariant I5).
            raise ForeignOwner(f"{removal.name} is registered for another scale set; it is left alone")
        return found.id

    def _settle(self, removal: Removal, outcome: str) -> None:
        """Close the intent of a start that came to nothing: its registration is no longer ours to remove."""
        if removal.settles:
            story = f"{removal.why}; its registration {outcome}"
            self._chronicle.keep("start-settled", story, scale_set=removal.scale_set, runner=removal.name)

    def _warn(self, kind: str, text: str, removal: Removal) -> None:
        self._chronicle.note(kind, text, severity=Severity.WARNING, scale_set=removal.scale_set, runner=removal.name)

    def _tell(self, removal: Removal, done: str, runner_id: int | None) -> None:
        text = f"{removal.name} {done}: {removal.why}"
        self._chronicle.note(
            "deregistered",
            text,
            scale_set=removal.scale_set,
            runner=removal.name,
            operator=removal.operator,
            keep={"runner_id": runner_id},
        )
