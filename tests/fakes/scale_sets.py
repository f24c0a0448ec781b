"""The scale-set service behind the port: registrations, one session a scale set, messages until acknowledged."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.domain.errors import (
    ArcdeckError,
    JobStillRunning,
    RunnerExists,
    RunnerNotFound,
    ScaleSetNotFound,
    SessionConflict,
    SessionGone,
)
from core.domain.messages import JitConfig, JobMessage, Message, Registration, RunnerRef, ScaleSetRef, Statistics
from core.domain.secret import Secret

HOLD = 50.0


@dataclass
class FakeMailbox:
    """The messages of one scale set; they outlive sessions."""

    messages: dict[int, Message] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=Statistics)
    last_id: int = 100_000_000
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class FakeGitHub:
    """Implements ``core.ports.ScaleSetClient``. Each call takes ``latency`` seconds of loop time."""

    def __init__(self, *, latency: float = 0.0) -> None:
        self.latency = latency
        self.scale_sets: dict[int, ScaleSetRef] = {}
        self.runners: dict[int, RunnerRef] = {}
        self.online: set[str] = set()
        self.busy: set[int] = set()  #: ids whose removal answers "job still running"
        self.rest_busy: set[int] = set()
        self.removed: list[int] = []
        self.calls: list[str] = []
        self.failures: dict[str, deque[ArcdeckError]] = {}
        self.mailboxes: dict[int, FakeMailbox] = {}
        self.sessions: dict[int, FakeSession] = {}
        self.held_elsewhere: set[int] = set()  #: scale sets whose session another controller holds
        self._next_id = 1000

    # --- the test's side -------------------------------------------------------------------------------------------

    def fail(self, call: str, *errors: ArcdeckError) -> None:
        """Let the next calls of that name fail, one error each."""
        self.failures.setdefault(call, deque()).extend(errors)

    def id_of(self, scale_set: str) -> int:
        """The scale set's id."""
        return next(ref.id for ref in self.scale_sets.values() if ref.name == scale_set)

    def send(self, scale_set: str, *jobs: JobMessage, assigned: int | None = None) -> int:
        """Queue a message; ``assigned`` sets the statistics it carries. Returns its id."""
        box = self.mailboxes[self.id_of(scale_set)]
        if assigned is not None:
            box.statistics = Statistics(assigned=assigned)
        box.last_id += 1
        box.messages[box.last_id] = Message(box.last_id, jobs, box.statistics)
        box.arrived.set()
        return box.last_id

    def register(self, name: str, scale_set_id: int) -> int:
        """Put a registration there; returns its id."""
        self._next_id += 1
        self.runners[self._next_id] = RunnerRef(self._next_id, name, scale_set_id)
        return self._next_id

    # --- the port --------------------------------------------------------------------------------------------------

    async def runner_group_id(self, name: str) -> int:
        await self._called("runner_group_id")
        return 1

    async def get_scale_set(self, name: str, group_id: int) -> ScaleSetRef | None:
        await self._called("get_scale_set")
        return next((r for r in self.scale_sets.values() if (r.name, r.group_id) == (name, group_id)), None)

    async def list_scale_sets(self, group_id: int) -> list[ScaleSetRef]:
        await self._called("list_scale_sets")
        return [ref for ref in self.scale_sets.values() if ref.group_id == group_id]

    async def create_scale_set(self, name: str, labels: Sequence[str], group_id: int) -> ScaleSetRef:
        await self._called("create_scale_set")
        ref = ScaleSetRef(len(self.scale_sets) + 1, name, group_id, tuple(labels))
        self.scale_sets[ref.id] = ref
        self.mailboxes.setdefault(ref.id, FakeMailbox())
        return ref

    async def update_scale_set(
        self, scale_set_id: int, name: str, labels: Sequence[str], group_id: int | None = None
    ) -> ScaleSetRef:
        await self._called("update_scale_set")
        before = self._scale_set(scale_set_id)
        self.scale_sets[scale_set_id] = ScaleSetRef(scale_set_id, name, group_id or before.group_id, tuple(labels))
        return self.scale_sets[scale_set_id]

    async def delete_scale_set(self, scale_set_id: int) -> None:
        await self._called("delete_scale_set")
        self.scale_sets.pop(scale_set_id, None)

    async def generate_jit_config(self, scale_set_id: int, runner_name: str) -> JitConfig:
        await self._called("generate_jit_config")
        self._scale_set(scale_set_id)
        if any(ref.name == runner_name for ref in self.runners.values()):
            raise RunnerExists(f"runner {runner_name} exists")
        return JitConfig(self.register(runner_name, scale_set_id), runner_name, Secret("jit"))

    async def get_runner_by_name(self, name: str) -> RunnerRef | None:
        await self._called("get_runner_by_name")
        return next((ref for ref in self.runners.values() if ref.name == name), None)

    async def remove_runner(self, runner_id: int) -> None:
        await self._called("remove_runner")
        if runner_id in self.busy:
            raise JobStillRunning(f"runner {runner_id} runs a job")
        if self.runners.pop(runner_id, None) is None:
            raise RunnerNotFound(f"no runner {runner_id}")
        self.removed.append(runner_id)

    async def list_runners(self) -> list[Registration]:
        await self._called("list_runners")
        return [
            Registration(ref.id, ref.name, online=ref.name in self.online, busy=ref.id in self.rest_busy)
            for ref in self.runners.values()
        ]

    async def open_session(self, scale_set_id: int, owner: str) -> "FakeSession":
        await self._called("open_session")
        self._scale_set(scale_set_id)
        if scale_set_id in self.sessions or scale_set_id in self.held_elsewhere:
            raise SessionConflict("the scale set already has an active session")
        self.sessions[scale_set_id] = FakeSession(self, scale_set_id)
        return self.sessions[scale_set_id]

    def _scale_set(self, scale_set_id: int) -> ScaleSetRef:
        if scale_set_id not in self.scale_sets:
            raise ScaleSetNotFound(f"no scale set {scale_set_id}")
        return self.scale_sets[scale_set_id]

    async def _called(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(self.latency)
        if queue := self.failures.get(call):
            raise queue.popleft()


class FakeSession:
    """Implements ``core.ports.MessageSession``."""

    def __init__(self, github: FakeGitHub, scale_set_id: int) -> None:
        self._github = github
        self._scale_set_id = scale_set_id
        self._box = github.mailboxes[scale_set_id]
        self.id = f"session of {scale_set_id}"
        self.statistics = self._box.statistics
        self.capacities: list[int] = []
        self.acknowledged: list[int] = []
        self.acquired: list[int] = []
        self.evicted = False
        self.closed = False

    async def next_message(self, last_message_id: int, capacity: int) -> Message | None:
        self.capacities.append(capacity)
        await self._github._called("next_message")
        try:
            async with asyncio.timeout(HOLD):
                while True:
                    if self.evicted or self._scale_set_id not in self._github.scale_sets:
                        raise SessionGone("the session is gone")
                    waiting = sorted(number for number in self._box.messages if number > last_message_id)
                    if waiting:
                        return self._box.messages[waiting[0]]
                    self._box.arrived.clear()
                    await self._box.arrived.wait()
        except TimeoutError:
            return None

    async def refresh(self) -> None:
        await self._github._called("refresh")
        self.statistics = self._box.statistics

    async def acknowledge(self, message_id: int) -> None:
        await self._github._called("acknowledge")
        self._box.messages.pop(message_id, None)
        self.acknowledged.append(message_id)

    async def acquire(self, request_ids: Sequence[int]) -> list[int]:
        await self._github._called("acquire")
        self.acquired.extend(request_ids)
        return list(request_ids)

    async def close(self) -> None:
        await self._github._called("close")
        self.closed = True
        if self._github.sessions.get(self._scale_set_id) is self:
            del self._github.sessions[self._scale_set_id]
