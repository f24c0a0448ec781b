"""What is asked of AWS and GitHub, call by call."""

import pytest

from tests.benchmarks.call_counts import a_sweep, way_to_run_task
from tests.integration.conftest import Stages

pytestmark = pytest.mark.virtual_time


async def test_a_sweep_of_1000_tasks_over_51_scale_sets_takes_10_lists_and_10_describes(stages: Stages) -> None:
    sweep = await a_sweep(stages)
    assert sweep.runners == 1_000
    assert sweep.calls == {"ListTasks": 10, "DescribeTasks": 10}


async def test_a_start_waits_for_its_jit_config_and_for_nothing_else(stages: Stages) -> None:
    way = await way_to_run_task(stages)
    assert way.waited_for == ["generate_jit_config"]
    assert way.seconds == 3.0
