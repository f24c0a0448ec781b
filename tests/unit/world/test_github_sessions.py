"""Message sessions over HTTP: who holds one, for how long, and what a request to the queue must bring."""

import asyncio

import pytest

from core.world.github import Timings, TokenKind
from tests.unit.world.github_support import another, connected, kinds, world
from tests.virtual_time import running_loop

pytestmark = pytest.mark.virtual_time


class TestSessions:
    async def test_a_second_session_is_refused_while_the_first_is_polled(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            await client.poll()
            await client.poll()
            answer = await another(client).create_session(scale_set_id, "host-1")
            assert answer.status_code == 409
            assert answer.json()["typeKey"] == "RunnerScaleSetSessionConflictException"

    @pytest.mark.parametrize(("idle", "status"), [(89, 409), (90, 200)])
    async def test_an_abandoned_session_blocks_for_ninety_seconds(self, idle: int, status: int) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            await client.poll()
            await asyncio.sleep(idle)
            assert (await another(client).create_session(scale_set_id, "host-2")).status_code == status

    async def test_after_a_takeover_the_former_holder_has_nothing_left(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            await asyncio.sleep(90)
            await another(client).open_session(scale_set_id, "host-2")
            assert (await client.poll()).status_code == 401
            assert (await client.refresh_session(scale_set_id)).json()["typeKey"] == "RunnerAdminException"
            closed = await client.close_session(scale_set_id)
            assert (closed.status_code, closed.json()["typeKey"]) == (400, "RunnerScaleSetSessionExpiredException")

    @pytest.mark.parametrize("status", [401, 404, 410])
    async def test_a_poll_in_flight_ends_when_its_session_is_evicted(self, status: int) -> None:
        github = world()
        github.quirks.gone_session_status = status  # type: ignore[assignment]  # one of the three it allows
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            poll = asyncio.create_task(client.poll())
            await asyncio.sleep(10)
            github.controls.evict_session(scale_set_id)
            answer = await poll
            assert (answer.status_code, answer.content) == (status, b"")
            assert running_loop().time() == 10

    async def test_somebody_elses_session_blocks_until_it_is_evicted(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            github.controls.occupy_session(scale_set_id, "another controller")
            await asyncio.sleep(1000)
            assert (await client.create_session(scale_set_id)).status_code == 409
            github.controls.evict_session(scale_set_id)
            assert (await client.create_session(scale_set_id)).status_code == 200

    async def test_a_session_answer_is_complete(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            session = await client.open_session(scale_set_id)
            assert session["ownerName"] == "host-1"
            assert session["runnerScaleSet"]["id"] == scale_set_id
            assert session["messageQueueUrl"] == f"{client.base}/scalesets/message?scope={scale_set_id}"
            assert set(session["statistics"].values()) == {0}

    async def test_a_queue_token_that_expired_is_replaced_by_a_refresh(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            before = await client.open_session(scale_set_id)
            github.controls.expire_tokens(TokenKind.QUEUE)
            assert (await client.poll()).status_code == 401
            assert (await client.acknowledge(1)).status_code == 401
            after = client.keep(await client.refresh_session(scale_set_id))
            assert after["sessionId"] == before["sessionId"]
            assert (await client.poll()).status_code == 202

    async def test_a_queue_token_ends_by_itself(self) -> None:
        async with connected(world(timings=Timings(queue_token_life=60))) as client:
            await client.open_session(await client.create_scale_set())
            assert (await client.poll()).status_code == 202
            assert (await client.poll()).status_code == 202
            assert (await client.poll()).status_code == 401

    async def test_a_scale_set_that_vanished_is_not_found_by_its_poll(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            poll = asyncio.create_task(client.poll())
            await asyncio.sleep(10)
            github.controls.vanish_scale_set(scale_set_id)
            assert (await poll).status_code == 404
            assert (await client.poll()).status_code == 404
            assert (await client.refresh_session(scale_set_id)).json()["typeKey"] == "RunnerScaleSetNotFoundException"


class TestForm:
    @pytest.mark.parametrize("capacity", ["-1", "", "many", "1.5"])
    async def test_a_capacity_that_is_no_whole_number_is_refused(self, capacity: str) -> None:
        async with connected(world()) as client:
            await client.open_session(await client.create_scale_set())
            answer = await client.poll(capacity=capacity)
            assert (answer.status_code, "X-ScaleSetMaxCapacity" in answer.text) == (400, True)

    async def test_a_poll_must_accept_the_api_version(self) -> None:
        async with connected(world()) as client:
            await client.open_session(await client.create_scale_set())
            assert (await client.poll(accept="application/json")).status_code == 400

    async def test_the_admin_token_does_not_open_the_queue(self) -> None:
        async with connected(world()) as client:
            await client.open_session(await client.create_scale_set())
            client.queue = client.admin
            assert (await client.poll()).status_code == 401

    async def test_a_queue_token_opens_only_its_own_queue(self) -> None:
        async with connected(world()) as client:
            other = another(client)
            await client.open_session(await client.create_scale_set("one"))
            await other.open_session(await client.create_scale_set("two"))
            client.queue = other.queue
            assert (await client.poll()).status_code == 401


class TestAcquiring:
    async def test_on_the_broker_there_is_no_such_route(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            answer = await client.acquire(scale_set_id, [1])
            assert (answer.status_code, answer.text) == (404, "404 page not found")
            assert answer.headers["Content-Type"].startswith("text/plain")

    async def test_acquiring_wants_the_queue_token(self) -> None:
        async with connected(world(flow="acquire")) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            assert (await client.acquire(scale_set_id, [1], token=client.admin)).status_code == 401

    async def test_acquiring_nothing_wins_nothing(self) -> None:
        async with connected(world(flow="acquire")) as client:
            scale_set_id = await client.create_scale_set()
            await client.open_session(scale_set_id)
            assert (await client.acquire(scale_set_id, [])).json() == {"count": 0, "value": []}

    async def test_of_two_scale_sets_the_first_to_acquire_wins(self) -> None:
        github = world(flow="acquire")
        async with connected(github) as client:
            other = another(client)
            one, two = await client.create_scale_set("one", "shared"), await client.create_scale_set("two", "shared")
            await client.open_session(one)
            await other.open_session(two)
            job = github.enqueue_job("shared")
            assert kinds(await client.poll()) == kinds(await other.poll()) == ["JobAvailable"]
            won = [
                (await client.acquire(one, [job.request_id])).json()["count"],
                (await other.acquire(two, [job.request_id])).json()["count"],
            ]
            assert won == [1, 0]

    async def test_the_list_of_acquirable_jobs_is_empty_without_a_body(self) -> None:
        github = world(flow="acquire")
        async with connected(github) as client:
            path = f"runtime/runnerscalesets/{await client.create_scale_set()}/acquirablejobs"
            assert (await client.call("GET", path)).status_code == 204
            job = github.enqueue_job("small")
            offers = (await client.call("GET", path)).json()
            assert [offer["runnerRequestId"] for offer in offers["value"]] == [job.request_id]
