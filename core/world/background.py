"""Coroutines that belong to the world and end with it.

Every endless or long task of the world (a simulated runner, the stream of jobs, the demo's script) is held here: none
is lost to the garbage collector, none outlives `close`, and one that failed is not passed over in silence, since a
mistake in the world would look like a mistake of the product.
"""

import asyncio
from collections.abc import Coroutine


class Background:
    """A set of named tasks, used from the loop they run in."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []

    def spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Start `work`; the returned task may be cancelled at any time."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what still runs and wait for it; raises ExceptionGroup with whatever failed since the beginning."""
        while self._tasks:
            running = list(self._tasks)
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        if self._failures:
            raise ExceptionGroup("the world went wrong in the background", self._failures)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(failure := task.exception(), Exception):
            self._failures.append(failure)
