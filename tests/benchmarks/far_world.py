"""The embedded world in a process of its own, so that a measured controller shares no processor time with it.

What is to be done or asked there is said as a function of the world with its arguments; both must be of a module's top
level, since they travel by pickle. The world ends when its pipe does, whatever way this process goes.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Concatenate, ParamSpec, TypeVar

from core.world.ecs import Planted
from core.world.faults import Fault
from core.world.world import World, WorldSettings

P = ParamSpec("P")
T = TypeVar("T")

_END_WITHIN = 5.0


class FarWorld:
    """A world that is asked from here. An answer is waited for: ask nothing that takes long."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def ask(self, function: Callable[Concatenate[World, P], T], *args: P.args, **named: P.kwargs) -> T:
        """Call `function` in the world's process, and return what it returns."""
        self._pipe.send((function, args, named))
        answer: T = self._pipe.recv()
        return answer


@contextmanager
def far_world(settings: WorldSettings) -> Iterator[FarWorld]:
    """A world that lives until the context is left."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_live, args=(there, settings), daemon=True)
    process.start()
    there.close()
    try:
        with here:
            yield FarWorld(here)
    finally:
        process.join(_END_WITHIN)
        process.kill()


def _live(pipe: Connection, settings: WorldSettings) -> None:
    asyncio.run(_serve(pipe, settings))


async def _serve(pipe: Connection, settings: WorldSettings) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    async with World(settings) as world:
        loop.add_reader(pipe.fileno(), _answer, pipe, world, over)
        await over.wait()


def _answer(pipe: Connection, world: World, over: asyncio.Event) -> None:
    try:
        function, args, named = pipe.recv()
    except EOFError:
        asyncio.get_running_loop().remove_reader(pipe.fileno())
        over.set()
        return
    pipe.send(function(world, *args, **named))


# --- what is asked -------------------------------------------------------------------------------------------------


def environment(world: World) -> dict[str, str]:
    """Its addresses and credentials."""
    return world.environment()


def slow_down(world: World, operation: str, seconds: float) -> None:
    """Let every call of an operation take that much longer from now on."""
    world.faults.add(operation, Fault("latency", seconds), times=None)


def plant(world: World, definitions: dict[str, dict[str, str]], tasks: list[Planted]) -> None:
    """Put task definitions, by family with their tags, and tasks there."""
    for family, tags in definitions.items():
        world.ecs.plant_definition(family, tags=tags)
    for task in tasks:
        world.ecs.plant_task(task)


def enqueue(world: World, label: str, jobs: int) -> datetime:
    """Let jobs of an hour ask for runners; returns when."""
    for _ in range(jobs):
        world.github.enqueue_job(label, duration=3600)
    return world.clock.now()


def carried_out(world: World, operation: str) -> list[datetime]:
    """When ECS carried out the calls of an operation, in order."""
    return [call.at for call in world.ecs.log if call.operation == operation and call.outcome == "ok"]


def first_poll(world: World) -> datetime | None:
    """When the first poll came; None until it did."""
    return next((call.at for call in world.github.log if call.operation == "get_message"), None)
