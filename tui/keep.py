"""Files that the screen leaves for whoever sits there: for their eyes only, each under a name of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def keep(text: str, environ: Mapping[str, str], *, prefix: str, suffix: str) -> Path | None:
    """Write a text into a new file of mode 0600 and say where it is; None when no place takes it.

    That is the user's directory for state (XDG), else the one for temporary files.
    """
    for folder in _folders(environ):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=folder)  # of mode 0600
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
        except OSError:
            continue
        return Path(name)
    return None


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    if state := environ.get("XDG_STATE_HOME"):
        yield Path(state) / "arcdeck"
    elif home := environ.get("HOME"):
        yield Path(home) / ".local" / "state" / "arcdeck"
    yield Path(tempfile.gettempdir())
