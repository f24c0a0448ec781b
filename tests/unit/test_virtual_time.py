"""Time that jumps, beside sockets and threads that are real."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aioboto3
import httpx
import pytest
from aiohttp import web
from botocore.config import Config

from tests.virtual_time import DeadlockError, LivelockError, VirtualClock, VirtualTimeLoop, running_loop

pytestmark = pytest.mark.virtual_time

ECS_TARGET = "AmazonEC2ContainerServiceV20141113"


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def app_answering_after(seconds: float) -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(seconds)
        return web.json_response({"taskArns": []}, content_type="application/x-amz-json-1.1")

    app = web.Application()
    app.router.add_route("*", "/", answer)
    return app


async def test_a_long_sleep_takes_no_real_time() -> None:
    began = time.monotonic()
    await asyncio.sleep(50)
    assert running_loop().time() == 50
    assert time.monotonic() - began < 1


async def test_sleeps_that_do_not_add_up_in_binary_end_at_the_exact_decimal() -> None:
    for _ in range(3):
        await asyncio.sleep(0.1)
    assert running_loop().time() == 0.3


async def test_who_waits_for_a_moment_a_billionth_of_a_second_away_sees_it() -> None:
    loop = running_loop()
    moment = loop.time() + 1e-10
    for _ in range(3):
        if loop.time() >= moment:
            break
        await asyncio.sleep(moment - loop.time())
    assert loop.time() >= moment


async def test_timers_fire_in_the_order_of_their_times() -> None:
    seen: list[int] = []

    async def note(seconds: int) -> None:
        await asyncio.sleep(seconds)
        seen.append(seconds)

    await asyncio.gather(note(3), note(1), note(2))
    assert seen == [1, 2, 3]


async def test_a_poll_held_for_fifty_seconds_is_answered_at_once_and_on_time() -> None:
    began = time.monotonic()
    async with serving(app_answering_after(50)) as url, httpx.AsyncClient(timeout=90) as client:
        response = await client.get(url)
        assert response.status_code == 200
        assert running_loop().time() == 50
    assert time.monotonic() - began < 5


async def test_a_client_times_out_in_virtual_time() -> None:
    async with serving(app_answering_after(50)) as url, httpx.AsyncClient(timeout=30) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(url)
        assert running_loop().time() == 30


async def test_answers_that_are_on_their_way_come_before_the_next_timer() -> None:
    async with serving(app_answering_after(0)) as url, httpx.AsyncClient() as client:
        late = asyncio.create_task(asyncio.sleep(1))
        for _ in range(50):
            await client.get(url)
        assert not late.done()
        assert running_loop().time() == 0
        await late


async def test_a_body_larger_than_the_socket_buffers_arrives_before_the_next_timer() -> None:
    body = b"x" * 20_000_000

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/", answer)
    async with serving(app) as url, httpx.AsyncClient() as client:
        response = await client.get(url)
        assert len(response.content) == len(body)
        assert running_loop().time() == 0


async def test_a_hundred_calls_of_the_aws_client_take_only_what_the_server_takes() -> None:
    session = aioboto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
    once = Config(retries={"total_max_attempts": 1})
    began = time.monotonic()
    async with (
        serving(app_answering_after(1)) as url,
        session.client("ecs", endpoint_url=url, config=once) as ecs,
    ):
        for _ in range(10):
            await asyncio.gather(*(ecs.list_tasks() for _ in range(10)))
        assert running_loop().time() == 10
    assert time.monotonic() - began < 10


async def test_time_stands_still_while_a_thread_works_for_the_loop() -> None:
    sleeper = asyncio.create_task(asyncio.sleep(1))
    await asyncio.to_thread(time.sleep, 0.05)
    assert not sleeper.done()
    assert running_loop().time() == 0
    await sleeper


async def test_an_answer_through_call_soon_threadsafe_is_awaited_under_a_hold() -> None:
    loop = running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def work() -> None:
        time.sleep(0.05)
        loop.call_soon_threadsafe(answer.set_result, "written")

    thread = threading.Thread(target=work)
    with loop.hold():
        thread.start()
        async with asyncio.timeout(1):
            assert await answer == "written"
    thread.join()
    assert loop.time() == 0


async def test_a_hold_that_another_thread_ends_lets_time_move_on() -> None:
    loop = running_loop()
    opened = threading.Event()

    def work() -> None:
        with loop.hold():
            opened.set()
            time.sleep(0.05)

    thread = threading.Thread(target=work)
    began = time.monotonic()
    thread.start()
    opened.wait()
    await asyncio.sleep(5)
    assert loop.time() == 5
    assert time.monotonic() - began < 5
    thread.join()


async def test_work_that_failed_in_its_thread_no_longer_holds_time() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await asyncio.to_thread(int, "no number")
    await asyncio.sleep(5)
    assert running_loop().time() == 5


def run(coroutine_function: object) -> None:
    assert callable(coroutine_function)
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(patience=0.05, rounds=1000)) as runner:
        runner.run(coroutine_function())


def test_a_deadlock_names_the_tasks_that_wait() -> None:
    async def wait_for_ever() -> None:
        waiting = asyncio.create_task(asyncio.Event().wait(), name="the listener of scale set small")
        await waiting

    with pytest.raises(DeadlockError, match=r"the listener of scale set small at .*locks\.py:\d+"):
        run(wait_for_ever)


def test_a_thread_that_never_answers_is_a_deadlock_though_timers_are_scheduled() -> None:
    release = threading.Event()

    async def wait_for_the_thread() -> None:
        timer = asyncio.create_task(asyncio.sleep(1))
        try:
            await asyncio.to_thread(release.wait)
        finally:
            release.set()
            timer.cancel()

    with pytest.raises(DeadlockError, match="a thread works for the loop"):
        run(wait_for_the_thread)


def test_a_retry_without_a_wait_is_a_livelock_that_names_its_task() -> None:
    async def try_again() -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    async def wait_for_success() -> None:
        await asyncio.create_task(try_again(), name="the eager one")

    with pytest.raises(LivelockError, match=r"(?s)1000 times at 0 s\..*the eager one at "):
        run(wait_for_success)


def test_much_work_over_time_is_no_livelock() -> None:
    async def work() -> None:
        for _ in range(3000):
            await asyncio.sleep(0.001)

    run(work)


async def test_the_clock_shows_its_epoch_plus_the_time_of_the_loop() -> None:
    epoch = datetime(2026, 3, 1, 12, tzinfo=UTC)
    clock = VirtualClock(epoch)
    await clock.sleep(90)
    assert clock.monotonic() == 90
    assert clock.now() == epoch + timedelta(seconds=90)
