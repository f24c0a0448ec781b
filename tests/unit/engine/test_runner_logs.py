"""Logs are found by the runner's name, while it runs and when it has ended."""

import asyncio

import pytest

from core.domain.errors import Gone
from core.domain.task import TaskStatus
from core.ports import LogPage
from tests.builders import a_scale_set
from tests.fakes.task_logs import AT
from tests.unit.engine.conftest import Rig, Rigs
from tests.unit.engine.support import timed

pytestmark = pytest.mark.virtual_time


async def texts(rig: Rig, name: str, after: str | None = None) -> list[str]:
    page = await rig.engine.logs(name, after, 10)
    assert all(line.at == AT for line in page.lines)
    return [line.text for line in page.lines]


async def test_the_lines_of_a_runners_task_are_found_by_its_name(rigs: Rigs) -> None:
    async with rigs.running(a_scale_set(minimum=1), settle=10) as rig:
        (name,) = rig.runners
        rigs.logs.written[rig.ecs.arn_of(name)] = ["one", "two"]
        assert await texts(rig, name) == ["one", "two"]
        assert await texts(rig, name, "1") == ["two"]


async def test_they_are_found_when_it_has_ended(rigs: Rigs) -> None:
    async with rigs.running(a_scale_set(minimum=1), settle=10) as rig:
        (name,) = rig.runners
        arn = rig.ecs.arn_of(name)
        rigs.logs.written[arn] = ["the last words"]
        rig.ecs.move(arn, TaskStatus.STOPPED)
        await asyncio.sleep(40)
        assert await texts(rig, name) == ["the last words"]


async def test_a_runner_without_a_task_has_printed_nothing_yet(rigs: Rigs) -> None:
    ecs, _ = timed(rigs)
    ecs.slow["run_task"] = 30.0
    async with rigs.running(a_scale_set(minimum=1), settle=10) as rig:
        (name,) = rig.runners
        assert await rig.engine.logs(name, None, 10) == LogPage((), "")


async def test_nobody_elses_task_can_be_read(rigs: Rigs) -> None:
    rigs.ecs.plant("arn:foreign", TaskStatus.RUNNING, runner_name="web-1")
    rigs.logs.written["arn:foreign"] = ["a secret"]
    async with rigs.running() as rig:
        with pytest.raises(Gone, match="no runner web-1 is known here"):
            await rig.engine.logs("web-1", None, 10)
