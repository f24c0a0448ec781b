"""What the engine's tests share: fakes that remember when they were called, and what for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.domain.errors import CapacityKind, TransientCapacityError
from core.domain.task import Described, Task, TaskStatus
from tests.fakes.ecs import FakeEcs
from tests.fakes.scale_sets import FakeGitHub, FakeSession

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.domain.messages import JitConfig, Message, RunnerRef
    from core.domain.run_task import RunTaskInput
    from tests.unit.engine.conftest import Rigs

#: Calls that change something outside.
CHANGES = frozenset(
    {
        "create_scale_set",
        "update_scale_set",
        "delete_scale_set",
        "generate_jit_config",
        "remove_runner",
        "open_session",
        "run_task",
        "stop_task",
        "register_definition",
    }
)


def now() -> float:
    """Seconds of virtual time."""
    return asyncio.get_running_loop().time()


def no_room(reason: str = "RESOURCE:CPU", kind: CapacityKind = CapacityKind.CAPACITY) -> TransientCapacityError:
    """ECS refuses a start for want of room."""
    return TransientCapacityError(f"RunTask started no task: {reason}; ", kind=kind, reasons=(reason,))


class TimedEcs(FakeEcs):
    """Remembers when it was called; ``slow`` gives single calls a latency of their own."""

    def __init__(self, *, latency: float = 0.0) -> None:
        super().__init__(latency=latency)
        self.moments: dict[str, list[float]] = {}
        self.slow: dict[str, float] = {}
        self.asked: list[RunTaskInput] = []  #: every RunTask, also the repeated and the refused
        self.described: list[Sequence[str]] = []
        self.stillborn = False  #: tasks have stopped when RunTask answers

    async def run_task(self, start: RunTaskInput) -> Task:
        self.asked.append(start)
        task = await super().run_task(start)
        if self.stillborn:
            self.move(task.arn, TaskStatus.STOPPED, stop_code="TaskFailedToStart")
        return self.tasks[task.arn]

    async def describe_tasks(self, arns: Sequence[str]) -> Described:
        self.described.append(arns)
        return await super().describe_tasks(arns)

    async def _called(self, call: str) -> None:
        self.moments.setdefault(call, []).append(now())
        await asyncio.sleep(self.slow.get(call, 0.0))
        await super()._called(call)


class TimedGitHub(FakeGitHub):
    """Remembers when it was called, and what for; ``slow`` gives single calls a latency of their own."""

    def __init__(self, *, latency: float = 0.0) -> None:
        super().__init__(latency=latency)
        self.moments: dict[str, list[float]] = {}
        self.slow: dict[str, float] = {}
        self.owners: list[str] = []
        self.opened: list[FakeSession] = []  #: every session there was, the newest last
        self.jit_names: list[str] = []
        self.looked_up: list[str] = []
        self.remove_asked: list[int] = []  #: also what was refused
        self.on_call: Callable[[str], None] = lambda _: None  #: told of each call before anything is done
        self.on_poll: Callable[[int], None] = lambda _: None  #: told of each poll's last message id

    async def open_session(self, scale_set_id: int, owner: str) -> FakeSession:
        await super().open_session(scale_set_id, owner)
        session = self.sessions[scale_set_id] = TimedSession(self, scale_set_id)
        self.owners.append(owner)
        self.opened.append(session)
        return session

    async def generate_jit_config(self, scale_set_id: int, runner_name: str) -> JitConfig:
        self.jit_names.append(runner_name)
        return await super().generate_jit_config(scale_set_id, runner_name)

    async def get_runner_by_name(self, name: str) -> RunnerRef | None:
        self.looked_up.append(name)
        return await super().get_runner_by_name(name)

    async def remove_runner(self, runner_id: int) -> None:
        self.remove_asked.append(runner_id)
        await super().remove_runner(runner_id)

    async def _called(self, call: str) -> None:
        self.on_call(call)
        self.moments.setdefault(call, []).append(now())
        await asyncio.sleep(self.slow.get(call, 0.0))
        await super()._called(call)


class TimedSession(FakeSession):
    """A session whose polls are told to the service's ``on_poll``."""

    def __init__(self, github: TimedGitHub, scale_set_id: int) -> None:
        super().__init__(github, scale_set_id)
        self._service = github

    async def next_message(self, last_message_id: int, capacity: int) -> Message | None:
        self._service.on_poll(last_message_id)
        return await super().next_message(last_message_id, capacity)


def timed(rigs: Rigs) -> tuple[TimedEcs, TimedGitHub]:
    """Give the rigs fakes that remember; call it before a rig is made."""
    rigs.ecs, rigs.github = ecs, github = TimedEcs(), TimedGitHub()
    return ecs, github
