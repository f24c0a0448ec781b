"""The long poll over HTTP: what is delivered, when, how often, and how much of it."""

import asyncio

import httpx
import pytest

from core.world.github import EntryKind, Quirks
from tests.unit.world.github_support import Client, another, connected, entries, kinds, world
from tests.virtual_time import running_loop

pytestmark = pytest.mark.virtual_time


async def with_runner(client: Client, scale_set_id: int, name: str = "small-0a1b2c3d") -> str:
    """Return the encoded config of a new runner."""
    return str((await client.generate_jit(scale_set_id, name)).json()["encodedJITConfig"])


class TestHappyPath:
    async def test_a_job_is_assigned_started_and_completed_in_the_broker_flow(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            session = await client.open_session(scale_set_id)
            assert session["statistics"]["totalAssignedJobs"] == 0

            job = github.enqueue_job("small")
            assigned = await client.poll()
            assert kinds(assigned) == ["JobAssigned"]
            assert assigned.json()["messageId"] == 100000001
            assert assigned.json()["statistics"]["totalAssignedJobs"] == 1
            encoded = await with_runner(client, scale_set_id)
            assert (await client.acknowledge(100000001)).status_code == 204

            runner = github.connect(encoded)
            assert await github.wait_for_job(runner.id) is job
            started = await client.poll(100000001)
            assert kinds(started) == ["JobStarted"]
            assert started.json()["statistics"]["totalRunningJobs"] == 1
            assert (await client.acknowledge(100000002)).status_code == 204

            github.finish_job(job.id)
            completed = await client.poll(100000002)
            assert [(entry["result"], entry["runnerId"]) for entry in entries(completed)] == [("succeeded", runner.id)]
            assert completed.json()["statistics"]["totalAssignedJobs"] == 0
            removed = await client.call("DELETE", f"distributedtask/pools/0/agents/{runner.id}")
            assert removed.json()["typeKey"] == "TaskAgentNotFoundException"
            assert (await client.acknowledge(100000003)).status_code == 204
            assert (await client.close_session(scale_set_id)).status_code == 204
            assert scale_set_id in github.scale_sets

    async def test_a_job_is_offered_acquired_and_assigned_in_the_acquire_flow(self) -> None:
        github = world(flow="acquire")
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            job = github.enqueue_job("small")
            offered = await client.poll()
            assert kinds(offered) == ["JobAvailable"]
            assert entries(offered)[0]["acquireJobUrl"].startswith(client.service)
            assert offered.json()["statistics"]["totalAvailableJobs"] == 1

            won = await client.acquire(scale_set_id, [job.request_id, 7])
            assert won.json() == {"count": 1, "value": [job.request_id]}
            assigned = await client.poll(100000001)
            assert [entry["runnerRequestId"] for entry in entries(assigned)] == [job.request_id]
            assert kinds(assigned) == ["JobAssigned"]

    async def test_a_job_message_carries_what_a_client_may_read(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            job = github.enqueue_job("small", name="unit (3.11)", repository="firmware", workflow="test.yml")
            (entry,) = entries(await client.poll())
            assert entry == {
                "messageType": "JobAssigned",
                "runnerRequestId": 0,
                "jobId": job.id,
                "repositoryName": "firmware",
                "ownerName": "acme",
                "jobWorkflowRef": "acme/firmware/.github/workflows/test.yml@refs/heads/main",
                "jobDisplayName": "unit (3.11)",
                "workflowRunId": job.run_id,
                "eventName": "push",
                "requestLabels": ["small"],
                "queueTime": "2030-01-01T00:00:00.0000000Z",
                "scaleSetAssignTime": "2030-01-01T00:00:00.0000000Z",
                "runnerAssignTime": "0001-01-01T00:00:00Z",
                "finishTime": "0001-01-01T00:00:00Z",
            }


class TestHolding:
    async def test_a_poll_with_nothing_to_deliver_is_answered_after_the_hold_time(self) -> None:
        async with connected(world()) as client:
            await client.open_session(await client.create_scale_set())
            answer = await client.poll()
            assert (answer.status_code, answer.content) == (202, b"")
            assert running_loop().time() == 50

    async def test_a_job_that_arrives_ends_the_poll_at_once(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            poll = asyncio.create_task(client.poll())
            await asyncio.sleep(20)
            github.enqueue_job("small")
            assert kinds(await poll) == ["JobAssigned"]
            assert running_loop().time() == 20

    async def test_a_job_that_starts_is_reported_by_the_next_poll_only(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            github.enqueue_job("small")
            await client.poll()
            runner = github.connect(await with_runner(client, scale_set_id))
            poll = asyncio.create_task(client.poll(100000001))
            await asyncio.sleep(5)
            assert github.take_job(runner.id) is not None
            assert (await poll).status_code == 202
            assert running_loop().time() == 50
            assert kinds(await client.poll(100000001)) == ["JobStarted"]
            assert running_loop().time() == 50

    async def test_a_job_that_starts_ends_the_poll_where_the_switch_says_so(self) -> None:
        github = world(quirks=Quirks(waking=frozenset(EntryKind)))
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            github.enqueue_job("small")
            await client.poll()
            runner = github.connect(await with_runner(client, scale_set_id))
            poll = asyncio.create_task(client.poll(100000001))
            await asyncio.sleep(5)
            github.take_job(runner.id)
            assert kinds(await poll) == ["JobStarted"]
            assert running_loop().time() == 5

    async def test_a_newer_poll_ends_the_older_one(self) -> None:
        async with connected(world()) as client:
            await client.open_session(await client.create_scale_set())
            older = asyncio.create_task(client.poll())
            await asyncio.sleep(10)
            newer = asyncio.create_task(client.poll())
            assert (await older).status_code == 202
            assert running_loop().time() == 10
            assert (await newer).status_code == 202
            assert running_loop().time() == 60

    async def test_the_capacity_of_a_poll_whose_client_has_gone_no_longer_counts(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            poll = asyncio.create_task(client.poll(capacity=5))
            await asyncio.sleep(1)
            poll.cancel()
            await asyncio.gather(poll, return_exceptions=True)
            await asyncio.sleep(1)
            github.enqueue_job("small")
            assert github.statistics(scale_set_id)["totalAssignedJobs"] == 0


class TestDelivery:
    async def test_a_message_comes_again_under_its_id_until_it_is_deleted(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            github.enqueue_job("small")
            first, again = await client.poll(), await client.poll()
            assert first.json() == again.json()
            await client.acknowledge(100000001)
            assert (await client.poll()).status_code == 202

    async def test_an_undeleted_message_survives_its_session(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            github.enqueue_job("small")
            await client.poll()
            await client.close_session(scale_set_id)
            await client.open_session(scale_set_id, "host-2")
            assert (await client.poll()).json()["messageId"] == 100000001

    async def test_deleting_a_message_twice_finds_nothing(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            github.enqueue_job("small")
            await client.poll()
            answers = [(await client.acknowledge(100000001)).status_code for _ in range(2)]
            assert answers == [204, 404]

    async def test_a_hundred_and_twenty_jobs_come_in_three_messages_with_complete_statistics(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            for _ in range(120):
                github.enqueue_job("small")
            sizes, last = [], 0
            for _ in range(3):
                answer = await client.poll(last, capacity=200)
                last = answer.json()["messageId"]
                sizes.append(len(entries(answer)))
                assert answer.json()["statistics"]["totalAssignedJobs"] == 120
                await client.acknowledge(last)
            assert sizes == [50, 50, 20]

    async def test_a_client_that_keeps_its_position_over_a_restart_of_the_ids_hears_nothing(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            github.controls.restart_message_ids(scale_set_id)
            github.enqueue_job("small")
            assert (await client.poll(100000001)).status_code == 202
            assert (await client.poll()).json()["messageId"] == 1


class TestCapacity:
    """The table of github-scale-set-api.md section 5.11."""

    async def test_without_capacity_jobs_stay_queued(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            github.enqueue_job("small")
            assert (await client.poll(capacity=0)).status_code == 202

    async def test_capacity_for_one_gives_one_of_three_jobs(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            for _ in range(3):
                github.enqueue_job("small")
            answer = await client.poll(capacity=1)
            assert kinds(answer) == ["JobAssigned"]
            assert answer.json()["statistics"]["totalAvailableJobs"] == 2
            assert (await client.poll(100000001, capacity=1)).status_code == 202

    async def test_the_next_job_comes_when_one_is_completed(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            first, second = github.enqueue_job("small"), github.enqueue_job("small")
            await client.poll(capacity=1)
            poll = asyncio.create_task(client.poll(100000001, capacity=1))
            await asyncio.sleep(7)
            github.cancel_job(first.id)
            answer = await poll
            assert [(entry["messageType"], entry["jobId"]) for entry in entries(answer)] == [
                ("JobCompleted", first.id),
                ("JobAssigned", second.id),
            ]

    async def test_more_capacity_gives_more_jobs_at_once(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            for _ in range(3):
                github.enqueue_job("small")
            await client.poll(capacity=1)
            assert kinds(await client.poll(100000001, capacity=3)) == ["JobAssigned", "JobAssigned"]

    async def test_less_capacity_revokes_nothing(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            for _ in range(3):
                github.enqueue_job("small")
            await client.poll(capacity=3)
            await client.poll(100000001, capacity=1)
            assert github.statistics(scale_set_id)["totalAssignedJobs"] == 3

    async def test_two_scale_sets_of_one_label_are_each_filled_to_their_capacity(self) -> None:
        github = world()
        async with connected(github) as client:
            other = another(client)
            one = await client.create_scale_set("one", "shared")
            five = await client.create_scale_set("five", "shared")
            await client.open_session(one)
            await other.open_session(five)
            for _ in range(9):
                github.enqueue_job("shared")
            assert len(entries(await client.poll(capacity=1))) == 1
            assert len(entries(await other.poll(capacity=5))) == 5

    async def test_the_advertised_capacity_is_on_the_record_and_in_the_log(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            await client.poll(capacity=3)
            assert github.scale_sets[scale_set_id].capacity == 3
            assert github.log[-1].capacity == "3"


async def test_a_client_that_hangs_up_in_the_middle_of_a_poll_loses_nothing() -> None:
    github = world()
    async with connected(github) as client:
        await client.open_session(await client.create_scale_set())
        client.http.timeout = httpx.Timeout(5)
        with pytest.raises(httpx.ReadTimeout):
            await client.poll()
        github.enqueue_job("small")
        assert kinds(await client.poll()) == ["JobAssigned"]
