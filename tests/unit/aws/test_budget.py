"""Pacing of reads in virtual time: the burst, the rate, and what throttling does to them."""

import asyncio

import pytest

from core.adapters.aws.budget import Allowance, CallBudget, TokenBucket
from tests.virtual_time import VirtualClock, running_loop

TEN_A_SECOND = Allowance(frozenset({"ListTasks"}), burst=5, rate=10)


def seconds() -> float:
    return running_loop().time()


async def take(bucket: TokenBucket, calls: int) -> None:
    for _ in range(calls):
        await bucket.take()


async def test_a_burst_waits_for_nothing() -> None:
    await take(TokenBucket(VirtualClock(), TEN_A_SECOND), 5)
    assert seconds() == 0


async def test_calls_beyond_the_burst_come_at_the_rate() -> None:
    await take(TokenBucket(VirtualClock(), TEN_A_SECOND), 25)
    assert seconds() == pytest.approx(2.0)


async def test_calls_that_wait_together_go_in_the_order_they_came() -> None:
    bucket, order = TokenBucket(VirtualClock(), TEN_A_SECOND), list[int]()

    async def call(number: int) -> None:
        await bucket.take()
        order.append(number)

    await asyncio.gather(*(call(number) for number in range(15)))
    assert order == list(range(15))
    assert seconds() == pytest.approx(1.0)


async def test_a_rest_fills_the_bucket_and_no_more() -> None:
    bucket = TokenBucket(VirtualClock(), TEN_A_SECOND)
    await take(bucket, 5)
    await asyncio.sleep(3600)
    await take(bucket, 6)
    assert seconds() == pytest.approx(3600.1)


async def test_a_cancelled_wait_costs_nothing() -> None:
    bucket = TokenBucket(VirtualClock(), TEN_A_SECOND)
    await take(bucket, 5)
    waiting = asyncio.create_task(bucket.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await bucket.take()
    assert seconds() == pytest.approx(0.1)


async def test_throttling_ends_the_burst_and_halves_the_rate() -> None:
    bucket = TokenBucket(VirtualClock(), TEN_A_SECOND)
    bucket.throttled()
    await bucket.take()
    assert bucket.rate == 5
    assert seconds() == pytest.approx(0.2)


async def test_throttling_again_and_again_leaves_an_eighth() -> None:
    bucket = TokenBucket(VirtualClock(), TEN_A_SECOND)
    for _ in range(20):
        bucket.throttled()
    assert bucket.rate == 1.25


async def test_the_rate_comes_back_with_a_hundred_calls_and_never_beyond() -> None:
    bucket = TokenBucket(VirtualClock(), TEN_A_SECOND)
    bucket.throttled()
    bucket.succeeded()
    assert bucket.rate == pytest.approx(5.1)
    for _ in range(100):
        bucket.succeeded()
    assert bucket.rate == 10


async def test_lists_and_descriptions_share_half_of_the_documented_rate() -> None:
    budget = CallBudget(VirtualClock())
    for _ in range(50):
        await budget.take("ListTasks")
        await budget.take("DescribeTasks")
    assert seconds() == pytest.approx(5.0)


async def test_registrations_take_all_of_theirs() -> None:
    budget = CallBudget(VirtualClock())
    for _ in range(51):
        await budget.take("RegisterTaskDefinition")
    assert seconds() == pytest.approx(31.0)


async def test_throttled_reads_do_not_slow_registrations() -> None:
    budget = CallBudget(VirtualClock())
    budget.throttled("DescribeTasks")
    await budget.take("RegisterTaskDefinition")
    assert seconds() == 0


@pytest.mark.parametrize("operation", ["RunTask", "StopTask"])
async def test_starts_and_stops_are_paced_elsewhere(operation: str) -> None:
    budget = CallBudget(VirtualClock())
    for _ in range(1000):
        await budget.take(operation)
        budget.throttled(operation)
        budget.succeeded(operation)
    assert seconds() == 0
