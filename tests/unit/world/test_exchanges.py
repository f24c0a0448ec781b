"""What a witness tells of the traffic between a client and the world."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from core.world.exchanges import Exchange
from core.world.faults import Fault
from core.world.world import World, WorldSettings
from tests.controller_by_hand import ControllerByHand, controller_by_hand

pytestmark = pytest.mark.virtual_time


class Notes:
    """Remembers what it was told; `tasks` is how many tasks there were at each moment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.arrivals: list[str] = []
        self.exchanges: list[Exchange] = []
        self.tasks: list[int] = []

    def arrived(self, exchange: Exchange) -> None:
        self.arrivals.append(exchange.operation)
        self.tasks.append(len(self.world.ecs.tasks))

    def answered(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.tasks.append(len(self.world.ecs.tasks))

    def of(self, operation: str) -> Exchange:
        """Return the one exchange of this operation."""
        (found,) = [exchange for exchange in self.exchanges if exchange.operation == operation]
        return found


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[ControllerByHand, Notes]]:
    settings = WorldSettings(epoch=datetime(2030, 1, 1, tzinfo=UTC))
    async with World(settings) as world, controller_by_hand(world) as controller:
        await controller.register("small")
        notes = Notes(world)
        world.witness.subscribe(notes)
        yield controller, notes


async def test_a_call_of_ecs_is_told_before_and_after_it_was_carried_out() -> None:
    async with watched() as (controller, notes):
        await controller.try_run_task("small", "small-00000001", "a jit config")
        exchange = notes.of("RunTask")
        assert notes.tasks == [0, 1]
        assert (exchange.part, exchange.status) == ("ecs", 200)
        assert exchange.request["taskDefinition"] == "small"
        assert exchange.answer is not None
        assert len(exchange.answer["tasks"]) == 1


async def test_an_answer_that_the_client_never_got_is_none() -> None:
    async with watched() as (controller, notes):
        controller.world.faults.add("RunTask", Fault("answer_lost"))
        with pytest.raises(Exception, match="Connection was closed"):
            await controller.try_run_task("small", "small-00000001", "a jit config")
        exchange = notes.of("RunTask")
        assert notes.tasks == [0, 1]
        assert (exchange.status, exchange.answer) == (None, None)


async def test_requests_to_github_tell_what_their_address_names() -> None:
    async with watched() as (controller, notes):
        client = controller.github
        scale_set_id = await client.create_scale_set("small")
        await client.open_session(scale_set_id)
        runner_id, _ = await controller.jit(scale_set_id, "small-00000001")
        await client.call("DELETE", f"distributedtask/pools/0/agents/{runner_id}")
        path = f"/orgs/acme/actions/runners/{runner_id}"
        await client.rest("DELETE", path, token=client.installation_token)
        await client.close_session(scale_set_id)
        told = [(one.operation, one.scale_set_id, one.runner_id, one.status) for one in notes.exchanges]
        assert told == [
            ("create_scale_set", None, None, 200),
            ("create_session", scale_set_id, None, 200),
            ("generate_jit_config", scale_set_id, None, 200),
            ("remove_runner", None, runner_id, 204),
            ("delete_runner", None, runner_id, 404),
            ("delete_session", scale_set_id, None, 204),
        ]


async def test_a_poll_tells_its_scale_set_and_the_statistics_behind_a_byte_order_mark() -> None:
    async with watched() as (controller, notes):
        controller.world.github.quirks.byte_order_mark = True
        scale_set_id = await controller.github.create_scale_set("small")
        controller.world.github.quirks.byte_order_mark = False
        await controller.github.open_session(scale_set_id)
        controller.world.jobs.enqueue("small")
        controller.world.github.quirks.byte_order_mark = True
        await controller.github.poll()
        exchange = notes.of("get_message")
        assert exchange.scale_set_id == scale_set_id
        assert exchange.answer is not None
        assert exchange.answer["statistics"]["totalAssignedJobs"] == 1


async def test_a_poll_that_its_client_gave_up_is_over_without_an_answer() -> None:
    async with watched() as (controller, notes):
        await controller.github.open_session(await controller.github.create_scale_set("small"))
        poll = asyncio.create_task(controller.github.poll())
        await asyncio.sleep(10)
        poll.cancel()
        await asyncio.sleep(1)
        assert notes.arrivals[-1] == "get_message"
        assert notes.of("get_message").status is None


async def test_lookups_pass_under_no_name() -> None:
    async with watched() as (controller, notes):
        await controller.github.call("GET", "runtime/runnerscalesets", query={"runnerGroupId": 1})
        assert notes.arrivals == [""]
