"""What every screen looks like in every state: as text with its styles, at three sizes, in colour and without.

One run of a scene gives all its pictures: it is played in the largest terminal, which is then made smaller. Where there
is no colour there are no signs but ASCII either.

After a change that was meant, look at the new pictures before keeping them: ``pytest tests/tui/test_pictures.py
--snapshot-update``, then ``git diff tests/tui/__snapshots__``. A few are kept as SVG, too, to be opened in a browser;
``python -m tests.tui.gallery FOLDER`` draws all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from syrupy.extensions.image import SVGImageSnapshotExtension
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from tests.tui.paper import colours, seen
from tests.tui.scenes import NO_COLOR, SCENES, SIZES, bleach, played
from tests.tui.world import settle
from tui import picture
from tui.signs import in_ascii

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion
    from textual.pilot import Pilot

USUAL: Final = (120, 36)
#: The scenes that are kept as SVG: what most people see first, and a question.
DRAWN: Final = ("live", "stop-busy")


class Sheet(SingleFileSnapshotExtension):
    """A picture in a text file of its own."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


@pytest.mark.parametrize("name", SCENES)
async def test_it_looks_as_it_did(name: str, snapshot: SnapshotAssertion) -> None:
    sizes = SCENES[name].sizes
    async with played(SCENES[name], sizes[-1]) as pilot:
        rich = {size: await resized(pilot, size) for size in reversed(sizes)}
        await bleach(pilot, ascii_only=True)
        poor = {size: await resized(pilot, size) for size in sizes}
        assert next(colours(pilot.app), None) is None
    for size in sizes:
        text, coloured = rich[size]
        in_poor_signs, plain = poor[size]
        assert in_poor_signs.isascii()
        assert in_poor_signs == in_ascii(text)
        sheet = f"{text}\n\ncolour\n{coloured}\n\nno colour\n{plain}\n"
        assert sheet == snapshot(extension_class=Sheet, name=f"{size[0]}x{size[1]}")


async def resized(pilot: Pilot[None], size: tuple[int, int]) -> tuple[str, str]:
    """What is seen once the terminal has that size."""
    if pilot.app.size != size:
        await pilot.resize_terminal(*size)
        await settle(pilot)
    return seen(pilot.app)


@pytest.mark.parametrize("name", ["live", "runner-log", "sweep", "help"])
async def test_a_terminal_that_was_resized_shows_what_one_of_that_size_does(name: str) -> None:
    async with played(SCENES[name], (200, 50)) as pilot:
        small = await resized(pilot, (80, 24))
        large = await resized(pilot, (200, 50))
    for size, shown in (((80, 24), small), ((200, 50), large)):
        async with played(SCENES[name], size) as pilot:
            assert seen(pilot.app) == shown


@pytest.mark.parametrize("name", DRAWN)
async def test_colours_taken_away_are_colours_that_never_were(name: str) -> None:
    async with played(SCENES[name], USUAL) as pilot:
        await bleach(pilot)
        taken = seen(pilot.app)
    async with played(SCENES[name], USUAL, NO_COLOR) as pilot:
        assert seen(pilot.app) == taken


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_it_is_drawn_as_it_was(name: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with played(SCENES[name], size) as pilot:
        assert picture.taken(pilot.app) == snapshot(extension_class=SVGImageSnapshotExtension)
