"""``arcdeck --observe``: a controller that changes nothing, in a process beside us, and a screen on it.

What it keeps of its own is in a folder that goes with it, so that it stands in the way of no controller that runs here,
or is to run here.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tui import child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def observe(arguments: Sequence[str], flags: Mapping[str, str]) -> int:
    """Show what a controller with these arguments would see and do, until the screen is left; the exit code.

    ``flags`` are the options that say where it keeps its own, by their variables: they win over those of the user.
    """
    child.clean_up_on_hang_up()
    with tempfile.TemporaryDirectory(prefix="arcdeck-observe-") as folder:
        home = Path(folder)
        places = [f"{flags[variable]}={place}" for variable, place in child.places(home).items()]
        with child.controller(home, os.environ, [*arguments, *places], quiet=True):
            return child.screen(home, read_only=True)
