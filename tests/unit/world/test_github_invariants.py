"""Whatever happens in whatever order, every job is in one place and every registration is accounted for."""

import asyncio
import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from core.world.github import GitHubWorld, Job, JobPhase, Label
from core.world.github.mailbox import OpenPoll
from core.world.github.scale_sets import ScaleSetChange
from core.world.github.service import ScaleSetService
from tests.unit.world.github_stage import state_of
from tests.unit.world.github_support import world
from tests.virtual_time import VirtualTimeLoop

LARGEST_CAPACITY = 5

Step = Callable[[GitHubWorld, ScaleSetService, random.Random], None]


def _enqueue(github: GitHubWorld, _: ScaleSetService, dice: random.Random) -> None:
    github.enqueue_job(dice.choice(["one", "two", "shared"]))


def _poll(_: GitHubWorld, service: ScaleSetService, dice: random.Random) -> None:
    scale_set = dice.choice(list(service.registry.scale_sets.values()))
    service.open_poll(scale_set, OpenPoll(dice.randint(0, LARGEST_CAPACITY), 0, lambda: None))


def _start(github: GitHubWorld, service: ScaleSetService, dice: random.Random) -> None:
    scale_set = dice.choice(list(service.registry.scale_sets.values()))
    _, jit = service.pool.register(scale_set, f"r{service.pool.made}", "_work")
    github.take_job(github.connect(jit.encoded).id)


def _on_a_job(do: Callable[[GitHubWorld, str], object]) -> Step:
    def step(github: GitHubWorld, _: ScaleSetService, dice: random.Random) -> None:
        if github.jobs:
            do(github, dice.choice(list(github.jobs)))

    return step


def _lose(github: GitHubWorld, _: ScaleSetService, dice: random.Random) -> None:
    if github.runners:
        github.runner_lost(dice.choice(list(github.runners)))


STEPS: dict[str, Step] = {
    "enqueue": _enqueue,
    "poll": _poll,
    "start": _start,
    "finish": _on_a_job(GitHubWorld.finish_job),
    "cancel": _on_a_job(GitHubWorld.cancel_job),
    "reassign": _on_a_job(GitHubWorld.reassign_job),
    "lose": _lose,
}


def places(github: GitHubWorld, service: ScaleSetService, job: Job) -> list[str]:
    """Return every place that claims the job."""
    found = []
    for scale_set in github.scale_sets.values():
        found += [f"assigned {scale_set.id}"] * (job.id in scale_set.assigned)
        found += [f"running {scale_set.id}"] * (job.id in scale_set.running)
    waiting = {queued.id for scale_set in github.scale_sets.values() for queued in service.board.waiting_for(scale_set)}
    return found + ["queued"] * (job.id in waiting)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=60), st.randoms(), st.sampled_from([0, 100, 400]))
def test_a_job_is_always_in_exactly_one_place(steps: list[str], dice: random.Random, pause: int) -> None:
    async def scenario() -> None:
        github = world()
        service = state_of(github)
        for name in ("one", "two"):
            service.registry.create(ScaleSetChange(name=name, labels=(Label(name), Label("shared"))))
        for step in steps:
            STEPS[step](github, service, dice)
            await asyncio.sleep(pause)
            check(github, service)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(scenario())


def check(github: GitHubWorld, service: ScaleSetService) -> None:
    for job in github.jobs.values():
        expected = {
            JobPhase.QUEUED: ["queued"],
            JobPhase.ASSIGNED: [f"assigned {job.scale_set_id}"],
            JobPhase.RUNNING: [f"running {job.scale_set_id}"],
            JobPhase.COMPLETED: [],
        }
        assert places(github, service, job) == expected[job.phase]
    busy = [runner.job.id for runner in github.runners.values() if runner.job is not None]
    running = [job.id for job in github.jobs.values() if job.phase is JobPhase.RUNNING]
    assert sorted(busy) == sorted(running)
    assert all(scale_set.load <= LARGEST_CAPACITY for scale_set in github.scale_sets.values())
    ended = sum(github.registrations_removed.values())
    assert github.registrations_made == len(github.runners) + ended
