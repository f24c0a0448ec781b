"""Simulated runner processes: what lives in the container `runner` of a task.

One coroutine for each task that carries a JIT config, from the moment ECS reports it RUNNING: connect to GitHub, wait
for a job, work on it for its duration, report the result, exit. The coroutine ends in one of three ways, and every one
leaves ECS and GitHub as a real process would leave them (github-scale-set-api.md sections 4 and 5.13):

- it exits by itself: the container ends with its exit code;
- its task gets a stop signal, or loses its host: the process is gone at once, GitHub finds the runner offline, and ECS
  ends the container in its own time. A job it had is concluded as failed much later;
- the world closes.

A runner that GitHub knows, but that died, stays registered. Cleaning up after it is the product's business.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from core.world.background import Background
from core.world.clock import WorldClock
from core.world.ecs import EcsTask, EcsWorld
from core.world.github import GitHubWorld, Job, JobPhase, RunnerRefused
from core.world.github.jit import runner_id_in

JIT_VARIABLE = "ACTIONS_RUNNER_INPUT_JITCONFIG"
"""The environment variable in which a runner finds its JIT config (github-scale-set-api.md section 4.1)."""

EXIT_DONE = 0
EXIT_REFUSED = 1
EXIT_VERSION_REFUSED = 7
"""The runner's own code for a version that GitHub no longer accepts (github-scale-set-api.md section 4.8)."""
EXIT_OUT_OF_MEMORY = 137

Transcript = Callable[[EcsTask, str], None]
"""Takes each line that a runner writes to its standard output."""


class Fate(Enum):
    """What becomes of a runner process."""

    WORKS = "works"
    """It does its one job and exits."""
    NEVER_CONNECTS = "never connects"
    """It hangs before it reaches GitHub, until its task is stopped."""
    VERSION_REFUSED = "version refused"
    """GitHub turns its version away; it exits with code 7."""
    DIES_IN_JOB = "dies in its job"
    """It is killed for want of memory half way through its job, without a word to GitHub."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How runner processes behave; durations in seconds, each drawn uniformly between two bounds.

    `connecting` passes from RUNNING to online, `leaving` from the end of the job to the end of the process, `noticing`
    until an idle runner sees that its registration was removed, or a busy one that its job was cancelled. `failing` is
    the share of jobs, 0 to 1, that end as failed.
    """

    connecting: tuple[float, float] = (1.0, 3.0)
    leaving: tuple[float, float] = (0.5, 2.0)
    noticing: tuple[float, float] = (1.0, 10.0)
    failing: float = 0.0


class SimulatedRunners:
    """The runner processes of one world. It takes `ecs.on_running`, `ecs.on_stop_signal` and the ends of jobs."""

    def __init__(
        self,
        clock: WorldClock,
        rng: random.Random,
        *,
        ecs: EcsWorld,
        github: GitHubWorld,
        background: Background,
        habits: Habits | None = None,
    ) -> None:
        self.habits = habits or Habits()
        self.transcript: Transcript = lambda _task, _line: None
        self._clock = clock
        self._rng = rng
        self._ecs = ecs
        self._github = github
        self._background = background
        self._fates: deque[Fate] = deque()
        self._processes: dict[EcsTask, asyncio.Task[None]] = {}
        self._ends_of_jobs: dict[str, asyncio.Event] = {}
        ecs.on_running = self._start
        ecs.on_stop_signal = self._kill
        github.on_job_completed(self._job_is_over)

    @property
    def alive(self) -> int:
        """How many processes run."""
        return len(self._processes)

    def next_fate(self, fate: Fate, *, times: int = 1) -> None:
        """Decide what becomes of the next `times` processes that start; those before keep what they were given."""
        self._fates.extend([fate] * times)

    def _start(self, task: EcsTask) -> None:
        if JIT_VARIABLE not in task.override_env:
            return
        fate = self._fates.popleft() if self._fates else Fate.WORKS
        process = self._background.spawn(self._live(task, fate), name=f"runner process of {task.id}")
        self._processes[task] = process
        process.add_done_callback(lambda _: self._processes.pop(task, None))

    def _kill(self, task: EcsTask) -> None:
        if task in self._processes:
            self._processes[task].cancel()
        runner_id = runner_of(task)
        if runner_id is not None:
            self._github.runner_lost(runner_id)

    async def _live(self, task: EcsTask, fate: Fate) -> None:
        try:
            exit_code = await self._run(task, fate)
        except RunnerRefused as refused:
            await self._pass_time(self.habits.noticing)
            self.transcript(task, f"{refused}; exiting")
            exit_code = EXIT_REFUSED
        self._ecs.exit(task.arn, exit_code)

    async def _run(self, task: EcsTask, fate: Fate) -> int:
        await self._pass_time(self.habits.connecting)
        if fate is Fate.NEVER_CONNECTS:
            await asyncio.Event().wait()
        if fate is Fate.VERSION_REFUSED:
            self.transcript(task, "This runner version is deprecated and cannot receive messages")
            return EXIT_VERSION_REFUSED
        runner = self._github.connect(task.override_env[JIT_VARIABLE])
        self.transcript(task, "Connected to GitHub; listening for jobs")
        job = await self._github.wait_for_job(runner.id)
        self.transcript(task, f"Running job: {job.name}")
        return await self._work(task, job, fate)

    async def _work(self, task: EcsTask, job: Job, fate: Fate) -> int:
        if fate is Fate.DIES_IN_JOB:
            await self._clock.sleep(job.duration / 2)
            self._github.runner_lost(job.runner_id)
            return EXIT_OUT_OF_MEMORY
        if await self._ended_early(job):
            await self._pass_time(self.habits.noticing)
        else:
            self._github.finish_job(job.id, "failed" if self._rng.random() < self.habits.failing else "succeeded")
        self.transcript(task, f"Job {job.name} completed with result: {job.result}")
        await self._pass_time(self.habits.leaving)
        return EXIT_DONE

    async def _ended_early(self, job: Job) -> bool:
        """Work for the job's duration; True when somebody else ended the job before that."""
        if job.phase is JobPhase.COMPLETED:
            return True
        over = self._ends_of_jobs.setdefault(job.id, asyncio.Event())
        try:
            async with asyncio.timeout(job.duration):
                await over.wait()
        except TimeoutError:
            return False
        finally:
            del self._ends_of_jobs[job.id]
        return True

    def _job_is_over(self, job: Job) -> None:
        if job.id in self._ends_of_jobs:
            self._ends_of_jobs[job.id].set()

    async def _pass_time(self, bounds: tuple[float, float]) -> None:
        await self._clock.sleep(self._rng.uniform(*bounds))


def runner_of(task: EcsTask) -> int | None:
    """Return the id of the runner whose JIT config a task carries; None for a task without one."""
    return runner_in(task.override_env.get(JIT_VARIABLE, ""))


def runner_in(encoded_jit: str) -> int | None:
    """Return the id of the runner that a JIT config is for; None for what is no JIT config."""
    try:
        return runner_id_in(encoded_jit)
    except ValueError:
        return None
