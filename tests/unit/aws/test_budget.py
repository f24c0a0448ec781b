"""Pacing of reads in virtual time: the burst, the rate, and what throttling does to them."""

import asyncio

import pytest

from core.adapters.aws.budget import CallBudget
from tests.virtual_time import VirtualClock, running_loop


def seconds() -> float:
    return running_loop().time()


async def test_calls_that_wait_together_go_in_the_order_they_came() -> None:
    budget, order = CallBudget(VirtualClock()), list[int]()

    async def call(number: int) -> None:
        await budget.take("ListTasks")
        order.append(number)

    await asyncio.gather(*(call(number) for number in range(60)))
    assert order == list(range(60))
    assert seconds() == pytest.approx(1.0)


async def test_a_cancelled_wait_costs_nothing() -> None:
    budget = CallBudget(VirtualClock())
    for _ in range(50):
        await budget.take("ListTasks")
    waiting = asyncio.create_task(budget.take("ListTasks"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await budget.take("ListTasks")
    assert seconds() == pytest.approx(0.1)


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
