"""The screen as a picture (SVG), to be sent to somebody: it shows what is shown and asks no network for anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from textual.app import App

#: Fonts that a viewer would fetch; without them it takes one of its own, of equal widths.
_FETCHED_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def taken(app: App[Any]) -> str:
    """The picture of what an application shows now."""
    return _FETCHED_FONTS.sub("", app.export_screenshot(title=app.title))
