"""Bad days: planned faults, switches, and what is done behind the client's back."""

import asyncio

import httpx
import pytest

from core.world.faults import Fault
from core.world.github import Entry, GitHubWorld
from tests.unit.world.github_support import Client, connected, entries, kinds, world
from tests.virtual_time import running_loop

pytestmark = pytest.mark.virtual_time

SETS = "runtime/runnerscalesets"


async def test_a_poll_can_be_answered_with_nothing() -> None:
    github = world()
    async with connected(github) as client:
        await client.open_session(await client.create_scale_set())
        github.enqueue_job("small")
        github.faults.add("get_message", Fault("status", status=200))
        answer = await client.poll()
        assert (answer.status_code, answer.content) == (200, b"")
        assert kinds(await client.poll()) == ["JobAssigned"]


async def test_a_planned_status_leaves_no_trace() -> None:
    github = world()
    async with connected(github) as client:
        github.faults.add("create_scale_set", Fault("status", status=503, headers={"Retry-After": "45"}))
        answer = await client.call("POST", SETS, body={"name": "small"})
        assert (answer.status_code, answer.headers["Retry-After"], github.scale_sets) == (503, "45", {})


async def test_a_lost_answer_leaves_the_trace_of_success() -> None:
    github = world()
    async with connected(github) as client:
        scale_set_id = await client.create_scale_set()
        github.faults.add("generate_jit_config", Fault("answer_lost"))
        with pytest.raises(httpx.RemoteProtocolError):
            await client.generate_jit(scale_set_id)
        assert github.registrations_made == 1
        assert (await client.generate_jit(scale_set_id)).json()["typeKey"] == "TaskAgentExistsException"


async def test_a_reset_leaves_no_trace() -> None:
    github = world()
    async with connected(github) as client:
        scale_set_id = await client.create_scale_set()
        github.faults.add("create_session", Fault("reset"))
        with pytest.raises(httpx.RemoteProtocolError):
            await client.create_session(scale_set_id)
        assert (await client.create_session(scale_set_id)).status_code == 200


async def test_latency_comes_before_the_work() -> None:
    github = world()
    async with connected(github) as client:
        github.faults.add("create_scale_set", Fault("latency", seconds=8))
        call = asyncio.create_task(client.create_scale_set())
        await asyncio.sleep(7)
        assert github.scale_sets == {}
        await call
        assert running_loop().time() == 8


async def test_the_service_throttles_in_plain_text_with_its_wait() -> None:
    github = world()
    async with connected(github) as client:
        github.faults.add("create_scale_set", Fault("throttle", seconds=2.5))
        answer = await client.call("POST", SETS, body={"name": "small"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")


async def test_rest_throttles_in_its_own_words() -> None:
    github = world()
    async with connected(github) as client:
        github.faults.add("list_runners", Fault("throttle"))
        answer = await client.rest("GET", "/orgs/acme/actions/runners")
        assert (answer.status_code, "secondary rate limit" in answer.json()["message"]) == (429, True)
        assert "Retry-After" not in answer.headers


async def test_a_session_can_come_without_an_address() -> None:
    github = world()
    github.quirks.empty_queue_url = True
    async with connected(github) as client:
        session = (await client.create_session(await client.create_scale_set())).json()
        assert session["messageQueueUrl"] == ""
        assert session["messageQueueAccessToken"]


async def test_bodies_can_begin_with_a_byte_order_mark() -> None:
    github = world()
    async with connected(github) as client:
        await client.open_session(await client.create_scale_set())
        github.enqueue_job("small")
        github.quirks.byte_order_mark = True
        answers = [await client.poll(), await client.call("GET", SETS)]
        assert [answer.content[:3] for answer in answers] == [b"\xef\xbb\xbf"] * 2
        assert kinds(answers[0]) == ["JobAssigned"]


class TestStatistics:
    async def test_a_number_can_be_stuck(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            github.controls.override_statistics(scale_set_id, totalAssignedJobs=50)
            github.enqueue_job("small")
            statistics = (await client.poll()).json()["statistics"]
            assert (statistics["totalAssignedJobs"], statistics["totalRunningJobs"]) == (50, 0)
            github.controls.override_statistics(scale_set_id)
            assert (await client.poll()).json()["statistics"]["totalAssignedJobs"] == 1

    async def test_a_dropped_job_changes_them_without_a_message(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            job = github.enqueue_job("small")
            await client.poll()
            await client.acknowledge(100000001)
            github.controls.drop_job(job.id)
            assert github.statistics(scale_set_id)["totalAssignedJobs"] == 0
            assert (await client.poll()).status_code == 202

    async def test_they_can_be_sent_alone(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            poll = asyncio.create_task(client.poll())
            await asyncio.sleep(5)
            github.controls.post(scale_set_id, [])
            assert (await poll).json()["body"] == ""
            assert running_loop().time() == 5


async def test_an_entry_of_an_unknown_kind_can_be_posted() -> None:
    github = world()
    async with connected(github) as client:
        scale_set_id = await client.create_scale_set()
        await client.open_session(scale_set_id)
        entry = Entry("JobTeleported", {"messageType": "JobTeleported", "x": 1})
        github.controls.post(scale_set_id, [entry])
        assert entries(await client.poll()) == [{"messageType": "JobTeleported", "x": 1}]


class TestVanishedScaleSet:
    async def working(self, github: GitHubWorld, client: Client) -> int:
        scale_set_id = await client.create_scale_set()
        await client.open_session(scale_set_id)
        github.enqueue_job("small")
        await client.poll()
        runner = github.connect((await client.generate_jit(scale_set_id)).json()["encodedJITConfig"])
        github.take_job(runner.id)
        return scale_set_id

    async def test_its_busy_runner_finishes_unheard(self) -> None:
        github = world()
        async with connected(github) as client:
            github.controls.vanish_scale_set(await self.working(github, client))
            (job,) = github.jobs.values()
            assert github.finish_job(job.id)
            assert (job.result, github.runners) == ("succeeded", {})

    async def test_its_waiting_jobs_go_to_the_next_of_that_name(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await self.working(github, client)
            waiting = github.enqueue_job("small")
            await client.poll(100000001)
            github.controls.vanish_scale_set(scale_set_id)
            await client.open_session(await client.create_scale_set())
            assert [entry["jobId"] for entry in entries(await client.poll())] == [waiting.id]


class TestLog:
    async def test_calls_are_noted_with_the_kind_of_their_credential(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            await client.poll()
            await client.call("GET", SETS, token="guessed")
            assert [(call.operation, call.auth, call.status) for call in github.log] == [
                ("registration_token", "pat", 201),
                ("admin_connection", "registration", 200),
                ("create_scale_set", "admin", 200),
                ("create_session", "admin", 200),
                ("get_message", "queue", 202),
                ("list_scale_sets", "unknown", 401),
            ]

    async def test_no_secret_is_in_it(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            await client.generate_jit(scale_set_id)
            await client.poll()
            text = repr([*github.log, *github.runners.values(), *github.scale_sets.values()])
            assert not [secret for secret in github.issued_secrets if secret in text]

    async def test_a_fault_is_noted(self) -> None:
        github = world()
        async with connected(github) as client:
            github.faults.add("list_scale_sets", Fault("answer_lost"))
            with pytest.raises(httpx.RemoteProtocolError):
                await client.call("GET", SETS)
            assert (github.log[-1].fault, github.log[-1].status) == ("answer_lost", None)
