import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from core.world.faults import ANY_OPERATION, Fault, FaultKind, FaultPlan, answer_under
from tests.unit.world.ecs_stage import dice, served

RESET = Fault("reset")
THROTTLE = Fault("throttle", seconds=3)
LATE = Fault("latency", seconds=2)


def plan() -> FaultPlan:
    return FaultPlan(dice(1))


def test_a_fault_strikes_as_often_as_it_was_added_for() -> None:
    faults = plan()
    faults.add("RunTask", RESET, times=2)
    assert [faults.take("RunTask") for _ in range(3)] == [RESET, RESET, None]


def test_a_fault_strikes_its_own_operation_only() -> None:
    faults = plan()
    faults.add("RunTask", RESET)
    assert faults.take("StopTask") is None


def test_a_fault_for_always_strikes_until_it_is_cleared() -> None:
    faults = plan()
    faults.add("RunTask", RESET, times=None)
    assert [faults.take("RunTask") for _ in range(3)] == [RESET] * 3
    faults.clear("RunTask")
    assert faults.take("RunTask") is None


def test_faults_of_one_operation_strike_one_after_another() -> None:
    faults = plan()
    faults.add("RunTask", RESET)
    faults.add("RunTask", THROTTLE)
    assert [faults.take("RunTask") for _ in range(2)] == [RESET, THROTTLE]


def test_what_was_added_for_the_operation_strikes_before_what_was_added_for_any() -> None:
    faults = plan()
    faults.add(ANY_OPERATION, THROTTLE)
    faults.add("RunTask", RESET)
    assert [faults.take("RunTask") for _ in range(2)] == [RESET, THROTTLE]


def test_a_queued_fault_strikes_before_any_chance() -> None:
    faults = plan()
    faults.chance("RunTask", THROTTLE, 1)
    faults.add("RunTask", RESET)
    assert [faults.take("RunTask") for _ in range(2)] == [RESET, THROTTLE]


def test_a_chance_strikes_about_as_often_as_its_probability() -> None:
    faults = plan()
    faults.chance(ANY_OPERATION, RESET, 0.25)
    struck = sum(faults.take("RunTask") is RESET for _ in range(4000))
    assert 900 < struck < 1100


def test_clearing_one_operation_leaves_the_others() -> None:
    faults = plan()
    faults.chance("StopTask", RESET, 1)
    faults.chance("RunTask", RESET, 1)
    faults.clear("RunTask")
    assert (faults.take("RunTask"), faults.take("StopTask")) == (None, RESET)


def test_clearing_all_leaves_nothing() -> None:
    faults = plan()
    faults.chance("StopTask", RESET, 1)
    faults.add("RunTask", RESET)
    faults.clear()
    assert (faults.take("RunTask"), faults.take("StopTask")) == (None, None)


@pytest.mark.parametrize("kind", ["latency", "answer_late"])
def test_a_delay_without_seconds_is_refused(kind: FaultKind) -> None:
    with pytest.raises(ValueError, match="cannot last 0"):
        Fault(kind)


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_chance_that_is_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="not a probability"):
        plan().chance("RunTask", RESET, probability)


def test_a_fault_for_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot strike 0 times"):
        plan().add("RunTask", RESET, times=0)


class Service:
    """Counts what it carries out, under one fault."""

    def __init__(self, fault: Fault | None) -> None:
        self.fault = fault
        self.done = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        return await answer_under(self.fault, request, self._carry_out, self._throttled)

    async def _carry_out(self, request: web.Request) -> web.Response:
        await request.read()
        self.done += 1
        return web.Response(text="done")

    @staticmethod
    def _throttled(fault: Fault) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": f"{fault.seconds:g}"})


@asynccontextmanager
async def calling(service: Service) -> AsyncIterator[aiohttp.ClientResponse]:
    app = web.Application()
    app.router.add_post("/", service.handle)
    async with (
        served(app) as url,
        aiohttp.ClientSession() as session,
        session.post(url, data="x" * 10_000) as response,
    ):
        yield response


@pytest.mark.virtual_time
class TestAnswerUnder:
    async def test_no_fault_is_the_handlers_answer(self) -> None:
        async with calling(Service(None)) as response:
            assert await response.text() == "done"

    async def test_latency_comes_before_the_request_is_carried_out(self) -> None:
        service = Service(LATE)
        looks: list[int] = []
        asyncio.get_running_loop().call_later(1.9, lambda: looks.append(service.done))
        async with calling(service) as response:
            assert await response.text() == "done"
        assert (looks, asyncio.get_running_loop().time()) == ([0], 2)

    async def test_a_late_answer_is_that_of_a_request_carried_out_at_once(self) -> None:
        service = Service(Fault("answer_late", seconds=2))
        looks: list[int] = []
        asyncio.get_running_loop().call_later(1.9, lambda: looks.append(service.done))
        async with calling(service) as response:
            assert await response.text() == "done"
        assert looks == [1]

    async def test_a_planned_status_carries_its_body_and_headers_and_nothing_is_done(self) -> None:
        service = Service(Fault("status", status=503, body={"message": "no"}, headers={"Retry-After": "7"}))
        async with calling(service) as response:
            answer = (response.status, await response.json(), response.headers["Retry-After"])
        assert (answer, service.done) == ((503, {"message": "no"}, "7"), 0)

    async def test_a_planned_body_of_text_is_sent_as_it_is(self) -> None:
        async with calling(Service(Fault("status", status=502, body="<html>"))) as response:
            assert (response.status, await response.text()) == (502, "<html>")

    async def test_a_throttled_request_is_refused_in_the_services_own_words(self) -> None:
        service = Service(THROTTLE)
        async with calling(service) as response:
            assert (response.status, response.headers["Retry-After"], service.done) == (429, "3", 0)

    async def test_a_reset_closes_the_connection_before_anything_is_done(self) -> None:
        service = Service(RESET)
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            async with calling(service):
                pass
        assert service.done == 0

    async def test_a_lost_answer_is_that_of_a_request_carried_out(self) -> None:
        service = Service(Fault("answer_lost"))
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            async with calling(service):
                pass
        assert service.done == 1
