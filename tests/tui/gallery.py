"""Draw every scene at every size, to be looked at: ``python -m tests.tui.gallery FOLDER [NAME…]``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.tui.scenes import SCENES, bleach, played
from tui import picture


async def draw(folder: Path, names: list[str]) -> None:
    """Write ``NAME-WIDTHxHEIGHT.svg``, and the same without colours, for each scene that is named, or for all."""
    for name in names or SCENES:
        for width, height in SCENES[name].sizes:
            async with played(SCENES[name], (width, height)) as pilot:
                (folder / f"{name}-{width}x{height}.svg").write_text(picture.taken(pilot.app))
                await bleach(pilot)
                (folder / f"{name}-{width}x{height}-no-colour.svg").write_text(picture.taken(pilot.app))


if __name__ == "__main__":
    pictures = Path(sys.argv[1])
    pictures.mkdir(parents=True, exist_ok=True)
    asyncio.run(draw(pictures, sys.argv[2:]))
