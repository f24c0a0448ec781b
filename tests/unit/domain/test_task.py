"""What follows from the facts of one task."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import a_task

START = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("started", "stopping", "stopped", "seconds"),
    [
        pytest.param(0, 5, 20, 5.0, id="to the moment its end began"),
        pytest.param(0, None, 20, 20.0, id="to its end, where that is all that is known"),
        pytest.param(0, None, None, None, id="still running"),
        pytest.param(None, 5, 20, None, id="never ran, or its host died"),
    ],
)
def test_how_long_a_task_ran_is_told_by_the_clock_of_ecs(
    started: int | None, stopping: int | None, stopped: int | None, seconds: float | None
) -> None:
    started_at, stopping_at, stopped_at = (
        None if offset is None else START + timedelta(seconds=offset) for offset in (started, stopping, stopped)
    )
    assert a_task(started_at=started_at, stopping_at=stopping_at, stopped_at=stopped_at).ran_for == seconds
