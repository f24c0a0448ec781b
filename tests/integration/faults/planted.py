"""What the tests of seeing, counting and starting share: tasks that are there already, and what ECS was asked."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from core.world.ecs import EcsTask, Planted, TaskState
from core.world.faults import Fault
from core.world.world import World
from tests.integration.faults.outsiders import at_github
from tests.stages import CONTROLLER_ID

#: Stands in a queue of faults for a request that is answered as ever.
WELL = Fault("latency", 0.001)
FAILED = Fault("status", status=500)


def plant(
    world: World, scale_set: str, count: int, *, first: int = 0, state: TaskState = TaskState.RUNNING
) -> list[EcsTask]:
    """That many tasks of our controller, an hour old, with no runner process in them; numbered from ``first``."""
    world.ecs.plant_definition(scale_set, tags={"ecs-arc:managed": "true"})
    numbers = range(first, first + count)
    return [_planted(world, scale_set, f"{scale_set}-{number:08x}", state) for number in numbers]


def _planted(world: World, scale_set: str, name: str, state: TaskState) -> EcsTask:
    tags = {"ecs-arc:scale-set": scale_set, "ecs-arc:runner-name": name, "arcdeck:controller": CONTROLLER_ID}
    return world.ecs.plant_task(
        Planted(scale_set, state=state, age=3600.0, started_by=f"arcdeck/{CONTROLLER_ID}", tags=tags)
    )


def tell(world: World, scale_set: str, **numbers: int) -> None:
    """Let GitHub tell these numbers of a scale set from now on, whatever is true; without any, the truth."""
    record = at_github(world, scale_set)
    world.github.controls.override_statistics(record.id, **numbers)
    world.github.controls.post(record.id, [])


def in_turn(world: World, operation: str, faults: Iterable[Fault], times: int) -> None:
    """Let the next requests of a kind meet these faults one after another, so many times over."""
    for fault in tuple(faults) * times:
        world.faults.add(operation, fault)


def at(world: World, operation: str) -> list[float]:
    """When each call of an operation of ECS came in, seconds since the world began."""
    began = world.clock.now().timestamp() - world.clock.monotonic()
    return [call.at.timestamp() - began for call in world.ecs.log if call.operation == operation]


def kept(journal: Path, kind: str) -> list[dict[str, Any]]:
    """The entries of one kind in a journal, oldest first; ``data`` as it was given."""
    with closing(sqlite3.connect(journal)) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT * FROM entries WHERE kind = ? ORDER BY rowid", (kind,))
        return [{**dict(row), "data": json.loads(row["data"])} for row in rows]
