"""The demo's scenario: a morning in which everything that a runner controller has to live with happens once soon.

It is made for a controller with a PENDING limit of 20 s and a first capacity backoff of 5 s. As soon as every scale set
of `RUNNERS_TOML` is listened to, a script sees to it that within 90 s

- jobs have been served in every corner, the first within 15 s;
- a task has been stuck in PENDING for longer than the limit;
- the large runners have met RESOURCE:MEMORY, since three more of them do not fit on the host, and get through later.

After that jobs keep coming, and from time to time something goes wrong: all drawn from the world's seed.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from core.world.ecs import FARGATE_FULL, Capacity, Odds, Pace, Planted, Room, Stuck, TaskState
from core.world.ecs.mishaps import PULL_TIMED_OUT
from core.world.github import Timings
from core.world.jobs import JobMix
from core.world.runners import Fate, Habits
from core.world.world import World, WorldSettings

RUNNERS_TOML = """\
# Two sizes, with and without Docker, on a host of our own; and two sizes on Fargate.

[defaults]
compatibility = "EXTERNAL"
network_mode = "bridge"
max_runtime = "1h"

[[template]]
family_prefix = "linux"

[template.sizes]
small = { cpu = 1024, memory = 2048, max_runners = 4 }
large = { cpu = 4096, memory = 8192, max_runners = 3 }

[template.features]
plain  = {}
docker = { enable_dind = true }

[[runner]]
family = "fargate-small"
cpu = 1024
memory = 2048
compatibility = "FARGATE"
network_mode = "awsvpc"
subnets = ["subnet-0a1b2c3d"]
security_groups = ["sg-0a1b2c3d"]
max_runners = 5

[[runner]]
family = "fargate-medium"
cpu = 2048
memory = 4096
compatibility = "FARGATE"
network_mode = "awsvpc"
subnets = ["subnet-0a1b2c3d"]
security_groups = ["sg-0a1b2c3d"]
max_runners = 3
"""
"""What the demo's controller is configured with."""

SCALE_SETS = (
    "linux-small-plain",
    "linux-small-docker",
    "linux-large-plain",
    "linux-large-docker",
    "fargate-small",
    "fargate-medium",
)
"""The scale sets that come of it."""

MIX = JobMix(
    runs_per_minute=4,
    shares={
        "linux-small-plain": 5,
        "linux-small-docker": 3,
        "linux-large-plain": 1.5,
        "linux-large-docker": 1,
        "fargate-small": 2,
        "fargate-medium": 1,
    },
    shortest=12,
    longest=75,
    most_waiting=15,
)
"""What arrives: on an average minute less than the host can bear, in a busy one more."""

ODDS = (Odds(Stuck(TaskState.PENDING), 0.02), Odds(PULL_TIMED_OUT, 0.02))
"""How often the start of a task goes wrong once the script is over."""

_PACE = Pace(
    provisioning=1.5,
    connecting=0.5,
    preparing=1.0,
    pulling=3.0,
    creating=0.7,
    activating=0.3,
    noticing=0.5,
    deactivating=0.2,
    stopping=1.0,
    deprovisioning=2.0,
)
_HOST = Room(cpu=32_768, memory=28_672)  # three large runners and two small ones
_LOOK_FOR_SESSIONS_EVERY = 0.25
_TROUBLE_AFTER = (40.0, 100.0)


def demo_settings(seed: int) -> WorldSettings:
    """Return the world of the demo: quick, small, a little unreliable; polls short, so that what happens is seen."""
    return WorldSettings(
        seed=seed,
        pace=_PACE,
        capacity=Capacity(rooms={"EXTERNAL": _HOST}),
        timings=Timings(poll_hold=5.0, job_pickup=0.5, lost_runner_verdict=60.0),
        habits=Habits(connecting=(0.5, 1.5), failing=0.08),
        neighbours=True,
    )


async def play(world: World) -> None:
    """Play the scenario until cancelled; nothing happens before every scale set is listened to."""
    world.ecs.plant_task(Planted("search-api", started_by="ecs-svc/4242424242424242424", age=86_400))
    while not all(_is_listened_to(world, name) for name in SCALE_SETS):
        await world.clock.sleep(_LOOK_FOR_SESSIONS_EVERY)
    began = world.clock.monotonic()
    for step in SCRIPT:
        await world.clock.sleep(began + step.at - world.clock.monotonic())
        step.act(world)
    world.ecs.mishaps.odds = ODDS
    world.let_jobs_arrive(MIX)
    await _make_trouble(world, random.Random(f"{world.settings.seed} trouble"))


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens `at` so many seconds after the script began."""

    at: float
    act: Callable[[World], None]


def _first_jobs(world: World) -> None:
    for name in SCALE_SETS:
        world.jobs.enqueue(name, duration=20)
    world.jobs.enqueue("linux-small-plain", duration=30)


def _one_gets_stuck(world: World) -> None:
    world.ecs.next_start(Stuck(TaskState.PENDING), family="linux-small-plain")
    for _ in range(2):
        world.jobs.enqueue("linux-small-plain", duration=25)


def _more_than_fits(world: World) -> None:
    for _ in range(3):
        world.jobs.enqueue("linux-large-plain", duration=30)


def _small_jobs(world: World) -> None:
    for name in ("linux-small-docker", "fargate-small", "fargate-medium"):
        world.jobs.enqueue(name, duration=30)


SCRIPT = (Step(0, _first_jobs), Step(8, _one_gets_stuck), Step(18, _more_than_fits), Step(30, _small_jobs))
"""The first half minute, in order; then the stream of jobs begins, and the trouble."""


def _fargate_is_full(world: World) -> None:
    world.ecs.capacity.close(FARGATE_FULL, pool="FARGATE", seconds=25)


def _one_never_connects(world: World) -> None:
    world.runners.next_fate(Fate.NEVER_CONNECTS)


def _one_dies_in_its_job(world: World) -> None:
    world.runners.next_fate(Fate.DIES_IN_JOB)


def _a_job_is_cancelled(world: World) -> None:
    if (waiting := next(world.jobs.waiting(), None)) is not None:
        world.github.cancel_job(waiting.id)


_TROUBLES: tuple[Callable[[World], None], ...] = (
    _one_gets_stuck,
    _more_than_fits,
    _fargate_is_full,
    _one_never_connects,
    _one_dies_in_its_job,
    _a_job_is_cancelled,
)


async def _make_trouble(world: World, rng: random.Random) -> None:
    while True:
        await world.clock.sleep(rng.uniform(*_TROUBLE_AFTER))
        rng.choice(_TROUBLES)(world)


def _is_listened_to(world: World, name: str) -> bool:
    scale_set = world.github.scale_set(name)
    return scale_set is not None and scale_set.session is not None
