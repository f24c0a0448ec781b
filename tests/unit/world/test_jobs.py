"""How workflow jobs arrive."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from statistics import fmean

import pytest

from core.world.jobs import CATALOGUE, JobMix, Workflow
from core.world.world import World, WorldSettings

pytestmark = pytest.mark.virtual_time

HOUR = 3600.0


def world(seed: int = 1) -> World:
    return World(WorldSettings(seed=seed, epoch=datetime(2030, 1, 1, tzinfo=UTC)))


def mix(**changes: float) -> JobMix:
    return JobMix(**{"runs_per_minute": 6, "most_waiting": 10**6, **changes}, shares={"small": 3, "large": 1})  # type: ignore[arg-type]  # a builder: JobMix has the types


async def test_runs_come_at_about_the_asked_rate() -> None:
    async with world() as here:
        here.let_jobs_arrive(mix())
        await asyncio.sleep(HOUR)
        runs = {(job.queued_at, job.repository) for job in here.github.jobs.values()}
        assert len(runs) == pytest.approx(6 * 60, rel=0.15)


async def test_labels_are_asked_for_according_to_their_shares() -> None:
    async with world() as here:
        for _ in range(800):
            here.jobs.start_run(mix())
        asked = Counter(job.labels[0] for job in here.github.jobs.values())
        assert asked["small"] / asked["large"] == pytest.approx(3, rel=0.2)


async def test_durations_stay_in_their_bounds_and_lean_to_the_short_side() -> None:
    async with world() as here:
        for _ in range(400):
            here.jobs.start_run(mix(shortest=10, longest=1000))
        durations = [job.duration for job in here.github.jobs.values()]
        assert min(durations) >= 10
        assert max(durations) <= 1000
        assert fmean(durations) < (10 + 1000) / 2


async def test_the_jobs_of_a_run_belong_to_one_workflow_and_ask_for_one_label() -> None:
    async with world() as here:
        for _ in range(50):
            jobs = here.jobs.start_run(mix())
            assert len({(job.repository, job.workflow, job.event, job.labels) for job in jobs}) == 1
            assert len({job.name for job in jobs}) == len(jobs)


async def test_nothing_is_asked_for_while_too_many_jobs_wait() -> None:
    async with world() as here:
        here.let_jobs_arrive(mix(most_waiting=10))
        await asyncio.sleep(HOUR)
        longest_run = max(len(workflow.jobs) for workflow in CATALOGUE)
        assert 10 <= len(list(here.jobs.waiting())) < 10 + longest_run


async def test_a_test_gets_exactly_the_job_it_asks_for() -> None:
    async with world() as here:
        workflow = Workflow("widgets", "ci.yml", ("build",))
        job = here.jobs.enqueue("small", duration=7, name="unit", workflow=workflow)
        assert (job.labels, job.duration, job.name, job.repository) == (("small",), 7, "unit", "widgets")


@pytest.mark.parametrize("changes", [{"runs_per_minute": 0}, {"shortest": 0}, {"shortest": 5, "longest": 4}], ids=str)
async def test_a_mix_of_which_nothing_can_arrive_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="nothing can arrive"):
        mix(**changes)


def test_a_mix_without_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing can arrive"):
        JobMix(runs_per_minute=1, shares={})
