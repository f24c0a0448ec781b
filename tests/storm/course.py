"""One storm: controllers that come and go in a world where everything goes wrong, then calm, and the verdict.

The course: for the given time jobs arrive, the weather rages (``weather``), and controllers live for a while each; most
are stopped in order, some cut off as by SIGKILL, with their journal or, where old registrations are swept early,
without it. Then the weather clears up and no more jobs come. When the last controller has had time to settle, the
invariants must hold, every job must have ended, and what is left must be what is wanted and no more.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.config.runner_config import parse_runner_config
from core.config.settings import RunnerDefaults
from core.domain.errors import Rejected
from core.domain.scaling import want
from core.world.checker import StartRules
from core.world.ecs import Capacity, Room
from core.world.github import Job, JobPhase
from core.world.jobs import JobMix
from core.world.world import World, WorldSettings
from tests.stages import Stage, Stages, Theatre
from tests.storm.weather import Weather

TOML = """
[defaults]
max_runtime = "20m"

[[runner]]
family = "small"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = 6

[[runner]]
family = "large"
cpu = 4096
memory = 8192
compatibility = "EXTERNAL"
max_runners = 3

[[runner]]
family = "warm"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = 4
min_runners = 1
min_idle = 1

[[runner]]
family = "fargate"
cpu = 1024
memory = 2048
compatibility = "FARGATE"
subnets = ["subnet-0a1b2c3d"]
max_runners = 4

[[runner]]
family = "spot"
cpu = 2048
memory = 4096
compatibility = "FARGATE"
subnets = ["subnet-0a1b2c3d"]
capacity_provider = "FARGATE_SPOT"
max_runners = 3

[[runner]]
family = "hosts"
cpu = 1024
memory = 2048
compatibility = "EC2"
network_mode = "bridge"
capacity_provider = "asg"
max_runners = 4
"""
#: No job is as long as max_runtime: what outlives it is a runner that is only assumed busy.
LONGEST_JOB = 300.0
SCALE_SETS = parse_runner_config(TOML, RunnerDefaults()).scale_sets
EPOCH = datetime(2030, 1, 1, tzinfo=UTC)

#: The host of the EXTERNAL launch type is too small for all that its three scale sets may start.
CAPACITY = Capacity(rooms={"EXTERNAL": Room(16_384, 28_672)}, providers=("FARGATE", "FARGATE_SPOT", "asg"))
SHARES = {"small": 4, "large": 1.5, "warm": 2, "fargate": 2, "spot": 1.5, "hosts": 2}

#: A start may follow what was heard by as long as a JIT config takes to come at worst.
RULES = StartRules(window=180.0)

#: Seconds until the last job must have ended, and from then on until nothing may be left over: max_runtime, and the
#: time to drain.
JOBS_END_WITHIN = 4500.0
SETTLED_WITHIN = 2100.0

#: Where registrations are swept early, a journal may be lost.
SWEPT_EARLY = {"OFFLINE_RUNNER_REAPER_INTERVAL": "5m", "OFFLINE_RUNNER_MIN_AGE": "15m"}
RETRY_START = 5.0


@dataclass
class Log:
    """What became of a storm, for people."""

    seed: int
    ends: Counter[str] = field(default_factory=Counter)  #: of controllers, by how
    jobs: Counter[str] = field(default_factory=Counter)  #: by result
    calls: int = 0
    starts: int = 0

    def __str__(self) -> str:
        jobs, ends = (", ".join(f"{n} {what}" for what, n in sorted(c.items())) for c in (self.jobs, self.ends))
        return f"jobs: {jobs}; controllers: {ends}; {self.starts} starts, {self.calls} calls"


class Storm:
    """The storm of one seed, ``seconds`` long, with its files in ``stages``' folder."""

    def __init__(self, seed: int, seconds: float, stages: Stages) -> None:
        self.log = Log(seed)
        self._seconds = seconds
        self._stages = stages
        self._rng = random.Random(f"storm {seed}")
        self._forgetful = self._rng.random() < 0.5
        self._lives = 0
        #: Called with the world as soon as there is one.
        self.on_world: Callable[[World], None] = lambda _: None

    async def run(self) -> None:
        """Live through it; raises AssertionError with everything that is wrong in the end."""
        settings = WorldSettings(
            seed=self.log.seed,
            epoch=EPOCH,
            capacity=CAPACITY,
            flow=self._rng.choice(("broker", "broker", "acquire")),
        )
        async with self._stages.world(settings, toml=TOML, rules=RULES) as world:
            self.on_world(world)
            weather = Weather(world, self._rng)
            weather.rise()
            raging = world.background.spawn(weather.blow(), name="weather")
            mix = JobMix(self._rng.uniform(0.6, 1.6), SHARES, shortest=10, longest=LONGEST_JOB, most_waiting=25)
            arriving = world.background.spawn(world.jobs.run(mix), name="jobs")
            name = await self._live_through(world)
            async with self._controller(world, name) as stage:
                await self._wait(stage, self._rng.uniform(60, 300))
                raging.cancel()
                arriving.cancel()
                weather.clear_up()
                await self._calm(stage, weather)
                self._sum_up(world)
                self._judge(stage, weather)

    # --- controllers -----------------------------------------------------------------------------------------------

    async def _live_through(self, world: World) -> str:
        """Let controllers come and go for as long as the storm lasts; returns the name of the last one's state."""
        name, until = "life-0", world.clock.monotonic() + self._seconds
        while world.clock.monotonic() < until:
            try:
                async with self._controller(world, name) as stage:
                    await self._wait(stage, min(self._rng.uniform(60, 1500), until - world.clock.monotonic() + 1))
                    name = await self._end(stage, name)
            except Rejected:
                self.log.ends["refused"] += 1
                await world.clock.sleep(RETRY_START)
            else:
                await world.clock.sleep(self._rng.uniform(1, 60))
        return name

    def theatres(self) -> list[Theatre]:
        """What is known of the worlds there were."""
        return self._stages.theatres()

    def _controller(self, world: World, name: str) -> AbstractAsyncContextManager[Stage]:
        self._lives += 1
        settings = SWEPT_EARLY if self._forgetful else {}
        return self._stages.controller(world, toml=TOML, settings=settings, name=name, seed=self._rng.getrandbits(32))

    async def _end(self, stage: Stage, name: str) -> str:
        """End a controller in one of three ways; returns the name of its successor's state."""
        how = self._rng.choices(("in order", "cut off", "lost with its journal"), (5, 3, int(self._forgetful)))[0]
        self.log.ends[how] += 1
        if how == "in order":
            return name
        successor = f"life-{self._lives}"
        if how == "cut off":
            await stage.cut_off(self._stages.journal_of(successor))
        else:
            await stage.cut_off(self._stages.journal_of(f"{name}-lost"))
        return successor

    @staticmethod
    async def _wait(stage: Stage, seconds: float) -> None:
        """Let it run; raises what ends it before that."""
        await asyncio.wait({stage.running}, timeout=seconds)
        if stage.running.done():
            stage.running.result()
            raise AssertionError("the controller ended by itself")

    # --- the end ---------------------------------------------------------------------------------------------------

    async def _calm(self, stage: Stage, weather: Weather) -> None:
        """Wait until all jobs have ended, and for what is left to go."""
        world, waited = stage.world, 0.0
        while waited < JOBS_END_WITHIN and any(_open_jobs(world, weather)):
            await self._wait(stage, 30)
            waited += 30
        await self._wait(stage, SETTLED_WITHIN)

    def _judge(self, stage: Stage, weather: Weather) -> None:
        """Look at everything; raises AssertionError with all that is wrong."""
        world = stage.world
        unfinished = [_told(job) for job in _open_jobs(world, weather)]
        wrong = [*unfinished, *_left_over(stage), *self._said(world)]
        try:
            self._stages.theatre(world).judge()
        except AssertionError as violations:
            wrong += str(violations).splitlines()[1:]
        if wrong:
            raise AssertionError("\n".join(wrong))

    def _said(self, world: World) -> Iterator[str]:
        """Yield what the log holds that only a mistake of ours can bring there."""
        for line in self._stages.theatre(world).log.getvalue().splitlines():
            record = json.loads(line)
            if "traceback" in record:
                yield f"the log has a traceback: {record['message']}\n{record['traceback']}"

    def _sum_up(self, world: World) -> None:
        self.log.jobs.update(job.result or "dropped" for job in world.github.jobs.values())
        self.log.calls = world.ecs.calls.total() + world.github.calls.total()
        self.log.starts = world.ecs.table.next_sequence() - 1


def _open_jobs(world: World, weather: Weather) -> Iterator[Job]:
    return (
        job for job in world.github.jobs.values() if job.phase is not JobPhase.COMPLETED and job not in weather.dropped
    )


def _told(job: Job) -> str:
    return f"job {job.id} of {job.labels[0]}, queued at {job.queued_at:%H:%M:%S}, is still {job.phase}"


def _left_over(stage: Stage) -> Iterator[str]:
    """Yield what is there in calm and should not be, or should be and is not."""
    live = [task for task in stage.world.ecs.tasks.values() if not task.is_stopped]
    for spec in SCALE_SETS:
        ours = [task for task in live if task.tags.get("ecs-arc:scale-set") == spec.name]
        wanted = want(0, spec.bounds)
        if len(ours) != wanted:
            states = ", ".join(f"{task.tags.get('ecs-arc:runner-name')} {task.last_status}" for task in ours)
            yield f"{spec.name} has {len(ours)} tasks in calm where {wanted} are wanted: {states or 'none'}"
    shown = {view.task_arn for view in stage.snapshot().runners if view.state not in {"stopped", "failed"}}
    if shown != {task.arn for task in live}:
        yield f"the controller shows {len(shown)} live runners, and there are {len(live)} tasks"
    health = stage.engine.health()
    if not health.ready:
        yield f"the controller is not ready in calm: {'; '.join(health.reasons)}"
