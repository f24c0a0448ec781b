"""One storm from its seed to a line that says what came of it, in a folder and a loop of its own.

A seed is one course of events, to the call: nothing in it depends on real time, on addresses or on the order of sets.
"""

import asyncio
import itertools
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.world.world import World
from tests.stages import Stages, share_start_costs
from tests.storm.course import Storm
from tests.storm.diary import Diary, keep
from tests.virtual_time import VirtualTimeLoop


@dataclass(frozen=True)
class Voyage:
    """What came of one seed; ``wrong`` is empty when all went well."""

    seed: int
    hours: float
    took: float
    said: str
    wrong: str

    def __str__(self) -> str:
        verdict = "WRONG" if self.wrong else "ok"
        return f"seed {self.seed}: {verdict}, {self.hours:g} h in {self.took:.1f} s; {self.said}"


def sail(seed: int, hours: float, folder: Path | None = None) -> Voyage:
    """Go through the storm of a seed; its calls, events, log and journals stay in ``folder``, where there is one."""
    began = time.perf_counter()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as temporary:
        share_start_costs(patch)
        patch.setattr("core.adapters.journal.journal.OneThread", lambda _: _AtOnce())
        storm = Storm(seed, hours * 3600, Stages(folder or Path(temporary), patch))
        wrong = _weathered(storm) if folder is None else _witnessed(storm, folder)
    return Voyage(seed, hours, time.perf_counter() - began, str(storm.log), wrong)


def _witnessed(storm: Storm, folder: Path) -> str:
    with closing(_Witness(folder)) as witness:
        storm.on_world = witness.meet
        wrong = _weathered(storm)
    for theatre in storm.theatres():
        keep(theatre, folder)
    return wrong


def _weathered(storm: Storm) -> str:
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(storm.run())
    except AssertionError as violations:
        return str(violations)
    except Exception:  # noqa: BLE001 - a seed that crashes is told of like one that breaks something
        return traceback.format_exc()
    return ""


class _Witness:
    """The diaries of the worlds of a storm: of one, as a rule."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._diaries: list[Diary] = []

    def meet(self, world: World) -> None:
        self._diaries.append(Diary(world, self._folder))
        world.witness.subscribe(self._diaries[-1])

    def close(self) -> None:
        for diary in self._diaries:
            diary.close()


# --- nothing but the seed decides ----------------------------------------------------------------------------------


class _NumberedTask(asyncio.Task[Any]):
    """A task that sets hold in the order in which tasks were made, whatever its address."""

    _numbers = itertools.count()

    def __init__(self, *args: Any, **named: Any) -> None:
        self._number = next(self._numbers)
        super().__init__(*args, **named)

    def __hash__(self) -> int:
        return self._number


class _AtOnce(Executor):
    """Does what is submitted there and then: when a thread is done, in real time, has no say in a storm's course."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the result
            future.set_exception(error)
        return future


class _StormLoop(VirtualTimeLoop):
    def run_in_executor(  # type: ignore[override]  # as in the loop it is made of
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        return super().run_in_executor(executor or _AtOnce(), func, *args)


def _loop() -> _StormLoop:
    loop = _StormLoop()
    loop.set_task_factory(lambda loop, work, **named: _NumberedTask(work, loop=loop, **named))
    return loop
