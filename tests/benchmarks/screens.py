"""The screen as a process on a terminal, before fleets of three sizes: each number beside its budget.

The budgets are those of textual-performance.md, whose machine counts to ten million in 0.26 s of processor time; where
this one takes longer, it is granted more time, and never more bytes. The daemon is a control room of our own behind the
ordinary server, so that nothing but the screen, and what it decodes, is measured.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from statistics import median

from core.api.model import (
    ControllerView,
    EventView,
    JobView,
    RunnerState,
    RunnerView,
    ScaleSetState,
    ScaleSetView,
    SessionView,
    Snapshot,
)
from tests.benchmarks.call_counts import NAMES
from tests.benchmarks.report import Figure, milliseconds, times
from tests.benchmarks.terminals import Terminal, on_a_terminal
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import serving

FLEETS = {"usual": 500, "large": 2_000, "stress": 10_000}

#: textual-performance.md, Budgets: shares of a core, bytes a second, seconds.
IDLE_SHARE, BUSY_SHARE = 0.01, 0.03
IDLE_BYTES, BUSY_BYTES = 3_000, 12_000
BLOCK, FRAME = 0.030, 1 / 60
_THEIR_CALIBRATION = 0.26

_STARTS = 3
_SETTLED = 3.0
_WATCHED = 10.0
_BETWEEN_KEYS = 0.15
_STUCK = "stuck-00000000"  # it is over its limit, so it stands at the very top
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("painted")
Bare().run()
"""


async def figures() -> AsyncIterator[Figure]:
    """Five for each size of the fleet."""
    slower = max(1.0, _calibration() / _THEIR_CALIBRATION)
    bare = median([await _bare() for _ in range(_STARTS)])
    for name, runners in FLEETS.items():
        async with _daemon(runners) as daemon:
            starts = [await daemon.start() for _ in range(_STARTS)]
            what = f"{runners:,} runners ({name}): from start to a full table, {times(median(starts) / bare)} the"
            yield Figure(f"{median(starts):.2f} s", f"{what} {bare:.2f} s of a Textual program that shows one word")
            async with daemon.screen() as screen:
                for quiet in (True, False):
                    async for figure in _watched(daemon, screen, slower, quiet=quiet):
                        yield figure
                yield await _keys(daemon, screen, slower)


def _wanted(budget: float, measured: float, form: str) -> str:
    """The budget, and the share of it that is used."""
    return f"{form.format(budget)} ({measured / budget:.0%})"


async def _watched(daemon: "_Daemon", screen: Terminal, slower: float, *, quiet: bool) -> AsyncIterator[Figure]:
    """Processor time and bytes, while nothing changes or while one runner in a hundred does each second."""
    share, most = (IDLE_SHARE, IDLE_BYTES) if quiet else (BUSY_SHARE, BUSY_BYTES)
    what = "while nothing changes" if quiet else "while 1 % changes each second"
    daemon.changes = not quiet
    await asyncio.sleep(_SETTLED)
    used, sent, began = screen.processor_time(), screen.sent, time.perf_counter()
    await asyncio.sleep(_WATCHED)
    seconds = time.perf_counter() - began
    used, sent = (screen.processor_time() - used) / seconds, screen.sent - sent
    yield Figure(
        f"{used * 60:.2f} s", f"of processor time a minute {what}", _wanted(share * slower * 60, used * 60, "{:.2f} s")
    )
    yield Figure(
        f"{sent / seconds:,.0f} B", f"to the terminal a second {what}", _wanted(most, sent / seconds, "{:,} B")
    )


async def _keys(daemon: "_Daemon", screen: Terminal, slower: float) -> Figure:
    """The longest time to the answer of a key, pressed again and again while runners change."""
    daemon.changes = True
    answers = []
    until = time.perf_counter() + _WATCHED
    for key in _up_and_down():
        if time.perf_counter() > until:
            break
        answers.append(await screen.answer_to(key))
        await asyncio.sleep(_BETWEEN_KEYS)
    budget = BLOCK * slower + FRAME
    return Figure(
        milliseconds(max(answers)),
        f"the longest answer to one of {len(answers)} keys meanwhile; the median is {milliseconds(median(answers))}",
        _wanted(budget * 1000, max(answers) * 1000, "{:.0f} ms"),
    )


def _up_and_down() -> Iterator[bytes]:
    while True:
        yield from [b"j"] * 8
        yield from [b"k"] * 8


def _calibration() -> float:
    began = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - began


async def _bare() -> float:
    async with on_a_terminal(sys.executable, "-P", "-c", _BARE) as terminal:
        return await terminal.until(b"painted")


# --- the daemon ----------------------------------------------------------------------------------------------------


class _Daemon:
    """A control room that beats each second, and lets runners change where it is told to."""

    def __init__(self, room: FakeControlRoom, socket: Path) -> None:
        self.changes = False
        self._room = room
        self._socket = socket
        self._dice = random.Random(1)

    def screen(self) -> AbstractAsyncContextManager[Terminal]:
        """An operator's screen."""
        return on_a_terminal(sys.executable, "-P", "-m", "tui.cli", "attach", "--socket", str(self._socket))

    async def start(self) -> float:
        """Seconds from the start of a screen until its table is there."""
        async with self.screen() as screen:
            return await screen.until(_STUCK.encode())

    async def beat(self) -> None:
        """Each second a heartbeat, or a change."""
        while True:
            await asyncio.sleep(1)
            now = time.time()
            if self.changes:
                self._room.publish(_changed(self._room.current, now, self._dice))
            else:
                self._room.publish(self._room.current.model_copy(update={"now": now}))


@asynccontextmanager
async def _daemon(runners: int) -> AsyncIterator[_Daemon]:
    room = FakeControlRoom(_fleet(runners, time.time()))
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "control.sock"
        async with serving(room, socket):
            daemon = _Daemon(room, socket)
            beating = asyncio.create_task(daemon.beat())
            try:
                yield daemon
            finally:
                beating.cancel()


# --- the fleet -----------------------------------------------------------------------------------------------------

_USUAL = (
    *[RunnerState.BUSY] * 14,
    *[RunnerState.IDLE] * 3,
    RunnerState.PENDING,
    RunnerState.STOPPED,
    RunnerState.STOPPING,
)


def _fleet(runners: int, now: float) -> Snapshot:
    dice = random.Random(runners)
    stuck = RunnerView(name=_STUCK, scale_set=NAMES[0], state=RunnerState.PENDING, since=now - 400, limit=300.0)
    rows = (_runner(f"{dice.choice(NAMES)}-{dice.getrandbits(32):08x}", now, dice) for _ in range(runners - 1))
    session = SessionView(state="open", since=now - 3600, last_poll_at=now)
    return Snapshot(
        version=1,
        now=now,
        controller=ControllerView(id="bench", cluster="bench", region="eu-west-1", instance="1", started_at=now - 3600),
        scale_sets=tuple(
            ScaleSetView(name=name, state=ScaleSetState.OK, minimum=0, maximum=500, session=session) for name in NAMES
        ),
        runners=(stuck, *rows),
    )


def _runner(name: str, now: float, dice: random.Random) -> RunnerView:
    state = dice.choice(_USUAL)
    job = JobView(id=name, repository="acme/api", workflow="ci", name=f"test {dice.randrange(100)}")
    return RunnerView(
        name=name,
        scale_set=name.rpartition("-")[0],
        state=state,
        since=now - dice.uniform(1, 200 if state is RunnerState.PENDING else 7200),
        limit={RunnerState.PENDING: 300.0, RunnerState.BUSY: 21_600.0}.get(state),
        job=job if state is RunnerState.BUSY else None,
        task_arn=f"arn:aws:ecs:eu-west-1:111122223333:task/bench/{dice.getrandbits(128):032x}",
        launch="EXTERNAL",
        why=f"{state} since it began with {job.name}; nothing is expected of anybody",
    )


def _changed(before: Snapshot, now: float, dice: random.Random) -> Snapshot:
    """One runner in a hundred does something else since now, and one of them is told of."""
    rows = list(before.runners)
    places = dice.sample(range(1, len(rows)), len(rows) // 100)
    for place in places:
        rows[place] = _runner(rows[place].name, now, dice).model_copy(update={"since": now})
    told = EventView(id=before.version, at=now, kind="job-started", text="took a job", runner=rows[places[0]].name)
    return before.model_copy(
        update={
            "version": before.version + 1,
            "now": now,
            "runners": tuple(rows),
            "events": (*before.events, told)[-500:],
        }
    )
