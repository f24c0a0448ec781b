"""What GitHub remembers: scale sets, sessions, runners and jobs.

These records are plain mutable state without I/O. They are changed only by the registries of this package, in the one
event loop of the world; everybody else reads them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.world.github.mailbox import Mailbox

DEFAULT_GROUP_ID = 1
"""The runner group that always exists (github-scale-set-api.md section 3.7)."""


@dataclass(frozen=True, slots=True)
class RunnerGroup:
    """A runner group. `size` is what the service reports; nothing counts against it here.

    `admits_public`: whether runners of the group take jobs of public repositories. It is told, and no more.
    """

    id: int
    name: str
    size: int = 0
    admits_public: bool = False

    @property
    def is_default(self) -> bool:
        """Whether this is the group of everything that names none."""
        return self.id == DEFAULT_GROUP_ID


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a scale set; the service knows the type `System`."""

    name: str
    type: str = "System"


class JobPhase(StrEnum):
    """Where a job stands (github-scale-set-api.md section 11.3)."""

    QUEUED = "queued"
    """Matched to labels, given to no scale set; in the acquire flow perhaps announced to some."""
    ACQUIRED = "acquired"
    """Won by a scale set in the acquire flow, about to be assigned to it."""
    ASSIGNED = "assigned"
    """Given to a scale set, waiting for one of its runners."""
    RUNNING = "running"
    """On a runner."""
    COMPLETED = "completed"
    """Over, with a result."""


@dataclass(slots=True, eq=False)
class Job:
    """One workflow job. `duration` is how many seconds of work it holds for the runner that takes it."""

    id: str
    request_id: int
    name: str
    owner: str
    repository: str
    workflow: str
    run_id: int
    event: str
    labels: tuple[str, ...]
    duration: float
    queued_at: datetime
    phase: JobPhase = JobPhase.QUEUED
    scale_set_id: int | None = None
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    runner_id: int = 0
    runner_name: str = ""
    result: str | None = None
    reassignments: int = 0
    announced_to: set[int] = field(default_factory=set)

    @property
    def workflow_ref(self) -> str:
        """The workflow file and branch in GitHub's notation."""
        return f"{self.owner}/{self.repository}/.github/workflows/{self.workflow}@refs/heads/main"


@dataclass(slots=True, eq=False)
class RunnerRecord:
    """One registration of an ephemeral runner; it exists from the JIT config on, offline until the process connects.

    `secret_marker` is a piece of the encoded JIT config that occurs nowhere else in the world: where it turns up, the
    config has leaked. `busy_changed_at` is loop time.
    """

    id: int
    name: str
    scale_set_id: int
    group_id: int
    labels: tuple[str, ...]
    work_folder: str
    created_at: datetime
    secret_marker: str = field(repr=False)
    online: bool = False
    connected_at: datetime | None = None
    job: Job | None = None
    busy_changed_at: float = float("-inf")

    @property
    def busy(self) -> bool:
        """Whether a job is on this runner."""
        return self.job is not None

    @property
    def idle(self) -> bool:
        """Whether the runner is connected and waits for a job."""
        return self.online and self.job is None

    def occupy(self, job: Job | None, now: float) -> None:
        """Put a job on the runner, or with None take it off; `now` is loop time."""
        self.job = job
        self.busy_changed_at = now

    def busy_as_seen(self, now: float, lag: float) -> bool:
        """Return `busy` as it was `lag` seconds ago: what a list that trails behind still says."""
        return self.busy != (now - self.busy_changed_at < lag)


@dataclass(slots=True, eq=False)
class Session:
    """The one message session of a scale set. `last_seen` is loop time; a `pinned` session never goes idle."""

    id: str
    owner: str
    last_seen: float
    pinned: bool = False


@dataclass(slots=True, eq=False)
class ScaleSetRecord:
    """A pool of identical runners, its queue of messages, and the jobs that were given to it.

    `acquired`, `assigned` and `running` hold disjoint jobs by id, oldest first. `capacity` is what the latest poll
    advertised, None before the first. `statistics_override` replaces single numbers of the statistics by name.
    """

    id: int
    name: str
    group: RunnerGroup
    labels: tuple[Label, ...]
    created_at: datetime
    disable_update: bool = False
    session: Session | None = None
    capacity: int | None = None
    mailbox: Mailbox = field(default_factory=Mailbox)
    acquired: dict[str, Job] = field(default_factory=dict)
    assigned: dict[str, Job] = field(default_factory=dict)
    running: dict[str, Job] = field(default_factory=dict)
    runners: dict[int, RunnerRecord] = field(default_factory=dict)
    statistics_override: dict[str, int] = field(default_factory=dict)

    @property
    def load(self) -> int:
        """How many jobs count against the advertised capacity."""
        return len(self.assigned) + len(self.running)

    def serves(self, labels: frozenset[str]) -> bool:
        """Whether a job that asks for these lower-case labels may come here."""
        return labels <= {label.name.lower() for label in self.labels}
