"""One thread, for work that may wait for a disk for ever.

An executor of the standard library would be joined at the end of the process, so that a network file system that hangs
would keep a stopped daemon from ending. This thread is a daemon thread; ended in mid-write, SQLite's log makes it good.
"""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")


class OneThread(Executor):
    """Does what is submitted, one after another. The thread starts at once and is called ``name``."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(
        self, fn: Callable[_Params, _Result], /, *args: _Params.args, **kwargs: _Params.kwargs
    ) -> Future[_Result]:
        """Have it done after all that was submitted before; after ``shutdown``, never."""
        future: Future[_Result] = Future()
        self._queue.put(partial(_fulfil, future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # Executor's
        """End the thread when all that was submitted is done; ``wait`` for that."""
        self._queue.put(None)
        if wait:
            self._thread.join()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            task()


def _fulfil(future: Future[_Result], work: Callable[[], _Result]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for the result
        future.set_exception(error)
