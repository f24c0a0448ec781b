"""How this GitHub behaves: its times, its credentials, and the switches for what real GitHubs do differently.

Times and credentials are fixed for a world's life. `Quirks` is meant to be changed while the world runs: a test or the
demo flips a switch and the next answer is different. Defaults follow github.com as far as it is known
(github-scale-set-api.md sections 5, 10 and 11.5).
"""

from dataclasses import dataclass, field
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from core.world.github.mailbox import EntryKind

Flow = Literal["broker", "acquire"]
"""`broker`: jobs are assigned at once, as on github.com. `acquire`: they are offered first, as on GHES (5.10)."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Durations in seconds of loop time.

    `pickup_limits` has one entry for each time that an assigned job may be taken back because no runner started it in
    that time; empty, jobs are never taken back (section 5.13). `job_pickup` is what an idle runner takes to start a job
    that is assigned. `acquired_to_assigned` is how long a won job stays acquired. `lost_runner_verdict` is when the job
    of a runner that vanished is concluded as failed.
    """

    poll_hold: float = 50.0
    session_idle: float = 90.0
    installation_token_life: float = 3600.0
    registration_token_life: float = 3600.0
    admin_token_life: float = 3600.0
    queue_token_life: float = 3600.0
    job_pickup: float = 1.0
    acquired_to_assigned: float = 0.0
    pickup_limits: tuple[float, ...] = (300.0, 300.0, 300.0)
    lost_runner_verdict: float = 570.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What callers may present.

    Without `app_public_key` an App JWT's signature is not verified, only its shape and times. Without
    `installation_id` every installation exists.
    """

    app_public_key: RSAPublicKey | None = None
    installation_id: int | None = None
    personal_access_tokens: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Requests per hour: of REST in general, and of runner registration (section 6.6)."""

    core: int = 5_000
    registration: int = 10_000


@dataclass(slots=True)
class Quirks:
    """Switches for what differs between hosts, versions and bad days; all may change at any time."""

    waking: frozenset[str] = frozenset({EntryKind.AVAILABLE, EntryKind.ASSIGNED, EntryKind.COMPLETED})
    """Which entries end a poll that waits. JobStarted is known not to (section 5.11)."""

    gone_session_status: Literal[401, 404, 410] = 401
    """What a poll on an expired or evicted session answers (section 11.3)."""

    job_still_running_status: Literal[400, 409] = 409
    """What removing a busy runner answers (section 4.5)."""

    forgives_unknown_runners: bool = False
    """Removing an unknown runner succeeds, instead of not finding it (section 4.5)."""

    removes_busy_runners: bool = False
    """A busy runner is removed as if it were idle; its job fails like that of a runner that was lost."""

    busy_lag: float = 0.0
    """How many seconds the REST list trails behind in `busy`."""

    shown_offline: set[int] = field(default_factory=set)
    """Runner ids that the REST list calls offline although they work (section 8.2)."""

    drops_extra_labels: bool = False
    """Only a set's name is kept as a label, as on older GHES (section 3.8)."""

    acquire_route: bool | None = None
    """Whether acquiring is routed at all; None: in the acquire flow only (section 5.10)."""

    empty_queue_url: bool = False
    """Sessions come without a queue address, as from a degraded backend (section 5.1)."""

    wrapped_errors: bool = False
    """A duplicate name is reported in the broker's wrapping, with the original as an escaped string (section 3.3)."""

    byte_order_mark: bool = False
    """JSON bodies of the Actions service and the queue begin with a UTF-8 byte order mark (section 6.3)."""
