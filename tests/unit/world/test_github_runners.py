"""The runner side without HTTP: connecting, waiting for work, and being lost."""

import asyncio

import pytest

from core.world.github import JobPhase, RemovedBy, RunnerRefused, ServiceRefusal
from tests.unit.world.github_stage import Stage
from tests.virtual_time import running_loop

pytestmark = pytest.mark.virtual_time


class TestConnecting:
    async def test_a_removed_registration_refuses_its_config(self) -> None:
        stage = Stage()
        runner, jit = stage.service.pool.register(stage.scale_set, "x", "_work")
        stage.service.remove_runner(runner, RemovedBy.SERVICE)
        with pytest.raises(RunnerRefused, match="has been removed"):
            stage.github.connect(jit.encoded)

    async def test_a_config_is_good_once(self) -> None:
        stage = Stage()
        _, jit = stage.service.pool.register(stage.scale_set, "x", "_work")
        stage.github.connect(jit.encoded)
        with pytest.raises(RunnerRefused, match="used before"):
            stage.github.connect(jit.encoded)

    @pytest.mark.parametrize("text", ["", "x", "e30=", "W10="])
    async def test_what_is_no_config_is_an_error(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a JIT config"):
            Stage().github.connect(text)

    async def test_a_name_is_free_again_after_the_removal(self) -> None:
        stage = Stage()
        runner, _ = stage.service.pool.register(stage.scale_set, "x", "_work")
        with pytest.raises(ServiceRefusal):
            stage.service.pool.register(stage.scale_set, "X", "_work")
        stage.service.remove_runner(runner, RemovedBy.SERVICE)
        assert stage.service.pool.register(stage.scale_set, "X", "_work")[0].id != runner.id


class TestWaiting:
    async def test_an_idle_runner_gets_the_job_a_second_after_it_is_assigned(self) -> None:
        stage = Stage()
        wait = asyncio.create_task(stage.github.wait_for_job(stage.runner()))
        await asyncio.sleep(100)
        job = stage.github.enqueue_job("small")
        assert stage.told() == [("JobAssigned", None)]
        assert await wait is job
        assert running_loop().time() == 101
        assert stage.told() == [("JobStarted", None)]

    async def test_runners_get_jobs_in_the_order_in_which_they_asked(self) -> None:
        stage = Stage()
        ids = [stage.runner(name) for name in ("a", "b", "c")]
        waits = [asyncio.create_task(stage.github.wait_for_job(runner_id)) for runner_id in ids]
        await asyncio.sleep(5)
        jobs = [stage.github.enqueue_job("small") for _ in ids]
        assert await asyncio.gather(*waits) == jobs

    async def test_a_runner_takes_no_second_job(self) -> None:
        stage = Stage()
        runner_id = stage.runner()
        stage.github.enqueue_job("small")
        stage.github.enqueue_job("small")
        assert stage.github.take_job(runner_id) is not None
        assert stage.github.take_job(runner_id) is None

    async def test_a_wait_that_was_given_up_costs_no_job(self) -> None:
        stage = Stage()
        first, second = (stage.runner(name) for name in ("a", "b"))
        given_up = asyncio.create_task(stage.github.wait_for_job(first))
        kept = asyncio.create_task(stage.github.wait_for_job(second))
        await asyncio.sleep(5)
        given_up.cancel()
        job = stage.github.enqueue_job("small")
        assert await kept is job

    async def test_a_wait_that_is_given_up_in_the_moment_of_the_match_costs_no_job(self) -> None:
        stage = Stage()
        first, second = (stage.runner(name) for name in ("a", "b"))
        given_up = asyncio.create_task(stage.github.wait_for_job(first))
        kept = asyncio.create_task(stage.github.wait_for_job(second))
        await asyncio.sleep(5)
        running_loop().call_later(1, given_up.cancel)
        job = stage.github.enqueue_job("small")
        assert await kept is job

    async def test_a_runner_that_works_cannot_wait(self) -> None:
        stage = Stage()
        runner_id = stage.runner()
        stage.github.enqueue_job("small")
        stage.github.take_job(runner_id)
        with pytest.raises(RunnerRefused, match="not an idle runner"):
            await stage.github.wait_for_job(runner_id)

    @pytest.mark.parametrize("end", ["removed", "lost"])
    async def test_the_wait_of_a_runner_that_is_gone_is_refused(self, end: str) -> None:
        stage = Stage()
        runner_id = stage.runner()
        wait = asyncio.create_task(stage.github.wait_for_job(runner_id))
        await asyncio.sleep(5)
        if end == "lost":
            stage.github.runner_lost(runner_id)
        else:
            stage.service.remove_runner(stage.github.runners[runner_id], RemovedBy.SERVICE)
        with pytest.raises(RunnerRefused):
            await wait

    async def test_an_unknown_runner_cannot_wait(self) -> None:
        with pytest.raises(RunnerRefused):
            await Stage().github.wait_for_job(1)


class TestLosingRunners:
    async def test_the_job_of_a_lost_runner_fails_after_nine_and_a_half_minutes(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        runner_id = stage.runner()
        stage.github.take_job(runner_id)
        stage.github.runner_lost(runner_id)
        await asyncio.sleep(569)
        assert job.phase is JobPhase.RUNNING
        await asyncio.sleep(1)
        assert (job.result, stage.told()[-1]) == ("failed", ("JobCompleted", "failed"))

    async def test_its_registration_stays_behind_offline_and_idle(self) -> None:
        stage = Stage()
        stage.github.enqueue_job("small")
        runner_id = stage.runner()
        stage.github.take_job(runner_id)
        stage.github.runner_lost(runner_id)
        await asyncio.sleep(570)
        runner = stage.github.runners[runner_id]
        assert (runner.online, runner.busy) == (False, False)

    async def test_its_word_no_longer_counts(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        runner_id = stage.runner()
        stage.github.take_job(runner_id)
        stage.github.runner_lost(runner_id)
        assert not stage.github.finish_job(job.id)

    async def test_the_verdict_on_a_job_that_was_cancelled_meanwhile_changes_nothing(self) -> None:
        stage = Stage()
        job = stage.github.enqueue_job("small")
        runner_id = stage.runner()
        stage.github.take_job(runner_id)
        stage.github.runner_lost(runner_id)
        stage.github.cancel_job(job.id)
        stage.told()
        await asyncio.sleep(570)
        assert (job.result, stage.told()) == ("canceled", [])

    async def test_losing_a_runner_that_is_gone_already_is_nothing(self) -> None:
        stage = Stage()
        stage.github.runner_lost(4711)
        assert stage.github.registrations_removed == {}
