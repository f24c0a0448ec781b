"""An event loop in virtual time, with real sockets.

Integration tests keep the whole system in one loop: the embedded world's servers, the product, its HTTP clients. Hours
pass in them. This loop's `time()` stands still while anything can run, and jumps to the next timer at the moment an
ordinary loop would fall asleep; so a poll that is held for 50 s costs a millisecond, and elapsed seconds can be
asserted exactly.

Promises:

- Real socket events come first. The loop jumps only after the selector, polled without waiting, has nothing; and when
  there was traffic since the last jump, after one more look of a real millisecond. (What is written to a loopback
  socket on Linux is readable when the write returns; the second look is for kernels under load.)
- No jump while a thread works for the loop: everything handed to `run_in_executor` or `asyncio.to_thread` counts until
  its future is done. Other threads are announced with `hold()`. Work whose future was cancelled no longer counts,
  since nobody awaits its answer.
- No hang. When nothing is scheduled and nothing arrives for `patience` real seconds, `DeadlockError` names the tasks
  that wait. When the loop goes round `rounds` times and time has not moved, because something retries without waiting,
  `LivelockError` names the tasks that are there. Neither sees a wait that periodic timers surround: bound those with
  `asyncio.timeout`, which is virtual too.
- Times are multiples of a nanosecond, so three sleeps of 0.1 s end at exactly 0.3. The order of timers for the same
  instant is the same in every run, but it is not the order in which they were made.

A test opts in with the marker `virtual_time` (on itself, on its class, or on its module through `pytestmark`); a folder
does by importing `pytest_asyncio_loop_factories` from here into its `conftest.py`.
"""

import asyncio
import contextlib
import selectors
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
"""What a `VirtualClock` shows when the loop's time is zero, unless told otherwise."""

_GRACE = 0.001
_DIGITS = 9  # the resolution that asyncio's own loop assumes when it decides which timers are due

_T = TypeVar("_T")


class DeadlockError(RuntimeError):
    """Every task waits for something that cannot happen any more; the message says which tasks wait, and where."""


class LivelockError(RuntimeError):
    """The loop is busy and time stands still; the message says which tasks there are, and where."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector event loop whose time starts at zero and moves by jumps only.

    `patience` is how many real seconds the loop waits for sockets and threads when no timer could wake it. `rounds` is
    how often it may look at its sockets without a jump; a thousand requests at one instant take some ten thousand.
    """

    def __init__(self, patience: float = 10.0, rounds: int = 300_000) -> None:
        self._now = 0.0
        self._holds = 0
        self._holds_lock = threading.Lock()
        self.patience = patience
        self.rounds = rounds
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep time still while the context is open; any thread may open or close one, and they nest."""
        with self._holds_lock:
            self._holds += 1
        try:
            yield
        finally:
            with self._holds_lock:
                self._holds -= 1
            self._look_again()

    def run_in_executor(  # type: ignore[override]  # typeshed has the func twice over, with and without a ParamSpec
        self, executor: Executor | None, func: Callable[..., _T], *args: Any
    ) -> asyncio.Future[_T]:
        """Run `func` in a thread as any loop does; time stands still until its future is done."""
        held = contextlib.ExitStack()
        held.enter_context(self.hold())
        try:
            future: asyncio.Future[_T] = super().run_in_executor(executor, func, *args)
        except BaseException:
            held.close()
            raise
        future.add_done_callback(lambda _: held.close())
        return future

    def _look_again(self) -> None:
        """Wake a loop that waits in its selector for the last hold to end."""
        with contextlib.suppress(RuntimeError):  # a loop closed meanwhile waits for nothing
            self.call_soon_threadsafe(lambda: None)

    def jump(self, seconds: float) -> None:
        """Move time forward, by a nanosecond at least. Called by the selector when an ordinary loop would sleep.

        Timers fire up to a nanosecond early; who waits until a moment, and looks again, would otherwise never see it.
        """
        self._now = round(self._now + max(seconds, 10**-_DIGITS), _DIGITS)

    @property
    def held(self) -> bool:
        """Whether a thread is at work for the loop."""
        return self._holds > 0

    def deadlock(self) -> DeadlockError:
        """Return the error that names what waits."""
        cause = "a thread works for the loop, but" if self.held else "no timer is scheduled, and"
        return DeadlockError(self._told(f"{cause} nothing has arrived for {self.patience:g} s of real time. Waiting:"))

    def livelock(self) -> LivelockError:
        """Return the error that names what there is."""
        return LivelockError(self._told(f"the loop went round {self.rounds} times at {self._now:g} s. There are:"))

    def _told(self, cause: str) -> str:
        return "\n  ".join([cause, *sorted(_describe(task) for task in asyncio.all_tasks(self))])


class _JumpingSelector(selectors.DefaultSelector):
    """The platform's selector, in which waiting for a timer takes no time."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop
        self._stirred = False  # whether there was traffic since the last jump
        self._rounds = 0  # since the last jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; where nothing is, move the loop's time on by `timeout` instead of sleeping."""
        self._rounds += 1
        if self._rounds > self._loop.rounds:
            self._rounds = 0  # so that the loop can still be closed
            raise self._loop.livelock()
        if (ready := self._look(0)) or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._loop.held:
            if ready := self._look(self._loop.patience):
                return ready
            raise self._loop.deadlock()
        if self._stirred and (ready := self._look(_GRACE)):
            return ready
        self._stirred, self._rounds = False, 0
        self._loop.jump(timeout)
        return []

    def _look(self, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(seconds)
        self._stirred = self._stirred or bool(ready)
        return ready


class VirtualClock:
    """The three readings the product asks of a clock, taken from the running loop.

    `epoch` is what the wall shows at loop time zero, an aware datetime.
    """

    def __init__(self, epoch: datetime = EPOCH) -> None:
        self._epoch = epoch.astimezone(UTC)

    def now(self) -> datetime:
        """Return the wall time: aware, in UTC."""
        return self._epoch + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the loop's time in seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of loop time; zero or less only yields to other tasks."""
        await asyncio.sleep(max(seconds, 0))


def running_loop() -> VirtualTimeLoop:
    """Return the running loop of a test in virtual time; raises TypeError in any other test."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualTimeLoop):
        raise TypeError("this test does not run in virtual time: mark it with pytest.mark.virtual_time")
    return loop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Put every test below a `conftest.py` that imports this name into virtual time."""
    return {"virtual time": VirtualTimeLoop}


def _describe(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    where = f" at {frames[-1].f_code.co_filename}:{frames[-1].f_lineno}" if frames else ""
    return f"{task.get_name()}{where}"
