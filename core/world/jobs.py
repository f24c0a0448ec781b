"""Workflow jobs that arrive: believable ones in a stream, or exactly those a test asks for.

A push or a schedule starts a workflow run, and a run asks for one to a few jobs at once: so jobs come in small bursts,
and the time between two runs is drawn from an exponential distribution, as independent events have it. Names are taken
from a small catalogue of repositories, so that a screen full of them looks like a Tuesday morning. The stream stops
asking while too many jobs wait, as people do.
"""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.world.clock import WorldClock
from core.world.github import GitHubWorld, Job, JobPhase


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file, the jobs it asks for, and what starts it."""

    repository: str
    file: str
    jobs: tuple[str, ...]
    event: str = "push"


CATALOGUE = (
    Workflow("storefront", "ci.yml", ("lint", "unit (node 20)", "unit (node 22)", "bundle size")),
    Workflow("storefront", "e2e.yml", ("e2e (chromium)", "e2e (firefox)", "e2e (webkit)"), "pull_request"),
    Workflow("billing-api", "ci.yml", ("ruff + mypy", "pytest (3.11)", "pytest (3.12)", "migrations"), "pull_request"),
    Workflow("billing-api", "release.yml", ("build image", "sign image", "publish chart"), "release"),
    Workflow("arm-firmware", "build.yml", ("build (debug)", "build (release)", "size report")),
    Workflow("arm-firmware", "nightly.yml", ("hardware in the loop", "fuzz 10 min"), "schedule"),
    Workflow("search-indexer", "ci.yml", ("cargo test", "cargo clippy", "miri"), "pull_request"),
    Workflow("data-pipelines", "backfill.yml", ("backfill orders", "backfill sessions"), "workflow_dispatch"),
    Workflow("infrastructure", "plan.yml", ("terraform plan (staging)", "terraform plan (prod)"), "pull_request"),
    Workflow("handbook", "site.yml", ("build site", "check links")),
)
"""Who asks for runners."""


@dataclass(frozen=True, slots=True)
class JobMix:
    """What the stream is made of.

    `runs_per_minute` is the mean rate of workflow runs, above 0. `shares` gives for each label (a scale set's name) how
    often it is asked for, in relation to the others. `shortest` and `longest` bound a job's duration in seconds, short
    ones being more common. A run is skipped while `most_waiting` jobs wait for a runner.
    """

    runs_per_minute: float
    shares: Mapping[str, float]
    shortest: float = 15.0
    longest: float = 90.0
    most_waiting: int = 40

    def __post_init__(self) -> None:
        if self.runs_per_minute <= 0 or not self.shares or not 0 < self.shortest <= self.longest:
            raise ValueError(f"nothing can arrive from {self}")


class JobStream:
    """The source of jobs of one world; all chance comes from `rng`."""

    def __init__(self, clock: WorldClock, rng: random.Random, github: GitHubWorld) -> None:
        self._clock = clock
        self._rng = rng
        self._github = github

    def enqueue(
        self, label: str, *, duration: float = 60.0, name: str | None = None, workflow: Workflow | None = None
    ) -> Job:
        """Ask for one runner of the scale set called `label`; `duration` is in seconds.

        Without a `workflow` one is drawn from the catalogue, and without a `name` one of its jobs.
        """
        run = workflow or self._rng.choice(CATALOGUE)
        return self._github.enqueue_job(
            label,
            name=name or self._rng.choice(run.jobs),
            repository=run.repository,
            workflow=run.file,
            duration=duration,
            event=run.event,
        )

    def start_run(self, mix: JobMix) -> list[Job]:
        """Let one workflow run ask for its jobs; all have the same label, as they mostly do."""
        run = self._rng.choice(CATALOGUE)
        label = self._rng.choices(list(mix.shares), weights=list(mix.shares.values()))[0]
        return [
            self.enqueue(label, duration=self._duration(mix), name=name, workflow=run)
            for name in run.jobs[: self._rng.randint(1, len(run.jobs))]
        ]

    async def run(self, mix: JobMix) -> None:
        """Let workflow runs come, until cancelled."""
        while True:
            await self._clock.sleep(self._rng.expovariate(mix.runs_per_minute / 60))
            if sum(1 for _ in self.waiting()) < mix.most_waiting:
                self.start_run(mix)

    def waiting(self) -> Iterator[Job]:
        """Yield the jobs that no runner works on yet."""
        return (job for job in self._github.jobs.values() if job.phase not in (JobPhase.RUNNING, JobPhase.COMPLETED))

    def _duration(self, mix: JobMix) -> float:
        """Draw a duration whose logarithm is spread evenly: half of all jobs take less than the geometric mean."""
        return math.exp(self._rng.uniform(math.log(mix.shortest), math.log(mix.longest)))
