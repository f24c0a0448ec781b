"""What tests and the demo can do to this GitHub behind its clients' back (github-scale-set-api.md section 11.5).

Lasting differences are switches in `Quirks`; what goes wrong with a single request is a `Fault` in the fault plan, for
instance `Fault("status", status=200)` on `get_message` for the broker's empty answers. The rest is here.
"""

from collections.abc import Sequence

from core.world.github.limits import CORE, RateLimiter
from core.world.github.mailbox import Entry
from core.world.github.records import Session
from core.world.github.service import ScaleSetService
from core.world.github.tokens import TokenKind, TokenOffice


class Controls:
    """Interventions, each carried out at once. Those that name a scale set raise ServiceRefusal for an unknown id."""

    def __init__(self, service: ScaleSetService, tokens: TokenOffice, limiter: RateLimiter) -> None:
        self._service = service
        self._tokens = tokens
        self._limiter = limiter

    def expire_tokens(self, kind: TokenKind) -> None:
        """Make every token of a kind worthless, whatever its `exp` says."""
        self._tokens.expire(kind)

    def exhaust_rate_limit(self, resource: str = CORE) -> None:
        """Refuse REST requests of a resource until its window ends."""
        self._limiter.exhaust(resource)

    def evict_session(self, scale_set_id: int) -> None:
        """End whatever session a scale set has; a poll that waits is answered as on a session that is gone."""
        self._service.sessions.evict(self._service.registry.find(scale_set_id))

    def occupy_session(self, scale_set_id: int, owner: str) -> Session:
        """Let somebody else hold the session, taking it from whoever has it, until it is evicted."""
        scale_set = self._service.registry.find(scale_set_id)
        self._service.sessions.evict(scale_set)
        return self._service.sessions.open(scale_set, owner, pinned=True)

    def vanish_scale_set(self, scale_set_id: int) -> None:
        """Delete a scale set whatever it is doing (section 3.9)."""
        self._service.dissolve(self._service.registry.find(scale_set_id))

    def restart_message_ids(self, scale_set_id: int, first: int = 1) -> None:
        """Let the message ids of a scale set go on from `first`."""
        self._service.registry.find(scale_set_id).mailbox.restart_ids(first)

    def post(self, scale_set_id: int, entries: Sequence[Entry]) -> None:
        """Tell a scale set something of your own, and wake its poll; without entries, only how the statistics are."""
        mailbox = self._service.registry.find(scale_set_id).mailbox
        if entries:
            mailbox.post(entries, frozenset(entry.kind for entry in entries))
        else:
            mailbox.post_statistics()

    def drop_job(self, job_id: str) -> None:
        """Make a job vanish: the statistics change, no message says so. Raises KeyError for an unknown job."""
        self._service.board.drop(self._service.board.jobs[job_id])

    def override_statistics(self, scale_set_id: int, **numbers: int) -> None:
        """Replace numbers of a scale set's statistics by their names on the wire, such as `totalAssignedJobs`.

        Only those given stay replaced; with none, the statistics are true again.
        """
        self._service.registry.find(scale_set_id).statistics_override = numbers
