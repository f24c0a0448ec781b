"""What every test may use: the marker that puts a test into virtual time."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.stages import share_service_descriptions
from tests.virtual_time import VirtualTimeLoop

# How long an example takes is for the bench: a loaded machine is no failure.
settings.register_profile("arcdeck", deadline=None)
settings.load_profile("arcdeck")

#: Tracing takes as much time as the tests themselves, and is left out where it would say nothing: lines that merely run
#: in the play of a whole program are not lines that are checked, and the world is not measured at all.
UNTRACED = tuple(
    Path(__file__).parent / part
    for part in ("architecture", "e2e", "integration", "tui/test_hostile.py", "tui/test_pictures.py", "unit/world")
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the measured coverage to tests that check single parts."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in UNTRACED):
            item.add_marker(pytest.mark.no_cover)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that this folder understands."""
    config.addinivalue_line("markers", "virtual_time: run the test in a loop whose time jumps from timer to timer")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a marked test the virtual loop, and every other one the ordinary loop."""
    if item.get_closest_marker("virtual_time") is not None:
        return {"virtual time": VirtualTimeLoop}
    return {"real time": asyncio.new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def one_reading_of_the_service_descriptions() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        share_service_descriptions(patch)
        yield
