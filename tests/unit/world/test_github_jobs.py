"""Workflow jobs without HTTP: where they go over time, and what scale sets are told."""

import asyncio

import pytest

from core.world.github import Job, JobPhase, Label, Timings
from core.world.github.jobs import KEPT_ENDED_JOBS
from core.world.github.mailbox import OpenPoll
from core.world.github.scale_sets import ScaleSetChange
from tests.unit.world.github_stage import Stage

pytestmark = pytest.mark.virtual_time


class TestCancelling:
    async def test_a_job_nobody_has_ends_unheard(self) -> None:
        stage = Stage(capacity=0)
        job = stage.github.enqueue_job("small")
        assert stage.github.cancel_job(job.id)
        assert (job.result, stage.told()) == ("canceled", [])
        assert stage.github.statistics(stage.scale_set.id)["totalAvailableJobs"] == 0

    async def test_an_assigned_job_is_reported_without_a_runner(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        stage.github.cancel_job(job.id)
        (message,) = [stage.scale_set.mailbox.next_message(0)]
        assert message is not None
        fields = message.entries[-1].fields
        assert (fields["result"], fields["runnerId"], fields["runnerName"]) == ("canceled", 0, "")

    async def test_a_running_job_takes_its_runner_with_it(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        stage.github.take_job(stage.runner())
        stage.github.cancel_job(job.id)
        assert stage.told()[-1] == ("JobCompleted", "canceled")
        assert stage.github.registrations_removed == {"itself": 1}
        assert not stage.github.finish_job(job.id)

    async def test_what_is_over_cannot_be_cancelled(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        stage.github.cancel_job(job.id)
        assert not stage.github.cancel_job(job.id)


class TestReassignment:
    async def test_a_job_nobody_starts_comes_again_after_five_minutes(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        await asyncio.sleep(299)
        assert stage.told() == [("JobAssigned", None)]
        await asyncio.sleep(1)
        assert stage.told() == [("JobCompleted", "canceled"), ("JobAssigned", None)]
        assert (job.phase, job.reassignments, stage.assigned()) == (JobPhase.ASSIGNED, 1, 1)

    async def test_it_comes_again_three_times_at_most(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        await asyncio.sleep(10_000)
        assert (job.reassignments, job.phase) == (3, JobPhase.ASSIGNED)

    async def test_a_job_that_was_started_in_time_is_left_alone(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        await asyncio.sleep(299)
        stage.github.take_job(stage.runner())
        await asyncio.sleep(1000)
        assert (job.reassignments, job.phase) == (0, JobPhase.RUNNING)

    async def test_the_limit_counts_from_the_latest_assignment(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        await asyncio.sleep(200)
        assert stage.github.reassign_job(job.id)
        await asyncio.sleep(299)
        assert job.reassignments == 1

    async def test_only_an_assigned_job_is_taken_back(self) -> None:
        stage = Stage(capacity=0)
        job = stage.github.enqueue_job("small")
        assert not stage.github.reassign_job(job.id)

    async def test_another_scale_set_may_get_it(self) -> None:
        stage = Stage(capacity=0)
        other = stage.add("other", "small")
        stage.service.open_poll(other, OpenPoll(1, 0, lambda: None))
        job = stage.github.enqueue_job("small")
        assert job.scale_set_id == other.id
        stage.service.open_poll(other, OpenPoll(0, 0, lambda: None))
        stage.poll(1)
        stage.github.reassign_job(job.id)
        assert job.scale_set_id == stage.scale_set.id


class TestAcquiring:
    async def test_a_won_job_can_stay_acquired_for_a_while(self) -> None:
        stage = Stage(flow="acquire", timings=Timings(acquired_to_assigned=4))
        job = stage.github.enqueue_job("small")
        stage.service.board.acquire(stage.scale_set, [job.request_id])
        numbers = stage.github.statistics(stage.scale_set.id)
        assert (numbers["totalAcquiredJobs"], numbers["totalAssignedJobs"]) == (1, 0)
        await asyncio.sleep(4)
        numbers = stage.github.statistics(stage.scale_set.id)
        assert (numbers["totalAcquiredJobs"], numbers["totalAssignedJobs"]) == (0, 1)

    async def test_a_job_is_offered_once(self) -> None:
        stage = Stage(flow="acquire")
        stage.github.enqueue_job("small")
        stage.poll(10)
        assert stage.told() == [("JobAvailable", None)]

    async def test_a_job_that_was_taken_back_is_offered_again(self) -> None:
        stage = Stage(flow="acquire")
        job = stage.github.enqueue_job("small")
        stage.service.board.acquire(stage.scale_set, [job.request_id])
        stage.told()
        stage.github.reassign_job(job.id)
        assert stage.told() == [("JobCompleted", "canceled"), ("JobAvailable", None)]


class TestMatching:
    async def test_a_job_waits_for_a_scale_set_that_does_not_exist_yet(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("large")
        large = stage.add("large")
        stage.service.open_poll(large, OpenPoll(1, 0, lambda: None))
        assert job.scale_set_id == large.id

    async def test_a_job_needs_all_its_labels_in_any_casing(self) -> None:
        stage = Stage()
        gpu = stage.add("gpu", "linux")
        stage.service.open_poll(gpu, OpenPoll(5, 0, lambda: None))
        both, missing = stage.github.enqueue_job("GPU", "Linux"), stage.github.enqueue_job("gpu", "windows")
        assert (both.scale_set_id, missing.scale_set_id) == (gpu.id, None)

    async def test_new_labels_bring_the_jobs_that_wait_for_them(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("gpu")
        change = ScaleSetChange(labels=(Label("small"), Label("gpu")))
        stage.service.update_scale_set(stage.scale_set.id, change)
        assert job.scale_set_id == stage.scale_set.id

    async def test_a_completed_job_is_noticed(self) -> None:
        stage, seen = Stage(), list[Job]()
        stage.github.on_job_completed(seen.append)
        job = stage.github.enqueue_job("small")
        stage.github.cancel_job(job.id)
        assert seen == [job]

    async def test_what_is_over_cannot_be_dropped(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        stage.github.cancel_job(job.id)
        stage.github.controls.drop_job(job.id)
        assert (job.result, job.id in stage.github.jobs) == ("canceled", True)

    async def test_of_the_jobs_that_are_over_only_the_latest_stay_known(self) -> None:
        stage = Stage(capacity=0)
        jobs = [stage.github.enqueue_job("small") for _ in range(KEPT_ENDED_JOBS + 1)]
        for job in jobs:
            stage.github.cancel_job(job.id)
        assert list(stage.github.jobs) == [job.id for job in jobs[1:]]
