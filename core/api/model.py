"""The language between the controller and its front ends: snapshots, updates, commands and answers.

Everything is JSON over the control socket. Unknown fields are ignored on both sides, so that an older screen reads a
newer daemon; ``PROTOCOL`` changes only when that is no longer enough.

All times are seconds since the Unix epoch *in the daemon's own clock*, and every message carries that clock's ``now``:
the screen maps it to its own monotonic clock and counts by itself (tui-patterns.md section 6.1). Texts that came from
outside were cleaned before they got here. What is not known is None, never 0.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from core.api.trouble import MismatchView, PlacementView
from core.api.view import View

PROTOCOL = 1


# --- runners -------------------------------------------------------------------------------------------------------


class RunnerState(StrEnum):
    """What an operator is told about a runner, one meaning each (tui-patterns.md section 13.1)."""

    RESERVED = "reserved"  #: JIT config and RunTask are under way
    PROVISIONING = "provisioning"
    PENDING = "pending"
    ACTIVATING = "activating"
    UNREADY = "unready"  #: RUNNING, not yet online at GitHub
    IDLE = "idle"
    BUSY = "busy"
    ASSUMED_BUSY = "busy?"  #: adopted; nobody has said yet what it does
    DRAINING = "draining"
    FINISHING = "finishing"  #: the job is over, the container still stops
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"  #: ended without having served: could not start, non-zero exit, lost


class JobView(View):
    """The job a runner runs or ran."""

    id: str = ""
    name: str = ""
    repository: str = ""
    workflow: str = ""
    run_id: int = 0
    queued_at: float | None = None
    started_at: float | None = None


class Steps(View):
    """When a runner's task came how far: by ECS's clock, but for the last, which is when we heard of it."""

    created_at: float | None = None
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    started_at: float | None = None
    online_at: float | None = None  #: GitHub's list first showed it online


class HoldView(View):
    """Somebody looks into a runner: no rule stops it, and nobody drains it."""

    by: str
    since: float
    until: float


class RunnerView(View):
    """One runner and its task."""

    name: str
    scale_set: str
    state: RunnerState
    since: float  #: when it entered the state, as we saw it
    limit: float | None = None  #: seconds it may stay in the state before something is done; None = no limit
    task_arn: str = ""
    task_status: str = ""  #: ECS's own word
    runner_id: int | None = None
    online: bool | None = None  #: at GitHub; None = not known
    launch: str = ""
    definition: str = ""
    job: JobView | None = None
    exit_code: int | None = None
    reason: str = ""  #: why it stopped or is being stopped
    why: str = ""  #: one sentence: what it waits for, until when, what happens then
    steps: Steps = Steps()
    hold: HoldView | None = None


# --- scale sets ----------------------------------------------------------------------------------------------------


class ScaleSetState(StrEnum):
    """A scale set's worst present condition; earlier ones in this list matter more."""

    DEGRADED = "degraded"  #: failed, restarts by itself
    BLOCKED = "blocked"  #: starts fail for a reason a person must mend
    SESSION = "session"  #: somebody else holds the message session
    PAUSED = "paused"  #: an operator lets nothing start
    BACKOFF = "backoff"  #: no room; waits
    LATE_START = "late start"  #: a start is over its limit
    STARTING = "starting"  #: not yet listening
    OBSERVING = "observing"  #: never held the session yet; changes nothing
    RETIRING = "retiring"  #: no longer configured; goes when its last runner has left
    AT_MAX = "at max"
    OK = "ok"


class BackoffView(View):
    """A closed class of placement that this scale set waits for."""

    placement: str  #: the class in words
    failures: int
    since: float
    until: float  #: when one probing start is made; over = it is due
    reason: str


class PauseView(View):
    """An operator lets nothing start for this scale set."""

    by: str
    since: float
    drains: bool = False  #: idle runners go, too


class SessionView(View):
    """The message session of a scale set."""

    state: Literal["none", "opening", "open", "conflict", "closed"] = "none"
    since: float | None = None
    tries: int = 0  #: attempts to open it since it was last open
    opened: int = 0  #: how often this run has opened it; each time but the first it was opened anew
    owner: str = ""  #: the note for people under which we open it
    problem: str = ""  #: what ended the last one, or kept one from being opened; empty when nothing did
    last_poll_at: float | None = None
    retry_at: float | None = None


class CountsView(View):
    """GitHub's own count of a scale set's runners; what we hold of them may differ for a while."""

    registered: int
    busy: int
    idle: int


class UsualView(View):
    """How long a stage of a start usually takes in a scale set, in seconds; over its newest starts in this run."""

    stage: str  #: the name of the field of ``Steps`` that it ends with; ``start``: all of it, until online
    starts: int  #: how many are counted
    p50: float
    p95: float


class ScaleSetView(View):
    """One scale set: what is wanted, what there is, and why they differ."""

    name: str
    family: str = ""
    state: ScaleSetState
    reason: str = ""  #: why it is not ok
    minimum: int
    maximum: int
    assigned: int | None = None  #: jobs waiting or running, as GitHub last said
    running_jobs: int | None = None
    waiting_since: float | None = None  #: when the job that waits longest was queued, or first seen to; None: none does
    counted: CountsView | None = None  #: None until GitHub told
    want: int | None = None
    starting: int = 0
    idle: int = 0
    busy: int = 0
    ending: int = 0  #: overdue, draining, finishing and stopping: occupy a slot, serve nothing
    capacity: int | None = None  #: what is advertised to GitHub
    backoff: BackoffView | None = None
    pause: PauseView | None = None
    session: SessionView = SessionView()
    why: str = ""  #: the last decision with its arithmetic
    usual: tuple[UsualView, ...] = ()
    waiting: tuple[JobView, ...] = ()  #: jobs that wait for a runner and were named to us, the longest wait first


# --- the whole -----------------------------------------------------------------------------------------------------


class Severity(StrEnum):
    """How much an event matters."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


class EventView(View):
    """One line of what happened."""

    id: int  #: grows by one; restarts with the daemon
    at: float
    kind: str
    severity: Severity = Severity.INFO
    scale_set: str = ""
    runner: str = ""
    operator: str = ""
    text: str = ""


class ControllerView(View):
    """The controller itself."""

    id: str
    cluster: str
    region: str = ""
    github: str = ""  #: the config URL
    version: str = ""
    instance: str = ""  #: changes with each start of the daemon
    started_at: float = 0.0
    observing: bool = False
    waits_for: str = ""  #: what keeps it from beginning; empty once it has begun
    last_sweep_at: float | None = None
    next_sweep_at: float | None = None
    sweep_failed: str = ""  #: why the last reading of ECS failed; empty when it did not
    journal: str = ""  #: empty when well; else how it is degraded
    rate_remaining: int | None = None  #: of GitHub's REST limit
    rate_limit: int | None = None
    listed_at: float | None = None  #: when GitHub's runner list was last read; None: not yet
    list_failed: str = ""  #: why it could not be read the last time; empty when it could


class Snapshot(View):
    """Everything, at one moment."""

    version: int
    now: float
    controller: ControllerView
    scale_sets: tuple[ScaleSetView, ...] = ()
    runners: tuple[RunnerView, ...] = ()
    events: tuple[EventView, ...] = ()  #: the newest, oldest first
    mismatches: tuple[MismatchView, ...] = ()
    placements: tuple[PlacementView, ...] = ()  #: those that are closed


class Delta(View):
    """What changed since ``base``; rows are whole and replace those of the same name."""

    base: int
    version: int
    now: float
    controller: ControllerView | None = None
    scale_sets: tuple[ScaleSetView, ...] = ()
    scale_sets_gone: tuple[str, ...] = ()
    runners: tuple[RunnerView, ...] = ()
    runners_gone: tuple[str, ...] = ()
    events: tuple[EventView, ...] = ()
    mismatches: tuple[MismatchView, ...] | None = None  #: all of them; None: they are as they were
    placements: tuple[PlacementView, ...] | None = None  #: the same


class Heartbeat(View):
    """Nothing changed; the daemon lives."""

    version: int
    now: float


Update = Snapshot | Delta | Heartbeat


class Problem(View):
    """An error of the control socket."""

    error: str


class Health(View):
    """Whether the controller lives and is ready."""

    live: bool
    ready: bool
    begun: bool = True  #: whether it was admitted to its work; until then what it finds may still end it
    reasons: tuple[str, ...] = ()  #: why not; a ready one has those that somebody should mend all the same


class Hello(View):
    """First line of a stream."""

    protocol: int = PROTOCOL
    version: str = ""
    controller: str = ""
    instance: str = ""
    may_act: bool = False  #: whether the daemon accepts commands of this peer
