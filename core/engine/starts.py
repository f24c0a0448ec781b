"""The start pipeline: orders wait in turn, a bounded number of them is under way, nobody awaits them.

Fair between scale sets, paced at the documented rate of RunTask (DESIGN.md section 4, Starts; behaviour.md row 9).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Never

from core.api.model import Severity
from core.domain.scale_set import runner_name
from core.engine.fair_queue import FairQueue
from core.engine.launch import Launch

if TYPE_CHECKING:
    from core.engine.launch import StartServices
    from core.engine.target import Target


@dataclass(frozen=True, slots=True)
class StartOrder:
    """One runner to start; its name is reserved already."""

    target: Target
    name: str


class Starts:
    """The queue of orders and the workers that serve it."""

    def __init__(self, services: StartServices, *, concurrency: int = 20) -> None:
        self._services = services
        self._concurrency = concurrency
        self._queue: FairQueue[StartOrder] = FairQueue()
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, target: Target, count: int) -> None:
        """Start that many runners of a scale set soon: their slots are taken now, calls follow."""
        for _ in range(count):
            name = self._free_name(target)
            self._services.fleet.reserve(target.name, name)
            target.pending_starts += 1
            self._queue.put(target.name, StartOrder(target, name))

    async def run(self) -> Never:
        """Serve orders until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._concurrency):
                group.create_task(self._work(), name=f"starts {number}")
        raise AssertionError("workers never return")

    async def drain(self, seconds: float) -> None:
        """Give up the queued orders and wait that long for those in flight; the gates are closed before."""
        for order in self._queue.clear():
            order.target.pending_starts -= 1
            self._services.fleet.release(order.name)
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            story = f"{self._in_flight} starts still in flight are undone"
            self._services.chronicle.note("shutdown", story, severity=Severity.WARNING)

    def _free_name(self, target: Target) -> str:
        while True:  # two of the same eight digits are one chance in four thousand million
            name = runner_name(target.name, self._services.suffix())
            if self._services.fleet.get(name) is None:
                return name

    async def _work(self) -> Never:
        while True:
            order = await self._queue.get()
            self._in_flight += 1
            self._idle.clear()
            try:
                await Launch(self._services, order.target, order.name).run()
            finally:
                order.target.pending_starts -= 1
                self._in_flight -= 1
                if not self._in_flight:
                    self._idle.set()
