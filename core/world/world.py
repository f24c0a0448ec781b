"""The embedded world as one object: both servers on loopback, what lives behind them, and what a daemon must know.

Used as an asynchronous context manager inside a running event loop. Everything of it lives in that loop and moves in
its time. Leaving the context stops the life of tasks, cancels what runs in the world and closes the servers, in this
order, and reports what went wrong inside. One seed is one course of events, as long as the clients' requests come in
the same order.

The parts are public on purpose: a test or the demo steers the world through them (`world.ecs.lose_host(…)`,
`world.github.controls`, `world.faults.add(…)`, `world.runners.next_fate(…)`). The product has only the addresses.
"""

import functools
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.world.background import Background
from core.world.clock import WorldClock
from core.world.ecs import Capacity, EcsWorld, Odds, Pace, Visibility
from core.world.exchanges import Witness
from core.world.faults import FaultPlan
from core.world.github import Credentials, Flow, GitHubWorld, Quirks, RateLimits, RunnerGroup, Timings
from core.world.iam import Iam
from core.world.jobs import JobMix, JobStream
from core.world.neighbours import Neighbours
from core.world.runners import Habits, SimulatedRunners
from core.world.task_logs import TaskLogs

LOOPBACK = "127.0.0.1"
APP_CLIENT_ID = "Iv23liArcdeckWorld"
APP_INSTALLATION_ID = 987_654
LOG_GROUP = "/arcdeck/runners"

_SHUTDOWN_SECONDS = 1.0  # polls that are still held when the servers close are dropped


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What a world is like. The defaults are an honest AWS and github.com, at their real pace.

    `epoch` is the wall time at the beginning, None the host's. `pace`, `capacity`, `visibility`, `odds` and
    `throttling` are ECS's, `flow`, `timings`, `quirks`, `rate_limits` and `groups` GitHub's, `habits` those of
    runner processes. `personal_tokens` are good for GitHub beside the App, which knows no enterprises. `neighbours`
    puts moto behind the AWS endpoint, and what runners print into its logs; this wants real time.
    """

    seed: int = 1
    epoch: datetime | None = None
    cluster: str = "arcdeck-demo"
    region: str = "eu-west-1"
    account: str = "123456789012"
    org: str = "acme"
    pace: Pace = field(default_factory=Pace)
    capacity: Capacity = field(default_factory=Capacity)
    visibility: Visibility = field(default_factory=Visibility)
    odds: tuple[Odds, ...] = ()
    throttling: bool = True
    flow: Flow = "broker"
    timings: Timings = field(default_factory=Timings)
    quirks: Quirks = field(default_factory=Quirks)
    rate_limits: RateLimits = field(default_factory=RateLimits)
    groups: tuple[RunnerGroup, ...] = (RunnerGroup(1, "Default"),)
    personal_tokens: frozenset[str] = field(default=frozenset(), repr=False)
    habits: Habits = field(default_factory=Habits)
    neighbours: bool = False


class World:
    """One AWS and one GitHub. Made and entered in the loop it is to live in; raises RuntimeError outside of one."""

    def __init__(self, settings: WorldSettings | None = None) -> None:
        self.settings = settings = settings or WorldSettings()
        self.clock = WorldClock(settings.epoch)
        self.faults = FaultPlan(self._dice("faults"))
        self.witness = Witness(self.clock)
        self.background = Background()
        self.iam = Iam(settings.account)
        self._neighbours = Neighbours() if settings.neighbours else None
        self.ecs = self._ecs()
        self.github = self._github()
        self.jobs = JobStream(self.clock, self._dice("jobs"), self.github)
        self.runners = SimulatedRunners(
            self.clock,
            self._dice("runners"),
            ecs=self.ecs,
            github=self.github,
            background=self.background,
            habits=settings.habits,
        )
        self._stack = AsyncExitStack()
        self._aws_address = self._github_address = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self._neighbours is not None:
                stack.push_async_callback(self._neighbours.close)
            self.witness.stand_before(self.ecs.app, "ecs")
            self.witness.stand_before(self.github.app, "github")
            self._aws_address = await _serve(stack, self.ecs.app, cancelling=False)
            self._github_address = await _serve(stack, self.github.app, cancelling=True)
            stack.push_async_callback(self.background.close)
            stack.callback(self.ecs.close)
            if self._neighbours is not None:
                self._keep_logs(self._neighbours)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def private_key(self) -> str:
        """The PEM of the App's private key, which must turn up nowhere but in the environment."""
        return _app_key_pem()

    @property
    def aws_url(self) -> str:
        """The address of every AWS service."""
        return self._aws_address

    @property
    def config_url(self) -> str:
        """The address of the organization, as a controller is configured with it."""
        return f"{self._github_address}/{self.settings.org}"

    def environment(self, **extra: str) -> dict[str, str]:
        """Return what a daemon's environment needs in order to run against this world, and `extra` on top."""
        role = f"arn:aws:iam::{self.settings.account}:role"
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_ACCESS_KEY_ID": "world",
            "AWS_SECRET_ACCESS_KEY": "world",
            "AWS_REGION": self.settings.region,
            "AWS_DEFAULT_REGION": self.settings.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "ECS_CLUSTER": self.settings.cluster,
            "GITHUB_CONFIG_URL": self.config_url,
            "GITHUB_APP_CLIENT_ID": APP_CLIENT_ID,
            "GITHUB_APP_INSTALLATION_ID": str(APP_INSTALLATION_ID),
            "GITHUB_APP_PRIVATE_KEY": self.private_key,
            "RUNNER_EXECUTION_ROLE_ARN": f"{role}/arcdeck-execution",
            "RUNNER_TASK_ROLE_ARN": f"{role}/arcdeck-task",
            "RUNNER_LOG_GROUP": LOG_GROUP,
            **extra,
        }

    def let_jobs_arrive(self, mix: JobMix) -> None:
        """Start a stream of jobs that lasts as long as the world."""
        self.background.spawn(self.jobs.run(mix), name="stream of jobs")

    def _keep_logs(self, neighbours: Neighbours) -> None:
        logs = TaskLogs(self.clock, self.settings.region, neighbours)
        self.runners.transcript = logs.write
        self.background.spawn(logs.run(), name="logs of tasks")

    def _dice(self, part: str) -> random.Random:
        """Return the dice of one part, so that what happens in one does not shift the chances of another."""
        return random.Random(f"{self.settings.seed} {part}")

    def _ecs(self) -> EcsWorld:
        settings = self.settings
        return EcsWorld(
            self.clock,
            self._dice("ecs"),
            faults=self.faults,
            cluster=settings.cluster,
            region=settings.region,
            account=settings.account,
            pace=settings.pace,
            capacity=settings.capacity,
            visibility=settings.visibility,
            odds=settings.odds,
            throttling=settings.throttling,
            fallback=self._neighbours.answer if self._neighbours is not None else None,
            iam=self.iam,
        )

    def _github(self) -> GitHubWorld:
        settings = self.settings
        return GitHubWorld(
            self.clock,
            self._dice("github"),
            org=settings.org,
            flow=settings.flow,
            faults=self.faults,
            timings=settings.timings,
            quirks=settings.quirks,
            credentials=Credentials(_app_key().public_key(), APP_INSTALLATION_ID, settings.personal_tokens),
            rate_limits=settings.rate_limits,
            groups=settings.groups,
        )


async def _serve(stack: AsyncExitStack, app: web.Application, *, cancelling: bool) -> str:
    """Serve `app` on a free port of loopback for as long as `stack` lasts, and return its address.

    `cancelling`: whether a handler ends when its client goes away. A poll must; an operation of ECS that has come in
    is carried out whether or not anybody still waits for it.
    """
    runner = web.AppRunner(app, access_log=None, handler_cancellation=cancelling, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, LOOPBACK, 0).start()
    return f"http://{LOOPBACK}:{runner.addresses[0][1]}"


@functools.cache
def _app_key() -> rsa.RSAPrivateKey:
    """Make the App's key. Once in a process: it costs tenths of a second, and no two worlds trust each other less."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def _app_key_pem() -> str:
    pem = _app_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return pem.decode()
