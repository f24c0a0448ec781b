"""A controller like ecs-arc, as far as others see it: its marks on everything, and no id of ours (behaviour.md part 1).

It makes its task definition families and scale sets, starts a runner for each job it is told of, one after another, and
ends without a word: what SIGTERM leaves of the original, its session still open (behaviour.md row 29).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from core.adapters.aws.session import connect
from core.adapters.github.client import GitHubScaleSetClient
from core.ports import MessageSession
from core.world.github import Job, JobPhase
from core.world.world import World
from tests.integration.faults.outsiders import jobs, outsider, until

if TYPE_CHECKING:
    from core.domain.messages import ScaleSetRef

#: Operations of AWS and GitHub that read, and those by which a client proves who it is.
READS = frozenset(
    {
        "DescribeClusters",
        "ListTasks",
        "DescribeTasks",
        "DescribeTaskDefinition",
        "get_scale_set",
        "list_scale_sets",
        "list_runners",
        "runner_group",
        "installation_token",
        "registration_token",
        "admin_connection",
    }
)


def asked(world: World) -> list[str]:
    """Every operation that either service was asked for so far, in no particular order."""
    ecs = [name for name, count in world.ecs.calls.items() for _ in range(count)]
    return ecs + [call.operation for call in world.github.log]


class Original:
    """One such controller."""

    def __init__(self, world: World, client: GitHubScaleSetClient, ecs: Any) -> None:
        self._world = world
        self._client = client
        self._ecs = ecs
        self._dice = random.Random(7)
        self._sessions: dict[str, MessageSession] = {}
        self._listening: list[asyncio.Task[None]] = []
        self.scale_sets: dict[str, ScaleSetRef] = {}

    async def set_up(self, families: Sequence[str]) -> None:
        """Make families and scale sets, or take up those there are, and listen."""
        for family in families:
            self._world.ecs.plant_definition(family, tags={"ecs-arc:managed": "true"})
            labels = [family, "ecs-arc.managed"]
            known = await self._client.get_scale_set(family, 1)
            if known is None:
                known = await self._client.create_scale_set(family, labels, 1)
            else:
                await self._client.update_scale_set(known.id, family, labels)
            self.scale_sets[family] = known
            session = self._sessions[family] = await self._client.open_session(known.id, "ecs-arc")
            self._listening.append(asyncio.create_task(self._listen(session)))

    async def serve(self, family: str, count: int, seconds: float) -> list[Job]:
        """Have that many jobs asked for, and start a runner for each; returns the jobs once they run."""
        waiting = jobs(self._world, count, scale_set=family, seconds=seconds)
        await asyncio.sleep(5)
        for _ in waiting:
            await self._start_one(family)
        await until(lambda: all(job.phase is JobPhase.RUNNING for job in waiting), 300)
        return waiting

    async def _start_one(self, family: str) -> None:
        name = f"{family}-{self._dice.getrandbits(32):08x}"
        jit = await self._client.generate_jit_config(self.scale_sets[family].id, name)
        variable = {"name": "ACTIONS_RUNNER_INPUT_JITCONFIG", "value": jit.encoded.reveal()}
        await self._ecs.run_task(
            cluster=self._world.settings.cluster,
            taskDefinition=family,
            launchType="EXTERNAL",
            overrides={"containerOverrides": [{"name": "runner", "environment": [variable]}]},
            tags=[
                {"key": "ecs-arc:scale-set", "value": family},
                {"key": "ecs-arc:runner-name", "value": name},
            ],
        )

    async def _listen(self, session: MessageSession) -> None:
        """Hear and acknowledge what comes, for ever, as somebody who has enough runners."""
        last = 0
        while True:
            message = await session.next_message(last, 100)
            if message is not None:
                last = message.id
                await session.acknowledge(message.id)

    async def die(self) -> None:
        """Stop listening and leave everything as it is."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    async def close_sessions(self) -> None:
        """End in order, as the original does on SIGINT."""
        await self.die()
        for session in self._sessions.values():
            await session.close()


@asynccontextmanager
async def original(world: World) -> AsyncIterator[Original]:
    """One that ends when the context is left; its sessions stay open."""
    async with outsider(world) as client, connect() as connection:
        theirs = Original(world, client, connection.ecs)
        try:
            yield theirs
        finally:
            await theirs.die()
