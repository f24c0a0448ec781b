"""What the engine needs from outside, and what it offers inside: Protocols in the words of the domain.

Every call has a timeout of its adapter's, raises only errors of ``core.domain.errors`` and may be cancelled at any
await. Lists are complete when they return: a failed page fails the call (behaviour.md row 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from core.api.commands import Answer, Command, Operator
    from core.api.events import EventQuery, EventRecord
    from core.api.model import Health, Snapshot, Update
    from core.domain.budget import Budget
    from core.domain.messages import JitConfig, Message, Registration, RunnerRef, ScaleSetRef, Statistics
    from core.domain.permissions import Permission
    from core.domain.run_task import RunTaskInput
    from core.domain.scale_set import ScaleSetSpec
    from core.domain.task import Described, Task
    from core.domain.task_definition import TaskDefinition


class Clock(Protocol):
    """Time as an argument: virtual in tests."""

    def now(self) -> datetime:
        """Aware UTC, for display, the journal and the ages AWS tells."""

    def monotonic(self) -> float:
        """Seconds for every duration and deadline; only differences mean anything."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long; returns at once, but yields, for 0 or less."""


class ScaleSetClient(Protocol):
    """The scale-set service and the runner list of one GitHub scope (seed: ``ScaleSetClient``, and the rest).

    Raises Throttled, Unavailable, OutcomeUnknown, CredentialsRejected, PermissionDenied, ProtocolError from any call.
    """

    async def runner_group_id(self, name: str) -> int:
        """Id of a runner group; 1 for the default one without asking. ConfigurationError when there is none."""

    async def get_scale_set(self, name: str, group_id: int) -> ScaleSetRef | None:
        """The scale set of that name, or None."""

    async def list_scale_sets(self, group_id: int) -> list[ScaleSetRef]:
        """All scale sets of a runner group."""

    async def create_scale_set(self, name: str, labels: Sequence[str], group_id: int) -> ScaleSetRef:
        """Create it, with automatic update of the runner disabled. ScaleSetExists when the name is taken."""

    async def update_scale_set(
        self, scale_set_id: int, name: str, labels: Sequence[str], group_id: int | None = None
    ) -> ScaleSetRef:
        """Make an existing one like this; ``group_id`` None leaves it in its runner group. ScaleSetNotFound."""

    async def delete_scale_set(self, scale_set_id: int) -> None:
        """Delete it; one that is gone already is fine."""

    async def generate_jit_config(self, scale_set_id: int, runner_name: str) -> JitConfig:
        """Register a runner. RunnerExists, ScaleSetNotFound; never repeated by the adapter (section 4.6)."""

    async def get_runner_by_name(self, name: str) -> RunnerRef | None:
        """The registration of that name, or None (seed)."""

    async def remove_runner(self, runner_id: int) -> None:
        """Deregister. RunnerNotFound, JobStillRunning (seed)."""

    async def list_runners(self) -> list[Registration]:
        """Every runner of the scope, all pages of the REST list."""

    async def open_session(self, scale_set_id: int, owner: str) -> MessageSession:
        """Open the one message session. SessionConflict while another lives; ScaleSetNotFound."""


class MessageSession(Protocol):
    """The message session of one scale set; it refreshes its own queue token."""

    @property
    def id(self) -> str:
        """The session's UUID."""

    @property
    def statistics(self) -> Statistics:
        """The newest statistics that came with opening or refreshing it; another object whenever they are news."""

    async def next_message(self, last_message_id: int, capacity: int) -> Message | None:
        """Long-poll; None when nothing came within the hold time.

        ``capacity`` (0 or more) is what we tell GitHub we could run in total. ``last_message_id`` is 0 at first.
        Raises SessionGone when the session is lost, OutcomeUnknown when nothing was heard for 90 s.
        """

    async def refresh(self) -> None:
        """Have everything about it told anew, its ``statistics`` among that where GitHub tells them.

        Raises SessionGone when the session is lost.
        """

    async def acknowledge(self, message_id: int) -> None:
        """Delete a handled message; one that is gone already is fine."""

    async def acquire(self, request_ids: Sequence[int]) -> list[int]:
        """Claim offered jobs; the ids won, which may be fewer."""

    async def close(self) -> None:
        """Delete the session; one that is gone already is fine."""


class EcsClient(Protocol):
    """One ECS cluster (seed: ``ECSClient``).

    Raises Throttled, Unavailable, OutcomeUnknown, and Rejected (CredentialsRejected, PermissionDenied,
    ConfigurationError where the answer says so).
    """

    async def run_task(self, start: RunTaskInput) -> Task:
        """Start one task. TransientCapacityError when there is no room; OutcomeUnknown when it may have started."""

    async def stop_task(self, task_arn: str, reason: str) -> None:
        """Ask for the task's end. TaskNotFound when ECS does not know it."""

    async def list_tasks(self, *, desired_stopped: bool = False) -> list[str]:
        """ARNs of all tasks of the cluster whose desired status is RUNNING (or STOPPED), every page."""

    async def describe_tasks(self, arns: Sequence[str]) -> Described:
        """Describe any number of tasks, in batches of 100, tags included."""

    async def tag_task(self, task_arn: str, controller: str) -> None:
        """Mark a live task as a controller's. TaskNotFound when ECS does not know it."""

    async def check_cluster(self) -> None:
        """Return when the cluster exists and is ACTIVE; ConfigurationError when not."""

    async def registered_definition(self, family: str) -> RegisteredDefinition | None:
        """The latest ACTIVE revision of a family, or None when there is none."""

    async def withdraw_family(self, family: str) -> int:
        """Make every ACTIVE revision of a family INACTIVE, and return how many; its tasks run on."""

    async def register_definition(self, definition: TaskDefinition) -> RegisteredDefinition:
        """Register a new revision."""


class AwsAccount(Protocol):
    """Who we are in AWS, and what we might do there; asked without doing anything."""

    async def identity(self) -> str:
        """The ARN of who calls. CredentialsRejected when AWS does not know us."""

    async def refused(self, who: str, permissions: Sequence[Permission]) -> list[Permission]:
        """Those of the permissions that ``who`` does not have; PermissionDenied when that may not be asked."""


class RunnerGroups(Protocol):
    """What GitHub's owner lets runner groups do."""

    async def public_groups(self) -> list[str]:
        """Names of the runner groups that admit public repositories. PermissionDenied when they may not be seen."""


@dataclass(frozen=True, slots=True)
class RegisteredDefinition:
    """A task definition revision as ECS has it, as far as ownership and sameness go."""

    reference: str  #: ``family:revision``
    managed: bool  #: carries ``ecs-arc:managed=true``
    controller: str | None = None  #: tag ``arcdeck:controller``; None on those of the original
    content_hash: str | None = None  #: of its content; None when it says more than a definition of ours ever would


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a runner printed, made safe to show."""

    at: datetime  #: aware UTC, as its host stamped it
    text: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some lines, oldest first."""

    lines: tuple[LogLine, ...]
    next: str  #: what to give as ``after`` to go on behind them; empty while there is nothing to go on from


class TaskLogs(Protocol):
    """What the runners of tasks print."""

    async def tail(self, task: Task, after: str | None, limit: int) -> LogPage:
        """The newest ``limit`` lines (1 to 10,000), or those behind a token that an earlier page gave.

        No lines while nothing was written. Raises Throttled, Unavailable, Gone and Rejected.
        """


@dataclass(frozen=True, slots=True)
class ConfigDocument:
    """The runner configuration as it was read, with a version that changes whenever its bytes do."""

    text: str
    version: str


class ConfigSource(Protocol):
    """Where the runner TOML comes from."""

    async def read(self) -> ConfigDocument:
        """Read it now.

        Throttled or Unavailable when it cannot be reached, ConfigurationError or PermissionDenied when it is not there
        or denied.
        """


@dataclass(frozen=True, slots=True)
class Wanted:
    """The scale sets that are to be: a configuration that was read, and in which nothing is known not to work."""

    scale_sets: tuple[ScaleSetSpec, ...]
    version: str  #: that of the document
    budgets: tuple[Budget, ...] = ()


class Configuration(Protocol):
    """What runs, as it is written down at this moment."""

    async def read(self) -> Wanted:
        """Read and judge it now.

        Throttled or Unavailable when it cannot be reached, ConfigurationError when it is missing or cannot work,
        PermissionDenied when it is denied.
        """


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened, for good. ``data`` holds plain JSON values and no secret (invariant I6)."""

    at: datetime
    kind: str  #: ``start-intent``, ``start-settled``, ``task-ended``, ``stop``, ``command``, ``deregistered`` …
    scale_set: str = ""
    runner_name: str = ""
    task_arn: str = ""
    operator: str = ""  #: empty for what the controller did by itself
    text: str = ""  #: one sentence
    data: Mapping[str, object] = field(default_factory=dict)

    def answers(self, query: EventQuery) -> bool:
        """Whether it is among what is asked for; ``limit`` is not its concern."""
        at = self.at.timestamp()
        wanted = (
            (query.scale_set, self.scale_set),
            (query.runner, self.runner_name),
            (query.operator, self.operator),
            (query.job, self.data.get("job")),
        )
        return (
            (query.since is None or at >= query.since)
            and (query.until is None or at <= query.until)
            and (not query.kinds or self.kind in query.kinds)
            and all(asked in ("", found) for asked, found in wanted)
        )


class Journal(Protocol):
    """What happened and who did it. The fleet never depends on it (DESIGN.md, Journal)."""

    def record(self, entry: JournalEntry) -> None:
        """Note it; never blocks and never raises. A disk that refuses degrades the journal visibly."""

    async def open_intents(self) -> list[JournalEntry]:
        """Start intents that were never settled, oldest first: what a crash may have left behind."""

    async def recent(self, limit: int) -> list[JournalEntry]:
        """The newest entries, newest first."""

    async def find(self, query: EventQuery) -> list[JournalEntry]:
        """The newest entries that answer the query, oldest first; none where the disk cannot be read."""

    async def flush(self) -> None:
        """Return when everything recorded so far is on disk, or known not to be."""


class Lives(Protocol):
    """What can be asked how it is."""

    def health(self) -> Health:
        """Whether it lives and is ready, with reasons."""


class ControlRoom(Lives, Protocol):
    """What the engine offers to those who look in and steer; the control socket speaks to nothing else."""

    def snapshot(self) -> Snapshot:
        """All that a screen shows, now, with its version."""

    def updates(self) -> AsyncIterator[Update]:
        """Updates from now on, merged for a slow reader, at most 4 a second; the first one is a whole snapshot.

        The engine never waits for whoever iterates.
        """

    async def execute(self, command: Command, operator: Operator) -> Answer:
        """Carry out a command, once per command id, against the present state; refusals are answers, not errors."""

    def events(self, query: EventQuery, *, follow: bool) -> AsyncIterator[EventRecord]:
        """What happened, oldest first; to ``follow``, then what happens, for as long as somebody iterates.

        The engine never waits for whoever iterates: one that is too slow is told how many events it missed.
        """

    async def logs(self, runner: str, after: str | None, limit: int) -> LogPage:
        """What a runner's task printed; see ``TaskLogs.tail``. Gone when there is no such runner."""
