"""GitHub as one object: its HTTP application for the product, its workflow and runner side for who simulates those.

`app` must be served at the root of a host, with `handler_cancellation=True`, so that a poll whose client has gone ends.
Everything here belongs to the event loop of the clock it was made with.
"""

import random
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence

from aiohttp import web

from core.world.clock import WorldClock
from core.world.faults import FaultPlan
from core.world.github.controls import Controls
from core.world.github.edge import Call
from core.world.github.front import Front
from core.world.github.limits import RateLimiter
from core.world.github.records import Job, RunnerGroup, RunnerRecord, ScaleSetRecord
from core.world.github.refusals import RunnerRefused
from core.world.github.runners import RemovedBy
from core.world.github.service import DEFAULT_GROUP, ScaleSetService
from core.world.github.settings import Credentials, Flow, Quirks, RateLimits, Timings
from core.world.github.tokens import TokenOffice
from core.world.github.waiting import WaitingRunners

_FIRST_RUN_ID = 8_800_112_233
_FIRST_REQUEST_ID = 2_200_000_001  # beyond 32 bits, as real ids may be


class GitHubWorld:
    """One GitHub with one organization.

    `faults` defaults to none at all; `rng` is where every id, token and secret comes from.
    """

    def __init__(
        self,
        clock: WorldClock,
        rng: random.Random,
        *,
        org: str = "acme",
        flow: Flow = "broker",
        faults: FaultPlan | None = None,
        timings: Timings | None = None,
        quirks: Quirks | None = None,
        credentials: Credentials | None = None,
        rate_limits: RateLimits | None = None,
        groups: Sequence[RunnerGroup] = (DEFAULT_GROUP,),
    ) -> None:
        self.org = org
        self.quirks = quirks or Quirks()
        self.faults = faults or FaultPlan(rng)
        self._clock = clock
        self._rng = rng
        self._enqueued = 0
        url = f"https://github.com/{org}"
        self._service = ScaleSetService(
            clock, rng, flow=flow, timings=timings, quirks=self.quirks, groups=groups, github_url=url
        )
        self._waiting = WaitingRunners(clock, self._service)
        credentials = credentials or Credentials()
        self._tokens = TokenOffice(clock, rng)
        self._tokens.issued |= credentials.personal_access_tokens
        limiter = RateLimiter(clock, rate_limits or RateLimits())
        self.controls = Controls(self._service, self._tokens, limiter)
        self._front = Front(
            clock,
            rng,
            self._service,
            org=org,
            tokens=self._tokens,
            credentials=credentials,
            limiter=limiter,
            faults=self.faults,
        )

    @property
    def app(self) -> web.Application:
        """The application to serve, at the root of a host."""
        return self._front.app

    @property
    def calls(self) -> Counter[str]:
        """How many requests have arrived, by operation."""
        return self._front.edge.calls

    @property
    def log(self) -> deque[Call]:
        """The latest requests, oldest first, without their secrets."""
        return self._front.edge.log

    @property
    def issued_secrets(self) -> set[str]:
        """Every token given out, and the marker of every JIT config: texts that must turn up nowhere."""
        return self._tokens.issued

    @property
    def scale_sets(self) -> dict[int, ScaleSetRecord]:
        """The scale sets by id."""
        return self._service.registry.scale_sets

    @property
    def runners(self) -> dict[int, RunnerRecord]:
        """The registered runners by id."""
        return self._service.pool.runners

    @property
    def jobs(self) -> dict[str, Job]:
        """The jobs by id: all that are not over, and the latest that are."""
        return self._service.board.jobs

    @property
    def registrations_made(self) -> int:
        """How many runners were ever registered."""
        return self._service.pool.made

    @property
    def registrations_removed(self) -> Counter[RemovedBy]:
        """How many registrations have ended, by how."""
        return self._service.pool.removed

    def scale_set(self, name: str) -> ScaleSetRecord | None:
        """Return the oldest scale set with this name; None where there is none."""
        return self._service.registry.named(name)

    def statistics(self, scale_set_id: int) -> dict[str, int]:
        """Return a scale set's statistics as its clients see them; raises ServiceRefusal for an unknown id."""
        return self._service.board.statistics(self._service.registry.find(scale_set_id))

    def on_job_completed(self, notice: Callable[[Job], None]) -> None:
        """Let `notice` be called with each job that ends, in place of any earlier one."""
        self._service.board.on_completed = notice

    def enqueue_job(
        self,
        *labels: str,
        name: str = "build",
        repository: str = "widgets",
        workflow: str = "ci.yml",
        duration: float = 60.0,
        event: str = "push",
    ) -> Job:
        """Let a workflow ask for a runner with these labels, usually the name of one scale set.

        The job waits until a scale set that serves them takes it, even one that does not exist yet. `duration` is the
        seconds of work in it, for the runner that gets it.
        """
        job = Job(
            id=str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            request_id=_FIRST_REQUEST_ID + self._enqueued,
            name=name,
            owner=self.org,
            repository=repository,
            workflow=workflow,
            run_id=_FIRST_RUN_ID + self._enqueued,
            event=event,
            labels=labels,
            duration=duration,
            queued_at=self._clock.now(),
        )
        self._enqueued += 1
        self._service.board.enqueue(job)
        return job

    def cancel_job(self, job_id: str) -> bool:
        """End a job as `canceled`; False if it is over already. Raises KeyError for an unknown job."""
        return self._service.cancel_job(self.jobs[job_id])

    def reassign_job(self, job_id: str) -> bool:
        """Take an assigned job back, as when no runner came for it; False if it is not assigned.

        Raises KeyError for an unknown job.
        """
        return self._service.board.take_back(self.jobs[job_id])

    def finish_job(self, job_id: str, result: str = "succeeded") -> bool:
        """Report a runner's result: the job is over and the runner removed.

        False, and nothing happens, where the job is over already or its runner was removed or lost; KeyError for an
        unknown job.
        """
        return self._service.finish_job(self.jobs[job_id], result)

    def connect(self, encoded_jit: str) -> RunnerRecord:
        """Bring the runner that holds this config online.

        Raises RunnerRefused where the registration was removed or the config was used before, ValueError for what is
        no config.
        """
        return self._service.pool.connect(encoded_jit)

    def take_job(self, runner_id: int) -> Job | None:
        """Put the oldest assigned job on an idle runner at once; None if it is not idle or there is none.

        Raises RunnerRefused for an unknown runner.
        """
        return self._service.take_job(self._registered(runner_id))

    async def wait_for_job(self, runner_id: int) -> Job:
        """Wait until a job is put on this idle runner; raises RunnerRefused when it is removed or lost meanwhile."""
        return await self._waiting.wait(self._registered(runner_id))

    def runner_lost(self, runner_id: int) -> None:
        """Let the runner's process be gone: offline at once, its job concluded as failed much later.

        Nothing happens where the registration is gone already, which is how an ephemeral runner ends well.
        """
        runner = self.runners.get(runner_id)
        if runner is not None:
            self._service.lose_runner(runner)
            self._waiting.turn_away(runner)

    def _registered(self, runner_id: int) -> RunnerRecord:
        runner = self.runners.get(runner_id)
        if runner is None:
            raise RunnerRefused("the registration has been removed")
        return runner
